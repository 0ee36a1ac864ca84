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

SegmentTable::Edge SegmentTable::edge_at(uint32_t place) const {
  Edge edge;
  std::memcpy(&edge, edges_.data() + place, sizeof edge);
  return edge;
}

uint32_t SegmentTable::find(uint32_t from, std::string_view word) const {
  if (slots_.empty()) return kNone;
  const uint32_t hash = hash_of(from, word);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask; slots_[at] != kNone; at = (at + 1) & mask) {
    const Edge edge = edge_at(slots_[at]);
    if (edge.hash == hash && edge.from == from && text_at(slots_[at], edge) == word) return edge.to;
  }
  return kNone;
}

void SegmentTable::insert(uint32_t from, std::string_view word, uint32_t to) {
  const Edge edge{.from = from, .to = to, .hash = hash_of(from, word), .text_size = static_cast<uint32_t>(word.size())};
  CHECK(edges_.size() + sizeof edge + word.size() < kNone);
  const auto place = static_cast<uint32_t>(edges_.size());
  edges_.append(reinterpret_cast<const char*>(&edge), sizeof edge).append(word);
  if (++count_ * 2 > slots_.size()) return grow();
  put(place);
}

void SegmentTable::put(uint32_t place) {
  const size_t mask = slots_.size() - 1;
  size_t at = edge_at(place).hash & mask;
  while (slots_[at] != kNone) at = (at + 1) & mask;
  slots_[at] = place;
}

void SegmentTable::grow() {
  slots_.assign(std::max<size_t>(16, slots_.size() * 2), kNone);
  for (uint32_t place = 0; place < edges_.size();) {
    put(place);
    place += static_cast<uint32_t>(sizeof(Edge)) + edge_at(place).text_size;
  }
}

size_t SegmentTable::memory_bytes() const { return edges_.capacity() + slots_.capacity() * sizeof(uint32_t); }

}  // namespace weir::l7::core
