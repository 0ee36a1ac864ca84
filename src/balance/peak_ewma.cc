#include "balance/peak_ewma.h"

#include "balance/ewma.h"
#include "balance/p2c.h"
#include "balance/slow_start.h"

namespace weir::balance {
namespace {

/// Share of one more latency seen in the running mean of the peers: some 16 picks' memory, so that the newcomers' prior
/// follows.
constexpr double kPeerShare = 1.0 / 16;

double mean_weight_of(std::span<const EndpointView> members) {
  double sum = 0;
  for (const EndpointView& member : members) sum += member.weight;
  return sum * kFullFactor / static_cast<double>(members.size());
}

double mean_latency_of(std::span<const EndpointView> members, Instant now) {
  double sum = 0;
  size_t measured = 0;
  for (const EndpointView& member : members) {
    const Duration latency = decayed_latency(*member.load, now);
    if (latency == Duration{}) continue;
    sum += static_cast<double>(latency.ns());
    ++measured;
  }
  return measured == 0 ? 0 : sum / static_cast<double>(measured);
}

}  // namespace

PeakEwma::PeakEwma(const PolicyContext& context)
    : members_(context.members),
      slow_start_(context.slow_start),
      draw_(context),
      mean_weight_(mean_weight_of(context.members)),
      peers_latency_(mean_latency_of(context.members, context.now)) {}

PeakEwma::Candidate PeakEwma::look(uint32_t position, const PickRequest& request) {
  Candidate candidate{look_at(members_, position, request.now, slow_start_), 0};
  note_look(request, members_[position], candidate);
  candidate.latency = static_cast<double>(decayed_latency(*candidate.load, request.now).ns());
  if (candidate.latency > 0) {
    peers_latency_ += peers_latency_ == 0 ? candidate.latency : (candidate.latency - peers_latency_) * kPeerShare;
  }
  return candidate;
}

double PeakEwma::cost(const Candidate& candidate) const {
  const double prior = peers_latency_ > 0 ? peers_latency_ : 1.0;
  const double latency = candidate.latency > 0 ? candidate.latency : prior;
  return latency * (1.0 + candidate.in_flight * mean_weight_ / static_cast<double>(candidate.weight));
}

Verdict PeakEwma::compare_cost(const Candidate& a, const Candidate& b, bool by_age) const {
  const double cost_a = cost(a);
  const double cost_b = cost(b);
  if (cost_a < cost_b * 0.8) return Verdict::first;
  if (cost_b < cost_a * 0.8) return Verdict::second;
  const std::strong_ordering by_load = compare_load(a, b);
  if (by_load != std::strong_ordering::equal) return by_load < 0 ? Verdict::first : Verdict::second;
  return by_age ? compare_age(a, b) : Verdict::tie;
}

std::optional<uint32_t> PeakEwma::scan(const PickRequest& request, Prng& prng) {
  Contest<Candidate> contest;
  const bool by_age = draw_.equal_weights(request.now);
  const auto by_cost = [&](const Candidate& a, const Candidate& b) { return compare_cost(a, b, by_age); };
  for (uint32_t position = 0; position < members_.size(); ++position) {
    if (is_avoided(request, members_[position])) continue;
    contest.offer(look(position, request), by_cost, prng);
  }
  return contest.winner();
}

std::optional<uint32_t> PeakEwma::pick(const PickRequest& request, Prng& prng) {
  std::optional<WeightedDraw::Pair> pair;
  if (members_.size() > kScanLimit) pair = draw_.draw_two(request, prng);
  if (!pair) return scan(request, prng);
  const Candidate first = look(pair->first, request);
  const Candidate second = look(pair->second, request);
  return compare_cost(first, second, true) == Verdict::second ? second.position : first.position;
}

}  // namespace weir::balance
