#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/exact_math.h"
#include "sim/plot_parts.h"

namespace weir::sim {
namespace {

constexpr size_t kRowsMax = 64;
constexpr size_t kColours = 7;  ///< the first is for none at all

/// The bounds of the classes grow by a factor: one more is much beside two and nothing beside two hundred.
class Classes {
 public:
  explicit Classes(uint32_t most) {
    for (size_t k = 1; k < kColours; ++k) {
      const double share = static_cast<double>(k) / (kColours - 1);
      const auto bound = k + 1 == kColours ? most : static_cast<uint32_t>(exact::pow(most, share));
      if (bounds_.empty() || bounds_.back() < bound) bounds_.push_back(bound);
    }
  }
  /// The last value of each class above none.
  [[nodiscard]] const std::vector<uint32_t>& bounds() const { return bounds_; }
  [[nodiscard]] size_t colour_of_class(size_t index) const {
    return bounds_.size() < 2 ? kColours - 1 : 1 + index * (kColours - 2) / (bounds_.size() - 1);
  }
  [[nodiscard]] size_t colour(uint32_t value) const {
    if (value == 0) return 0;
    const auto found = std::lower_bound(bounds_.begin(), bounds_.end(), value);
    return colour_of_class(static_cast<size_t>(found - bounds_.begin()));
  }

 private:
  std::vector<uint32_t> bounds_;
};

size_t rows_of(const Result& result) {
  size_t rows = 0;
  for (const Slice& slice : result.slices) rows = std::max(rows, slice.in_flight.size());
  return rows;
}

/// Slices put together where there are more than columns; the most of each, because peaks are what one looks for.
std::vector<std::vector<uint32_t>> columns_of(const Result& result, size_t rows, size_t most) {
  const size_t per_column = std::max<size_t>(1, (result.slices.size() + most - 1) / most);
  std::vector<std::vector<uint32_t>> columns;
  for (size_t i = 0; i < result.slices.size(); ++i) {
    if (i % per_column == 0) columns.emplace_back(rows);
    const std::vector<uint32_t>& from = result.slices[i].in_flight;
    for (size_t row = 0; row < from.size(); ++row) columns.back()[row] = std::max(columns.back()[row], from[row]);
  }
  return columns;
}

void draw_cells(Canvas& canvas, const Result& result, const Classes& classes, size_t rows, double row_height) {
  const size_t most = canvas.narrow ? 75 : 150;
  const auto columns = columns_of(result, rows, most);
  const size_t per_column = std::max<size_t>(1, (result.slices.size() + most - 1) / most);
  const double seconds = result.slice.seconds() * static_cast<double>(per_column);
  std::array<std::string, kColours> paths;
  const auto x_of = [&](size_t column) { return canvas.time.at(seconds * static_cast<double>(column)); };
  for (size_t row = 0; row < rows; ++row) {
    for (size_t begin = 0; begin < columns.size();) {
      size_t end = begin + 1;
      const size_t colour = classes.colour(columns[begin][row]);
      while (end < columns.size() && classes.colour(columns[end][row]) == colour) ++end;
      const double x = x_of(begin), w = x_of(end) - x;
      paths[colour] +=
          fmt::format("M{} {}h{}v{}h{}z", svg_number(x), svg_number(canvas.y + row_height * static_cast<double>(row)),
                      svg_number(w), svg_number(row_height), svg_number(-w));
      begin = end;
    }
  }
  for (size_t colour = 0; colour < kColours; ++colour) {
    if (!paths[colour].empty()) canvas.out += fmt::format("<path class=\"h{}\" d=\"{}\"/>\n", colour, paths[colour]);
  }
}

void draw_legend(Canvas& canvas, const Classes& classes) {
  double x = canvas.left;
  const auto entry = [&](size_t colour, const std::string& label) {
    const double wide = 16 + canvas.letter * static_cast<double>(label.size()) + 12;
    if (x + wide > canvas.width) {
      x = canvas.left;
      canvas.y += 17;
    }
    canvas.rect(x, canvas.y, 12, 12, fmt::format("h{} cell", colour));
    canvas.text(x + 16, canvas.y + 10, label, "small");
    x += wide;
  };
  entry(0, "0");
  uint32_t from = 1;
  for (size_t i = 0; i < classes.bounds().size(); ++i) {
    const uint32_t to = classes.bounds()[i];
    entry(classes.colour_of_class(i), from == to ? fmt::format("{}", to) : fmt::format("{}-{}", from, to));
    from = to + 1;
  }
  canvas.y += 20;
}

}  // namespace

void draw_heatmaps(Canvas& canvas, const Report& report) {
  uint32_t most = 0;
  size_t rows_most = 0;
  for (const Run& run : report.runs) {
    rows_most = std::max(rows_most, rows_of(*run.result));
    for (const Slice& slice : run.result->slices) {
      for (const uint32_t each : slice.in_flight) most = std::max(most, each);
    }
  }
  if (rows_most == 0 || rows_most > kRowsMax || most == 0) return;
  const Classes classes(most);
  const std::string tier = report.runs.front().result->tiers.front().name;
  canvas.heading(canvas.narrow
                     ? fmt::format("in flight at each endpoint of {}", tier)
                     : fmt::format("requests in flight at each endpoint of tier {}, at work and waiting", tier));
  draw_legend(canvas, classes);
  for (const Run& run : report.runs) {
    const size_t rows = rows_of(*run.result);
    if (rows == 0) continue;
    const double row_height = std::clamp(160.0 / static_cast<double>(rows), 3.0, 14.0);
    const double height = row_height * static_cast<double>(rows);
    canvas.text(canvas.left, canvas.y + 10, run.result->variant, "small strong");
    canvas.y += 16;
    draw_cells(canvas, *run.result, classes, rows, row_height);
    canvas.text(canvas.left - 6, canvas.y + 9, "0", "small", "end");
    if (rows > 1 && height >= 22)
      canvas.text(canvas.left - 6, canvas.y + height - 1, fmt::format("{}", rows - 1), "small", "end");
    canvas.y += height + 10;
  }
  canvas.time_axis(canvas.y - 6);
  canvas.y += 30;
}

}  // namespace weir::sim
