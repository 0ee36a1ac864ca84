#include "balance/round_robin.h"

#include <algorithm>

#include "balance/slow_start.h"

namespace weir::balance {
namespace {

/// Fine enough to tell weights of 1,000 apart, and the longest stride (weight 1 at a ramp's floor) stays below 2^46:
/// deadlines never lie further apart than one stride, so comparing them by their difference survives the wrap-around of
/// virtual time.
constexpr uint64_t kStrideOfOne = uint64_t{1} << 42;

}  // namespace

RoundRobin::RoundRobin(const PolicyContext& context)
    : members_(context.members), slow_start_(context.slow_start), rotates_(true) {
  for (const EndpointView& member : members_) {
    const bool ramps = is_ramping(context.now, member.slow_start_from, slow_start_);
    if (ramps || member.weight != members_.front().weight) rotates_ = false;
  }
}

uint64_t RoundRobin::stride(uint32_t position, Instant now) const {
  return kStrideOfOne * kFullFactor / effective_weight(members_[position], now, slow_start_);
}

void RoundRobin::start(Instant now, Prng& prng) {
  started_ = true;
  cursor_ = static_cast<uint32_t>(prng.below(members_.size()));
  if (rotates_) return;
  turns_.reserve(members_.size());
  for (uint32_t position = 0; position < members_.size(); ++position) {
    turns_.push_back({prng.below(stride(position, now)), position});
  }
  std::make_heap(turns_.begin(), turns_.end(), later);
}

std::optional<uint32_t> RoundRobin::pick_in_rotation(const PickRequest& request) {
  for (size_t tried = 0; tried < members_.size(); ++tried) {
    const uint32_t position = cursor_;
    cursor_ = cursor_ + 1 == members_.size() ? 0 : cursor_ + 1;
    if (!is_avoided(request, members_[position])) return position;
  }
  return std::nullopt;
}

std::optional<uint32_t> RoundRobin::pick_by_deadline(const PickRequest& request) {
  std::optional<uint32_t> picked;
  skipped_.clear();
  while (!turns_.empty() && !picked) {
    std::pop_heap(turns_.begin(), turns_.end(), later);
    Turn turn = turns_.back();
    turns_.pop_back();
    if (is_avoided(request, members_[turn.position])) {
      skipped_.push_back(turn);
      continue;
    }
    picked = turn.position;
    turn.deadline += stride(turn.position, request.now);
    skipped_.push_back(turn);
  }
  for (const Turn& turn : skipped_) {
    turns_.push_back(turn);
    std::push_heap(turns_.begin(), turns_.end(), later);
  }
  return picked;
}

std::optional<uint32_t> RoundRobin::pick(const PickRequest& request, Prng& prng) {
  if (!started_) start(request.now, prng);
  return rotates_ ? pick_in_rotation(request) : pick_by_deadline(request);
}

}  // namespace weir::balance
