#include "balance/ring_hash.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <numeric>

namespace weir::balance {
namespace {

constexpr uint64_t kPointsPerEndpoint = 160;
constexpr uint64_t kMaxPoints = 1 << 18;

uint64_t points_per_endpoint(size_t endpoints) {
  // Halving, instead of dividing by n, keeps the number the same through most changes of membership: fewer keys move.
  uint64_t points = kPointsPerEndpoint;
  while (points > 1 && points * endpoints > kMaxPoints) points /= 2;
  return points;
}

/// Every fourth point or so has a start of its own: the index stays small, and eight points share a cache line.
constexpr unsigned kPointsPerStartBits = 2;

std::vector<uint32_t> positions_by_key(std::span<const EndpointView> members) {
  std::vector<uint32_t> positions(members.size());
  std::iota(positions.begin(), positions.end(), 0u);
  std::sort(positions.begin(), positions.end(),
            [&](uint32_t a, uint32_t b) { return members[a].key < members[b].key; });
  return positions;
}

}  // namespace

RingHash::RingHash(const PolicyContext& context) : walk_(context) {
  const std::span<const EndpointView> members = context.members;
  uint64_t total_weight = 0;
  for (const EndpointView& member : members) total_weight += member.weight;
  const uint64_t total_points = points_per_endpoint(members.size()) * members.size();

  // Sorted as plain integers: the hash above the rank of the endpoint's key, so that equal hashes have an order that
  // does not depend on the order of the members.
  const std::vector<uint32_t> positions = positions_by_key(members);
  std::vector<uint64_t> points;
  points.reserve(total_points + members.size());
  for (uint64_t rank = 0; rank < positions.size(); ++rank) {
    const EndpointView& member = members[positions[rank]];
    const uint64_t share = (total_points * member.weight + total_weight / 2) / total_weight;
    for (uint64_t replica = 0; replica < std::max<uint64_t>(share, 1); ++replica) {
      points.push_back((XXH64(&replica, sizeof replica, member.key) >> 32 << 32) | rank);
    }
  }
  std::sort(points.begin(), points.end());
  points_.reserve(points.size());
  for (const uint64_t point : points) {
    points_.push_back({static_cast<uint32_t>(point >> 32), positions[point & UINT32_MAX]});
  }
  index_points();
}

void RingHash::index_points() {
  const auto width = static_cast<unsigned>(std::bit_width(points_.size()));
  const unsigned bits = std::max(width, kPointsPerStartBits + 1) - kPointsPerStartBits;
  shift_ = 32 - bits;
  starts_.resize(size_t{1} << bits);
  uint32_t point = 0;
  for (uint64_t prefix = 0; prefix < starts_.size(); ++prefix) {
    while (point < points_.size() && points_[point].hash < prefix << shift_) ++point;
    starts_[prefix] = point;
  }
}

uint32_t RingHash::lookup(uint64_t hash) const {
  const auto leading = static_cast<uint32_t>(hash >> 32);
  uint32_t point = starts_[leading >> shift_];
  while (point < points_.size() && points_[point].hash < leading) ++point;
  return points_[point < points_.size() ? point : 0].position;
}

std::optional<uint32_t> RingHash::pick(const PickRequest& request, Prng&) {
  return walk_.walk(request, [this](uint64_t hash) { return lookup(hash); });
}

}  // namespace weir::balance
