#include "l7/core/router.h"

#include <algorithm>
#include <array>

#include "proto/http/path.h"

namespace weir::l7::core {

using proto::http::PathFault;
using proto::http::RequestHead;

Router::Router(const std::vector<model::RouteConfig>& routes) : any_host_(tree_.add_root()) {
  const bool conditional = std::any_of(routes.begin(), routes.end(), RouteConditions::needed);
  if (conditional) conditions_of_.assign(routes.size(), kNone);
  labels_.reserve(routes.size());
  for (const model::RouteConfig& route : routes) labels_.push_back(model::route_label(route));
  if (std::any_of(routes.begin(), routes.end(), RoutePlan::needed)) plans_.resize(routes.size());
  for (size_t i = 0; i < plans_.size(); ++i) {
    if (RoutePlan::needed(routes[i])) plans_[i] = std::make_unique<const RoutePlan>(routes[i]);
  }
  for (size_t i = routes.size(); i-- > 0;) {
    const model::RouteConfig& route = routes[i];
    tree_.add(root_for(route.host), model::parsed_path(route), static_cast<uint32_t>(i));
    if (!route.host.empty()) first_named_ = static_cast<uint32_t>(i);
    if (!RouteConditions::needed(route)) continue;
    conditions_of_[i] = static_cast<uint32_t>(conditions_.size());
    conditions_.emplace_back(route);
  }
}

uint32_t Router::root_for(std::string_view host) {
  if (host.empty()) return any_host_;
  const bool wild = host.starts_with("*.");
  SegmentTable& table = wild ? wild_hosts_ : hosts_;
  if (wild) {
    host.remove_prefix(2);
    wild_shortest_ = std::min(wild_shortest_, host.size());
    wild_longest_ = std::max(wild_longest_, host.size());
  }
  uint32_t root = table.find(0, host);
  if (root == kNone) {
    root = tree_.add_root();
    table.insert(0, host, root);
  }
  return root;
}

uint32_t Router::search(uint32_t root, const Question& question, std::string_view path, uint32_t limit) const {
  return tree_.find(root, path, limit, [&](uint32_t route) {
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
  if (const uint32_t root = hosts_.find(0, host); root != kNone) best = search(root, question, path, best);
  // Every name that this one is below.
  for (size_t dot = host.find('.'); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
    const std::string_view above = host.substr(dot + 1);
    if (dot == 0 || above.size() > wild_longest_) continue;
    if (above.size() < wild_shortest_) break;
    if (const uint32_t root = wild_hosts_.find(0, above); root != kNone) best = search(root, question, path, best);
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
