#pragma once
// What a run found: as text for a terminal, as JSON for programs and for `weir load compare`, as an HTML page
// (report_html.h). A Figures is what of a run survives in a file: numbers, no histograms. Pure functions, any thread.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "load/plan.h"
#include "load/summary.h"
#include "load/threshold.h"

namespace weir::load {

inline constexpr std::array<double, 7> kPercents{50, 75, 90, 95, 99, 99.9, 99.99};

/// Percentiles of one histogram in nanoseconds; nothing where there were too few samples.
struct Quantiles {
  std::array<std::optional<int64_t>, kPercents.size()> at{};
  int64_t mean = 0;
  int64_t max = 0;
  uint64_t count = 0;
};

/// One step of the time line; rates per second.
struct Point {
  double at_s = 0, length_s = 0;
  double offered = 0, completed = 0, good = 0;
  std::array<double, kFailures> failures{};
  std::array<std::optional<int64_t>, 3> response{}, service{};  ///< p50, p99, p99.9
  bool warm_up = false;
};

/// How many percent of the responses took at most so long.
struct CurvePoint {
  double percent = 0;
  int64_t response_ns = 0, service_ns = 0;
};

struct RouteFigures {
  std::string name;
  uint64_t completed = 0, good = 0, failed = 0;
  Quantiles response;
};

struct Figures {
  std::string title;  ///< "constant 500/s for 30s at 127.0.0.1:8080"
  bool closed_loop = false;
  double measured_s = 0;
  uint64_t offered = 0, started = 0, completed = 0, good = 0, connects = 0, bytes_read = 0;
  std::array<uint64_t, kFailures> failures{};
  uint32_t in_flight_max = 0;
  double rate_offered = 0, rate_completed = 0, rate_good = 0, errors_percent = 0;
  Quantiles response, service, lateness;
  Verdict verdict;
  bool aborted = false;
  std::vector<RouteFigures> routes;
  std::vector<Point> points;
  std::vector<CurvePoint> curve;
  std::vector<Held> thresholds;
};

Figures figures_of(const Plan& plan, const Summary& summary, std::vector<Held> thresholds, std::string title = {});
Quantiles quantiles_of(const Histogram& histogram);
/// "constant 500/s for 30s at 127.0.0.1:8080"
std::string title_of(const Plan& plan);

/// A percentile for people: "1.23 ms", or "too few".
std::string cell_of(const std::optional<int64_t>& ns);
std::string text_of(const Figures& figures);
std::string json_of(const Figures& figures);
/// The inverse of json_of, as far as a comparison (compare.h) needs it: routes and thresholds stay behind. Text from
/// anywhere; an error is a sentence.
Result<Figures, std::string> figures_from_json(std::string_view text);

}  // namespace weir::load
