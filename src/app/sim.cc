#include "app/sim.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/service.h"
#include "app/sim_fuzz.h"
#include "app/sim_replay.h"
#include "app/terminal.h"
#include "model/nearest.h"
#include "model/units.h"
#include "net/loop.h"
#include "sim/plot.h"
#include "sim/report.h"
#include "sim/report_html.h"
#include "sim/scenario_reader.h"
#include "sim/world.h"

namespace weir::app {

namespace {

constexpr int kLawBroken = 1;
constexpr int kWrongUse = 2;

struct Options {
  std::string file;
  std::optional<uint64_t> seed;
  std::vector<std::string> variants;
  std::string json, svg, html;
  bool show = false;
  bool cost = false;
};

int complain(int status, const std::string& text) {
  app::complain(fmt::format("weir sim: {}\n", text));
  return status;
}

/// "-" is the standard output.
int write(const std::string& path, const std::string& text) {
  if (path == "-") return say(text);
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file != nullptr) written = std::fclose(file) == 0 && written;
  return written ? 0 : complain(kWrongUse, fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
}

/// Leaves only the variants that were asked for, in the order of the file.
int choose(const Options& options, sim::LoadedScenario& loaded) {
  std::vector<std::string> names;
  for (const auto& each : loaded.variants) names.push_back(each.variant.name);
  const std::vector<std::string_view> known(names.begin(), names.end());
  for (const std::string& wanted : options.variants) {
    if (std::find(names.begin(), names.end(), wanted) != names.end()) continue;
    const std::string near = model::nearest(wanted, known);
    const std::string guess = near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near);
    return complain(kWrongUse, fmt::format("{} has no variant {}; expected one of {}{}", options.file,
                                           model::quote(wanted), fmt::join(names, ", "), guess));
  }
  if (options.variants.empty()) return 0;
  std::erase_if(loaded.variants, [&](const sim::LoadedVariant& each) {
    return std::find(options.variants.begin(), options.variants.end(), each.variant.name) == options.variants.end();
  });
  return 0;
}

int show(const sim::LoadedScenario& loaded) {
  int status = 0;
  for (size_t i = 0; i < loaded.variants.size(); ++i) {
    const auto& each = loaded.variants[i];
    if (loaded.variants.size() > 1)
      status |= say(fmt::format("{}# variant {}\n", i == 0 ? "" : "---\n", each.variant.name));
    status |= say(sim::show(loaded, each));
  }
  return status;
}

int tell(const Options& options, const sim::Report& report) {
  int status = 0;
  const bool taken = options.json == "-" || options.svg == "-" || options.html == "-";
  if (!taken) status = say(sim::text_of(report));
  if (!options.json.empty()) status = std::max(status, write(options.json, sim::json_of(report)));
  if (!options.svg.empty()) status = std::max(status, write(options.svg, sim::plot_svg(report)));
  if (!options.html.empty()) status = std::max(status, write(options.html, sim::html_of(report)));
  const auto broken = sim::broken_laws_of(report);
  if (broken.empty()) return status;
  if (taken) {
    for (const std::string& line : broken) app::complain(fmt::format("weir sim: LAW BROKEN: {}\n", line));
  }
  return kLawBroken;
}

/// Of this process, so far: variants are best told from small to large.
int64_t peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

/// What the run itself cost, on the standard error: it differs from machine to machine, and the report must not.
void tell_cost(const sim::Result& result, Duration took) {
  const double seconds = std::max(took.seconds(), 1e-9);
  app::complain(fmt::format(
      "{}: {} requests, {} events in {:.2f} s: {:.2f} million events/s, {:.0f} ns each; {} MiB\n", result.variant,
      result.laws.arrived, result.events, seconds, static_cast<double>(result.events) / seconds / 1e6,
      took.seconds() * 1e9 / static_cast<double>(std::max<uint64_t>(result.events, 1)), peak_mib()));
}

int simulate(const Options& options) {
  if (options.file.empty()) return complain(kWrongUse, "which scenario? weir sim FILE, such as scenarios/first.yaml");
  auto loaded = sim::load_scenario(options.file);
  if (!loaded) {
    print_mistakes(loaded.error());
    return kWrongUse;
  }
  if (const int status = choose(options, *loaded)) return status;
  if (options.show) return show(*loaded);
  const sim::Scenario& first = loaded->variants.front().variant.scenario;
  sim::Report report{.title = first.title, .about = first.about, .runs = {}};
  for (const auto& each : loaded->variants) {
    const sim::Variant& variant = each.variant;
    const uint64_t seed = options.seed.value_or(variant.scenario.seed);
    const Instant begun = net::read_clock();
    report.runs.push_back({&variant.scenario, sim::run(variant.scenario, variant.name, seed)});
    if (options.cost) tell_cost(*report.runs.back().result, net::read_clock() - begun);
  }
  return tell(options, report);
}

}  // namespace

void add_sim(CLI::App& cli, Chosen& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = cli.add_subcommand("sim", "run a scenario in a virtual clock, with production's policies");
  verb->add_option("file", options->file, "the scenario, such as scenarios/first.yaml");
  verb->add_option("--seed", options->seed, "of all chance, instead of the file's");
  verb->add_option("--variant", options->variants, "only this variant; may be given again")->expected(1)->take_all();
  verb->add_option("--json", options->json, "write all that was found; - is the standard output");
  verb->add_option("--svg", options->svg, "write a plot over time");
  verb->add_option("--html", options->html, "write a page of tables and plots");
  verb->add_flag("--cost", options->cost, "also tell how fast the simulator was, and its memory");
  verb->add_flag("--show", options->show, "only print every effective value and where it comes from");
  // Sub-verbs, one call each. CLI11 looks for their names before it takes a word for FILE.
  add_sim_fuzz(*verb, chosen);
  add_sim_replay(*verb, chosen);
  verb->callback([verb, options, &chosen] {
    if (verb->get_subcommands().empty()) chosen = [options] { return simulate(*options); };
  });
}

}  // namespace weir::app
