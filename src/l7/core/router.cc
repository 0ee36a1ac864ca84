#include "l7/core/router.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "proto/http/path.h"

namespace weir::l7::core {

using proto::http::PathFault;
using proto::http::RequestHead;

namespace {

bool takes_everything(const model::RouteConfig& route) {
  const model::ParsedPath path = model::parsed_path(route);
  return path.segments.empty() && path.tail == model::ParsedPath::Tail::rest && !RouteConditions::needed(route);
}

}  // namespace

Router::Router(const std::vector<model::RouteConfig>& routes) : any_host_(tree_.add_root()) {
  const bool conditional = std::any_of(routes.begin(), routes.end(), RouteConditions::needed);
  if (conditional) conditions_of_.assign(routes.size(), kNone);
  labels_.reserve(routes.size());
  for (const model::RouteConfig& route : routes) labels_.push_back(model::route_label(route));
  if (std::any_of(routes.begin(), routes.end(), RoutePlan::needed)) plans_.resize(routes.size());
  for (size_t i = 0; i < plans_.size(); ++i) {
    if (RoutePlan::needed(routes[i])) plans_[i] = std::make_unique<const RoutePlan>(routes[i]);
  }
  std::unordered_map<std::string_view, uint32_t> routes_of;
  for (const model::RouteConfig& route : routes) ++routes_of[route.host];
  for (size_t i = routes.size(); i-- > 0;) {
    const model::RouteConfig& route = routes[i];
    const auto number = static_cast<uint32_t>(i);
    if (!route.host.empty()) first_named_ = number;
    const bool sole = routes_of[route.host] == 1 && takes_everything(route);
    if (sole && route.host.empty()) {
      any_host_ = kSole | number;
    } else if (sole) {
      place_for(route.host, kSole | number);
    } else {
      tree_.add(route.host.empty() ? any_host_ : place_for(route.host, kNone), model::parsed_path(route), number);
    }
    if (!RouteConditions::needed(route)) continue;
    conditions_of_[i] = static_cast<uint32_t>(conditions_.size());
    conditions_.emplace_back(route);
  }
}

/// What the host's name leads to; made if there is nothing yet: `made`, or a tree.
uint32_t Router::place_for(std::string_view host, uint32_t made) {
  const bool wild = host.starts_with("*.");
  SegmentTable& table = wild ? wild_hosts_ : hosts_;
  if (wild) {
    host.remove_prefix(2);
    wild_shortest_ = std::min(wild_shortest_, host.size());
    wild_longest_ = std::max(wild_longest_, host.size());
  }
  uint32_t place = table.find(0, host);
  if (place == kNone) {
    place = made == kNone ? tree_.add_root() : made;
    table.insert(0, host, place);
  }
  return place;
}

uint32_t Router::search(uint32_t place, const Question& question, std::string_view path, uint32_t limit) const {
  if (place == kNone) return limit;
  if ((place & kSole) != 0) return std::min(limit, place & ~kSole);
  return tree_.find(place, path, limit, [&](uint32_t route) {
    if (conditions_of_.empty() || conditions_of_[route] == kNone) return true;
    return conditions_[conditions_of_[route]].hold(question.head, question.trust_forwarded);
  });
}

uint32_t Router::lookup(const Question& question, std::string_view path) const {
  const uint32_t anywhere = search(any_host_, question, path, kNone);
  return first_named_ < anywhere ? lookup_named(question, path, anywhere) : anywhere;
}

uint32_t Router::lookup_named(const Question& question, std::string_view path, uint32_t limit) const {
  std::string_view said = host_of(question.head.authority);
  if (said.ends_with('.')) said.remove_suffix(1);
  if (said.empty() || said.size() > kHostMax) return limit;
  std::array<char, kHostMax> memory;
  std::transform(said.begin(), said.end(), memory.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  const std::string_view host(memory.data(), said.size());
  uint32_t best = limit;
  best = search(hosts_.find(0, host), question, path, best);
  // Every name that this one is below.
  for (size_t dot = host.find('.'); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
    const std::string_view above = host.substr(dot + 1);
    if (dot == 0 || above.size() > wild_longest_) continue;
    if (above.size() < wild_shortest_) break;
    best = search(wild_hosts_.find(0, above), question, path, best);
  }
  return best;
}

Router::Choice Router::find(const RequestHead& head, bool trust_forwarded, std::string& storage) const {
  const bool has_path = head.method != proto::http::Method::connect;
  const auto path = proto::http::canonical_path(has_path ? head.path() : "/", storage);
  if (path.fault != PathFault::none) return {.refusal = Rule::bad_path};
  const Question question{head, trust_forwarded};
  const uint32_t route = lookup(question, path.text);
  if (path.encoded_slash) {
    std::string decoded;
    const auto other = proto::http::slashes_decoded(path.text, decoded);
    if (other.fault != PathFault::none || lookup(question, other.text) != route) return {.refusal = Rule::bad_path};
  }
  if (route == kNone) return {.refusal = Rule::no_route};
  return {.route = route, .path = path.text};
}

size_t Router::memory_bytes() const {
  size_t bytes = tree_.memory_bytes() + hosts_.memory_bytes() + wild_hosts_.memory_bytes() +
                 conditions_of_.capacity() * sizeof(uint32_t) + conditions_.capacity() * sizeof(RouteConditions);
  for (const RouteConditions& each : conditions_) bytes += each.memory_bytes();
  for (const std::string& each : labels_) bytes += sizeof each + each.capacity();
  return bytes;
}

std::string_view host_of(std::string_view authority) {
  const size_t bracket = authority.rfind(']');
  const size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) return authority;
  return authority.substr(0, colon);
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
