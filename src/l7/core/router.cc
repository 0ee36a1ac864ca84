#include "l7/core/router.h"

#include "proto/http/message.h"

namespace weir::l7::core {

std::string_view host_of(std::string_view authority) {
  const size_t bracket = authority.rfind(']');
  const size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) return authority;
  return authority.substr(0, colon);
}

bool matches(const model::RouteConfig& route, std::string_view authority, std::string_view path) {
  if (!route.host.empty() && !proto::http::iequals(route.host, host_of(authority))) return false;
  if (route.path_kind == model::RouteConfig::PathKind::exact) return path == route.path;
  return path.starts_with(route.path) || route.path == "/";
}

int find_route(const std::vector<model::RouteConfig>& routes, std::string_view authority, std::string_view path) {
  for (size_t i = 0; i < routes.size(); ++i) {
    if (matches(routes[i], authority, path)) return static_cast<int>(i);
  }
  return -1;
}

uint64_t total_weight(const std::vector<model::RouteTarget>& targets) {
  uint64_t total = 0;
  for (const auto& target : targets) total += target.weight;
  return total;
}

size_t find_target(const std::vector<model::RouteTarget>& targets, uint64_t draw) {
  for (size_t i = 0; i < targets.size(); ++i) {
    if (draw < targets[i].weight) return i;
    draw -= targets[i].weight;
  }
  return targets.size() - 1;
}

}  // namespace weir::l7::core
