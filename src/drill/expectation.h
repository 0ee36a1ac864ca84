#pragma once
// What a drill expects, as text such as
//
//   errors < 0.5%                                   a hypothesis: of any phase in which all is well
//   with.during.errors < 0.5%                       an arm, a phase and a figure
//   without.during.p99 > 5 * with.during.p99        two arms compared
//   with.eject < 3s                                 an arm and an event
//
// and whether figures keep it. Percents end in %, durations in ms or s; other figures are plain numbers. What never
// happened took forever. Pure functions, any thread.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/units.h"

namespace weir::drill {

enum class Phase : uint8_t { before, during, after };
inline constexpr std::array<std::string_view, 3> kPhaseNames{"before", "during", "after"};

enum class Figure : uint8_t {
  rate,    ///< requests offered, per second
  good,    ///< answered below 400, per second
  errors,  ///< requests that were not, in percent of those that ended
  p50,
  p90,
  p99,
  max,
  tries,      ///< requests at the endpoints, per request of the clients
  share,      ///< of the requests at the endpoints, in percent, that went to those with the fault
  imbalance,  ///< requests at the busiest endpoint, over the mean
  moved,      ///< in percent of the requests for a path that was asked for before: went to another endpoint than then
  asked,      ///< reloads that were asked for
  reloads,    ///< configurations that came into force
  // of an arm, not of a phase; times since the fault began, `recover` since it was taken back
  detect,      ///< until a request or a probe failed at an endpoint, or Weir judged it
  eject,       ///< until an endpoint took no new requests
  recover,     ///< until the hypothesis held again and all endpoints were healthy
  keys_moved,  ///< paths, in percent, that another endpoint answers since the cluster's endpoints changed
};
inline constexpr std::array<std::string_view, 17> kFigureNames{
    "rate",      "good",  "errors", "p50",     "p90",    "p99",   "max",     "tries",     "share",
    "imbalance", "moved", "asked",  "reloads", "detect", "eject", "recover", "keys_moved"};
inline constexpr size_t kFirstEvent = static_cast<size_t>(Figure::detect);

enum class Unit : uint8_t { number, percent, milliseconds };
Unit unit_of(Figure figure);
/// "3.1 %", "120 ms", "never"
std::string format_figure(Figure figure, double value);

/// Which number. `arm` is empty in a hypothesis.
struct Term {
  std::string arm;
  Phase phase = Phase::during;
  Figure figure = Figure::errors;
  /// "with: errors during the fault"
  [[nodiscard]] std::string text() const;
};

struct Expectation {
  std::string text;  ///< as written
  Term left;
  bool less = true;   ///< left < right, else left > right
  double factor = 0;  ///< alone the right side (milliseconds, percent); else of `right`
  std::optional<Term> right;
};

/// An error says what is wrong and what may stand there.
Result<Expectation, model::Problem> parse_hypothesis(std::string_view text);
Result<Expectation, model::Problem> parse_expectation(std::string_view text);

/// A figure's value, or nothing when there was nothing to measure it by.
using Lookup = std::function<std::optional<double>(const Term&)>;

struct Finding {
  bool holds = false;
  std::string text;  ///< "with: errors during the fault: 3.1 %, expected < 0.5 %"
};
Finding examine(const Expectation& expectation, const Lookup& lookup);

}  // namespace weir::drill
