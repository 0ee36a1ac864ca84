#include "drill/report_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "plot/svg.h"

namespace weir::drill {

namespace {

using plot::escape_xml;
using plot::Scale;
using plot::svg_number;

constexpr double kPanelHeight = 120;
constexpr double kStripHeight = 16;
constexpr double kLeft = 64;

/// From top to bottom: whoever draws moves `y` on.
struct Canvas {
  explicit Canvas(bool is_narrow) : narrow(is_narrow), right(is_narrow ? 348 : 940) {}

  void text(double x, double at, std::string_view words, std::string_view css, std::string_view anchor = "start") {
    out += fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", svg_number(x),
                       svg_number(at), css, anchor, escape_xml(words));
  }
  void line(double x1, double y1, double x2, double y2, std::string_view css) {
    out += fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" class=\"{}\"/>\n", svg_number(x1), svg_number(y1),
                       svg_number(x2), svg_number(y2), css);
  }
  void rect(double x, double at, double w, double h, std::string_view css, std::string_view title = {}) {
    const std::string tip = title.empty() ? "" : fmt::format("<title>{}</title>", escape_xml(title));
    out += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"{}\">{}</rect>\n", svg_number(x),
                       svg_number(at), svg_number(std::max(w, 0.0)), svg_number(h), css, tip);
  }
  /// Where there is no room for the explanation beside it, it stands below.
  void heading(std::string_view words, std::string_view explanation = {}) {
    y += 22;
    if (narrow || explanation.empty()) {
      text(narrow ? 4 : kLeft, y, words, "heading");
      if (!explanation.empty()) text(4, y += 14, explanation, "small");
    } else {
      text(kLeft, y, fmt::format("{}: {}", words, explanation), "heading");
    }
    y += 8;
  }
  std::string element(std::string_view label) const {
    return fmt::format("<svg class=\"{}\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n{}</svg>\n",
                       narrow ? "narrow" : "wide", narrow ? 360 : 960, svg_number(y + 12), escape_xml(label), out);
  }

  bool narrow;
  double right;
  double y = 0;
  std::string out;
};

using Points = std::vector<std::pair<double, double>>;

void draw_path(Canvas& canvas, const Points& points, std::string_view css) {
  std::string path;
  for (const auto& [x, y] : points)
    path += fmt::format("{}{} {}", path.empty() ? "M" : "L", svg_number(x), svg_number(y));
  if (!path.empty()) canvas.out += fmt::format("<path d=\"{}\" class=\"{}\"/>\n", path, css);
}

/// What all panels of an arm have behind their curves: the phase of faults, and a line for every mark.
void draw_background(Canvas& canvas, const Drill& drill, const ArmResult& arm, const Scale& time, double height) {
  canvas.rect(kLeft, canvas.y, canvas.right - kLeft, height, "panel");
  const double from = time.at(begin_of(drill.phases, Phase::during).seconds());
  const double to = time.at(begin_of(drill.phases, Phase::after).seconds());
  canvas.rect(from, canvas.y, to - from, height, "band");
  for (const Mark& each : arm.timeline->marks()) {
    const double x = time.at(each.at.seconds());
    canvas.line(x, canvas.y, x, canvas.y + height, "axis");
  }
}

void draw_grid(Canvas& canvas, const Scale& scale, const std::vector<plot::Tick>& ticks) {
  for (const plot::Tick& tick : ticks) {
    canvas.line(kLeft, scale.at(tick.value), canvas.right, scale.at(tick.value), "grid");
    canvas.text(kLeft - 6, scale.at(tick.value) + 4, tick.label, "small", "end");
  }
}

void draw_rates(Canvas& canvas, const Drill& drill, const ArmResult& arm, const Scale& time) {
  canvas.heading("requests per second", "offered (thin), good (solid), failed (dashed)");
  draw_background(canvas, drill, arm, time, kPanelHeight);
  double most = 1;
  for (const Second& each : arm.timeline->seconds()) most = std::max(most, static_cast<double>(each.offered));
  const auto ticks = plot::linear_ticks(most, "");
  const Scale scale = Scale::linear(0, ticks.back().value, canvas.y + kPanelHeight, canvas.y + 6);
  draw_grid(canvas, scale, ticks);
  Points offered, good, failed;
  for (const Second& each : arm.timeline->seconds()) {
    const double x = time.at(each.at.seconds() + 0.5);
    offered.emplace_back(x, scale.at(static_cast<double>(each.offered)));
    good.emplace_back(x, scale.at(static_cast<double>(each.good)));
    failed.emplace_back(x, scale.at(static_cast<double>(each.failed)));
  }
  draw_path(canvas, offered, "s thin any");
  draw_path(canvas, good, "s s0");
  draw_path(canvas, failed, "s s1");
  canvas.y += kPanelHeight;
}

