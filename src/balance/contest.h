#pragma once
// Comparing endpoints by live load: fewer requests per effective weight wins; equally loaded, the clearly faster one;
// then, with equal weights, the one unused for longest. With unequal weights the last step is left to the caller, who
// draws by weight: "longest unused" would hand equal shares to unequal endpoints whenever the cluster is idle.
//
// Pure but for the relaxed reads of the load cells; no allocation.

#include <compare>
#include <cstdint>
#include <optional>
#include <span>

#include "balance/endpoint.h"
#include "balance/ewma.h"
#include "balance/policy.h"
#include "balance/slow_start.h"
#include "base/prng.h"

namespace weir::balance {

/// One endpoint as read for one decision. The cell is read once, so that a comparison is consistent with itself.
struct Contender {
  uint32_t position = 0;
  uint32_t in_flight = 0;
  uint64_t weight = 0;  ///< effective, in thousandths
  const EndpointLoad* load = nullptr;
};

inline Contender look_at(std::span<const EndpointView> members, uint32_t position, Instant now, Duration slow_start) {
  const EndpointView& member = members[position];
  return {position, member.load->in_flight.load(std::memory_order_relaxed), effective_weight(member, now, slow_start),
          member.load};
}

inline void note_look(const PickRequest& request, const EndpointView& member, const Contender& seen) {
  if (request.story != nullptr) request.story->note(member, seen.in_flight);
}

inline std::strong_ordering compare_load(const Contender& a, const Contender& b) {
  return a.in_flight * b.weight <=> b.in_flight * a.weight;
}

/// By at least a fifth. Smaller differences are noise, and following noise would pin an idle cluster's traffic to one
/// endpoint. An endpoint that was never measured is neither faster nor slower than any other.
constexpr bool clearly_faster(Duration a, Duration b) {
  return a > Duration{} && b > Duration{} && a.ns() < b.ns() - b.ns() / 5;
}

inline bool unused_for_longer(const EndpointLoad& a, const EndpointLoad& b) {
  return a.picked_at_ns.load(std::memory_order_relaxed) < b.picked_at_ns.load(std::memory_order_relaxed);
}

enum class Verdict : uint8_t { first, second, tie };

inline Verdict compare_age(const Contender& a, const Contender& b) {
  // Where weights differ the unused would beat the heavy, and the draw by weight among those that are left would be
  // none.
  if (a.weight != b.weight) return Verdict::tie;
  if (unused_for_longer(*a.load, *b.load)) return Verdict::first;
  return unused_for_longer(*b.load, *a.load) ? Verdict::second : Verdict::tie;
}

// What was measured longer ago than this says nothing about now. Without that limit one failure (a penalty of a second,
// forgotten over many) would keep a light load away from an endpoint long after it recovered.
inline constexpr Duration kLatencyCurrent = Duration::s(1);

/// Zero when it was never measured, or too long ago.
inline Duration current_latency(const EndpointLoad& load, Instant now) {
  const Instant at = Instant::from_ns(load.latency_at_ns.load(std::memory_order_relaxed));
  return now - at > kLatencyCurrent ? Duration{} : decayed_latency(load, now);
}

/// Of two members of equal weight.
inline Verdict compare(const Contender& a, const Contender& b, Instant now) {
  const std::strong_ordering by_load = compare_load(a, b);
  if (by_load != std::strong_ordering::equal) return by_load < 0 ? Verdict::first : Verdict::second;
  const Duration latency_a = current_latency(*a.load, now);
  const Duration latency_b = current_latency(*b.load, now);
  if (clearly_faster(latency_a, latency_b)) return Verdict::first;
  if (clearly_faster(latency_b, latency_a)) return Verdict::second;
  return compare_age(a, b);
}

/// Where weights differ, a draw by weight comes first and stands, unless the other would carry less per weight even
/// with the request on top. So an idle cluster's shares are the weights, whatever the latencies, and a loaded one's
/// loads are.
inline bool gives_way(const Contender& drawn, const Contender& other) {
  return drawn.in_flight * other.weight > (uint64_t{other.in_flight} + 1) * drawn.weight;
}

/// The best of any number of contenders. Ties are drawn by weight, each as likely as its share of the tied weight
/// (reservoir).
template <class Candidate>
class Contest {
 public:
  template <class Compare>
  void offer(const Candidate& candidate, Compare&& compare_two, Prng& prng) {
    const Verdict verdict = best_ ? compare_two(candidate, *best_) : Verdict::first;
    if (verdict == Verdict::second) return;
    if (verdict == Verdict::first) tied_weight_ = 0;
    tied_weight_ += candidate.weight;
    if (verdict == Verdict::first || prng.below(tied_weight_) < candidate.weight) best_ = candidate;
  }
  [[nodiscard]] std::optional<uint32_t> winner() const {
    return best_ ? std::optional<uint32_t>(best_->position) : std::nullopt;
  }

 private:
  std::optional<Candidate> best_;
  uint64_t tied_weight_ = 0;
};

/// scan_least_loaded for members of different weights.
inline std::optional<uint32_t> scan_by_weight(std::span<const EndpointView> members, Duration slow_start,
                                              const PickRequest& request, Prng& prng) {
  std::optional<Contender> drawn;
  std::optional<Contender> least;
  uint64_t seen_weight = 0;
  for (uint32_t position = 0; position < members.size(); ++position) {
    if (is_avoided(request, members[position])) continue;
    const Contender each = look_at(members, position, request.now, slow_start);
    note_look(request, members[position], each);
    seen_weight += each.weight;
    if (prng.below(seen_weight) < each.weight) drawn = each;
    if (!least || (uint64_t{each.in_flight} + 1) * least->weight < (uint64_t{least->in_flight} + 1) * each.weight) {
      least = each;
    }
  }
  if (!drawn) return std::nullopt;
  return gives_way(*drawn, *least) ? least->position : drawn->position;
}

/// Position of the least loaded member that the request does not avoid; `equal_weights` says whether all members weigh
/// the same now. O(n).
inline std::optional<uint32_t> scan_least_loaded(std::span<const EndpointView> members, Duration slow_start,
                                                 bool equal_weights, const PickRequest& request, Prng& prng) {
  if (!equal_weights) return scan_by_weight(members, slow_start, request, prng);
  Contest<Contender> contest;
  const auto by_load = [&](const Contender& a, const Contender& b) { return compare(a, b, request.now); };
  for (uint32_t position = 0; position < members.size(); ++position) {
    if (is_avoided(request, members[position])) continue;
    const Contender each = look_at(members, position, request.now, slow_start);
    note_look(request, members[position], each);
    contest.offer(each, by_load, prng);
  }
  return contest.winner();
}

}  // namespace weir::balance
