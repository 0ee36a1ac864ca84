// Redirects that lead back to the route that sent them.
#include "model/lint_report.h"
#include "model/path_pattern.h"

namespace weir::model {
namespace {

bool looks_only_at_host_and_path(const RouteConfig& route) {
  return route.headers.empty() && route.cookies.empty() && route.query.empty();
}

/// The part of a redirect that says the path, if it stays on the host and scheme that were asked for; else empty.
std::string_view path_on_same_host(std::string_view to, bool tls) {
  for (const std::string_view same : {std::string_view("{scheme}://{host}"),
                                      tls ? std::string_view("https://{host}") : std::string_view("http://{host}")}) {
    if (to.starts_with(same)) return to.substr(same.size());
  }
  return to.starts_with('/') || to.starts_with("{path}") ? to : std::string_view();
}

bool comes_back(const RouteConfig& route, std::string_view path) {
  path = path.substr(0, path.find_first_of("?#"));
  if (path.starts_with("{path}")) return path == "{path}" || path == "{path}{query}";
  if (path.ends_with("{query}")) path.remove_suffix(7);
  if (path.find('{') != std::string_view::npos) return false;  // where that leads, only requests know
  const auto parsed = parse_path(path);
  return parsed && covers(parsed_path(route), *parsed);
}

}  // namespace

void redirects_lead_elsewhere(LintReport& report) {
  for (size_t i = 0; i < report.config().listeners.size(); ++i) {
    const ListenerConfig& listener = report.config().listeners[i];
    for (size_t j = 0; j < listener.routes.size(); ++j) {
      const RouteConfig& route = listener.routes[j];
      if (route.redirect.to.empty() || !looks_only_at_host_and_path(route)) continue;
      const std::string_view path = path_on_same_host(route.redirect.to, listener.tls.enabled());
      if (path.empty() || !comes_back(route, path)) continue;
      report.warn(
          join(join(join(join("listeners", i), "routes"), j), "redirect.to"),
          fmt::format("{} leads to this same route: clients go round until they give up", quote(route.redirect.to)));
    }
  }
}

}  // namespace weir::model
