#pragma once
// What happened in one arm, second by second and phase by phase, and the figures that expectations name. Time is since
// the arm's load began. Values; one writer.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drill/drill.h"
#include "drill/keys.h"
#include "drill/stack.h"
#include "load/interval.h"

namespace weir::drill {

/// Nothing: the warm-up, or later than the last phase.
std::optional<Phase> phase_at(const PhaseSpec& phases, Duration at);
Duration begin_of(const PhaseSpec& phases, Phase phase);
Duration end_of(const PhaseSpec& phases);

struct Sample {
  Duration at{};
  uint64_t config = 0;  ///< number of the configuration in force
  std::vector<EndpointSample> endpoints;
};

struct Mark {
  Duration at{};
  std::string label;
};

/// One second, for plots.
struct Second {
  Duration at{};
  uint64_t offered = 0, good = 0, failed = 0;
  double p50_ms = 0, p99_ms = 0;
};

struct PhaseTally {
  load::Interval total;
  std::map<std::string, uint64_t> requests_at;  ///< by endpoint
  uint64_t reloads_asked = 0;
  uint64_t reloads = 0;  ///< that took effect
};

class Timeline {
 public:
  Timeline(const PhaseSpec& phases, std::vector<std::string> victims);

  void add(const load::Interval& interval);
  void add(Sample sample);
  void mark(Duration at, std::string label) { marks_.push_back({at, std::move(label)}); }
  void fault_began(Duration at) { fault_began_ = at; }
  void rolled_back(Duration at) { rolled_back_ = at; }
  void reload_asked(Duration at);
  /// The cluster's endpoints are others from now on.
  void endpoints_changed(Duration at) { endpoints_changed_ = at; }
  /// What Weir recorded, by time.
  void add(std::vector<Visit> visits) { visits_ = std::move(visits); }

  /// Of a phase, or of the arm; infinite for what never happened, nothing for what nothing was measured of.
  [[nodiscard]] std::optional<double> figure(Figure figure, Phase phase,
                                             const std::vector<Expectation>& hypothesis) const;

  [[nodiscard]] const PhaseTally& tally(Phase phase) const { return *tallies_[static_cast<size_t>(phase)]; }
  [[nodiscard]] const std::vector<Second>& seconds() const { return seconds_; }
  [[nodiscard]] const std::vector<Sample>& samples() const { return samples_; }
  [[nodiscard]] const std::vector<Mark>& marks() const { return marks_; }

 private:
  [[nodiscard]] std::optional<double> share(const PhaseTally& tally) const;
  [[nodiscard]] std::optional<double> moved(Phase phase) const;
  [[nodiscard]] std::optional<double> keys_moved() const;
  [[nodiscard]] double event(Figure figure, const std::vector<Expectation>& hypothesis) const;
  [[nodiscard]] std::optional<Duration> recovered(const std::vector<Expectation>& hypothesis) const;

  PhaseSpec phases_;
  std::vector<std::string> victims_;  ///< endpoints with the fault
  std::array<std::unique_ptr<PhaseTally>, 3> tallies_;
  std::vector<std::unique_ptr<load::Interval>> after_;  ///< seconds since the fault was taken back
  std::vector<Second> seconds_;
  std::vector<Sample> samples_;
  std::vector<Mark> marks_;
  std::vector<Visit> visits_;
  std::optional<Duration> endpoints_changed_;
  std::optional<Duration> fault_began_;
  std::optional<Duration> rolled_back_;
};

/// Figures of one stretch that need nothing but the load: the hypothesis is made of these.
std::optional<double> figure_of(const load::Interval& interval, Figure figure);
bool holds(const std::vector<Expectation>& hypothesis, const load::Interval& interval);

}  // namespace weir::drill
