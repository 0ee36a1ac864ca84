#include "l7/core/segment_table.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace weir::l7::core {

namespace {

uint64_t mix(uint64_t value) {
  value *= 0x9e3779b97f4a7c15ULL;
  return value ^ (value >> 29);
}

/// Eight bytes at a time. Who could choose words that collide is whoever writes the configuration.
uint32_t hash_of(uint32_t from, std::string_view word) {
  uint64_t hash = mix((uint64_t{from} << 32) | word.size());
  while (word.size() > 8) {
    uint64_t piece = 0;
    std::memcpy(&piece, word.data(), 8);
    hash = mix(hash ^ piece);
    word.remove_prefix(8);
  }
  uint64_t last = 0;
  if (!word.empty()) std::memcpy(&last, word.data(), word.size());
  return static_cast<uint32_t>(mix(hash ^ last) >> 16);
}

}  // namespace

uint32_t SegmentTable::find(uint32_t from, std::string_view word) const {
  if (slots_.empty()) return kNone;
  const uint32_t hash = hash_of(from, word);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask; slots_[at] != kNone; at = (at + 1) & mask) {
    const Edge& edge = edges_[slots_[at]];
    if (edge.hash == hash && edge.from == from && text_of(edge) == word) return edge.to;
  }
  return kNone;
}

void SegmentTable::insert(uint32_t from, std::string_view word, uint32_t to) {
  CHECK(texts_.size() + word.size() < kNone);
  edges_.push_back({.from = from,
                    .to = to,
                    .hash = hash_of(from, word),
                    .text_at = static_cast<uint32_t>(texts_.size()),
                    .text_size = static_cast<uint32_t>(word.size())});
  texts_ += word;
  if (edges_.size() * 2 > slots_.size()) return grow();
  place(static_cast<uint32_t>(edges_.size() - 1));
}

void SegmentTable::place(uint32_t edge) {
  const size_t mask = slots_.size() - 1;
  size_t at = edges_[edge].hash & mask;
  while (slots_[at] != kNone) at = (at + 1) & mask;
  slots_[at] = edge;
}

void SegmentTable::grow() {
  slots_.assign(std::max<size_t>(16, slots_.size() * 2), kNone);
  for (uint32_t i = 0; i < edges_.size(); ++i) place(i);
}

size_t SegmentTable::memory_bytes() const {
  return edges_.capacity() * sizeof(Edge) + slots_.capacity() * sizeof(uint32_t) + texts_.capacity();
}

}  // namespace weir::l7::core
