#include "sim/plot.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "sim/plot_parts.h"

namespace weir::sim {
namespace {

constexpr size_t kStyles = 8;

struct Series {
  size_t style = 0;  ///< of its variant
  bool thin = false;
  std::vector<std::optional<double>> values;  ///< one per slice; nothing interrupts the line
};

struct Panel {
  double top = 0, height = 0;
  Scale scale;
};

/// What several variants share is told once, what only some have with their names.
struct Mark {
  FaultSpec fault;
  std::string label;
};

std::string fault_text(const Scenario& scenario, const FaultSpec& fault) {
  std::string text(kFaultNames[static_cast<size_t>(fault.kind)]);
  if (fault.kind == FaultKind::slow || fault.kind == FaultKind::errors) text += fmt::format(" {}%", fault.percent);
  text += fmt::format(": {} {}", scenario.tiers[fault.tier].name, fault.first);
  return fault.last > fault.first ? text + fmt::format("-{}", fault.last) : text;
}

std::vector<Mark> marks_of(const Report& report) {
  std::vector<Mark> marks;
  for (const Run& run : report.runs) {
    for (const FaultSpec& fault : run.scenario->faults) {
      const auto same = [&](const Mark& mark) { return mark.fault == fault; };
      if (std::any_of(marks.begin(), marks.end(), same)) continue;
      std::string variants;
      size_t having = 0;
      for (const Run& other : report.runs) {
        const auto& faults = other.scenario->faults;
        if (std::find(faults.begin(), faults.end(), fault) == faults.end()) continue;
        variants += (variants.empty() ? "" : ", ") + other.result->variant;
        ++having;
      }
      std::string label = fault_text(*run.scenario, fault);
      if (having < report.runs.size()) label += fmt::format(" ({})", variants);
      marks.push_back({fault, std::move(label)});
    }
  }
  return marks;
}

struct Interval {
  double begin = 0, end = 0;
};

std::vector<Interval> intervals_of(const FaultSpec& fault, Duration length) {
  constexpr size_t kShownMax = 200;
  std::vector<Interval> out;
  for (Duration at = fault.at; at < length && out.size() < kShownMax; at = at + fault.repeat_every) {
    const bool instant = fault.kind == FaultKind::cold_cache;
    const Duration end = instant ? at : fault.length == Duration{} ? length : std::min(length, at + fault.length);
    out.push_back({at.seconds(), end.seconds()});
    if (fault.repeat_every == Duration{}) break;
  }
  return out;
}

void draw_legend(Canvas& canvas, const Report& report) {
  double x = canvas.left;
  canvas.y += 14;
  const auto entry = [&](std::string_view css, const std::string& words) {
    const double wide = 34 + canvas.letter * static_cast<double>(words.size()) + 16;
    if (x > canvas.left && x + wide > canvas.width) {
      x = canvas.left;
      canvas.y += 18;
    }
    canvas.line(x, canvas.y - 4, x + 28, canvas.y - 4, css);
    canvas.text(x + 34, canvas.y, words, "small");
    x += wide;
  };
  if (report.runs.size() > 1) {
    for (size_t i = 0; i < report.runs.size(); ++i)
      entry(fmt::format("s s{}", i % kStyles), report.runs[i].result->variant);
  }
  entry("s any", "p99");
  entry("s thin any", "p50");
  canvas.y += 14;
}

void draw_fault_lanes(Canvas& canvas, const std::vector<Mark>& marks) {
  constexpr size_t kLanesShown = 6;
  for (size_t i = 0; i < marks.size() && i < kLanesShown; ++i) {
    const auto intervals = intervals_of(marks[i].fault, canvas.length);
    if (intervals.empty()) continue;
    const auto most = static_cast<size_t>((canvas.right - canvas.left) / canvas.letter);
    const std::string label = shorten(marks[i].label, most);
    // The words stand over the bar, from its beginning on, or end with it where they would leave the panel.
    const double x = canvas.time.at(intervals[0].begin);
    const double room = canvas.right - x;
    const bool fits = canvas.letter * static_cast<double>(label.size()) <= room;
    canvas.text(fits ? x : canvas.right, canvas.y + 10, label, "small", fits ? "start" : "end");
    for (const Interval& each : intervals) {
      const double from = canvas.time.at(each.begin);
      canvas.rect(from, canvas.y + 14, std::max(3.0, canvas.time.at(each.end) - from), 4, "fault");
    }
    canvas.y += 24;
  }
  if (marks.size() <= kLanesShown) return;
  canvas.text(canvas.left, canvas.y + 10, fmt::format("and {} more faults", marks.size() - kLanesShown), "small");
  canvas.y += 18;
}

void draw_background(Canvas& canvas, const Panel& panel, const Report& report, const std::vector<Mark>& marks) {
  canvas.rect(canvas.left, panel.top, canvas.right - canvas.left, panel.height, "panel");
  const double warm = canvas.time.at(report.runs.front().scenario->warm_up.seconds());
  if (warm > canvas.left + 1) canvas.rect(canvas.left, panel.top, warm - canvas.left, panel.height, "warm");
  for (const Mark& mark : marks) {
    for (const Interval& each : intervals_of(mark.fault, canvas.length)) {
      const double from = canvas.time.at(each.begin);
      canvas.rect(from, panel.top, std::max(1.0, canvas.time.at(each.end) - from), panel.height, "band");
    }
  }
}

void draw_grid(Canvas& canvas, const Panel& panel, const std::vector<Tick>& ticks) {
  for (const Tick& tick : ticks) {
    const double y = panel.scale.at(tick.value);
    canvas.line(canvas.left, y, canvas.right, y, "grid");
    canvas.text(canvas.left - 6, y + 4, tick.label, "small", "end");
  }
}

double seconds_of(const Result& result, size_t slice) {
  return result.slice.seconds() * (static_cast<double>(slice) + 0.5);
}

void draw_series(Canvas& canvas, const Panel& panel, const Series& series, const Result& result) {
  std::string path;
  bool drawing = false;
  for (size_t i = 0; i < series.values.size(); ++i) {
    if (series.values[i]) {
      path += fmt::format("{}{} {}", drawing ? "L" : "M", svg_number(canvas.time.at(seconds_of(result, i))),
                          svg_number(panel.scale.at(*series.values[i])));
      // A point alone is a line of no length, which round ends make visible.
      const bool alone = !drawing && (i + 1 == series.values.size() || !series.values[i + 1]);
      if (alone) path += "h0";
    }
    drawing = series.values[i].has_value();
  }
  if (!path.empty()) {
    canvas.out += fmt::format("<path class=\"s{} s{}\" d=\"{}\"/>\n", series.thin ? " thin" : "", series.style, path);
  }
}

/// Names at the right end of the thick lines, pushed apart.
void draw_end_labels(Canvas& canvas, const Panel& panel, const Report& report, const std::vector<Series>& all) {
  if (canvas.narrow || report.runs.size() < 2) return;
  std::vector<std::pair<double, const Series*>> ends;
  for (const Series& series : all) {
    const auto last =
        std::find_if(series.values.rbegin(), series.values.rend(), [](const auto& v) { return v.has_value(); });
    if (!series.thin && last != series.values.rend()) ends.emplace_back(panel.scale.at(**last), &series);
  }
  std::stable_sort(ends.begin(), ends.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  constexpr double kApart = 13;
  double low = panel.top;
  for (auto& [y, series] : ends) low = y = std::max(y, low + kApart);
  double high = panel.top + panel.height + kApart / 2;
  for (size_t i = ends.size(); i-- > 0;) high = ends[i].first = std::min(ends[i].first, high - kApart);
  for (const auto& [y, series] : ends) {
    const std::string name = shorten(report.runs[series->style].result->variant, 20);
    canvas.text(canvas.right + 6, y + 4, name, fmt::format("small t{}", series->style % kStyles));
  }
}

void draw_panel(Canvas& canvas, const Report& report, const std::vector<Mark>& marks, const Panel& panel,
                const std::vector<Tick>& ticks, const std::vector<Series>& all) {
  draw_background(canvas, panel, report, marks);
  draw_grid(canvas, panel, ticks);
  for (const Series& series : all) {
    Series styled = series;
    styled.style %= kStyles;
    draw_series(canvas, panel, styled, *report.runs[series.style].result);
  }
  draw_end_labels(canvas, panel, report, all);
  canvas.time_axis(panel.top + panel.height);
  canvas.y = panel.top + panel.height + 34;
}

template <class ValueOf>
std::vector<Series> series_of(const Report& report, bool thin, const ValueOf& value_of) {
  std::vector<Series> all;
  for (size_t i = 0; i < report.runs.size(); ++i) {
    const Result& result = *report.runs[i].result;
    Series& series = all.emplace_back(Series{.style = i, .thin = thin, .values = {}});
    for (const Slice& slice : result.slices) series.values.push_back(value_of(result, slice));
  }
  return all;
}

struct Extent {
  double low = 0, high = 0;
};

Extent extent_of(const std::vector<Series>& all) {
  std::optional<Extent> extent;
  for (const Series& series : all) {
    for (const auto& value : series.values) {
      if (!value) continue;
      if (!extent) extent = Extent{*value, *value};
      *extent = {std::min(extent->low, *value), std::max(extent->high, *value)};
    }
  }
  return extent.value_or(Extent{});
}

std::optional<double> latency_of(uint64_t ns) {
  return ns == 0 ? std::nullopt : std::optional(static_cast<double>(ns));
}

void draw_latency(Canvas& canvas, const Report& report, const std::vector<Mark>& marks) {
  auto all = series_of(report, true, [](const Result&, const Slice& slice) { return latency_of(slice.p50_ns); });
  for (auto& each :
       series_of(report, false, [](const Result&, const Slice& slice) { return latency_of(slice.p99_ns); })) {
    all.push_back(std::move(each));
  }
  const Extent extent = extent_of(all);
  if (extent.high <= 0) return;
  canvas.heading(canvas.narrow ? "latency of answered requests"
                               : "latency of answered requests, by the time of the answer");
  const double height = canvas.narrow ? 190 : 240;
  const double low = round_down(extent.low), high = std::max(round_up(extent.high), 10 * low);
  const Panel panel{canvas.y, height, Scale::logarithmic(low, high, canvas.y + height, canvas.y)};
  draw_panel(canvas, report, marks, panel, latency_ticks(low, high), all);
}

void draw_linear(Canvas& canvas, const Report& report, const std::vector<Mark>& marks, std::string_view heading,
                 std::string_view unit, const std::vector<Series>& all) {
  const Extent extent = extent_of(all);
  if (extent.high <= 0) return;
  canvas.heading(heading);
  const auto ticks = linear_ticks(extent.high, unit);
  const double height = canvas.narrow ? 80 : 96;
  const Panel panel{canvas.y, height, Scale::linear(0, ticks.back().value, canvas.y + height, canvas.y)};
  draw_panel(canvas, report, marks, panel, ticks, all);
}

bool load_changes(const Report& report) {
  return std::any_of(report.runs.begin(), report.runs.end(), [](const Run& run) {
    const auto& clients = run.scenario->clients;
    return std::any_of(clients.begin(), clients.end(), [](const ClientSpec& client) {
      return !client.stages.empty() || client.burst_every > Duration{} || client.day > Duration{} ||
             client.arrivals == Arrivals::closed || client.arrivals == Arrivals::trace;
    });
  });
}

}  // namespace

Canvas::Canvas(const Report& report, PlotWidth wanted)
    : narrow(wanted == PlotWidth::narrow),
      width(narrow ? 360 : 960),
      left(narrow ? 44 : 60),
      right(width - (narrow                   ? 14
                     : report.runs.size() > 1 ? 150
                                              : 16)),
      letter(narrow ? 6.2 : 6.8),
      length(report.runs.front().scenario->duration),
      time(Scale::linear(0, length.seconds(), left, right)) {}

void Canvas::text(double x, double at_y, std::string_view words, std::string_view css, std::string_view anchor) {
  out += fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\"{}>{}</text>\n", svg_number(x), svg_number(at_y), css,
                     anchor == "start" ? "" : fmt::format(" text-anchor=\"{}\"", anchor), escape_xml(words));
}

void Canvas::line(double x1, double y1, double x2, double y2, std::string_view css) {
  out += fmt::format("<path class=\"{}\" d=\"M{} {}L{} {}\"/>\n", css, svg_number(x1), svg_number(y1), svg_number(x2),
                     svg_number(y2));
}

void Canvas::rect(double x, double at_y, double w, double h, std::string_view css) {
  out += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n", css, svg_number(x),
                     svg_number(at_y), svg_number(w), svg_number(h));
}

