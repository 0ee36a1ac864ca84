#pragma once
// A gradual move of traffic from one cluster to another (red-black): which share has moved by now, and whether to give
// up. Results of both clusters go in with the time, the share comes out.
//
//   Shift shift(plan, now);
//   every tick: shift.observe(now, {.from = ..., .to = ...}); share = shift.share();
//
//   moving -> settling (all has moved, and is watched for one more window) -> complete
//      \          \-> aborted (nothing is moved any more), with evidence; or cancelled
//       any of them that moves something -> adopted: the configuration has come to say the same
//
// It is given up when, over the last `window`, the destination's failures exceed what the plan tolerates:
//
//   failures > (abort_on + failure rate of the origin) x max(requests, min_requests)
//
// The origin's own rate is allowed for, since what fails on both sides is not the new version's fault (a database that
// is down); with fewer than min_requests of its own in the window it counts as 0. That fewer requests count as
// min_requests keeps a single failure among the first requests from ending it, and still a cluster that answers nothing
// at all ends it after as many failures as min_requests would be allowed.
//
// Pure: no clock. Not thread-safe.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/time.h"

namespace weir::l7::core {

/// A share in parts of this.
inline constexpr uint32_t kWholeShare = 10'000;

struct ShiftPlan {
  Duration over = Duration::s(300);
  uint32_t steps = 0;       ///< the share grows in so many equal steps; 0: all the time
  uint32_t abort_on = 200;  ///< failure rate, in parts of kWholeShare
  uint32_t min_requests = 100;
  Duration window = Duration::s(10);
  bool operator==(const ShiftPlan&) const = default;
};

/// Since the beginning of counting. Where one has fallen, what was counted until then is of no use any more.
struct ShiftCounts {
  uint64_t requests = 0;
  uint64_t failures = 0;  ///< answered with 5xx or not at all, gRPC calls with a status that says so
};
struct ShiftReading {
  ShiftCounts from, to;
};

enum class ShiftState : uint8_t { moving, settling, complete, aborted, cancelled, adopted };
std::string_view name_of(ShiftState state);

class Shift {
 public:
  Shift(const ShiftPlan& plan, Instant now) : plan_(plan), began_(now) {}

  /// True when the state or the share is another one than before. Instants must not go back.
  bool observe(Instant now, const ShiftReading& totals);
  /// Everything back, unless it has ended otherwise already.
  void cancel(Instant now);
  /// Nothing is left to be moved: requests go to the destination without it. Unless it has ended otherwise already.
  void adopt(Instant now);
  /// In another process it goes on from where it was. Before the first observe().
  void resume(ShiftState state, Duration elapsed);

  [[nodiscard]] const ShiftPlan& plan() const { return plan_; }
  [[nodiscard]] ShiftState state() const { return state_; }
  [[nodiscard]] bool under_way() const { return state_ == ShiftState::moving || state_ == ShiftState::settling; }
  /// Moves something, or may yet.
  [[nodiscard]] bool in_force() const { return under_way() || state_ == ShiftState::complete; }
  /// Of the origin's traffic, in parts of kWholeShare.
  [[nodiscard]] uint32_t share() const { return share_; }
  [[nodiscard]] Duration elapsed(Instant now) const { return (under_way() ? now : ended_) - began_; }
  /// What the last window saw.
  [[nodiscard]] const ShiftReading& recent() const { return recent_; }
  /// Why it was aborted, with the numbers, for people; empty otherwise.
  [[nodiscard]] const std::string& evidence() const { return evidence_; }

 private:
  struct Sample {
    Instant at;
    ShiftReading totals;
  };
  void look_back(Instant now, const ShiftReading& totals);
  [[nodiscard]] bool breached() const;
  [[nodiscard]] std::string describe_breach() const;
  [[nodiscard]] uint32_t planned_share(Duration elapsed) const;
  void end(ShiftState state, Instant now, uint32_t share);

  /// So often a window is sampled, whatever its length: what is kept is bounded.
  static constexpr int64_t kSamplesPerWindow = 100;

  ShiftPlan plan_;
  Instant began_;
  Instant ended_{};
  ShiftState state_ = ShiftState::moving;
  uint32_t share_ = 0;
  std::deque<Sample> samples_;
  ShiftReading last_{};
  ShiftReading recent_{};
  std::string evidence_;
};

/// The origin's failure rate in parts of kWholeShare, as a breach allows for it.
uint32_t failure_rate(const ShiftCounts& counts);

}  // namespace weir::l7::core
