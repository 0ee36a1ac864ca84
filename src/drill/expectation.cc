#include "drill/expectation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "model/nearest.h"

namespace weir::drill {

namespace {

constexpr size_t kTextBytesMax = 256;
constexpr double kNumberMax = 1e9;

using model::Problem;

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const size_t dot = text.find('.');
    words.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return words;
    text.remove_prefix(dot + 1);
  }
}

Result<Figure, Problem> parse_figure(std::string_view word, size_t first, size_t last) {
  const auto begin = kFigureNames.begin() + static_cast<ptrdiff_t>(first);
  const auto end = kFigureNames.begin() + static_cast<ptrdiff_t>(last);
  const auto found = std::find(begin, end, word);
  if (found != end) return static_cast<Figure>(found - kFigureNames.begin());
  return fail(Problem{fmt::format("unknown figure {}", model::quote(word)),
                      fmt::format("one of {}", fmt::join(begin, end, ", ")),
                      model::nearest(word, std::span(begin, end))});
}

/// "with.during.errors", "with.eject"
Result<Term, Problem> parse_term(std::string_view text) {
  const auto words = words_of(text);
  if (words.size() < 2 || words.size() > 3 || words[0].empty()) {
    return fail(Problem{fmt::format("{} names no figure", model::quote(text)),
                        "ARM.PHASE.FIGURE or ARM.EVENT, as in with.during.errors or with.eject"});
  }
  Term term{.arm = std::string(words[0])};
  if (words.size() == 2) {
    const auto event = parse_figure(words[1], kFirstEvent, kFigureNames.size());
    if (!event) return fail(event.error());
    term.figure = *event;
    return term;
  }
  const auto phase = std::find(kPhaseNames.begin(), kPhaseNames.end(), words[1]);
  if (phase == kPhaseNames.end()) {
    return fail(Problem{fmt::format("unknown phase {}", model::quote(words[1])),
                        fmt::format("one of {}", fmt::join(kPhaseNames, ", ")), model::nearest(words[1], kPhaseNames)});
  }
  term.phase = static_cast<Phase>(phase - kPhaseNames.begin());
  const auto figure = parse_figure(words[2], 0, kFirstEvent);
  if (!figure) return fail(figure.error());
  term.figure = *figure;
  return term;
}

/// Digits with at most one point; what follows stays in `text`.
std::optional<double> take_number(std::string_view& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !(number >= 0) || number > kNumberMax) return std::nullopt;
  text = trim(text.substr(static_cast<size_t>(end - text.data())));
  return number;
}

std::string form_of(Unit unit) {
  switch (unit) {
    case Unit::percent: return "a percentage such as 0.5%";
    case Unit::milliseconds: return "a duration such as 100ms or 3s";
    case Unit::number: break;
  }
  return "a number such as 1.5";
}

/// The right side, when it is a value: in the unit of `figure`.
Result<double, Problem> parse_amount(Figure figure, double number, std::string_view suffix, std::string_view text) {
  const Unit unit = unit_of(figure);
  if (unit == Unit::percent && suffix == "%") return number;
  if (unit == Unit::milliseconds && suffix == "ms") return number;
  if (unit == Unit::milliseconds && suffix == "s") return number * 1e3;
  if (unit == Unit::number && suffix.empty()) return number;
  return fail(
      Problem{fmt::format("{} is no value of {}", model::quote(text), kFigureNames[static_cast<size_t>(figure)]),
              form_of(unit)});
}

struct Sides {
  std::string_view left, right;
  bool less = true;
};

Result<Sides, Problem> sides_of(std::string_view text) {
  const size_t sign = text.find_first_of("<>");
  if (text.size() > kTextBytesMax || sign == std::string_view::npos) {
    return fail(Problem{"compares nothing", "a figure, < or >, and a value, as in p99 < 100ms"});
  }
  return Sides{trim(text.substr(0, sign)), trim(text.substr(sign + 1)), text[sign] == '<'};
}