void Canvas::time_axis(double at_y) {
  line(left, at_y, right, at_y, "axis");
  for (const Tick& tick : time_ticks(length, narrow ? 5 : 12)) {
    line(time.at(tick.value), at_y, time.at(tick.value), at_y + 4, "axis");
    text(time.at(tick.value), at_y + 17, tick.label, "small", "middle");
  }
}

void Canvas::heading(std::string_view words) {
  text(left, y + 12, words, "heading");
  y += 22;
}

namespace {

/// `style`: the style element, or nothing where the page has it.
std::string draw(const Report& report, PlotWidth width, std::string_view css, std::string_view style) {
  Canvas canvas(report, width);
  const auto marks = marks_of(report);
  if (!style.empty() && !report.title.empty()) canvas.heading(report.title);
  draw_legend(canvas, report);
  draw_fault_lanes(canvas, marks);
  draw_latency(canvas, report, marks);
  const auto failed = [](const Result&, const Slice& slice) -> std::optional<double> {
    const auto ended = static_cast<double>(slice.answered + slice.failed);
    return ended == 0 ? std::nullopt : std::optional(100 * static_cast<double>(slice.failed) / ended);
  };
  draw_linear(canvas, report, marks, "failed, of the requests that ended", "%", series_of(report, false, failed));
  if (load_changes(report)) {
    const auto rate = [](const Result& result, const Slice& slice) -> std::optional<double> {
      return static_cast<double>(slice.arrived) / result.slice.seconds();
    };
    draw_linear(canvas, report, marks, "requests asked per second", "", series_of(report, false, rate));
  }
  draw_heatmaps(canvas, report);
  const std::string title = report.title.empty() ? "A simulation" : report.title;
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"weir {}\" viewBox=\"0 0 {} {}\" role=\"img\" "
      "aria-label=\"{}: latency, failures and requests in flight over simulated time\">\n{}"
      "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n{}</svg>\n",
      css, svg_number(canvas.width), svg_number(canvas.y), escape_xml(title), style, canvas.out);
}

}  // namespace

std::string plot_element(const Report& report, PlotWidth width) {
  return draw(report, width, width == PlotWidth::wide ? "wide" : "narrow", "");
}

std::string plot_svg(const Report& report) {
  return draw(report, PlotWidth::wide, "alone", fmt::format("<style>\n{}</style>\n", plot::svg_style()));
}

}  // namespace weir::sim
