#pragma once
// Which route a request takes: of those that match, the first in the order written. Host, path, method, header fields,
// cookies and query are looked at (docs/routing.md has the words). The routes of a listener are compiled once per
// snapshot into trees (route_tree.h), so that finding one costs the same with 10 routes and with 10,000; all workers
// share them.
//
//   hosts       upper and lower case are equal (RFC 9110 section 4.2.3), ports and one final dot do not count;
//               "*.example.org" is every host below it, at any depth, but not example.org itself
//   paths       are compared in their canonical form (proto/http/path.h). A path with dot segments or an encoded NUL
//               is refused; so is one with an encoded slash whose two readings lead to two routes: whichever were
//               taken, an endpoint might see the other
//   conditions  route_conditions.h
//
// Memory: about 150 bytes a route and what its words take; memory_bytes() says. Pure; immutable, any thread.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "l7/core/refusal.h"
#include "l7/core/route_conditions.h"
#include "l7/core/route_plan.h"
#include "l7/core/route_tree.h"
#include "l7/core/segment_table.h"
#include "model/config.h"
#include "proto/http/message.h"

namespace weir::l7::core {

class Router {
 public:
  explicit Router(const std::vector<model::RouteConfig>& routes);

  struct Choice {
    uint32_t route = 0;
    Rule refusal = Rule::none;  ///< no_route or bad_path: then there is no route
    std::string_view path{};    ///< canonical, in the head's target or in `storage`
  };
  /// `trust_forwarded`: see RouteConditions. `storage`: where a path is put that is not canonical yet.
  [[nodiscard]] Choice find(const proto::http::RequestHead& head, bool trust_forwarded, std::string& storage) const;

  /// What the route does besides leading somewhere; null: nothing.
  [[nodiscard]] const RoutePlan* plan(uint32_t route) const { return plans_.empty() ? nullptr : plans_[route].get(); }
  /// What the log calls a route.
  [[nodiscard]] const std::string& label(uint32_t route) const { return labels_[route]; }
  [[nodiscard]] size_t memory_bytes() const;

 private:
  static constexpr uint32_t kNone = RouteTree::kNone;
  /// With this bit a host leads to a route, its only one, which takes every request; without, to the root of a tree.
  static constexpr uint32_t kSole = uint32_t{1} << 31;
  /// The longest name that DNS knows; whoever asks for a longer one means no host of ours.
  static constexpr size_t kHostMax = 253;

  struct Question {
    const proto::http::RequestHead& head;
    bool trust_forwarded;
  };
  uint32_t place_for(std::string_view host, uint32_t made);
  [[nodiscard]] uint32_t lookup(const Question& question, std::string_view path) const;
  [[nodiscard]] uint32_t lookup_named(const Question& question, std::string_view path, uint32_t limit) const;
  [[nodiscard]] uint32_t search(uint32_t place, const Question& question, std::string_view path, uint32_t limit) const;

  RouteTree tree_;
  uint32_t any_host_;        ///< root of the routes for all hosts, or kSole
  SegmentTable hosts_;       ///< roots, or kSole
  SegmentTable wild_hosts_;  ///< the same, by what stands behind "*."
  size_t wild_shortest_ = SIZE_MAX, wild_longest_ = 0;
  uint32_t first_named_ = kNone;         ///< the smallest route with a host
  std::vector<uint32_t> conditions_of_;  ///< by route: its place in conditions_, or kNone; empty: nobody has any
  std::vector<RouteConditions> conditions_;
  std::vector<std::string> labels_;
  std::vector<std::unique_ptr<const RoutePlan>> plans_;  ///< by route; empty: nobody has one
};

/// Which of a route's targets a draw in [0, sum of weights) falls on.
size_t find_target(const std::vector<model::RouteTarget>& targets, uint64_t draw);
uint64_t total_weight(const std::vector<model::RouteTarget>& targets);

/// "example.org:8080" -> "example.org"; "[::1]:80" -> "[::1]".
std::string_view host_of(std::string_view authority);

}  // namespace weir::l7::core
