#include "app/exposition.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <iterator>

namespace weir::app {

namespace {

struct Bound {
  uint64_t us;
  std::string_view text;  ///< in seconds
};

/// The same for every histogram, so that they can be added up over endpoints and processes.
constexpr std::array kBounds{
    Bound{250, "0.00025"},   Bound{500, "0.0005"},   Bound{1'000, "0.001"},   Bound{2'500, "0.0025"},
    Bound{5'000, "0.005"},   Bound{10'000, "0.01"},  Bound{25'000, "0.025"},  Bound{50'000, "0.05"},
    Bound{100'000, "0.1"},   Bound{250'000, "0.25"}, Bound{500'000, "0.5"},   Bound{1'000'000, "1"},
    Bound{2'500'000, "2.5"}, Bound{5'000'000, "5"},  Bound{10'000'000, "10"}, Bound{30'000'000, "30"}};

std::string_view name_of(Exposition::Kind kind) {
  switch (kind) {
    case Exposition::Kind::counter: return "counter";
    case Exposition::Kind::gauge: return "gauge";
    case Exposition::Kind::histogram: return "histogram";
  }
  return "untyped";
}

void append_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    switch (c) {
      case '\\': out += "\\\\"; break;
      case '"': out += "\\\""; break;
      case '\n': out += "\\n"; break;
      default: out += c;
    }
  }
}

}  // namespace

void Exposition::family(std::string_view name, Kind kind, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, name_of(kind));
}

void Exposition::sample(Labels labels, double value) {
  text_ += name_;
  append_labels(labels, {});
  append_value(value);
}

void Exposition::histogram(Labels labels, const Histogram& microseconds) {
  uint64_t below = 0;
  size_t bucket = 0;
  for (const Bound& bound : kBounds) {
    for (const size_t last = Histogram::bucket_of(bound.us); bucket <= last; ++bucket)
      below += microseconds.count_in(bucket);
    text_.append(name_).append("_bucket");
    append_labels(labels, bound.text);
    append_value(static_cast<double>(below));
  }
  // The whole is the sum of the buckets and not count(), which may be ahead of them while a worker records.
  for (; bucket < Histogram::kBuckets; ++bucket) below += microseconds.count_in(bucket);
  text_.append(name_).append("_bucket");
  append_labels(labels, "+Inf");
  append_value(static_cast<double>(below));
  text_.append(name_).append("_sum");
  append_labels(labels, {});
  append_value(static_cast<double>(microseconds.sum()) / 1e6);
  text_.append(name_).append("_count");
  append_labels(labels, {});
  append_value(static_cast<double>(below));
}

void Exposition::append_labels(Labels labels, std::string_view bound) {
  if (labels.size() == 0 && bound.empty()) return;
  char separator = '{';
  const auto append = [&](std::string_view name, std::string_view value) {
    text_ += separator;
    text_.append(name).append("=\"");
    append_escaped(text_, value);
    text_ += '"';
    separator = ',';
  };
  for (const Label& label : labels) append(label.name, label.value);
  if (!bound.empty()) append("le", bound);
  text_ += '}';
}

void Exposition::append_value(double value) { fmt::format_to(std::back_inserter(text_), " {}\n", value); }

}  // namespace weir::app