void draw_latencies(Canvas& canvas, const Drill& drill, const ArmResult& arm, const Scale& time) {
  canvas.heading("latency", "p99 (solid), p50 (dashed)");
  draw_background(canvas, drill, arm, time, kPanelHeight);
  double least = 1e9, most = 1;
  for (const Second& each : arm.timeline->seconds()) {
    if (each.p50_ms <= 0) continue;
    least = std::min(least, each.p50_ms);
    most = std::max(most, each.p99_ms);
  }
  least = plot::round_down(std::min(least, most));
  most = plot::round_up(most * 1.01);
  const Scale scale = Scale::logarithmic(least * 1e6, most * 1e6, canvas.y + kPanelHeight, canvas.y + 6);
  draw_grid(canvas, scale, plot::latency_ticks(least * 1e6, most * 1e6));
  Points p50, p99;
  for (const Second& each : arm.timeline->seconds()) {
    if (each.p50_ms <= 0) continue;
    const double x = time.at(each.at.seconds() + 0.5);
    p50.emplace_back(x, scale.at(each.p50_ms * 1e6));
    p99.emplace_back(x, scale.at(each.p99_ms * 1e6));
  }
  draw_path(canvas, p99, "s s0");
  draw_path(canvas, p50, "s s1");
  canvas.y += kPanelHeight;
}

/// Requests between two looks at an endpoint, and what the later one found.
struct Look {
  double from = 0, to = 0, rate = 0, in_flight = 0;
  std::string state;
};

std::map<std::string, std::vector<Look>> looks_of(const Timeline& timeline) {
  std::map<std::string, std::vector<Look>> looks;
  std::map<std::string, std::pair<double, uint64_t>> last;
  for (const Sample& sample : timeline.samples()) {
    for (const EndpointSample& each : sample.endpoints) {
      const double at = sample.at.seconds();
      const auto found = last.find(each.name);
      if (found != last.end() && at > found->second.first) {
        const uint64_t before = std::min(found->second.second, each.requests);
        looks[each.name].push_back({.from = found->second.first,
                                    .to = at,
                                    .rate = static_cast<double>(each.requests - before) / (at - found->second.first),
                                    .in_flight = static_cast<double>(each.in_flight),
                                    .state = each.state});
      }
      last[each.name] = {at, each.requests};
    }
  }
  return looks;
}

using Looks = std::map<std::string, std::vector<Look>>;

constexpr size_t kSeries = 8;  ///< that have a colour; all further endpoints share the last one

/// The endpoints' names in the colours of their curves, in a row of its own: in the panel they would hide the curves.
void draw_legend(Canvas& canvas, const Looks& looks) {
  double x = kLeft;
  size_t series = 0;
  canvas.y += 8;
  for (const auto& [name, all] : looks) {
    canvas.text(x, canvas.y, plot::shorten(name, 9), fmt::format("t{}", std::min(series++, kSeries - 1)));
    x += 58;
  }
  canvas.y += 6;
}

/// A panel in which each endpoint has a curve.
void draw_in_flight(Canvas& canvas, const Drill& drill, const ArmResult& arm, const Looks& looks, const Scale& time) {
  canvas.heading("requests in flight at each endpoint", "as looked at every 250 ms");
  draw_legend(canvas, looks);
  draw_background(canvas, drill, arm, time, kPanelHeight);
  double most = 1;
  for (const auto& [name, all] : looks) {
    for (const Look& each : all) most = std::max(most, each.in_flight);
  }
  const auto ticks = plot::linear_ticks(most, "");
  const Scale scale = Scale::linear(0, ticks.back().value, canvas.y + kPanelHeight, canvas.y + 6);
  draw_grid(canvas, scale, ticks);
  size_t series = 0;
  for (const auto& [name, all] : looks) {
    Points points;
    for (const Look& each : all) points.emplace_back(time.at(each.to), scale.at(each.in_flight));
    draw_path(canvas, points, fmt::format("s thin s{}", std::min(series++, kSeries - 1)));
  }
  canvas.y += kPanelHeight;
}

void draw_endpoints(Canvas& canvas, const Looks& looks, const Scale& time) {
  canvas.heading("requests at each endpoint", "darker is more; a bar below: not healthy");
  double most = 1;
  for (const auto& [name, all] : looks) {
    for (const Look& each : all) most = std::max(most, each.rate);
  }
  for (const auto& [name, all] : looks) {
    canvas.text(kLeft - 6, canvas.y + 12, plot::shorten(name, 9), "small", "end");
    for (const Look& each : all) {
      const int shade = std::min(6, static_cast<int>(each.rate / most * 6.99));
      const double x = time.at(each.from);
      canvas.rect(x, canvas.y, time.at(each.to) - x, kStripHeight - 5, fmt::format("h{}", shade),
                  fmt::format("{}: {:.0f} requests/s, {}", name, each.rate, each.state));
      if (each.state != "healthy") canvas.rect(x, canvas.y + kStripHeight - 4, time.at(each.to) - x, 3, "fault");
    }
    canvas.y += kStripHeight + 4;
  }
}

