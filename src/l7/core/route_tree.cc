#include "l7/core/route_tree.h"

#include <algorithm>

#include "base/check.h"
#include "proto/http/path.h"

namespace weir::l7::core {

uint32_t RouteTree::add_root() { return add_node(); }

uint32_t RouteTree::add_node() {
  nodes_.emplace_back();
  return static_cast<uint32_t>(nodes_.size() - 1);
}

uint32_t RouteTree::child(uint32_t node, const model::PathSegment& segment) {
  if (segment.any) {
    if (nodes_[node].any == kNone) {
      const uint32_t made = add_node();
      nodes_[node].any = made;
    }
    return nodes_[node].any;
  }
  std::string storage;
  const std::string_view word = proto::http::canonical_path(segment.text, storage).text;
  uint32_t found = words_.find(node, word);
  if (found == kNone) {
    found = add_node();
    words_.insert(node, word, found);
  }
  return found;
}

uint32_t RouteTree::partial(uint32_t node, std::string_view text) {
  std::string storage;
  const std::string_view word = proto::http::canonical_path(text, storage).text;
  uint32_t found = partial_words_.find(node, word);
  if (found != kNone) return found;
  found = add_node();
  partial_words_.insert(node, word, found);
  if (nodes_[node].partials == kNone) {
    nodes_[node].partials = static_cast<uint32_t>(partials_.size());
    partials_.emplace_back();
  }
  Lengths& lengths = partials_[nodes_[node].partials];
  const auto length = static_cast<uint16_t>(word.size());
  const auto place = std::lower_bound(lengths.begin(), lengths.end(), length);
  if (place == lengths.end() || *place != length) lengths.insert(place, length);
  return found;
}

void RouteTree::prepend(uint32_t& list, uint32_t route) {
  if (next_.size() <= route) next_.resize(route + 1, kNone);
  next_[route] = list;
  list = route;
}

void RouteTree::add(uint32_t root, const model::ParsedPath& path, uint32_t route) {
  uint32_t node = root;
  CHECK(nodes_[root].first == kNone || route < nodes_[root].first);
  nodes_[node].first = route;
  for (const model::PathSegment& segment : path.segments) {
    node = child(node, segment);
    nodes_[node].first = route;
  }
  switch (path.tail) {
    case model::ParsedPath::Tail::none: return prepend(nodes_[node].exact, route);
    case model::ParsedPath::Tail::rest: return prepend(nodes_[node].rest, route);
    case model::ParsedPath::Tail::partial: return prepend(nodes_[partial(node, path.tail_text)].rest, route);
  }
}

size_t RouteTree::memory_bytes() const {
  size_t bytes = nodes_.capacity() * sizeof(Node) + next_.capacity() * sizeof(uint32_t) + words_.memory_bytes() +
                 partial_words_.memory_bytes() + partials_.capacity() * sizeof(Lengths);
  for (const Lengths& each : partials_) bytes += each.capacity() * sizeof(uint16_t);
  return bytes;
}

}  // namespace weir::l7::core
