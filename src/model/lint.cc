#include "model/lint.h"

#include <algorithm>

#include "model/lint_report.h"

namespace weir::model {

std::string Lint::text(std::string_view file) const {
  const std::string_view name = severity == Severity::warning ? "warning" : "note";
  return fmt::format("{}:{}: {}: {}: {}", file, line, name, setting, message);
}

void LintReport::each_route(const RouteVisitor& visit) const {
  for (size_t i = 0; i < config().listeners.size(); ++i) {
    const std::string routes = join(join("listeners", i), "routes");
    for (size_t j = 0; j < config().listeners[i].routes.size(); ++j) {
      visit(config().listeners[i].routes[j], join(routes, j));
    }
  }
}

void LintReport::each_route_to(const ClusterConfig& cluster, const RouteVisitor& visit) const {
  each_route([&](const RouteConfig& route, const std::string& path) {
    const bool leads_here = std::any_of(route.to.begin(), route.to.end(),
                                        [&](const RouteTarget& target) { return target.cluster == cluster.name; });
    if (leads_here) visit(route, path);
  });
}

void LintReport::each_cluster(const ClusterVisitor& visit) const {
  for (const ClusterConfig& cluster : config().clusters) visit(cluster, join("clusters", cluster.name));
}

void LintReport::each_target(const RouteConfig& route, const ClusterVisitor& visit) const {
  for (const RouteTarget& target : route.to) {
    const ClusterConfig* cluster = config().cluster(target.cluster);
    if (cluster != nullptr) visit(*cluster, join("clusters", cluster->name));
  }
}

void LintReport::add(Severity severity, std::string setting, std::string message) {
  const uint32_t line = line_near(setting);
  found_.push_back({severity, rule_, line, std::move(setting), std::move(message)});
}

std::vector<Lint> lint(const Loaded& loaded, const Environment& environment) {
  LintReport report(loaded, environment);
  for (const auto rules : {route_rules(), traffic_rules(), cluster_rules(), tls_rules(), transport_rules()}) {
    for (const LintRule& rule : rules) {
      report.begin(rule.name);
      rule.check(report);
    }
  }
  std::vector<Lint> found = report.take();
  std::stable_sort(found.begin(), found.end(), [](const Lint& a, const Lint& b) { return a.line < b.line; });
  return found;
}

}  // namespace weir::model
