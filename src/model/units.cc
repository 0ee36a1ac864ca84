#include "model/units.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "model/nearest.h"

namespace weir::model {
namespace {

struct Unit {
  std::string_view name;
  uint64_t scale;
};

// Ascending, so that formatting can look for the largest that divides.
constexpr std::array kDurationUnits{Unit{"ns", 1},
                                    Unit{"us", 1'000},
                                    Unit{"ms", 1'000'000},
                                    Unit{"s", 1'000'000'000},
                                    Unit{"m", 60'000'000'000},
                                    Unit{"h", 3'600'000'000'000},
                                    Unit{"d", 86'400'000'000'000}};
constexpr size_t kFormattedUnits = kDurationUnits.size() - 1;  ///< 24h is how people write a day in timeouts
constexpr std::array kByteUnits{Unit{"B", 1},          Unit{"kB", 1'000},    Unit{"KiB", 1 << 10},
                                Unit{"MB", 1'000'000}, Unit{"MiB", 1 << 20}, Unit{"GB", 1'000'000'000},
                                Unit{"GiB", 1 << 30}};

struct Dimension {
  std::string_view noun;       ///< "a duration"
  std::string_view example;    ///< "a number with a unit, such as 2s or 500ms"
  std::string_view suggested;  ///< the units to propose when there is none
  std::string_view other;
  std::span<const Unit> units;
};

constexpr Dimension kDuration{"a duration", "a number with a unit, such as 2s or 500ms", "s", "ms", kDurationUnits};
constexpr Dimension kBytes{"a size", "a number with a unit, such as 64KiB or 10MiB", "KiB", "MiB", kByteUnits};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const std::string_view digits = text.substr(0, static_cast<size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

Problem unknown_unit(std::string_view unit, const Dimension& dimension) {
  std::vector<std::string_view> names;
  for (const Unit& each : dimension.units) names.push_back(each.name);
  return {fmt::format("unknown unit {}", quote(unit)), fmt::format("one of {}", fmt::join(names, ", ")),
          nearest(unit, names)};
}

/// whole.fraction × scale, exactly; false when it overflows 63 bits or is not a whole number of the smallest unit.
bool scale_exactly(std::string_view whole, std::string_view fraction, uint64_t scale, uint64_t& out) {
  constexpr size_t kDigitsMax = 19;  // 10^19 > 2^63
  if (whole.size() > kDigitsMax || fraction.size() > kDigitsMax) return false;
  __uint128_t mantissa = 0;
  __uint128_t divisor = 1;
  for (const char c : whole) mantissa = mantissa * 10 + static_cast<unsigned>(c - '0');
  if (mantissa > std::numeric_limits<int64_t>::max()) return false;
  while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
  constexpr size_t kFractionMax = 12;  // finer than any unit's smallest part; keeps the product within 128 bits
  if (fraction.size() > kFractionMax) return false;
  for (const char c : fraction) {
    mantissa = mantissa * 10 + static_cast<unsigned>(c - '0');
    divisor *= 10;
  }
  const __uint128_t limit = static_cast<__uint128_t>(std::numeric_limits<int64_t>::max()) * divisor;
  if (mantissa > limit / scale) return false;
  const __uint128_t product = mantissa * scale;
  if (product % divisor != 0) return false;
  out = static_cast<uint64_t>(product / divisor);
  return true;
}

Result<uint64_t, Problem> parse(std::string_view text, const Dimension& dimension) {
  std::string_view rest = text;
  const bool negative = !rest.empty() && rest.front() == '-';
  if (negative) rest.remove_prefix(1);
  const std::string_view whole = take_digits(rest);
  std::string_view fraction;
  if (!whole.empty() && rest.size() > 1 && rest[0] == '.' && is_digit(rest[1])) {
    rest.remove_prefix(1);
    fraction = take_digits(rest);
  }
  if (whole.empty()) {
    return fail(Problem{fmt::format("{} is not {}", quote(text), dimension.noun), std::string(dimension.example)});
  }
  if (negative) {
    return fail(Problem{fmt::format("{} is negative", quote(text)), std::string(dimension.example)});
  }
  const bool zero = std::all_of(whole.begin(), whole.end(), [](char c) { return c == '0'; }) && fraction.empty();
  if (rest.empty() && zero) return uint64_t{0};
  if (rest.empty()) {
    const std::string number = quote(text).substr(1, quote(text).size() - 2);
    return fail(Problem{fmt::format("{0} needs a unit: {1}{2} or {1}{3}?", dimension.noun, number, dimension.suggested,
                                    dimension.other)});
  }
  const auto unit =
      std::find_if(dimension.units.begin(), dimension.units.end(), [&](const Unit& each) { return each.name == rest; });
  if (unit == dimension.units.end()) return fail(unknown_unit(rest, dimension));
  uint64_t value = 0;
  if (!scale_exactly(whole, fraction, unit->scale, value)) {
    return fail(
        Problem{fmt::format("{} is too large or too fine to count in {}", quote(text), dimension.units.front().name)});
  }
  return value;
}

}  // namespace

Result<Duration, Problem> parse_duration(std::string_view text) {
  const auto ns = parse(text, kDuration);
  if (!ns) return fail(ns.error());
  return Duration::ns(static_cast<int64_t>(*ns));
}

Result<uint64_t, Problem> parse_bytes(std::string_view text) { return parse(text, kBytes); }

std::string format_duration(Duration duration) {
  const int64_t ns = duration.ns();
  if (ns == 0) return "0s";
  for (size_t i = kFormattedUnits; i-- > 1;) {
    const auto scale = static_cast<int64_t>(kDurationUnits[i].scale);
    const std::string_view name = kDurationUnits[i].name;
    if (ns % scale == 0) return fmt::format("{}{}", ns / scale, name);
    // 1.5s reads well; 1.5h less so, and 1000000.001us not at all.
    const bool decimal = scale == 1'000'000'000 || (scale < 1'000'000'000 && ns / scale < 1000);
    const int64_t thousandth = std::max<int64_t>(1, scale / 1000);
    if (!decimal || ns < scale || ns % thousandth != 0) continue;
    std::string text = fmt::format("{}.{:03}", ns / scale, ns % scale / thousandth);
    text.erase(text.find_last_not_of('0') + 1);
    return text + std::string(name);
  }
  return fmt::format("{}ns", ns);
}

std::string format_bytes(uint64_t bytes) {
  if (bytes == 0) return "0B";
  for (const Unit& unit : {Unit{"GiB", 1 << 30}, Unit{"MiB", 1 << 20}, Unit{"KiB", 1 << 10}}) {
    if (bytes % unit.scale == 0) return fmt::format("{}{}", bytes / unit.scale, unit.name);
  }
  return fmt::format("{}B", bytes);
}

std::string quote(std::string_view text) {
  constexpr size_t kShown = 60;
  std::string out = "\"";
  for (const char c : text.substr(0, kShown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  if (text.size() > kShown) out += "...";
  return out + "\"";
}

}  // namespace weir::model
