#pragma once
// What the tests of laws have in common: a world as bare as a queueing formula assumes it, and estimates that know
// their own error. Each law runs as independent replications (one seed each), because consecutive requests of a busy
// queue are too much alike to give an error. For tests only.
//
//   const Estimate stay = replicate({.load_percent = 80}, 12).stay;
//   expect_law("M/M/1", 5.0, stay, 0.02);
//
// By default a run is short enough for CI under sanitizers; WEIR_LAWS=long in the environment (./dev sim laws) asks for
// runs long enough to hold the narrow tolerances.

#include <cstdint>
#include <span>
#include <string_view>

#include "sim/scenario.h"
#include "sim/world.h"

namespace weir::sim::laws {

[[nodiscard]] bool is_long();
/// The first by default, the second in the long version.
template <class T>
[[nodiscard]] T by_length(T brief, T extended) {
  return is_long() ? extended : brief;
}

struct Estimate {
  double mean = 0;
  double error = 0;  ///< standard error
};

/// `mean` is within `tolerance` (a share of `expected`) of `expected`, and the run was long enough to say so: three
/// standard errors fit into the tolerance. So a pass is no accident, and another seed passes, too.
void expect_law(std::string_view law, double expected, const Estimate& found, double tolerance);

/// One mean service time in these worlds; a formula's unit.
inline constexpr Duration kService = Duration::ms(10);

struct OpenWorld {
  uint32_t endpoints = 1;
  uint32_t places = 1;         ///< of each endpoint
  uint32_t load_percent = 80;  ///< of all places
  VariateSpec service{.distribution = Distribution::exponential, .mean = kService};
  uint32_t choices = 2;
  int64_t warm_up = 1'000;    ///< in service times
  int64_t measured = 10'000;  ///< in service times
};

/// Poisson arrivals, one gateway, and nothing that a formula knows nothing of: no limit that is met, no retry, no
/// timeout, no ejection, no slow start.
Scenario open_world(const OpenWorld& world);
/// Takes out of a tier what a formula knows nothing of.
void strip(TierSpec& tier);

/// Counts the requests in the system, of a world where each has one attempt.
class Census final : public Observer {
 public:
  Census(Instant measured_from, uint32_t places) : measured_from_(measured_from), places_(places) {}
  void on_pick(const PickEvent& event) override;
  void on_finish(Instant now, uint32_t tier, uint64_t request, uint16_t status) override;

  /// The mean stay in seconds up to `end`, by Little's law from the mean number. Unlike the mean of the stays that have
  /// ended it leaves out nobody who is still there, who are those that stay long.
  [[nodiscard]] double mean_stay(Instant end);
  /// Share of arrivals that found every place taken.
  [[nodiscard]] double waiting_share() const;

 private:
  void move_to(Instant now);

  Instant measured_from_;
  uint32_t places_;
  Instant at_{};
  uint64_t number_ = 0;
  double area_ = 0;
  uint64_t arrivals_ = 0;
  uint64_t waited_ = 0;
};

struct Found {
  Estimate stay;  ///< mean, in service times
  Estimate waiting_share;
  Estimate p99;  ///< of the stays, in service times
};

/// `replications` runs with the seeds from 1 on; each must break no law of the checker. A dozen at least: the error of
/// a few is itself anybody's guess.
Found replicate(const OpenWorld& world, uint32_t replications);

/// One replication's result, and the load that it happened to have.
struct Sample {
  double value = 0;
  double load = 0;
};

/// The mean of the samples, with the load as a control variate (S. S. Lavenberg and P. D. Welch, "A perspective on the
/// use of control variables to increase the efficiency of Monte Carlo simulations", 1981): a run that happened to be
/// busier than `expected_load` has longer queues, and the part of the scatter that this explains, by linear regression,
/// is taken out. In heavy traffic that halves the variance.
Estimate controlled_mean(std::span<const Sample> samples, double expected_load);

}  // namespace weir::sim::laws