/// Nothing but an error when it is right.
std::optional<Problem> parse_right(std::string_view text, Expectation& out) {
  std::string_view rest = text;
  const auto number = take_number(rest);
  const bool times = number && rest.starts_with('*');
  if (number && !times) {
    const auto amount = parse_amount(out.left.figure, *number, rest, text);
    if (!amount) return amount.error();
    out.factor = *amount;
    return std::nullopt;
  }
  if (out.left.arm.empty()) {
    return Problem{fmt::format("{} is no value", model::quote(text)), form_of(unit_of(out.left.figure))};
  }
  auto term = parse_term(times ? trim(rest.substr(1)) : rest);
  if (!term) return term.error();
  if (unit_of(term->figure) != unit_of(out.left.figure)) {
    return Problem{fmt::format("{} cannot be compared with {}", kFigureNames[static_cast<size_t>(out.left.figure)],
                               kFigureNames[static_cast<size_t>(term->figure)]),
                   "figures of one unit"};
  }
  out.factor = times ? *number : 1;
  out.right = std::move(*term);
  return std::nullopt;
}

}  // namespace

Unit unit_of(Figure figure) {
  switch (figure) {
    case Figure::errors:
    case Figure::share:
    case Figure::moved:
    case Figure::keys_moved: return Unit::percent;
    case Figure::p50:
    case Figure::p90:
    case Figure::p99:
    case Figure::max:
    case Figure::detect:
    case Figure::eject:
    case Figure::recover: return Unit::milliseconds;
    default: return Unit::number;
  }
}

std::string format_figure(Figure figure, double value) {
  if (std::isinf(value)) return "never";
  switch (unit_of(figure)) {
    case Unit::percent: return fmt::format("{:.{}f} %", value, value < 10 ? 2 : 1);
    case Unit::milliseconds:
      if (value >= 10'000) return fmt::format("{:.1f} s", value / 1e3);
      return fmt::format("{:.{}f} ms", value, value < 10 ? 1 : 0);
    case Unit::number: break;
  }
  return fmt::format("{:.{}f}", value, value < 10 ? 2 : 0);
}

std::string Term::text() const {
  constexpr std::array<std::string_view, 3> kWhen{" before the fault", " during the fault", " after the fault"};
  constexpr std::array<std::string_view, 4> kEvents{"time to detect", "time to eject", "time to recover",
                                                    "keys that moved"};
  const auto index = static_cast<size_t>(figure);
  const std::string prefix = arm.empty() ? "" : arm + ": ";
  if (index >= kFirstEvent) return prefix + std::string(kEvents[index - kFirstEvent]);
  return fmt::format("{}{}{}", prefix, kFigureNames[index], kWhen[static_cast<size_t>(phase)]);
}

Result<Expectation, Problem> parse_hypothesis(std::string_view text) {
  const auto sides = sides_of(text);
  if (!sides) return fail(sides.error());
  Expectation out{
      .text = std::string(trim(text)), .left = {.arm = {}, .phase = Phase::before}, .less = sides->less, .right = {}};
  const auto figure = parse_figure(sides->left, 0, kFirstEvent);
  if (!figure) return fail(figure.error());
  out.left.figure = *figure;
  if (auto problem = parse_right(sides->right, out)) return fail(*problem);
  return out;
}

Result<Expectation, Problem> parse_expectation(std::string_view text) {
  const auto sides = sides_of(text);
  if (!sides) return fail(sides.error());
  Expectation out{.text = std::string(trim(text)), .left = {}, .less = sides->less, .right = {}};
  auto left = parse_term(sides->left);
  if (!left) return fail(left.error());
  out.left = std::move(*left);
  if (auto problem = parse_right(sides->right, out)) return fail(*problem);
  return out;
}

Finding examine(const Expectation& expectation, const Lookup& lookup) {
  const Figure figure = expectation.left.figure;
  const auto is = lookup(expectation.left);
  std::optional<double> bound = expectation.factor;
  std::string against;
  if (expectation.right) {
    const auto other = lookup(*expectation.right);
    bound = other ? std::optional(*other * expectation.factor) : std::nullopt;
    against = fmt::format(" ({})", expectation.text.substr(expectation.text.find_first_of("<>") + 2));
  }
  const char* sign = expectation.less ? "<" : ">";
  const std::string expected = bound ? format_figure(figure, *bound) : "something that was not measured";
  const bool holds = is && bound && (expectation.less ? *is < *bound : *is > *bound);
  return {holds, fmt::format("{}: {}, expected {} {}{}", expectation.left.text(),
                             is ? format_figure(figure, *is) : "not measured", sign, expected, against)};
}

}  // namespace weir::drill
