#include "app/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/load_compare.h"
#include "app/load_live.h"
#include "app/load_search.h"
#include "app/service.h"
#include "app/terminal.h"
#include "load/access_log.h"
#include "load/find_max.h"
#include "load/generator.h"
#include "load/plan_reader.h"
#include "load/report.h"
#include "load/report_html.h"
#include "load/threshold.h"
#include "model/address.h"
#include "model/text_file.h"
#include "model/units.h"

namespace weir::app {

namespace {

constexpr int kMissed = 1;
constexpr int kWrongUse = 2;
constexpr double kRateMax = 1e7;
constexpr Duration kLongest = Duration::s(7 * 24 * 3600);

struct Options {
  std::string target, plan_file, log_file;
  std::optional<double> rate;
  bool poisson = false;
  std::optional<uint32_t> connections, connections_max;
  std::string duration, warm_up, timeout;
  std::vector<std::string> stages, thresholds, slo;
  std::optional<uint64_t> seed;
  double speed = 1;
  uint32_t workers = 1;
  bool abort = false, find_max = false, quiet = false;
  std::string json, html;
  std::string first, second;  ///< of compare
};

/// How often somebody wanted it to end: once, and what is in flight is waited for; twice, and it is not.
std::atomic<int> interruptions{0};

/// A third time is the system's business.
void on_interruption(int signal) {
  if (interruptions.fetch_add(1) > 0) std::signal(signal, SIG_DFL);
}

int complain(const std::string& text) {
  app::complain(fmt::format("weir load: {}\n", text));
  return kWrongUse;
}

int complain(std::string_view option, const model::Problem& problem) {
  const std::string expected = problem.expected.empty() ? "" : "; expected " + problem.expected;
  return complain(fmt::format("{}: {}{}", option, problem.message, expected));
}

// ---- from options to a plan

int read_target(std::string_view text, load::Plan& plan) {
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with(kScheme)) text.remove_prefix(kScheme.size());
  if (text.starts_with("https://")) return complain("https is not supported yet by this version");
  const size_t slash = std::min(text.find('/'), text.size());
  std::string authority(text.substr(0, slash));
  if (authority.find(':') == std::string::npos) authority += ":80";
  const auto address = model::parse_address(authority, 1);
  if (!address) return complain("target", address.error());
  plan.target = *address;
  if (slash < text.size()) plan.requests = {load::RequestSpec{.path = std::string(text.substr(slash))}};
  return 0;
}

int read_duration(std::string_view option, const std::string& text, Duration& into) {
  if (text.empty()) return 0;
  const auto duration = model::parse_duration(text);
  if (!duration) return complain(option, duration.error());
  if (*duration > kLongest) return complain(option, {model::quote(text) + " is too long", "at most a week"});
  into = *duration;
  return 0;
}

/// AT:RATE or AT:RATE:OVER, such as 30s:500:10s.
int read_stage(const std::string& text, load::Plan& plan) {
  const std::string expected = "AT:RATE or AT:RATE:OVER, such as 30s:500:10s";
  const size_t first = text.find(':');
  const size_t second = first == std::string::npos ? first : text.find(':', first + 1);
  const std::string rate = first == std::string::npos ? "" : text.substr(first + 1, second - first - 1);
  load::StageSpec stage;
  const auto [end, error] = std::from_chars(rate.data(), rate.data() + rate.size(), stage.rate);
  if (rate.empty() || error != std::errc{} || end != rate.data() + rate.size() ||
      !(stage.rate >= 0 && stage.rate <= kRateMax)) {
    return complain("--stage", {fmt::format("{} is no stage", model::quote(text)), expected});
  }
  if (const int status = read_duration("--stage", text.substr(0, first), stage.at)) return status;
  if (second != std::string::npos) {
    if (const int status = read_duration("--stage", text.substr(second + 1), stage.over)) return status;
  }
  plan.stages.push_back(stage);
  return 0;
}

int read_log(const Options& options, load::Plan& plan) {
  if (options.log_file.empty()) return 0;
  if (!(options.speed >= 0.01 && options.speed <= 1e6)) return complain("--speed must be from 0.01 to 1000000");
  const auto text = model::read_text_file(options.log_file, load::kLogBytesMax + 1);
  if (!text) return complain(fmt::format("{} {}", options.log_file, text.error()));
  if (text->size() > load::kLogBytesMax) return complain(options.log_file + " is larger than 256 MiB; split the log");
  auto log = load::parse_access_log(*text);
  if (!log) return complain(fmt::format("{}: {}", options.log_file, log.error()));
  if (log->malformed > 0) {
    app::complain(fmt::format("weir load: {}: lines that are no requests, left out: {}; the first: {}\n",
                              options.log_file, log->malformed, log->first_malformed));
  }
  if (log->not_repeated > 0) {
    app::complain(fmt::format("weir load: {}: requests whose body a log does not keep, left out: {}\n",
                              options.log_file, log->not_repeated));
  }
  plan.arrivals = load::Arrivals::log;
  plan.log = std::move(log->entries);
  plan.log_speed = options.speed;
  if (options.duration.empty()) plan.duration = Duration::seconds(log->length.seconds() / options.speed);
  return 0;
}

int read_plan(const Options& options, load::Plan& plan) {
  if (!options.plan_file.empty()) {
    auto loaded = load::load_plan(options.plan_file);
    if (!loaded) {
      print_mistakes(loaded.error());
      return kWrongUse;
    }
    plan = std::move(*loaded);
  }
  if (!options.target.empty()) {
    if (const int status = read_target(options.target, plan)) return status;
  }
  if (plan.target.port == 0) return complain("whom? weir load TARGET, such as http://127.0.0.1:8080/");
  if (options.poisson) plan.arrivals = load::Arrivals::poisson;
  if (options.rate) plan.rate = *options.rate;
  if (!(plan.rate >= 0 && plan.rate <= kRateMax)) return complain("--rate must be from 0 to 10000000");
  if (options.connections) {
    if (options.rate || options.poisson) return complain("--connections is a closed loop, which has no rate");
    plan.arrivals = load::Arrivals::closed;
    plan.connections = std::max(1u, *options.connections);
  }
  if (options.connections_max) plan.connections_max = std::max(1u, *options.connections_max);
  if (options.seed) plan.seed = *options.seed;
  int status = read_duration("--duration", options.duration, plan.duration);
  if (status == 0) status = read_duration("--warm-up", options.warm_up, plan.warm_up);
  if (status == 0) status = read_duration("--timeout", options.timeout, plan.timeout);
  for (const std::string& each : options.stages) {
    if (status == 0) status = read_stage(each, plan);
  }
  if (status == 0) status = read_log(options, plan);
  if (status != 0) return status;
  if (plan.warm_up >= plan.duration) return complain("the warm-up leaves nothing of the duration");
  return plan.timeout > Duration{} ? 0 : complain("--timeout must be above 0");
}

int read_thresholds(std::string_view option, const std::vector<std::string>& texts, std::vector<load::Threshold>& out) {
  for (const std::string& text : texts) {
    auto parsed = load::parse_threshold(text);
    if (!parsed) return complain(fmt::format("{} {}", option, model::quote(text)), parsed.error());
    out.push_back(std::move(*parsed));
  }
  return 0;
}

// ---- running

/// A threshold that no good second can mend any more is not waited for: it is judged on all that was seen so far.
bool is_broken(const std::vector<load::Threshold>& thresholds, const load::Summary& so_far) {
  const auto held = load::check(thresholds, so_far);
  return std::ranges::any_of(held, [](const load::Held& each) { return each.known && !each.held; });
}

Result<load::Summary, std::string> run(const load::Plan& plan, const Options& options,
                                       const std::vector<load::Threshold>& abort_on) {
  auto generator = load::Generator::start(plan, options.workers);
  if (!generator) return fail(generator.error());
  // Only from here on is there something to tell: an interruption while sessions are opened just ends the process.
  for (const int signal : {SIGINT, SIGTERM}) {
    if (interruptions.load() == 0) std::signal(signal, on_interruption);
  }
  LoadLive live(plan, options.quiet || options.find_max);
  bool stopped = false;
  for (bool over = false; !over;) {
    over = (*generator)->wait(Duration::ms(100)) || interruptions.load() > 1;
    const auto intervals = (*generator)->take_intervals();
    for (const auto& each : intervals) live.show(*each);
    const bool judged = !intervals.empty() && !abort_on.empty() && is_broken(abort_on, (*generator)->summary());
    if (!stopped && (interruptions.load() > 0 || judged)) {
      stopped = true;
      (*generator)->stop();
    }
  }
  live.end();
  return (*generator)->summary();
}

int tell(const Options& options, const load::Figures& figures) {
  int status = 0;
  if (options.json != "-" && options.html != "-") status = say(load::text_of(figures));
  if (!options.json.empty()) status = std::max(status, write_report(options.json, load::json_of(figures)));
  if (!options.html.empty()) status = std::max(status, write_report(options.html, load::html_of(figures)));
  if (status != 0) return status;
  return load::all_held(figures) ? 0 : kMissed;
}

int find_max(const load::Plan& plan, const Options& options, const std::vector<load::Threshold>& slo) {
  if (slo.empty()) return complain("--find-max needs --slo, such as --slo 'p99<100ms'");
  if (plan.arrivals != load::Arrivals::constant && plan.arrivals != load::Arrivals::poisson) {
    return complain("--find-max searches a rate: it needs an open loop");
  }
  SearchOrders orders;
  orders.from = plan.rate;
  orders.ask = [&](double rate) -> Result<load::Figures, std::string> {
    load::Plan asked = plan;
    asked.rate = rate;
    const auto summary = run(asked, options, slo);
    if (!summary) return fail(summary.error());
    return load::figures_of(asked, *summary, load::check(slo, *summary));
  };
  orders.interrupted = [] { return interruptions.load() > 0; };
  orders.progress = [&](const std::string& line) {
    if (!options.quiet) app::complain(line);
  };
  const auto end = search_rate(orders);
  if (!end) return complain(end.error());
  const bool only_report = options.json == "-" || options.html == "-";
  (only_report ? app::complain(end->verdict + "\n") : static_cast<void>(say(end->verdict + "\n")));
  const int status = end->best ? tell(options, *end->best) : kMissed;
  return end->complete ? status : std::max(status, kMissed);
}

int generate(const Options& options) {
  load::Plan plan;
  std::vector<load::Threshold> thresholds, slo;
  int status = read_plan(options, plan);
  if (status == 0) status = read_thresholds("--threshold", options.thresholds, thresholds);
  if (status == 0) status = read_thresholds("--slo", options.slo, slo);
  if (status != 0) return status;
  if (options.find_max) return find_max(plan, options, slo);
  thresholds.insert(thresholds.end(), slo.begin(), slo.end());
  const auto summary = run(plan, options, options.abort ? thresholds : std::vector<load::Threshold>{});
  if (!summary) {
    app::complain(fmt::format("weir load: {}\n", summary.error()));
    return kMissed;
  }
  return tell(options, load::figures_of(plan, *summary, load::check(thresholds, *summary)));
}

void add_compare(CLI::App& verb, Chosen& chosen, const std::shared_ptr<Options>& options) {
  CLI::App* sub = verb.add_subcommand("compare", "two reports side by side, with ratios");
  sub->add_option("first", options->first, "a report that --json wrote")->required();
  sub->add_option("second", options->second, "another")->required();
  sub->add_option("--html", options->html, "write a page that lays one over the other");
  sub->callback([options, &chosen] {
    chosen = [options] { return compare_loads(options->first, options->second, options->html); };
  });
}

}  // namespace

