#include "balance/ring_hash.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>

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

}  // namespace

RingHash::RingHash(const PolicyContext& context) : walk_(context) {
  const std::span<const EndpointView> members = context.members;
  uint64_t total_weight = 0;
  for (const EndpointView& member : members) total_weight += member.weight;
  const uint64_t total_points = points_per_endpoint(members.size()) * members.size();
  for (uint32_t position = 0; position < members.size(); ++position) {
    const uint64_t share = (total_points * members[position].weight + total_weight / 2) / total_weight;
    for (uint64_t replica = 0; replica < std::max<uint64_t>(share, 1); ++replica) {
      points_.push_back({XXH64(&replica, sizeof replica, members[position].key), position});
    }
  }
  std::sort(points_.begin(), points_.end(), [&](const Point& a, const Point& b) {
    return a.hash != b.hash ? a.hash < b.hash : members[a.position].key < members[b.position].key;
  });

  const unsigned bits = static_cast<unsigned>(std::bit_width(points_.size()));
  shift_ = 64 - bits;
  starts_.resize(size_t{1} << bits);
  uint32_t point = 0;
  for (uint64_t prefix = 0; prefix < starts_.size(); ++prefix) {
    while (point < points_.size() && points_[point].hash < prefix << shift_) ++point;
    starts_[prefix] = point;
  }
}

uint32_t RingHash::lookup(uint64_t hash) const {
  uint32_t point = starts_[hash >> shift_];
  while (point < points_.size() && points_[point].hash < hash) ++point;
  return points_[point < points_.size() ? point : 0].position;
}

std::optional<uint32_t> RingHash::pick(const PickRequest& request, Prng&) {
  return walk_.walk(request, [this](uint64_t hash) { return lookup(hash); });
}

}  // namespace weir::balance
