#pragma once
// What a lint rule sees and how it speaks; used by lint*.cc only.

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "model/lint.h"
#include "model/reading.h"
#include "model/units.h"

namespace weir::model {

class LintReport {
 public:
  LintReport(const Loaded& loaded, const Environment& environment) : loaded_(loaded), environment_(environment) {}

  [[nodiscard]] const Config& config() const { return loaded_.config; }
  [[nodiscard]] const Environment& environment() const { return environment_; }
  /// Whether the file sets this, as opposed to a default: some advice is only for those who asked for the thing.
  [[nodiscard]] bool written(const std::string& path) const { return loaded_.provenance.line_of(path) != 0; }
  [[nodiscard]] uint32_t line_near(const std::string& path) const { return loaded_.provenance.line_near(path); }

  void warn(std::string setting, std::string message) {
    add(Severity::warning, std::move(setting), std::move(message));
  }
  void note(std::string setting, std::string message) { add(Severity::note, std::move(setting), std::move(message)); }

  using RouteVisitor = std::function<void(const RouteConfig& route, const std::string& path)>;
  /// Every route of every listener.
  void each_route(const RouteVisitor& visit) const;
  /// The routes that lead to a cluster.
  void each_route_to(const ClusterConfig& cluster, const RouteVisitor& visit) const;
  using ClusterVisitor = std::function<void(const ClusterConfig& cluster, const std::string& path)>;
  void each_cluster(const ClusterVisitor& visit) const;
  /// The clusters a route leads to.
  void each_target(const RouteConfig& route, const ClusterVisitor& visit) const;

  void begin(std::string_view rule) { rule_ = rule; }
  std::vector<Lint> take() { return std::move(found_); }

 private:
  void add(Severity severity, std::string setting, std::string message);

  const Loaded& loaded_;
  const Environment& environment_;
  std::string_view rule_;
  std::vector<Lint> found_;
};

/// Rules about one cluster, one route, or a route and each cluster it leads to, made into rules about the
/// configuration.
template <void (*kRule)(LintReport&, const ClusterConfig&, const std::string& path)>
void at_each_cluster(LintReport& report) {
  report.each_cluster([&](const ClusterConfig& cluster, const std::string& path) { kRule(report, cluster, path); });
}

template <void (*kRule)(LintReport&, const RouteConfig&, const std::string& path)>
void at_each_route(LintReport& report) {
  report.each_route([&](const RouteConfig& route, const std::string& path) { kRule(report, route, path); });
}

template <void (*kRule)(LintReport&, const RouteConfig&, const std::string& path, const ClusterConfig&,
                        const std::string& cluster_path)>
void at_each_target(LintReport& report) {
  report.each_route([&](const RouteConfig& route, const std::string& path) {
    report.each_target(route, [&](const ClusterConfig& cluster, const std::string& cluster_path) {
      kRule(report, route, path, cluster, cluster_path);
    });
  });
}

// Rules with files of their own (lint_reachable.cc, lint_redirects.cc).
void routes_are_reachable(LintReport& report);
void redirects_lead_elsewhere(LintReport& report);

/// How long one try of a request may take: per_try_timeout, or an equal share of the route's timeout.
inline Duration try_time(const RouteConfig& route) {
  if (route.retry.per_try_timeout > Duration{}) return std::min(route.retry.per_try_timeout, route.timeout);
  return route.timeout / route.retry.attempts;
}

inline std::string text_of(Duration duration) { return format_duration(duration); }

inline std::string plural(size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace weir::model
