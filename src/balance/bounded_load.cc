#include "balance/bounded_load.h"

namespace weir::balance {
namespace {

constexpr size_t kExactTotalMembers = 16;
constexpr size_t kRefreshedAtOnce = 8;

uint32_t in_flight_of(const EndpointView& member) { return member.load->in_flight.load(std::memory_order_relaxed); }

}  // namespace

BoundedLoad::BoundedLoad(std::span<const EndpointView> members) : members_(members) {
  const bool exact = members_.size() <= kExactTotalMembers;
  if (!exact) seen_.reserve(members_.size());
  for (const EndpointView& member : members_) {
    const uint32_t in_flight = in_flight_of(member);
    total_weight_ += member.weight;
    total_ += in_flight;
    if (!exact) seen_.push_back(in_flight);
  }
}

void BoundedLoad::refresh() {
  if (seen_.empty()) {
    total_ = 0;
    for (const EndpointView& member : members_) total_ += in_flight_of(member);
    return;
  }
  for (size_t i = 0; i < kRefreshedAtOnce; ++i) {
    const uint32_t in_flight = in_flight_of(members_[cursor_]);
    total_ += in_flight;
    total_ -= seen_[cursor_];
    seen_[cursor_] = in_flight;
    cursor_ = cursor_ + 1 == members_.size() ? 0 : cursor_ + 1;
  }
}

uint64_t BoundedLoad::cap_of(uint32_t position, uint32_t percent) const {
  const uint64_t numerator = percent * (total_ + 1) * members_[position].weight;
  const uint64_t denominator = 100 * total_weight_;
  return (numerator + denominator - 1) / denominator;
}

bool BoundedLoad::has_room(uint32_t position, uint32_t percent) const {
  return in_flight_of(members_[position]) < cap_of(position, percent);
}

}  // namespace weir::balance