void draw_marks(Canvas& canvas, const ArmResult& arm, const Scale& time) {
  constexpr size_t kShown = 12;
  const auto& marks = arm.timeline->marks();
  for (size_t i = 0; i < std::min(marks.size(), kShown); ++i) {
    canvas.y += 15;
    const double x = time.at(marks[i].at.seconds());
    const std::string words = fmt::format("{:.1f} s {}", marks[i].at.seconds(), marks[i].label);
    const auto width = 5.8 * static_cast<double>(std::min<size_t>(words.size(), canvas.narrow ? 44 : 120));
    const bool fits = x + width < canvas.right;
    canvas.text(fits ? x : canvas.right, canvas.y, plot::shorten(words, canvas.narrow ? 44 : 120), "small",
                fits ? "start" : "end");
  }
  canvas.y += 4;
}

constexpr std::array<double, 6> kPercentiles{0, 50, 90, 99, 99.9, 99.99};

/// Of the share that took longer: 100 % to 0.01 %, logarithmic from left to right.
double place_of(double percent) { return 1 / std::max(1e-4, (100 - percent) / 100); }

Points curve_of(const Histogram& histogram, const Scale& across, const Scale& scale) {
  Points points;
  for (double left = 100; left > 0.0099; left *= 0.9) {
    const double percent = 100 - left;
    if (static_cast<double>(histogram.count()) * left / 100 < 1) break;
    const auto value = static_cast<double>(histogram.percentile(std::max(percent, 0.01)));
    points.emplace_back(across.at(place_of(percent)), scale.at(std::max(value, 1e4)));
  }
  return points;
}

}  // namespace

std::string timeline_plot(const Drill& drill, const ArmResult& arm, bool narrow) {
  Canvas canvas(narrow);
  const Scale time = Scale::linear(0, end_of(drill.phases).seconds(), kLeft, canvas.right);
  draw_marks(canvas, arm, time);
  draw_rates(canvas, drill, arm, time);
  draw_latencies(canvas, drill, arm, time);
  const Looks looks = looks_of(*arm.timeline);
  draw_in_flight(canvas, drill, arm, looks, time);
  draw_endpoints(canvas, looks, time);
  canvas.y += 10;
  for (const plot::Tick& tick : plot::time_ticks(end_of(drill.phases), narrow ? 4 : 10)) {
    canvas.text(time.at(tick.value), canvas.y, tick.label, "small", "middle");
  }
  return canvas.element(arm.name + " over time");
}

std::string latency_plot(const ArmResult& arm, bool narrow) {
  Canvas canvas(narrow);
  canvas.heading("latency by percentile");
  constexpr double kHeight = 200;
  double most = 1e6, least = 1e12;
  for (size_t i = 0; i < kPhaseNames.size(); ++i) {
    const Histogram& its = arm.timeline->tally(static_cast<Phase>(i)).total.response;
    if (its.count() == 0) continue;
    most = std::max(most, static_cast<double>(its.max()));
    least = std::min(least, std::max(1e4, static_cast<double>(its.percentile(0.01))));
  }
  least = std::min(least, most / 10);
  const double low = plot::round_down(least), high = plot::round_up(most);
  const Scale scale = Scale::logarithmic(low, high, canvas.y + kHeight, canvas.y + 6);
  const Scale across = Scale::logarithmic(1, 1e4, kLeft, canvas.right);
  canvas.rect(kLeft, canvas.y, canvas.right - kLeft, kHeight, "panel");
  draw_grid(canvas, scale, plot::latency_ticks(low, high));
  for (size_t i = 0; i < kPhaseNames.size(); ++i) {
    const Points points = curve_of(arm.timeline->tally(static_cast<Phase>(i)).total.response, across, scale);
    draw_path(canvas, points, fmt::format("s s{}", i));
    // In a row of their own: curves that end at one timeout would write their names over each other.
    const double from_right = 48.0 * static_cast<double>(kPhaseNames.size() - i);
    canvas.text(canvas.right - from_right, canvas.y - 8, kPhaseNames[i], fmt::format("t{}", i));
  }
  canvas.y += kHeight + 14;
  for (const double each : kPercentiles) {
    if (narrow && each <= 0) continue;  // there p50 is next to it
    const bool last = each >= kPercentiles.back();
    canvas.text(last ? canvas.right : across.at(place_of(each)), canvas.y, each <= 0 ? "min" : fmt::format("p{}", each),
                "small", last ? "end" : "middle");
  }
  return canvas.element(arm.name + ": latency by percentile");
}

}  // namespace weir::drill
