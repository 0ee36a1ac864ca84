#include "model/path_pattern.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "model/units.h"

namespace weir::model {
namespace {

using Parsed = Result<ParsedPath, std::string>;

constexpr size_t kNameMax = 32;

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !text.empty() && text.size() <= kNameMax && letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

bool is_dot_segment(std::string_view segment) {
  std::string plain;
  for (size_t i = 0; i < segment.size();) {
    const std::string_view three = segment.substr(i, 3);
    const bool dot = three == "%2e" || three == "%2E";
    plain += dot ? '.' : segment[i];
    i += dot ? 3 : 1;
  }
  return plain == "." || plain == "..";
}

bool is_encoded_slash(std::string_view segment) {
  for (const std::string_view each : {"%2f", "%2F", "%5c", "%5C", "\\"}) {
    if (segment.find(each) != std::string_view::npos) return true;
  }
  return false;
}

/// What is wrong with a literal segment; empty: nothing.
std::string fault_of(std::string_view segment, bool whole) {
  if (!std::all_of(segment.begin(), segment.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
    return "has a blank, or a byte that a path must have encoded (as in %20)";
  }
  if (segment.find_first_of("?#") != std::string_view::npos) return "has a query; match.query looks at that";
  if (segment.find('*') != std::string_view::npos) return "has a * within a segment: it stands for whole ones";
  if (segment.find_first_of("{}") != std::string_view::npos) return "has a brace within a segment";
  if (whole && is_dot_segment(segment)) return "has a dot segment, and requests with one are refused";
  if (is_encoded_slash(segment)) return "has an encoded slash, and servers disagree about what that means";
  return {};
}

/// "{id}" or "{rest*}".
struct Braces {
  std::string_view name;
  bool rest = false;
};

bool in_braces(std::string_view segment, Braces& out) {
  if (segment.size() < 2 || segment.front() != '{' || segment.back() != '}') return false;
  out.name = segment.substr(1, segment.size() - 2);
  out.rest = out.name.ends_with('*');
  if (out.rest) out.name.remove_suffix(1);
  return true;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Parsed parse() {
    if (!text_.starts_with('/')) return fail(std::string("does not begin with /"));
    for (size_t at = 1; fault_.empty();) {
      const size_t end = text_.find('/', at);
      const bool last = end == std::string_view::npos;
      take(text_.substr(at, last ? end : end - at), last);
      if (last) break;
      at = end + 1;
    }
    if (fault_.empty() && made_.segments.size() > kPathSegmentsMax) {
      fault_ = fmt::format("has more than {} segments", kPathSegmentsMax);
    }
    if (!fault_.empty()) return fail(fault_);
    return made_;
  }

 private:
  void take(std::string_view segment, bool last) {
    Braces braces;
    if (in_braces(segment, braces)) return take_name(braces, last);
    if (segment == "*") {
      if (last) {
        made_.tail = ParsedPath::Tail::rest;
      } else {
        made_.segments.push_back({true, {}});
      }
      return;
    }
    const bool partial = last && segment.ends_with('*');
    if (partial) segment.remove_suffix(1);
    fault_ = fault_of(segment, !partial);
    if (fault_.empty() && segment.empty() && !last)
      fault_ = "has two slashes in a row, which requests are seen without";
    if (partial) {
      made_.tail = ParsedPath::Tail::partial;
      made_.tail_text = segment;
    } else {
      made_.segments.push_back({false, std::string(segment)});
    }
  }

  void take_name(const Braces& braces, bool last) {
    const auto names = made_.names();
    if (!is_name(braces.name)) {
      fault_ =
          fmt::format("has no valid name in {{{}}}: up to {} lower-case letters, digits and _", braces.name, kNameMax);
    } else if (std::find(names.begin(), names.end(), braces.name) != names.end()) {
      fault_ = fmt::format("has two segments of the name {}", braces.name);
    } else if (std::find(std::begin(kReservedNames), std::end(kReservedNames), braces.name) !=
               std::end(kReservedNames)) {
      fault_ = fmt::format("has a segment of the name {}, which means something else", braces.name);
    } else if (!braces.rest) {
      made_.segments.push_back({true, std::string(braces.name)});
    } else if (last) {
      made_.tail = ParsedPath::Tail::rest;
      made_.tail_text = braces.name;
    } else {
      fault_ = fmt::format("goes on after {{{}*}}, which takes all that follows", braces.name);
    }
  }

  std::string_view text_;
  ParsedPath made_;
  std::string fault_;
};

}  // namespace

RouteConfig::PathKind ParsedPath::kind() const {
  const bool any = std::any_of(segments.begin(), segments.end(), [](const PathSegment& each) { return each.any; });
  if (any || (tail == Tail::rest && !tail_text.empty())) return RouteConfig::PathKind::pattern;
  return tail == Tail::none ? RouteConfig::PathKind::exact : RouteConfig::PathKind::prefix;
}

std::vector<std::string_view> ParsedPath::names() const {
  std::vector<std::string_view> names;
  for (const PathSegment& each : segments) {
    if (each.any && !each.text.empty()) names.push_back(each.text);
  }
  if (tail == Tail::rest && !tail_text.empty()) names.push_back(tail_text);
  return names;
}

Parsed parse_path(std::string_view text) { return Parser(text).parse(); }

std::string written_path(const RouteConfig& route) {
  return route.path_kind == RouteConfig::PathKind::prefix ? route.path + "*" : route.path;
}

ParsedPath parsed_path(const RouteConfig& route) {
  auto parsed = parse_path(written_path(route));
  CHECK(parsed.has_value());
  return std::move(*parsed);
}

bool covers(const ParsedPath& earlier, const ParsedPath& later) {
  using Tail = ParsedPath::Tail;
  const size_t common = earlier.segments.size();
  if (later.segments.size() < common) return false;
  for (size_t i = 0; i < common; ++i) {
    const PathSegment& its = earlier.segments[i];
    const PathSegment& other = later.segments[i];
    if (its.any ? !other.any && other.text.empty() : other.any || its.text != other.text) return false;
  }
  const bool longer = later.segments.size() > common;
  if (earlier.tail == Tail::none) return !longer && later.tail == Tail::none;
  if (earlier.tail == Tail::rest) return longer || later.tail != Tail::none;
  if (longer) return !later.segments[common].any && later.segments[common].text.starts_with(earlier.tail_text);
  return later.tail == Tail::partial && later.tail_text.starts_with(earlier.tail_text);
}

std::string route_label(const RouteConfig& route) {
  return route.name.empty() ? route.host + written_path(route) : route.name;
}

}  // namespace weir::model
