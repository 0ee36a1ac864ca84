#pragma once
// Writes Prometheus text, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats): families with HELP and
// TYPE, and their samples with escaped labels.
//
//   Exposition out;
//   out.family("weir_retries_total", Exposition::Kind::counter, "Second and later tries.");
//   out.sample({{"cluster", "app"}}, 3);
//
// A family's samples follow it directly, as the format demands. Not thread-safe.

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/histogram.h"

namespace weir::app {

class Exposition {
 public:
  enum class Kind { counter, gauge, histogram };
  struct Label {
    std::string_view name;
    std::string_view value;
  };
  using Labels = std::initializer_list<Label>;

  void family(std::string_view name, Kind kind, std::string_view help);
  void sample(Labels labels, double value);
  /// `microseconds` becomes cumulative buckets in seconds. Their bounds are those of the histogram's own buckets that
  /// hold them, so a value less than 2 % above a bound may count as below it.
  void histogram(Labels labels, const Histogram& microseconds);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void append_labels(Labels labels, std::string_view bound);
  void append_value(double value);

  std::string text_;
  std::string name_;  ///< of the present family
};

}  // namespace weir::app
