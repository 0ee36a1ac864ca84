#include "l7/core/shift.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace weir::l7::core {

namespace {

ShiftCounts difference(const ShiftCounts& now, const ShiftCounts& then) {
  return {.requests = now.requests - then.requests, .failures = now.failures - then.failures};
}

bool has_fallen(const ShiftCounts& now, const ShiftCounts& before) {
  return now.requests < before.requests || now.failures < before.failures;
}

double percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::string_view name_of(ShiftState state) {
  switch (state) {
    case ShiftState::moving: return "moving";
    case ShiftState::settling: return "settling";
    case ShiftState::complete: return "complete";
    case ShiftState::aborted: return "aborted";
    case ShiftState::cancelled: return "cancelled";
    case ShiftState::adopted: return "adopted";
  }
  UNREACHABLE();
}

uint32_t failure_rate(const ShiftCounts& counts) {
  if (counts.requests == 0) return 0;
  return static_cast<uint32_t>(std::min(counts.failures, counts.requests) * kWholeShare / counts.requests);
}

void Shift::resume(ShiftState state, Duration elapsed) {
  ended_ = began_;
  began_ = began_ - elapsed;
  state_ = state;
  share_ = state == ShiftState::moving ? planned_share(elapsed) : kWholeShare;
  if (state == ShiftState::aborted || state == ShiftState::cancelled) share_ = 0;
}

uint32_t Shift::planned_share(Duration elapsed) const {
  if (elapsed >= plan_.over) return kWholeShare;
  if (elapsed < Duration{}) return 0;
  // In microseconds, so that a day times the whole fits.
  if (plan_.steps == 0) return static_cast<uint32_t>(elapsed.us() * kWholeShare / plan_.over.us());
  const auto step = std::min<int64_t>(elapsed.us() * plan_.steps / plan_.over.us() + 1, plan_.steps);
  return static_cast<uint32_t>(step * kWholeShare / plan_.steps);
}

bool Shift::observe(Instant now, const ShiftReading& totals) {
  if (!under_way()) return false;
  const auto before_state = state_;
  const auto before_share = share_;
  look_back(now, totals);
  if (breached()) {
    evidence_ = describe_breach();
    end(ShiftState::aborted, now, 0);
    return true;
  }
  const Duration elapsed = now - began_;
  if (elapsed >= plan_.over + plan_.window) {
    end(ShiftState::complete, now, kWholeShare);
    return true;
  }
  share_ = planned_share(elapsed);
  state_ = elapsed >= plan_.over ? ShiftState::settling : ShiftState::moving;
  return state_ != before_state || share_ != before_share;
}

void Shift::cancel(Instant now) {
  if (!in_force()) return;
  end(ShiftState::cancelled, now, 0);
}

void Shift::adopt(Instant now) {
  if (!in_force()) return;
  end(ShiftState::adopted, now, kWholeShare);
}

void Shift::end(ShiftState state, Instant now, uint32_t share) {
  state_ = state;
  ended_ = now;
  share_ = share;
  samples_.clear();
}

void Shift::look_back(Instant now, const ShiftReading& totals) {
  // A part of what was added up is gone, a listener with its counters as a rule: what it had counted cannot be told
  // from what has happened since, so the window begins anew.
  if (has_fallen(totals.from, last_.from) || has_fallen(totals.to, last_.to)) samples_.clear();
  last_ = totals;
  const Duration pause = plan_.window / kSamplesPerWindow;
  if (samples_.empty() || now - samples_.back().at >= pause) samples_.push_back({now, totals});
  // The oldest that is not younger than the window stays: what is counted since is the window.
  while (samples_.size() > 1 && now - samples_[1].at >= plan_.window) samples_.pop_front();
  const ShiftReading& then = samples_.front().totals;
  recent_ = {.from = difference(totals.from, then.from), .to = difference(totals.to, then.to)};
}

bool Shift::breached() const {
  if (recent_.to.failures == 0) return false;
  const uint32_t allowance = recent_.from.requests >= plan_.min_requests ? failure_rate(recent_.from) : 0;
  const uint64_t of = std::max<uint64_t>(recent_.to.requests, plan_.min_requests);
  return recent_.to.failures * kWholeShare > (plan_.abort_on + allowance) * of;
}

std::string Shift::describe_breach() const {
  const auto& [from, to] = recent_;
  return fmt::format(
      "{} of {} requests failed in the last {:.0f} s ({:.1f} %), while {} of {} did at the origin ({:.1f} %): "
      "more than {:.2f} % beyond the origin are not tolerated",
      to.failures, to.requests, plan_.window.seconds(), percent(to.failures, to.requests), from.failures, from.requests,
      percent(from.failures, from.requests), percent(plan_.abort_on, kWholeShare));
}

}  // namespace weir::l7::core
