// Which numbers of a result become columns, and how they are written.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sim/report.h"

namespace weir::sim {
namespace {

/// The text of a cell, and whether it says anything that the reader would not have guessed.
struct Cell {
  std::string text;
  bool tells = true;
};

Cell count_cell(uint64_t count) { return {count_text(count), count != 0}; }

Cell latency_cell(const Histogram& histogram, double percent) {
  if (histogram.count() == 0) return {"-", false};
  return {latency_text(static_cast<double>(histogram.percentile(percent))), true};
}

double share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// "0.042%": with what is small still visible.
std::string percent_text(double value) {
  const double percent = 100 * value;
  if (percent == 0) return "0%";
  return fmt::format("{:.{}f}%", percent, percent >= 10 ? 1 : percent >= 1 ? 2 : 3);
}

/// Rows from runs, columns one by one.
class Builder {
 public:
  Builder(const Report& report, std::string heading) : report_(report) {
    table_.heading = std::move(heading);
    table_.columns.emplace_back("variant");
    for (const Run& run : report.runs) table_.rows.push_back({run.result->variant});
  }

  /// Left out when no run has anything to tell.
  template <class MakeCell>
  void column(std::string name, const MakeCell& cell_of) {
    std::vector<std::string> texts;
    bool tells = false;
    for (const Run& run : report_.runs) {
      Cell cell = cell_of(run);
      tells |= cell.tells;
      texts.push_back(std::move(cell.text));
    }
    if (!tells) return;
    table_.columns.push_back(std::move(name));
    for (size_t i = 0; i < texts.size(); ++i) table_.rows[i].push_back(std::move(texts[i]));
  }

  Table take() { return std::move(table_); }

