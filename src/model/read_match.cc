// What a route asks of method, header fields, cookies and query.
#include <algorithm>

#include <fmt/format.h>

#include "model/reading.h"

namespace weir::model {
namespace {

constexpr size_t kMatchesMax = 16;
constexpr size_t kTextMax = 1024;

bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void add_method(Reading& reading, const YamlNode& at, const std::string& path, std::vector<std::string>& methods) {
  constexpr std::string_view kExpected = "a method such as GET";
  if (at.kind != YamlNode::Kind::scalar || !is_token(at.text) || at.text.size() > kTextMax) {
    reading.mistake(at, path, {"is no method", std::string(kExpected)});
  } else if (std::any_of(at.text.begin(), at.text.end(), [](char c) { return c >= 'a' && c <= 'z'; })) {
    reading.mistake(
        at, path,
        {fmt::format("{} matches nothing: methods are case-sensitive", quote(at.text)), std::string(kExpected)});
  } else {
    methods.push_back(at.text);
  }
}

/// "v", "v*", present, absent.
Result<FieldMatch, Problem> parse_match(std::string_view text) {
  FieldMatch made;
  if (text == "present" || text == "absent") {
    made.kind = text == "present" ? FieldMatch::Kind::present : FieldMatch::Kind::absent;
    return made;
  }
  if (text == "*") return fail(Problem{"\"*\" is not valid", "present"});
  if (text.ends_with('*')) {
    made.kind = FieldMatch::Kind::prefix;
    text.remove_suffix(1);
  }
  made.value = text;
  return made;
}

std::optional<FieldMatch> read_match(Reading& reading, const Entry& entry) {
  constexpr std::string_view kExpected = "a value, a beginning such as v1*, present, absent, or {exact: VALUE}";
  const YamlNode& node = entry.value;
  const bool literal = node.kind == YamlNode::Kind::map && node.keys.size() == 1 && node.keys[0].text == "exact" &&
                       node.values[0].kind == YamlNode::Kind::scalar;
  if (!literal && node.kind != YamlNode::Kind::scalar) {
    reading.mistake(entry.place(), entry.path, {"is not valid", std::string(kExpected)});
    return std::nullopt;
  }
  const std::string& text = literal ? node.values[0].text : node.text;
  if (text.size() > kTextMax || !is_printable(text)) {
    reading.mistake(node, entry.path,
                    {"is not valid", fmt::format("at most {} bytes without control characters", kTextMax)});
    return std::nullopt;
  }
  if (literal) return FieldMatch{{}, FieldMatch::Kind::exact, text};
  auto parsed = parse_match(text);
  if (parsed) return std::move(*parsed);
  reading.mistake(node, entry.path, parsed.error());
  return std::nullopt;
}

/// What is wrong with a name; empty: nothing.
std::string fault_of_name(MatchOf of, std::string_view name) {
  if (of == MatchOf::query) {
    const bool good = !name.empty() && name.size() <= kTextMax && is_printable(name) &&
                      name.find_first_of("&=# ") == std::string_view::npos;
    return good ? "" : "is no name of a parameter";
  }
  if (!is_token(name) || name.size() > kTextMax)
    return of == MatchOf::header ? "is no name of a field" : "is no name of a cookie";
  if (of == MatchOf::header && lower_case(name) == "host") return "is what match.host looks at";
  if (of == MatchOf::header && lower_case(name) == "cookie") return "is what match.cookie looks at";
  return {};
}

}  // namespace

void read_methods(Reading& reading, const Entry& entry, std::vector<std::string>& methods) {
  if (entry.value.kind != YamlNode::Kind::list) return add_method(reading, entry.place(), entry.path, methods);
  const auto& items = entry.value.values;
  if (items.empty() || items.size() > kMatchesMax) {
    return reading.mistake(entry.place(), entry.path,
                           {fmt::format("has {} methods", items.size()), fmt::format("1 to {}", kMatchesMax)});
  }
  for (size_t i = 0; i < items.size(); ++i) add_method(reading, items[i], join(entry.path, i), methods);
}

void read_matches(Reading& reading, const SettingInfo& setting, const Entry& entry, MatchOf of,
                  std::vector<FieldMatch>& matches) {
  if (!reading.expect_map(entry.place(), entry.value, entry.path, setting.shape.form)) return;
  const auto& names = entry.value.keys;
  if (names.empty() || names.size() > kMatchesMax) {
    return reading.mistake(entry.place(), entry.path,
                           {fmt::format("has {} names", names.size()), fmt::format("1 to {}", kMatchesMax)});
  }
  std::map<std::string, uint32_t> seen;
  for (size_t i = 0; i < names.size(); ++i) {
    const Entry each{names[i], entry.value.values[i], join(entry.path, names[i].text)};
    if (!reading.expect_new_key(each.key, each.path, seen)) continue;
    if (std::string fault = fault_of_name(of, each.key.text); !fault.empty()) {
      reading.mistake(each.key, each.path, {fmt::format("{} {}", quote(each.key.text), fault)});
      continue;
    }
    auto match = read_match(reading, each);
    if (!match) continue;
    match->name = of == MatchOf::header ? lower_case(each.key.text) : each.key.text;
    matches.push_back(std::move(*match));
  }
}

}  // namespace weir::model
