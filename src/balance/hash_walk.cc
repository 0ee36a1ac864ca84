#include "balance/hash_walk.h"

#include "balance/contest.h"
#include "balance/slow_start.h"

namespace weir::balance {
namespace {

uint32_t in_flight_of(const EndpointView& member) { return member.load->in_flight.load(std::memory_order_relaxed); }

}  // namespace

HashWalk::HashWalk(const PolicyContext& context)
    : members_(context.members),
      load_(context.members),
      slow_start_(context.slow_start),
      bounded_percent_(context.bounded_load_percent),
      ramp_end_(ramp_end(context.members, context.slow_start)) {}

bool HashWalk::accepts(uint32_t position, const PickRequest& request) const {
  const EndpointView& member = members_[position];
  if (request.story != nullptr) request.story->note(member, in_flight_of(member));
  if (is_avoided(request, member)) return false;
  if (request.now < ramp_end_) {
    const uint32_t factor = slow_start_factor(request.now, member.slow_start_from, slow_start_);
    if (mix(request.hash ^ member.key) % kFullFactor >= factor) return false;
  }
  return bounded_percent_ == 0 || load_.has_room(position, bounded_percent_);
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
