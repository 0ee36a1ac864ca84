#include "app/sim_replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/terminal.h"
#include "model/value.h"
#include "sim/recording.h"
#include "sim/replay.h"
#include "sim/world.h"

namespace weir::app {

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUse = 2;
/// Beyond these the model does not explain the recording, and what it predicts is not worth much.
constexpr double kOffMax = 0.15;
constexpr double kSpreadMax = 1.5;

struct Options {
  std::string file;
  std::string cluster;
  std::string policy;
  std::string speed = "100%";
  uint32_t endpoints = 0;
  uint32_t concurrency = 0;
  uint32_t runs = 5;
  uint64_t seed = 1;
  std::string json;
};

int failed(int status, const std::string& text) {
  complain(fmt::format("weir sim replay: {}\n", text));
  return status;
}

std::optional<std::string> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (!file) return std::nullopt;
  std::string text;
  char piece[64 * 1024];
  while (const size_t n = std::fread(piece, 1, sizeof piece, file.get())) text.append(piece, n);
  if (std::ferror(file.get()) != 0) return std::nullopt;
  return text;
}

Result<sim::ReplayOptions, std::string> replay_options(const Options& options) {
  sim::ReplayOptions wanted{.cluster = options.cluster, .policy = std::nullopt};
  if (!options.policy.empty()) {
    const auto policy = sim::parse_policy(options.policy);
    if (!policy) return fail("--policy: " + policy.error());
    wanted.policy = *policy;
  }
  const model::Shape percent{.type = model::Type::percent, .min = 1, .max = 10'000};
  const auto speed = model::parse_value(percent, "--speed", options.speed);
  if (!speed) return fail(fmt::format("--speed: {}, expected {}", speed.error().message, speed.error().expected));
  wanted.speed_percent = static_cast<uint32_t>(std::get<uint64_t>(*speed));
  wanted.endpoints = options.endpoints;
  wanted.concurrency = options.concurrency;
  return wanted;
}

/// A column of the table: latencies of one world, recorded or run.
struct Column {
  std::string title;
  std::string policy;
  uint32_t endpoints = 0;
  double busy_percent = 0;
  Histogram latency;
  double sum_ns = 0;
  uint64_t failed = 0;                                                      ///< of one run, on average
  uint64_t p99_least = std::numeric_limits<uint64_t>::max(), p99_most = 0;  ///< over the runs
  std::vector<std::string> broken;                                          ///< laws of the simulator

  [[nodiscard]] double mean_ns() const {
    return latency.count() == 0 ? 0 : sum_ns / static_cast<double>(latency.count());
  }
};

std::unique_ptr<Column> column_of(std::string title, const sim::Scenario& scenario, Duration length) {
  auto column = std::make_unique<Column>();
  const sim::TierSpec& tier = scenario.tiers.front();
  column->title = std::move(title);
  column->policy = sim::policy_name(tier.cluster.policy);
  column->endpoints = tier.endpoints.front().count;
  column->busy_percent = sim::offered_percent(scenario, length);
  return column;
}

/// Several runs, because chance is part of most policies; their answers together make the prediction.
std::unique_ptr<Column> simulate(std::string title, const sim::Scenario& scenario, Duration length,
                                 const Options& options) {
  auto column = column_of(std::move(title), scenario, length);
  for (uint32_t i = 0; i < options.runs; ++i) {
    const auto result = sim::run(scenario, column->title, options.seed + i);
    column->latency.merge(result->latency);
    column->sum_ns += result->mean_ns * static_cast<double>(result->latency.count());
    column->failed += result->failed;
    const uint64_t p99 = result->latency.percentile(99);
    column->p99_least = std::min(column->p99_least, p99);
    column->p99_most = std::max(column->p99_most, p99);
    column->broken.insert(column->broken.end(), result->laws.broken.begin(), result->laws.broken.end());
  }
  column->failed /= options.runs;
  return column;
}

std::unique_ptr<Column> recorded_column(const sim::Replay& replay) {
  auto column = column_of("recorded", replay.as_recorded, replay.length);
  column->latency.merge(replay.recorded);
  column->sum_ns = replay.recorded_mean_ns * static_cast<double>(replay.recorded.count());
  column->failed = replay.requests - replay.recorded.count();
  return column;
}

using Columns = std::vector<std::unique_ptr<Column>>;

std::string ms(double ns) { return fmt::format("{:.1f} ms", ns / 1e6); }

template <class Cell>
std::string row(std::string_view name, const Columns& columns, Cell cell) {
  std::string line = fmt::format("{:<12}", name);
  for (const auto& column : columns) line += fmt::format("{:>16}", cell(*column));
  return line + "\n";
}

std::string table(const Columns& columns) {
  const auto percentile = [](double percent) {
    return [percent](const Column& c) { return ms(static_cast<double>(c.latency.percentile(percent))); };
  };
  std::string text = row("", columns, [](const Column& c) { return c.title; });
  text += row("policy", columns, [](const Column& c) { return c.policy; });
  text += row("endpoints", columns, [](const Column& c) { return fmt::format("{}", c.endpoints); });
  text += row("busy", columns, [](const Column& c) { return fmt::format("{:.0f} %", c.busy_percent); });
  text += row("p50", columns, percentile(50));
  text += row("p90", columns, percentile(90));
  text += row("p99", columns, percentile(99));
  text += row("mean", columns, [](const Column& c) { return ms(c.mean_ns()); });
  text += row("not answered", columns, [](const Column& c) { return fmt::format("{}", c.failed); });
  return text;
}

std::string heading(const std::string& file, const sim::Recording& recording, const sim::Replay& replay) {
  return fmt::format(
      "{}: cluster {}, {} requests in {:.1f} s ({:.1f} per second), recorded {}\n"
      "An endpoint works on {} at a time ({}), {} each on average.\n\n",
      file, replay.cluster.name, replay.requests, replay.length.seconds(),
      static_cast<double>(replay.requests) / replay.length.seconds(), recording.started, replay.concurrency,
      replay.concurrency_inferred ? "inferred" : "given", ms(static_cast<double>(replay.mean_demand.ns())));
}

/// What speaks against believing the prediction.
std::vector<std::string> doubts(const sim::Recording& recording, const sim::Replay& replay, const Columns& columns) {
  std::vector<std::string> found;
  const Column& recorded = *columns[0];
  const Column& replayed = *columns[1];
  const Column& predicted = *columns.back();
  for (const double percent : {50.0, 99.0}) {
    const auto was = static_cast<double>(recorded.latency.percentile(percent));
    const double off = was == 0 ? 0 : static_cast<double>(replayed.latency.percentile(percent)) / was - 1;
    if (std::abs(off) <= kOffMax) continue;
    found.push_back(
        fmt::format("replayed unchanged, p{:.0f} is off by {:+.0f} %: the model does not explain this recording",
                    percent, off * 100));
  }
  if (replay.demand_spread > kSpreadMax) {
    found.push_back(
        fmt::format("the slowest endpoint took {:.1f} times as long as the fastest; they are taken as equal",
                    replay.demand_spread));
  }
  if (recording.dropped != 0) {
    found.push_back(fmt::format("{} requests had no room in the recording: its end is missing", recording.dropped));
  }
  if (predicted.busy_percent >= 100) {
    found.push_back("the endpoints would get more than they can do: how long it takes depends on how long it lasts");
  }
  for (const std::string& law : predicted.broken) found.push_back("the simulator broke a law: " + law);
  return found;
}

nlohmann::ordered_json json_of(const Column& column) {
  const auto percentile_ms = [&](double percent) {
    return static_cast<double>(column.latency.percentile(percent)) / 1e6;
  };
  nlohmann::ordered_json out = {{"policy", column.policy},
                                {"endpoints", column.endpoints},
                                {"busy_percent", column.busy_percent},
                                {"answered", column.latency.count()},
                                {"p50_ms", percentile_ms(50)},
                                {"p90_ms", percentile_ms(90)},
                                {"p99_ms", percentile_ms(99)},
                                {"mean_ms", column.mean_ns() / 1e6},
                                {"not_answered", column.failed}};
  if (column.p99_most != 0) {
    out["p99_ms_least"] = static_cast<double>(column.p99_least) / 1e6;
    out["p99_ms_most"] = static_cast<double>(column.p99_most) / 1e6;
  }
  return out;
}

int write_json(const std::string& path, const sim::Replay& replay, const Columns& columns,
               const std::vector<std::string>& doubted) {
  const nlohmann::ordered_json all = {{"cluster", replay.cluster.name},
                                      {"requests", replay.requests},
                                      {"length_s", replay.length.seconds()},
                                      {"concurrency", replay.concurrency},
                                      {"mean_demand_ms", replay.mean_demand.seconds() * 1e3},
                                      {"recorded", json_of(*columns[0])},
                                      {"replayed", json_of(*columns[1])},
                                      {"predicted", json_of(*columns.back())},
                                      {"doubts", doubted}};
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "wbe"), &std::fclose);
  const std::string text = all.dump(1) + "\n";
  const bool written =
      file && std::fwrite(text.data(), 1, text.size(), file.get()) == text.size() && std::fflush(file.get()) == 0;
  return written ? 0 : failed(kFailed, fmt::format("cannot write {}", path));
}

