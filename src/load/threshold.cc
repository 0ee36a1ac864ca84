#include "load/threshold.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

namespace weir::load {
namespace {

using model::Problem;
using model::quote;

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0)) return std::nullopt;
  return value;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

struct Split {
  std::string_view metric, bound;
  Threshold::Compare compare = Threshold::Compare::less;
};

std::optional<Split> split(std::string_view text) {
  const size_t at = text.find_first_of("<>");
  if (at == std::string_view::npos) return std::nullopt;
  const bool or_equal = at + 1 < text.size() && text[at + 1] == '=';
  using enum Threshold::Compare;
  const auto compare = text[at] == '<' ? (or_equal ? less_equal : less) : (or_equal ? greater_equal : greater);
  return Split{trimmed(text.substr(0, at)), trimmed(text.substr(at + (or_equal ? 2 : 1))), compare};
}

std::optional<Problem> read_metric(std::string_view word, Threshold& out) {
  using enum Threshold::Metric;
  const std::string_view whole = word;
  constexpr std::string_view kService = "service.";
  if (word.starts_with(kService)) {
    out.of_service = true;
    word.remove_prefix(kService.size());
  }
  if (word == "max" || word == "mean") {
    out.metric = word == "max" ? max : mean;
    return std::nullopt;
  }
  if (!out.of_service && (word == "errors" || word == "rate")) {
    out.metric = word == "errors" ? errors : rate;
    return std::nullopt;
  }
  const auto percent = word.starts_with('p') ? number_of(word.substr(1)) : std::nullopt;
  if (!percent || *percent <= 0 || *percent >= 100) {
    return Problem{fmt::format("unknown metric {}", quote(whole)), std::string(kThresholdForm)};
  }
  out.metric = percentile;
  out.percent = *percent;
  return std::nullopt;
}

std::optional<Problem> read_bound(std::string_view word, Threshold& out) {
  if (out.metric == Threshold::Metric::errors) {
    const auto percent = word.ends_with('%') ? number_of(word.substr(0, word.size() - 1)) : std::nullopt;
    if (!percent || *percent > 100)
      return Problem{fmt::format("{} is no share", quote(word)), "a percentage such as 0.1%"};
    out.bound = *percent;
  } else if (out.metric == Threshold::Metric::rate) {
    const auto rate = number_of(word);
    if (!rate) return Problem{fmt::format("{} is no rate", quote(word)), "requests per second, such as 990"};
    out.bound = *rate;
  } else {
    const auto duration = model::parse_duration(word);
    if (!duration) return duration.error();
    out.bound = static_cast<double>(duration->ns());
  }
  return std::nullopt;
}

bool holds(const Threshold& threshold, double value) {
  switch (threshold.compare) {
    case Threshold::Compare::less: return value < threshold.bound;
    case Threshold::Compare::less_equal: return value <= threshold.bound;
    case Threshold::Compare::greater: return value > threshold.bound;
    case Threshold::Compare::greater_equal: return value >= threshold.bound;
  }
  return false;
}

}  // namespace

Result<Threshold, Problem> parse_threshold(std::string_view text) {
  const auto parts = split(text);
  if (!parts) return fail(Problem{fmt::format("{} compares nothing", quote(text)), "such as p99<50ms"});
  Threshold out;
  out.text = std::string(text);
  out.compare = parts->compare;
  if (auto problem = read_metric(parts->metric, out)) return fail(*problem);
  if (auto problem = read_bound(parts->bound, out)) return fail(*problem);
  return out;
}

double errors_percent(const Interval& total) {
  return total.offered == 0 ? 0 : 100 * static_cast<double>(total.failed()) / static_cast<double>(total.offered);
}

std::string short_duration(Duration duration) {
  const auto ns = static_cast<double>(duration.ns());
  constexpr std::array<std::pair<double, std::string_view>, 3> kUnits{{{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}}};
  for (const auto& [scale, unit] : kUnits) {
    const double value = ns / scale;
    if (value >= 0.9995) return fmt::format("{:.{}f} {}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0, unit);
  }
  return fmt::format("{:.0f} ns", ns);
}

Held check(const Threshold& threshold, const Summary& summary) {
  using enum Threshold::Metric;
  const Interval& total = *summary.total;
  const Histogram& histogram = threshold.of_service ? total.service : total.response;
  const auto count = static_cast<double>(histogram.count());
  const std::string of = threshold.of_service ? " of service" : "";
  Held out{.threshold = threshold, .held = false, .known = true, .actual = {}};
  double value = 0;
  switch (threshold.metric) {
    case percentile: {
      const auto found = percentile_of(histogram, threshold.percent);
      out.known = found.has_value();
      value = found ? static_cast<double>(found->ns()) : 0;
      out.actual = fmt::format("p{}{} {}", threshold.percent, of,
                               found ? "is " + short_duration(*found)
                                     : fmt::format("is not known: {} samples are too few", histogram.count()));
      break;
    }
    case max:
    case mean:
      out.known = count > 0;
      value = threshold.metric == max ? static_cast<double>(histogram.max())
              : count > 0             ? static_cast<double>(histogram.sum()) / count
                                      : 0;
      out.actual = fmt::format("{}{} is {}", threshold.metric == max ? "max" : "mean", of,
                               out.known ? short_duration(Duration::ns(static_cast<int64_t>(value))) : "not known");
      break;
    case errors:
      out.known = total.offered > 0;
      value = errors_percent(total);
      out.actual = fmt::format("errors are {:.3g}%", value);
      break;
    case rate:
      value = summary.per_second(total.good);
      out.actual = fmt::format("the rate is {:.1f}", value);
      break;
  }
  out.held = out.known && holds(threshold, value);
  return out;
}

std::vector<Held> check(const std::vector<Threshold>& thresholds, const Summary& summary) {
  std::vector<Held> out;
  for (const Threshold& each : thresholds) out.push_back(check(each, summary));
  return out;
}

}  // namespace weir::load
