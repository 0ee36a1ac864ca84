#include "sim/endpoint.h"

#include <algorithm>
#include <utility>

namespace weir::sim {

namespace {

// Far enough back that no warm-up curve reaches the beginning of a run.
constexpr Instant kLongAgo = Instant::from_ns(-(int64_t{1} << 60));

void forget(std::vector<uint32_t>& percents, uint32_t percent) {
  if (const auto found = std::find(percents.begin(), percents.end(), percent); found != percents.end()) {
    percents.erase(found);
  }
}

}  // namespace

Endpoint::Endpoint(const EndpointGroupSpec& spec, std::string name, uint32_t zone, uint64_t seed, bool is_booted)
    : booted(is_booted),
      spec_(&spec),
      name_(std::move(name)),
      zone_(zone),
      prng_(seed),
      service_(spec.service_time),
      started_at_(spec.starts_cold ? Instant{} : kLongAgo) {
  result.zone = spec.zone;
  // Pauses of like endpoints must not come at once: each has its own phase.
  if (spec.pause_every > Duration{}) {
    pause_phase_ = Duration::ns(static_cast<int64_t>(prng_.below(static_cast<uint64_t>(spec.pause_every.ns()))));
  }
}

void Endpoint::account(Instant now) {
  busy_area_ = busy_area(now);
  busy_since_ = now;
}

void Endpoint::occupy(Instant now) {
  account(now);
  ++busy_;
}

void Endpoint::vacate(Instant now) {
  account(now);
  --busy_;
}

void Endpoint::vacate_all(Instant now) {
  account(now);
  busy_ = 0;
}

double Endpoint::stretch(Instant now) const {
  double factor = 100.0 / spec_->speed_percent;
  if (spec_->contention_ppm != 0 || spec_->coherency_ppm != 0) {
    const double at_work = busy_;
    const double others = busy_ == 0 ? 0.0 : at_work - 1;
    factor *= 1 + 1e-6 * spec_->contention_ppm * others + 1e-6 * spec_->coherency_ppm * at_work * others;
  }
  const Duration age = now - started_at_;
  if (age < spec_->warm_up) {
    const double left = 1 - static_cast<double>(age.ns()) / static_cast<double>(spec_->warm_up.ns());
    factor *= 1 + (spec_->cold_percent / 100.0 - 1) * left;
  }
  for (const uint32_t percent : slow_percents_) factor *= percent / 100.0;
  return factor;
}

Duration Endpoint::work(Duration demand, Instant now) {
  const Duration drawn = demand > Duration{} ? demand : service_.draw(prng_);
  const double stretched = static_cast<double>(drawn.ns()) * stretch(now);
  const double bounded = std::min(stretched, static_cast<double>(kDrawMax.ns()));
  return end_of_work(now, static_cast<int64_t>(bounded + 0.5)) - now;
}

/// Work rests while the endpoint pauses (garbage collection, a full page cache, a neighbour).
Instant Endpoint::end_of_work(Instant now, int64_t work_ns) const {
  const int64_t period = spec_->pause_every.ns();
  if (period <= 0) return now + Duration::ns(work_ns);
  const int64_t length = std::min(spec_->pause_length.ns(), period - 1);
  // Where in the present period we are; a pause is at its end.
  const int64_t awake = period - length;
  int64_t at = (now - Instant{} + Duration::ns(period - pause_phase_.ns())).ns() % period;
  int64_t end = now.ns();
  if (at >= awake) {
    end += period - at;
    at = 0;
  }
  const int64_t until_pause = awake - at;
  if (work_ns <= until_pause) return Instant::from_ns(end + work_ns);
  const int64_t rest = work_ns - until_pause;
  const int64_t pauses = 1 + (rest - 1) / awake;
  // What is awake for a nanosecond a second will never be done, and the end of that must still be an instant.
  if (pauses > kDrawMax.ns() / length) return now + kDrawMax;
  return Instant::from_ns(end + work_ns + pauses * length);
}

bool Endpoint::answers_within(Duration timeout, Instant now) const {
  const double ahead = static_cast<double>(waiting.size()) / std::max(spec_->concurrency, 1u);
  return ahead * service_.mean_ns() * stretch(now) <= static_cast<double>(timeout.ns());
}

void Endpoint::begin_fault(const FaultSpec& fault) {
  switch (fault.kind) {
    case FaultKind::die: ++dead_; break;
    case FaultKind::half_dead: ++half_dead_; break;
    case FaultKind::partition: ++partitioned_; break;
    case FaultKind::slow: slow_percents_.push_back(fault.percent); break;
    case FaultKind::errors: error_percents_.push_back(fault.percent); break;
    case FaultKind::drain: ++draining_; break;
    case FaultKind::cold_cache: break;
  }
  error_percent_ = error_percents_.empty() ? 0 : *std::max_element(error_percents_.begin(), error_percents_.end());
}

void Endpoint::end_fault(const FaultSpec& fault) {
  switch (fault.kind) {
    case FaultKind::die: --dead_; break;
    case FaultKind::half_dead: --half_dead_; break;
    case FaultKind::partition: --partitioned_; break;
    case FaultKind::slow: forget(slow_percents_, fault.percent); break;
    case FaultKind::errors: forget(error_percents_, fault.percent); break;
    case FaultKind::drain: --draining_; break;
    case FaultKind::cold_cache: break;
  }
  error_percent_ = error_percents_.empty() ? 0 : *std::max_element(error_percents_.begin(), error_percents_.end());
}

}  // namespace weir::sim
