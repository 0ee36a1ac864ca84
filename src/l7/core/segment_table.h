#pragma once
// The edges of the trees of a router: from a node, by a word, to a node. One hash table for all of them, with open
// addressing, in three flat arrays: 24 bytes for an edge and the text of its word.
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
    uint32_t text_at, text_size;
  };
  [[nodiscard]] std::string_view text_of(const Edge& edge) const {
    return std::string_view(texts_).substr(edge.text_at, edge.text_size);
  }
  void place(uint32_t edge);
  void grow();

  std::vector<Edge> edges_;
  std::vector<uint32_t> slots_;  ///< places in edges_, or kNone; a power of two of them, at most half of them taken
  std::string texts_;
};

}  // namespace weir::l7::core
