#pragma once
// The edges of the trees of a router: from a node, by a word, to a node. One hash table for all of them, with open
// addressing, in two flat arrays: 24 to 32 bytes for an edge and the text of its word.
//
// Built once, then only read: any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::l7::core {

class SegmentTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// The node that `word` leads to, or kNone.
  [[nodiscard]] uint32_t find(uint32_t from, std::string_view word) const;
  /// There must be no such edge yet.
  void insert(uint32_t from, std::string_view word, uint32_t to);
  [[nodiscard]] size_t memory_bytes() const;

 private:
  struct Edge {
    uint32_t from, to;
    uint32_t hash;
    uint32_t text_size;
  };
  [[nodiscard]] Edge edge_at(uint32_t place) const;
  [[nodiscard]] std::string_view text_at(uint32_t place, const Edge& edge) const {
    return {edges_.data() + place + sizeof edge, edge.text_size};
  }
  void put(uint32_t place);
  void grow();

  std::string edges_;            ///< one behind the other, each followed by its text: looking at one is one cache miss
  std::vector<uint32_t> slots_;  ///< places in edges_, or kNone; a power of two of them, at most half of them taken
  size_t count_ = 0;
};

}  // namespace weir::l7::core
