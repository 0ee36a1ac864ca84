#include "plot/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "base/exact_math.h"
#include "plot/svg.h"

namespace weir::plot {
namespace {

constexpr size_t kStyles = 8;

/// Percent to the number of nines: 0 at 0 %, 1 at 90 %, 2 at 99 %.
double nines(double percent) { return -exact::log(std::max(1e-12, 1 - percent / 100)) / exact::log(10); }

struct Extent {
  double low = 0, high = 0;
};

/// Each line upon the sum of those before, at the x where it has points.
std::vector<ChartLine> stack(const std::vector<ChartLine>& lines) {
  std::map<double, double> sums;
  std::vector<ChartLine> out = lines;
  for (ChartLine& line : out) {
    for (ChartPoint& point : line.points) point.y = sums[point.x] += point.y.value_or(0);
  }
  return out;
}

bool has_value(const ChartLine& line) {
  return std::ranges::any_of(line.points, [](const ChartPoint& point) { return point.y.has_value(); });
}

class Drawing {
 public:
  Drawing(const Chart& chart, bool narrow)
      : chart_(chart),
        lines_(chart.up == Chart::Up::stacked ? stack(chart.lines) : chart.lines),
        narrow_(narrow),
        width_(narrow ? 360 : 960),
        left_(narrow ? 48 : 64),
        right_(width_ - 16),
        across_(Scale::linear(0, x_high(), left_, right_)),
        up_(Scale::linear(0, 1, 0, 1)) {}

  std::string draw() {
    text(left_, 14, chart_.heading, "heading");
    legend();
    top_ = y_ + 8;
    bottom_ = top_ + (narrow_ ? 150 : 200);
    up_axis();
    if (chart_.shaded_to > 0) rect(left_, across_.at(chart_.shaded_to) - left_, "warm");
    marks();
    if (chart_.up == Chart::Up::stacked) {
      for (size_t i = lines_.size(); i-- > 0;) area(lines_[i]);
    } else {
      for (const ChartLine& each : lines_) path(each);
    }
    across_axis();
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"weir {}\" viewBox=\"0 0 {} {}\" role=\"img\" "
        "aria-label=\"{}\">\n{}</svg>\n",
        narrow_ ? "narrow" : "wide", width_, svg_number(bottom_ + 28), escape_xml(chart_.heading), out_);
  }

 private:
  [[nodiscard]] double x_of(double x) const { return chart_.across == Chart::Across::percent ? nines(x) : x; }
  [[nodiscard]] double x_high() const {
    double high = chart_.across == Chart::Across::time ? chart_.x_max : 1;
    for (const ChartLine& line : lines_) {
      for (const ChartPoint& point : line.points) high = std::max(high, x_of(point.x));
    }
    return high > 0 ? high : 1;
  }
  [[nodiscard]] Extent y_extent() const {
    std::optional<Extent> found;
    for (const ChartLine& line : lines_) {
      for (const ChartPoint& point : line.points) {
        if (!point.y) continue;
        if (!found) found = Extent{*point.y, *point.y};
        *found = {std::min(found->low, *point.y), std::max(found->high, *point.y)};
      }
    }
    return found.value_or(Extent{});
  }

  void legend() {
    double x = left_;
    y_ = 32;
    for (const ChartLine& each : lines_) {
      if (!has_value(each)) continue;
      const double wide = 40 + 6.8 * static_cast<double>(each.name.size()) + 14;
      if (x > left_ && x + wide > right_) {
        x = left_;
        y_ += 18;
      }
      line(x, y_ - 4, x + 28, y_ - 4, css_of(each));
      text(x + 34, y_, each.name, "small");
      x += wide;
    }
  }

  static std::string css_of(const ChartLine& each) {
    return fmt::format("s{} s{}", each.thin ? " thin" : "", each.style % kStyles);
  }

  void up_axis() {
    const Extent extent = y_extent();
    std::vector<Tick> ticks;
    if (chart_.up == Chart::Up::latency) {
      const double low = round_down(std::max(1.0, extent.low));
      const double high = std::max(round_up(extent.high), 10 * low);
      up_ = Scale::logarithmic(low, high, bottom_, top_);
      ticks = latency_ticks(low, high);
    } else {
      ticks = linear_ticks(extent.high > 0 ? extent.high : 1, chart_.unit);
      up_ = Scale::linear(0, ticks.back().value, bottom_, top_);
    }
    rect(left_, right_ - left_, "panel");
    for (const Tick& tick : ticks) {
      line(left_, up_.at(tick.value), right_, up_.at(tick.value), "grid");
      text(left_ - 6, up_.at(tick.value) + 4, tick.label, "small", "end");
    }
  }

