#pragma once
// Paths of routes as trees of segments, one tree per host, and the first route along a request's path. A segment is
// looked up once per level, however many routes there are: finding costs what the path is long, times the number of
// patterns with a wildcard in the same place as another's literal.
//
//   node      after some segments; knows the smallest route at or below it, so that what cannot win is not visited
//   exact     routes whose path ends at the node
//   rest      routes whose path goes on with anything ("/api/*" at the node of "api")
//   partial   routes that go on with a segment that begins so ("/stat*"): their words, by length
//   any       the node of a segment that may be anything
//
// Routes that end at one node wait in a list in the order written. Memory: 8 bytes a route, 24 a node, and the edges
// (segment_table.h); nothing points into the configuration. Built once, then only read: any thread.

#include <cstdint>
#include <string_view>
#include <vector>

#include "l7/core/segment_table.h"
#include "model/path_pattern.h"

namespace weir::l7::core {

class RouteTree {
 public:
  static constexpr uint32_t kNone = SegmentTable::kNone;

  /// A tree without routes: its root.
  uint32_t add_root();
  /// Routes are added from the last to the first: `route` is smaller than all before.
  void add(uint32_t root, const model::ParsedPath& path, uint32_t route);

  /// The smallest route below `limit` on `path` (canonical; see proto/http/path.h) that `accepts(route)`, or `limit`.
  template <class Accepts>
  [[nodiscard]] uint32_t find(uint32_t root, std::string_view path, uint32_t limit, const Accepts& accepts) const {
    Walk<Accepts> walk{*this, path, limit, accepts};
    walk.from(root);
    return walk.best;
  }

  [[nodiscard]] size_t memory_bytes() const;

 private:
  struct Node {
    uint32_t first = kNone;     ///< the smallest route at or below
    uint32_t any = kNone;       ///< a node
    uint32_t exact = kNone;     ///< the first of a list of routes
    uint32_t rest = kNone;      ///< the same
    uint32_t partials = kNone;  ///< place in partials_
  };
  /// How long the words of "/word*" are that continue a node, shortest first.
  using Lengths = std::vector<uint16_t>;

  uint32_t add_node();
  uint32_t child(uint32_t node, const model::PathSegment& segment);
  uint32_t partial(uint32_t node, std::string_view word);
  /// Puts `route` in front of the list that begins at `list`.
  void prepend(uint32_t& list, uint32_t route);

  template <class Accepts>
  struct Walk {
    const RouteTree& tree;
    std::string_view path;
    uint32_t best;
    const Accepts& accepts;

    void from(uint32_t root) {
      if (path.starts_with('/')) return visit(tree.nodes_[root], root, 1);
      consider(tree.nodes_[root].rest);  // "*" is no path: only who takes everything takes it
    }
    /// `at`: where the next segment begins.
    void visit(const Node& node, uint32_t number, size_t at) {
      if (node.first >= best) return;
      consider(node.rest);
      if (node.first == best) return;  // there is no smaller one below
      const size_t slash = path.find('/', at);
      const bool last = slash == std::string_view::npos;
      const std::string_view segment = path.substr(at, last ? slash : slash - at);
      if (node.partials != kNone) visit_partials(node, number, segment);
      const uint32_t next = tree.words_.find(number, segment);
      for (const uint32_t each : {next, segment.empty() ? kNone : node.any}) {
        if (each == kNone) continue;
        const Node& below = tree.nodes_[each];
        if (last) {
          consider(below.exact);
        } else {
          visit(below, each, slash + 1);
        }
      }
    }
    void visit_partials(const Node& node, uint32_t number, std::string_view segment) {
      for (const uint16_t length : tree.partials_[node.partials]) {
        if (length > segment.size()) return;
        const uint32_t found = tree.partial_words_.find(number, segment.substr(0, length));
        if (found != kNone) consider(tree.nodes_[found].rest);
      }
    }
    void consider(uint32_t list) {
      for (uint32_t route = list; route < best; route = tree.next_[route]) {
        if (!accepts(route)) continue;
        best = route;
        return;
      }
    }
  };

  std::vector<Node> nodes_;
  std::vector<uint32_t> next_;  ///< by route: the next in its list, or kNone
  std::vector<Lengths> partials_;
  SegmentTable words_;
  SegmentTable partial_words_;
};

}  // namespace weir::l7::core