void add_load(CLI::App& cli, Chosen& chosen) {
  const auto options = std::make_shared<Options>();
  Options& o = *options;
  CLI::App* verb = cli.add_subcommand("load", "ask a service at a planned rate and measure what its clients feel");
  verb->add_option("target", o.target, "such as http://127.0.0.1:8080/path");
  verb->add_option("--plan", o.plan_file, "a file with mix, stages and logins; options go before it");
  verb->add_option("--rate", o.rate, "open loop: requests per second (default 100)");
  verb->add_flag("--poisson", o.poisson, "arrivals by chance instead of evenly spaced");
  verb->add_option("--stage", o.stages, "AT:RATE[:OVER], a change of the rate; may be given again")
      ->expected(1)
      ->take_all();
  verb->add_option("--connections", o.connections, "closed loop: so many connections, no rate");
  verb->add_option("--connections-max", o.connections_max, "open loop: beyond so many, requests wait (default 1000)");
  verb->add_option("--duration", o.duration, "how long (default 10s)");
  verb->add_option("--warm-up", o.warm_up, "of the duration, not counted (default none)");
  verb->add_option("--timeout", o.timeout, "of one request, from its intended start (default 5s)");
  verb->add_option("--workers", o.workers, "threads (default 1)")->check(CLI::Range(1, 256));
  verb->add_option("--seed", o.seed, "of all chance (default 1)");
  verb->add_option("--log", o.log_file, "repeat an access log, common or combined format");
  verb->add_option("--speed", o.speed, "of the log: 2 is twice as fast (default 1)");
  verb->add_option("--threshold", o.thresholds, "such as 'p99<50ms', 'errors<0.1%', 'rate>=990'; exit 1 when missed")
      ->expected(1)
      ->take_all();
  verb->add_flag("--abort", o.abort, "end as soon as a threshold is missed");
  verb->add_flag("--find-max", o.find_max, "search the highest rate that holds --slo; --duration is of each try");
  verb->add_option("--slo", o.slo, "a threshold, for --find-max")->expected(1)->take_all();
  verb->add_option("--json", o.json, "write the report as JSON; - is the standard output");
  verb->add_option("--html", o.html, "write the report as a page with plots");
  verb->add_flag("--quiet", o.quiet, "nothing while it runs");
  add_compare(*verb, chosen, options);
  verb->callback([verb, options, &chosen] {
    if (verb->get_subcommands().empty()) chosen = [options] { return generate(*options); };
  });
}

}  // namespace weir::app
