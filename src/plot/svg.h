#pragma once
// What a plot is drawn with: escaped text, short numbers, and axes with round ticks. Pure functions, any thread; the
// logarithm is our own (base/exact_math.h), so that a plot is the same file on every machine.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace weir::plot {

/// For text and attributes of XML and HTML; control characters become spaces.
std::string escape_xml(std::string_view text);

/// The first letters of what is longer, and an ellipsis; never half a letter of UTF-8.
std::string shorten(std::string_view text, size_t bytes_max);

/// At most one decimal, without a needless ".0".
std::string svg_number(double value);

struct Tick {
  double value = 0;
  std::string label;
};

/// A linear scale from `low` at `begin` to `high` at `end`, or a logarithmic one.
class Scale {
 public:
  static Scale linear(double low, double high, double begin, double end) { return {low, high, begin, end, false}; }
  /// `low` above zero.
  static Scale logarithmic(double low, double high, double begin, double end) { return {low, high, begin, end, true}; }

  /// Clamped to the scale.
  [[nodiscard]] double at(double value) const;
  [[nodiscard]] double low() const { return low_; }
  [[nodiscard]] double high() const { return high_; }

 private:
  Scale(double low, double high, double begin, double end, bool logarithmic)
      : low_(low), high_(high), begin_(begin), end_(end), logarithmic_(logarithmic) {}

  double low_, high_, begin_, end_;
  bool logarithmic_;
};

/// About `count` round points of time from 0 to `length`: "0", "10s", "1m30", "1h".
std::vector<Tick> time_ticks(Duration length, int count);
/// 1, 2 and 5 of every power of ten between two latencies in nanoseconds; only the 1 where there are many powers.
std::vector<Tick> latency_ticks(double low_ns, double high_ns);
/// Round points from 0 up to at least `high`, three to six.
std::vector<Tick> linear_ticks(double high, std::string_view unit);
/// The 1, 2 or 5 times a power of ten at or below, and at or above.
double round_down(double value);
double round_up(double value);

}  // namespace weir::plot
