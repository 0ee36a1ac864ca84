#include "balance/hash_walk.h"

#include "balance/contest.h"
#include "balance/slow_start.h"

namespace weir::balance {
namespace {

constexpr size_t kExactTotalMembers = 16;
constexpr size_t kRefreshedPerPick = 8;

uint32_t in_flight_of(const EndpointView& member) { return member.load->in_flight.load(std::memory_order_relaxed); }

}  // namespace

HashWalk::HashWalk(const PolicyContext& context)
    : members_(context.members),
      slow_start_(context.slow_start),
      bounded_percent_(context.bounded_load_percent),
      ramp_end_(ramp_end(context.members, context.slow_start)) {
  for (const EndpointView& member : members_) {
    total_weight_ += member.weight;
    total_ += in_flight_of(member);
  }
  if (members_.size() <= kExactTotalMembers) return;
  seen_.reserve(members_.size());
  total_ = 0;
  for (const EndpointView& member : members_) {
    seen_.push_back(in_flight_of(member));
    total_ += seen_.back();
  }
}

void HashWalk::refresh_total() {
  if (seen_.empty()) {
    total_ = 0;
    for (const EndpointView& member : members_) total_ += in_flight_of(member);
    return;
  }
  for (size_t i = 0; i < kRefreshedPerPick; ++i) {
    const uint32_t in_flight = in_flight_of(members_[cursor_]);
    total_ += in_flight;
    total_ -= seen_[cursor_];
    seen_[cursor_] = in_flight;
    cursor_ = cursor_ + 1 == members_.size() ? 0 : cursor_ + 1;
  }
}

uint64_t HashWalk::cap_of(uint32_t position) const {
  const uint64_t numerator = bounded_percent_ * (total_ + 1) * members_[position].weight;
  const uint64_t denominator = 100 * total_weight_;
  return (numerator + denominator - 1) / denominator;
}

bool HashWalk::accepts(uint32_t position, const PickRequest& request) const {
  const EndpointView& member = members_[position];
  if (request.story != nullptr) request.story->note(member, in_flight_of(member));
  if (is_avoided(request, member)) return false;
  if (request.now < ramp_end_) {
    const uint32_t factor = slow_start_factor(request.now, member.slow_start_from, slow_start_);
    if (mix(request.hash ^ member.key) % kFullFactor >= factor) return false;
  }
  return bounded_percent_ == 0 || in_flight_of(member) < cap_of(position);
}

std::optional<uint32_t> HashWalk::least_loaded(const PickRequest& request) const {
  std::optional<Contender> best;
  for (uint32_t position = 0; position < members_.size(); ++position) {
    if (is_avoided(request, members_[position])) continue;
    const Contender candidate = look_at(members_, position, request.now, Duration{});
    if (!best || compare_load(candidate, *best) < 0) best = candidate;
  }
  return best ? std::optional<uint32_t>(best->position) : std::nullopt;
}

}  // namespace weir::balance