 private:
  const Report& report_;
  Table table_;
};

Table clients_table(const Report& report) {
  Builder table(report, "what clients saw");
  table.column("requests", [](const Run& run) { return Cell{count_text(run.result->arrived)}; });
  table.column("failed",
               [](const Run& run) { return Cell{percent_text(share(run.result->failed, run.result->arrived))}; });
  for (const auto& [name, percent] : {std::pair{"p50", 50.0}, {"p90", 90.0}, {"p99", 99.0}, {"p99.9", 99.9}}) {
    const double wanted = percent;
    table.column(name, [wanted](const Run& run) { return latency_cell(run.result->latency, wanted); });
  }
  table.column("mean", [](const Run& run) {
    return run.result->answered == 0 ? Cell{"-", false} : Cell{latency_text(run.result->mean_ns)};
  });
  table.column("cross-zone $/month", [](const Run& run) {
    const double dollars = run.result->cross_zone_dollars_per_month;
    return Cell{fmt::format("{:.{}f}", dollars, dollars < 10 ? 2 : 0), dollars > 0};
  });
  return table.take();
}

/// Of a tier's endpoints: those that an autoscaler never started are none.
struct Spread {
  double utilisation_min = 1, utilisation_max = 0, utilisation_sum = 0;
  uint64_t served_max = 0, served_sum = 0, ejections = 0, refused = 0;
  size_t count = 0;
};

Spread spread_of(const Run& run, size_t tier) {
  const bool scaled = run.scenario->tiers[tier].autoscale.enabled;
  Spread spread;
  for (const EndpointResult& each : run.result->tiers[tier].endpoints) {
    if (scaled && each.picked == 0) continue;
    spread.utilisation_min = std::min(spread.utilisation_min, each.utilisation);
    spread.utilisation_max = std::max(spread.utilisation_max, each.utilisation);
    spread.utilisation_sum += each.utilisation;
    spread.served_max = std::max(spread.served_max, each.served);
    spread.served_sum += each.served;
    spread.ejections += each.ejections;
    spread.refused += each.refused;
    ++spread.count;
  }
  return spread;
}

Cell utilisation_cell(const Spread& spread) {
  if (spread.count == 0) return {"-", false};
  const double mean = spread.utilisation_sum / static_cast<double>(spread.count);
  return {fmt::format("{:.0f}/{:.0f}/{:.0f}%", 100 * spread.utilisation_min, 100 * mean, 100 * spread.utilisation_max)};
}

Cell imbalance_cell(const Spread& spread) {
  if (spread.served_sum == 0 || spread.count < 2) return {"-", false};
  const double mean = static_cast<double>(spread.served_sum) / static_cast<double>(spread.count);
  return {fmt::format("{:.2f}", static_cast<double>(spread.served_max) / mean)};
}

void add_cache_columns(Builder& table, size_t t) {
  table.column("cache hit", [t](const Run& run) {
    const TierResult& tier = run.result->tiers[t];
    const uint64_t looked = tier.cache_hits + tier.cache_misses;
    return looked == 0 ? Cell{"-", false} : Cell{percent_text(share(tier.cache_hits, looked))};
  });
  table.column("waited for a fetch", [t](const Run& run) { return count_cell(run.result->tiers[t].cache_waits); });
  table.column("early refreshes", [t](const Run& run) { return count_cell(run.result->tiers[t].cache_refreshes); });
}

Table tier_table(const Report& report, size_t t) {
  Builder table(report, "tier " + report.runs.front().result->tiers[t].name);
  if (report.runs.front().result->tiers.size() > 1) {
    table.column("requests", [t](const Run& run) { return Cell{count_text(run.result->tiers[t].requests)}; });
    table.column("p99", [t](const Run& run) { return latency_cell(*run.result->tiers[t].latency, 99); });
  }
  table.column("attempts/request", [t](const Run& run) {
    const TierResult& tier = run.result->tiers[t];
    return Cell{fmt::format("{:.3f}", share(tier.attempts, tier.requests)), tier.attempts != tier.requests};
  });
  table.column("retries", [t](const Run& run) { return count_cell(run.result->tiers[t].retries); });
  table.column("utilisation", [t](const Run& run) { return utilisation_cell(spread_of(run, t)); });
  table.column("imbalance", [t](const Run& run) { return imbalance_cell(spread_of(run, t)); });
  table.column("refused", [t](const Run& run) { return count_cell(spread_of(run, t).refused); });
  table.column("ejections", [t](const Run& run) { return count_cell(spread_of(run, t).ejections); });
  table.column("panics", [t](const Run& run) { return count_cell(run.result->tiers[t].panics); });
  table.column("cross-zone", [t](const Run& run) {
    const TierResult& tier = run.result->tiers[t];
    return Cell{percent_text(share(tier.cross_zone_bytes, tier.all_bytes)), tier.cross_zone_bytes != 0};
  });
  add_cache_columns(table, t);
  table.column("pool wait p99", [t](const Run& run) {
    const TierResult& tier = run.result->tiers[t];
    return tier.pool_waits == 0 ? Cell{"-", false} : latency_cell(*tier.pool_wait, 99);
  });
  return table.take();
}

}  // namespace

std::string latency_text(double ns) {
  struct Unit {
    double scale;
    const char* name;
  };
  constexpr Unit kUnits[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}};
  for (const Unit& unit : kUnits) {
    // 999.6us would be written as 1000us.
    if (ns < unit.scale * 0.9995) continue;
    const double value = ns / unit.scale;
    return fmt::format("{:.{}f}{}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0, unit.name);
  }
  return fmt::format("{:.0f}ns", ns);
}

std::string count_text(uint64_t count) {
  std::string text = fmt::format("{}", count);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::vector<Table> tables_of(const Report& report) {
  std::vector<Table> tables{clients_table(report)};
  size_t tiers = report.runs.front().result->tiers.size();
  for (const Run& run : report.runs) tiers = std::min(tiers, run.result->tiers.size());
  for (size_t t = 0; t < tiers; ++t) tables.push_back(tier_table(report, t));
  return tables;
}

std::vector<std::string> failures_of(const Report& report) {
  std::vector<std::string> lines;
  for (const Run& run : report.runs) {
    const Result& result = *run.result;
    if (result.failed == 0) continue;
    std::string line;
    uint64_t refused = 0;
    for (size_t rule = 1; rule < result.refusals.size(); ++rule) {
      if (result.refusals[rule] == 0) continue;
      refused += result.refusals[rule];
      line += fmt::format("{}{} {}", line.empty() ? "" : ", ", count_text(result.refusals[rule]),
                          l7::core::name_of(static_cast<l7::core::Rule>(rule)));
    }
    if (result.failed > refused) {
      line +=
          fmt::format("{}{} answered 5xx by endpoints", line.empty() ? "" : ", ", count_text(result.failed - refused));
    }
    lines.push_back(fmt::format("{}: {}", result.variant, line));
  }
  return lines;
}

std::vector<std::string> broken_laws_of(const Report& report) {
  std::vector<std::string> lines;
  for (const Run& run : report.runs) {
    for (const std::string& law : run.result->laws.broken) {
      lines.push_back(fmt::format("variant {}, seed {}: {}", run.result->variant, run.result->seed, law));
    }
  }
  return lines;
}

}  // namespace weir::sim