int replay(const Options& options) {
  const auto wanted = replay_options(options);
  if (!wanted) return failed(kWrongUse, wanted.error());
  const auto text = read_file(options.file);
  if (!text) return failed(kWrongUse, fmt::format("cannot read {}", options.file));
  const auto recording = sim::read_recording(*text, options.file);
  if (!recording) return failed(kWrongUse, recording.error());
  const auto made = sim::make_replay(*recording, *wanted);
  if (!made) return failed(kWrongUse, made.error());
  const sim::Replay& replay = **made;

  Columns columns;
  columns.push_back(recorded_column(replay));
  columns.push_back(simulate("replayed", replay.as_recorded, replay.length, options));
  if (!(replay.changed == replay.as_recorded)) {
    columns.push_back(simulate("predicted", replay.changed, replay.length, options));
  }
  const std::vector<std::string> doubted = doubts(*recording, replay, columns);
  std::string out = heading(options.file, *recording, replay) + table(columns);
  const Column& last = *columns.back();
  out += fmt::format("\np99 over {} runs: {} to {}\n", options.runs, ms(static_cast<double>(last.p99_least)),
                     ms(static_cast<double>(last.p99_most)));
  for (const std::string& each : doubted) out += "doubt: " + each + "\n";
  const int said = say(out);
  return options.json.empty() ? said : std::max(said, write_json(options.json, replay, columns, doubted));
}

}  // namespace

void add_sim_replay(CLI::App& sim, Chosen& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = sim.add_subcommand("replay", "a recording of weir ctl record, under another policy or endpoints");
  verb->add_option("file", options->file, "the recording")->required();
  verb->add_option("--cluster", options->cluster, "which one, when several were recorded");
  verb->add_option("--policy", options->policy, "how endpoints are chosen (default: as recorded)");
  verb->add_option("--endpoints", options->endpoints, "how many (default: as recorded)")
      ->check(CLI::Range(1u, 100'000u));
  verb->add_option("--speed", options->speed, "of the endpoints, by the recorded ones")->capture_default_str();
  verb->add_option("--concurrency", options->concurrency,
                   "what an endpoint works on at once (default: inferred from the recording)")
      ->check(CLI::Range(1u, 100'000u));
  verb->add_option("--runs", options->runs, "with seeds of their own")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1'000u));
  verb->add_option("--seed", options->seed, "of the first run")->capture_default_str();
  verb->add_option("--json", options->json, "write the figures to this file too");
  verb->callback([options, &chosen] { chosen = [options] { return replay(*options); }; });
}

}  // namespace weir::app