  void across_axis() {
    line(left_, bottom_, right_, bottom_, "axis");
    std::vector<Tick> ticks;
    if (chart_.across == Chart::Across::time) {
      ticks = time_ticks(Duration::seconds(across_.high()), narrow_ ? 5 : 12);
    } else {
      constexpr std::string_view kLabels[] = {"0%", "90%", "99%", "99.9%", "99.99%", "99.999%", "99.9999%"};
      for (size_t i = 0; i < std::size(kLabels) && static_cast<double>(i) <= across_.high() + 1e-9; ++i) {
        ticks.push_back({static_cast<double>(i), std::string(kLabels[i])});
      }
    }
    for (const Tick& tick : ticks) {
      line(across_.at(tick.value), bottom_, across_.at(tick.value), bottom_ + 4, "axis");
      text(across_.at(tick.value), bottom_ + 18, tick.label, "small", "middle");
    }
  }

  void marks() {
    for (const ChartMark& mark : chart_.marks) {
      const double from = across_.at(mark.from), to = across_.at(mark.to);
      rect(from, std::max(2.0, to - from), "band");
      text(std::min(from + 2, right_), top_ + 12, mark.label, "small", from > (left_ + right_) / 2 ? "end" : "start");
    }
  }

  void path(const ChartLine& each) {
    std::string d;
    bool drawing = false;
    for (size_t i = 0; i < each.points.size(); ++i) {
      const ChartPoint& point = each.points[i];
      if (point.y) {
        d += fmt::format("{}{} {}", drawing ? "L" : "M", svg_number(across_.at(x_of(point.x))),
                         svg_number(up_.at(*point.y)));
        // A point alone is a line of no length, which round ends make visible.
        if (!drawing && (i + 1 == each.points.size() || !each.points[i + 1].y)) d += "h0";
      }
      drawing = point.y.has_value();
    }
    if (!d.empty()) out_ += fmt::format("<path class=\"{}\" d=\"{}\"/>\n", css_of(each), d);
  }

  /// From the axis up to the line; what lies below is drawn over it.
  void area(const ChartLine& each) {
    if (each.points.empty()) return;
    std::string d = fmt::format("M{} {}", svg_number(across_.at(x_of(each.points.front().x))), svg_number(bottom_));
    for (const ChartPoint& point : each.points) {
      d += fmt::format("L{} {}", svg_number(across_.at(x_of(point.x))), svg_number(up_.at(point.y.value_or(0))));
    }
    d += fmt::format("V{}Z", svg_number(bottom_));
    out_ += fmt::format("<path class=\"t{}\" d=\"{}\"/>\n", each.style % kStyles, d);
  }

  void text(double x, double y, std::string_view words, std::string_view css, std::string_view anchor = "start") {
    out_ += fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", svg_number(x),
                        svg_number(y), css, anchor, escape_xml(words));
  }
  void line(double x1, double y1, double x2, double y2, std::string_view css) {
    out_ += fmt::format("<path class=\"{}\" d=\"M{} {}L{} {}\"/>\n", css, svg_number(x1), svg_number(y1),
                        svg_number(x2), svg_number(y2));
  }
  void rect(double x, double w, std::string_view css) {
    out_ += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n", css, svg_number(x),
                        svg_number(top_), svg_number(w), svg_number(bottom_ - top_));
  }

  const Chart& chart_;
  const std::vector<ChartLine> lines_;
  const bool narrow_;
  const double width_, left_, right_;
  Scale across_, up_;
  double y_ = 0, top_ = 0, bottom_ = 0;
  std::string out_;
};

}  // namespace

std::string chart_html(const Chart& chart) {
  const bool any = std::ranges::any_of(chart.lines, has_value);
  return any ? Drawing(chart, false).draw() + Drawing(chart, true).draw() : "";
}

}  // namespace weir::plot
