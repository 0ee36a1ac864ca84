#include "plot/svg.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/exact_math.h"

namespace weir::plot {
namespace {

/// "2ms", not "2.00ms".
std::string short_latency(double ns) {
  constexpr std::array<std::pair<double, std::string_view>, 3> kUnits{{{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}}};
  for (const auto& [scale, unit] : kUnits) {
    if (ns >= scale * 0.999) return fmt::format("{:.0f}{}", ns / scale, unit);
  }
  return fmt::format("{:.0f}ns", ns);
}

/// "40s", "2m", "1m30", "6h", "1h30".
std::string short_time(int64_t seconds) {
  const auto two = [](int64_t whole, char unit, int64_t rest) {
    return rest == 0 ? fmt::format("{}{}", whole, unit) : fmt::format("{}{}{:02}", whole, unit, rest);
  };
  if (seconds < 60) return fmt::format("{}s", seconds);
  return seconds < 3600 ? two(seconds / 60, 'm', seconds % 60) : two(seconds / 3600, 'h', seconds % 3600 / 60);
}

/// The largest power of ten that is not above.
double power_below(double value) {
  double power = 1;
  while (power * 10 <= value * (1 + 1e-12)) power *= 10;
  while (power > value * (1 + 1e-12)) power /= 10;
  return power;
}

}  // namespace

std::string escape_xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string shorten(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string svg_number(double value) {
  std::string text = fmt::format("{:.1f}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

double Scale::at(double value) const {
  const double clamped = std::clamp(value, low_, high_);
  if (high_ <= low_) return begin_;
  const double share =
      logarithmic_ ? exact::log(clamped / low_) / exact::log(high_ / low_) : (clamped - low_) / (high_ - low_);
  return begin_ + share * (end_ - begin_);
}

double round_down(double value) {
  if (value <= 0) return 0;
  const double power = power_below(value);
  const double times = value / power * (1 + 1e-12);
  return power * (times >= 5 ? 5 : times >= 2 ? 2 : 1);
}

double round_up(double value) {
  if (value <= 0) return 0;
  const double power = power_below(value);
  const double times = value / power * (1 - 1e-12);
  return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

std::vector<Tick> time_ticks(Duration length, int count) {
  constexpr std::array<int64_t, 19> kSteps{1,   2,    5,    10,   15,    30,    60,    120,   300,   600,
                                           900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800};
  const int64_t seconds = std::max<int64_t>(1, length.ns() / 1'000'000'000);
  int64_t step = kSteps.back();
  for (size_t i = kSteps.size(); i-- > 0;) {
    if (seconds / kSteps[i] <= count) step = kSteps[i];
  }
  std::vector<Tick> ticks;
  for (int64_t at = 0; at <= seconds; at += step) {
    ticks.push_back({static_cast<double>(at), at == 0 ? "0" : short_time(at)});
  }
  return ticks;
}

std::vector<Tick> latency_ticks(double low_ns, double high_ns) {
  constexpr double kManyDecades = 200;
  const bool only_ones = high_ns / low_ns > kManyDecades;
  std::vector<Tick> ticks;
  for (double power = power_below(low_ns); power <= high_ns * (1 + 1e-9); power *= 10) {
    for (const double times : {1.0, 2.0, 5.0}) {
      const double value = power * times;
      const bool inside = value >= low_ns * (1 - 1e-9) && value <= high_ns * (1 + 1e-9);
      if (inside && (times == 1.0 || !only_ones)) ticks.push_back({value, short_latency(value)});
    }
  }
  return ticks;
}

std::vector<Tick> linear_ticks(double high, std::string_view unit) {
  const double step = round_up(high / 4);
  std::vector<Tick> ticks;
  if (step <= 0) return ticks;
  for (int i = 0; ticks.empty() || ticks.back().value < high * (1 - 1e-9); ++i) {
    const double value = step * i;
    const int decimals = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
    ticks.push_back({value, i == 0 ? "0" : fmt::format("{:.{}f}{}", value, decimals, unit)});
  }
  return ticks;
}

}  // namespace weir::plot
