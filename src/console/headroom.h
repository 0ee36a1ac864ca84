#pragma once
// How much more a cluster can take: a first estimate, from what it has shown so far.
//
// The estimate is about one serving endpoint: the rate it takes is the cluster's rate divided by the endpoints that
// serve, so that losing one is seen at once. Seconds are gathered into levels of load, six to a doubling, each with the
// mean latency that was met there; what is old counts less. A queueing curve is fitted to the levels,
//
//   W(x) = S (1 + rho^(sqrt(2 (c + 1)) - 1) / (c (1 - rho))),   rho = x / X
//
// Sakasegawa's approximation of M/M/c (1977): S is the latency without load, X the rate at which the queue would grow
// without end, c how many requests are served side by side. The knee is where W reaches 2 S: beyond it, latency is
// spent on waiting rather than on work. Headroom is what is left up to the knee.
//
// A curve is always found; the question is whether the data allow another one. All curves that fit nearly as well (a
// difference in chi square of 4, which is 95 %) give the interval of the knee. A number is claimed only when that
// interval is narrow, and never for more than twice the highest load that was seen.
//
// Pure: no clock, no chance. One per cluster; not thread-safe.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::console {

/// What a cluster did during about a second.
struct LoadSample {
  double seconds = 1;
  uint64_t requests = 0;       ///< answered
  double latency_seconds = 0;  ///< of all of them together
  uint64_t failed = 0;         ///< of them; a time of many failures says nothing about latency
  uint32_t serving = 0;        ///< endpoints that take requests
};

struct Headroom {
  enum class State : uint8_t {
    no_traffic,    ///< nothing was measured yet
    one_level,     ///< too few different loads
    flat,          ///< latency does not rise yet: the knee is above `seen`
    undetermined,  ///< it rises, but curves with quite different knees fit
    extrapolated,  ///< `knee` is beyond what was seen, within twice of it
    measured,      ///< the load has been at the knee
  };
  State state = State::no_traffic;
  // Requests per second of one endpoint.
  double rate = 0;  ///< now
  double seen = 0;  ///< the highest level
  double knee = 0, knee_low = 0, knee_high = 0;
  double base_seconds = 0;  ///< S
  uint32_t levels = 0;
  double confidence = 0;  ///< 0 to 1: how narrow the interval of the knee is

  [[nodiscard]] bool known() const { return state == State::extrapolated || state == State::measured; }
  /// Share of the knee in use; more than 1 beyond it. Only when known().
  [[nodiscard]] double utilisation() const { return rate / knee; }
};

std::string_view name_of(Headroom::State state);

class HeadroomEstimator {
 public:
  void add(const LoadSample& sample);
  /// Costs about a millisecond: for every few seconds.
  [[nodiscard]] Headroom estimate() const;
  /// The rate of one endpoint now; cheap, for in between.
  [[nodiscard]] double rate() const { return rate_; }

 private:
  /// Means over the seconds that fell into it, in units of weight.
  struct Level {
    double weight = 0;
    double rate = 0;         ///< sum
    double log_latency = 0;  ///< sum
    double log_squared = 0;  ///< sum
  };
  static constexpr size_t kLevels = 6 * 24;  ///< from 1/16 to a million requests per second

  void settle();

  std::array<Level, kLevels> levels_{};
  LoadSample gathered_{.seconds = 0};
  double rate_ = 0;
};

}  // namespace weir::console
