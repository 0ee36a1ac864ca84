#include "model/value.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "model/address.h"
#include "model/nearest.h"
#include "model/path_pattern.h"

namespace weir::model {
namespace {

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_name_byte(char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

Problem not_valid(const Shape& shape, std::string_view text) {
  return {fmt::format("{} is not valid", quote(text)), describe(shape)};
}

Problem out_of_range(const Shape& shape, std::string_view text) {
  return {fmt::format("{} is out of range", text), describe(shape)};
}

Result<Value, Problem> in_range(const Shape& shape, std::string_view text, uint64_t number, Value value) {
  const bool zero_by_word = number == 0 && !shape.zero_word.empty();
  if (!zero_by_word && (number < shape.min || number > shape.max)) return fail(out_of_range(shape, text));
  return value;
}

Result<Value, Problem> parse_boolean(const Shape& shape, std::string_view text) {
  for (const std::string_view word : {"true", "on", "yes"}) {
    if (text == word) return Value{true};
  }
  for (const std::string_view word : {"false", "off", "no"}) {
    if (text == word) return Value{false};
  }
  return fail(not_valid(shape, text));
}

Result<Value, Problem> parse_number(const Shape& shape, std::string_view text) {
  std::string_view digits = text;
  if (shape.type == Type::percent && digits.ends_with('%')) digits.remove_suffix(1);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool all = end == digits.data() + digits.size();
  if (error == std::errc::result_out_of_range && all) return fail(Problem{out_of_range(shape, quote(text))});
  if (error != std::errc{} || !all) {
    return fail(
        Problem{fmt::format("{} is not a whole {}", quote(text), shape.type == Type::percent ? "percentage" : "number"),
                describe(shape)});
  }
  return in_range(shape, text, number, Value{number});
}

Result<Value, Problem> parse_choice(const Shape& shape, std::string_view name, std::string_view text) {
  const auto found = std::find(shape.choices.begin(), shape.choices.end(), text);
  if (found != shape.choices.end()) return Value{static_cast<uint64_t>(found - shape.choices.begin())};
  return fail(Problem{fmt::format("unknown {} {}", name, quote(text)), describe(shape), nearest(text, shape.choices)});
}

Result<Value, Problem> parse_string(const Shape& shape, std::string_view text) {
  if (text.size() < shape.min || text.size() > shape.max) {
    return fail(Problem{fmt::format("{} has {} bytes", quote(text), text.size()), describe(shape)});
  }
  bool good = std::none_of(text.begin(), text.end(), is_control);
  if (shape.type == Type::name) good = std::all_of(text.begin(), text.end(), is_name_byte);
  if (shape.type == Type::host) {
    good = std::all_of(text.begin(), text.end(),
                       [](char c) { return is_name_byte(c) || c == ':' || c == '[' || c == ']'; });
  }
  if (shape.type == Type::target) {
    good = text.starts_with('/') && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  }
  if (!good) return fail(not_valid(shape, text));
  return Value{shape.type == Type::host ? lower(text) : std::string(text)};
}

Result<Value, Problem> parse_path_pattern(const Shape& shape, std::string_view text) {
  if (text.size() > shape.max) return fail(not_valid(shape, text));
  const auto parsed = parse_path(text);
  if (!parsed) return fail(Problem{fmt::format("{} {}", quote(text), parsed.error()), describe(shape)});
  const RouteConfig::PathKind kind = parsed->kind();
  if (kind == RouteConfig::PathKind::prefix) text.remove_suffix(1);
  return Value{PathPattern{std::string(text), kind}};
}

/// A port is no part of what is compared, so a host with one would match nothing.
Result<Value, Problem> parse_host_pattern(const Shape& shape, std::string_view text) {
  const std::string_view name = text.starts_with("*.") ? text.substr(2) : text;
  const bool literal = name.starts_with('[') && name.find(']') == name.size() - 1;
  const bool good = !name.empty() && text.size() <= shape.max && !name.ends_with('.') && !name.starts_with('.') &&
                    (literal || std::all_of(name.begin(), name.end(), is_name_byte));
  if (!good) return fail(not_valid(shape, text));
  return Value{lower(text)};
}

Result<Value, Problem> parse_status_range(const Shape& shape, std::string_view text) {
  const auto status = [](std::string_view digits, uint16_t& out) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return error == std::errc{} && end == digits.data() + digits.size() && out >= 100 && out <= 599;
  };
  const size_t dash = text.find('-');
  StatusRange range;
  const bool good = status(text.substr(0, dash), range.min) &&
                    status(dash == std::string_view::npos ? text : text.substr(dash + 1), range.max) &&
                    range.min <= range.max;
  if (!good) return fail(not_valid(shape, text));
  return Value{range};
}

/// NAME of "header:NAME", when that is what the text says and NAME is a token; empty otherwise.
std::string_view named(const Shape& shape, std::string_view text, std::string_view kind) {
  if (!text.starts_with(kind) || text.size() > shape.max) return {};
  const std::string_view name = text.substr(kind.size());
  return is_token(name) ? name : std::string_view();
}

Result<Value, Problem> parse_hash_key(const Shape& shape, std::string_view text) {
  if (text == "client_ip") return Value{HashKey{HashOn::client_ip, {}}};
  if (text == "path") return Value{HashKey{HashOn::path, {}}};
  if (const auto name = named(shape, text, "header:"); !name.empty())
    return Value{HashKey{HashOn::header, lower(name)}};
  if (const auto name = named(shape, text, "cookie:"); !name.empty()) {
    return Value{HashKey{HashOn::cookie, std::string(name)}};
  }
  constexpr std::string_view kWords[] = {"client_ip", "path"};
  return fail(Problem{fmt::format("{} is not valid", quote(text)), describe(shape), nearest(text, kWords)});
}

std::string format_hash_key(const HashKey& key) {
  switch (key.on) {
    case HashOn::client_ip: return "client_ip";
    case HashOn::path: return "path";
    case HashOn::header: return yaml_scalar("header:" + key.name);
    case HashOn::cookie: return yaml_scalar("cookie:" + key.name);
  }
  return {};
}

Result<Value, Problem> parse_sticky_key(const Shape& shape, std::string_view text) {
  using On = StickyKey::On;
  if (text == "client_ip") return Value{StickyKey{On::client_ip, {}}};
  if (const auto name = named(shape, text, "header:"); !name.empty()) return Value{StickyKey{On::header, lower(name)}};
  if (const auto name = named(shape, text, "cookie:"); !name.empty()) {
    return Value{StickyKey{On::cookie, std::string(name)}};
  }
  if (const auto name = named(shape, text, "query:"); !name.empty()) {
    return Value{StickyKey{On::query, std::string(name)}};
  }
  constexpr std::string_view kWords[] = {"client_ip"};
  return fail(Problem{fmt::format("{} is not valid", quote(text)), describe(shape), nearest(text, kWords)});
}

std::string format_sticky_key(const StickyKey& key, std::string_view none) {
  switch (key.on) {
    case StickyKey::On::none: return std::string(none);
    case StickyKey::On::client_ip: return "client_ip";
    case StickyKey::On::header: return yaml_scalar("header:" + key.name);
    case StickyKey::On::cookie: return yaml_scalar("cookie:" + key.name);
    case StickyKey::On::query: return yaml_scalar("query:" + key.name);
  }
  return {};
}

std::string range_of(const Shape& shape) {
  const auto written = [&](uint64_t number) {
    if (shape.type == Type::duration) return format_duration(Duration::ns(static_cast<int64_t>(number)));
    if (shape.type == Type::bytes) return format_bytes(number);
    return fmt::format("{}{}", number, shape.type == Type::percent ? "%" : "");
  };
  return fmt::format("from {} to {}", written(shape.min), written(shape.max));
}

std::string describe_without_word(const Shape& shape) {
  switch (shape.type) {
    case Type::boolean: return "true or false";
    case Type::count: return "a whole number " + range_of(shape);
    case Type::percent: return "a percentage " + range_of(shape);
    case Type::bytes: return "a size " + range_of(shape);
    case Type::duration: return "a duration " + range_of(shape);
    case Type::choice:
      return fmt::format("{}{}", shape.choices.size() > 1 ? "one of " : "", fmt::join(shape.choices, ", "));
    case Type::text: return fmt::format("{} to {} bytes without control characters", shape.min, shape.max);
    case Type::name: return fmt::format("{} to {} letters, digits, or any of - _ .", shape.min, shape.max);
    case Type::host: return "a host name such as example.org";
    case Type::target: return "a path such as /healthz";
    case Type::address: return "an address such as 127.0.0.1:8080 or [::1]:8080";
    case Type::endpoint: return "an address such as 10.0.0.1:3000 or [::1]:3000, or a name such as app.internal:3000";
    case Type::host_pattern: return "a host name such as example.org, or *.example.org for all below it";
    case Type::path_pattern:
      return "a path such as /about, a prefix such as /api/*, or a pattern such as /users/{id}/posts";
    case Type::status_range: return "a status such as 204, or a range such as 200-299";
    case Type::hash_key: return "client_ip, path, header:NAME or cookie:NAME";
    case Type::sticky_key: return "client_ip, header:NAME, cookie:NAME or query:NAME";
    case Type::structure: return std::string(shape.form);
    case Type::later: return "not supported yet";
  }
  return {};
}

}  // namespace

std::string describe(const Shape& shape) {
  const std::string base = describe_without_word(shape);
  return shape.zero_word.empty() ? base : fmt::format("{}, or {}", base, shape.zero_word);
}

Result<Value, Problem> parse_value(const Shape& shape, std::string_view name, std::string_view text) {
  if (!shape.zero_word.empty() && text == shape.zero_word) {
    if (shape.type == Type::address || shape.type == Type::endpoint) return Value{std::optional<Address>{}};
    const bool text_like = shape.type == Type::host || shape.type == Type::host_pattern || shape.type == Type::target ||
                           shape.type == Type::text;
    if (text_like) return Value{std::string{}};
    if (shape.type == Type::sticky_key) return Value{StickyKey{}};
    return shape.type == Type::duration ? Value{Duration{}} : Value{uint64_t{0}};
  }
  switch (shape.type) {
    case Type::boolean: return parse_boolean(shape, text);
    case Type::count:
    case Type::percent: return parse_number(shape, text);
    case Type::bytes: {
      const auto bytes = parse_bytes(text);
      if (!bytes) return fail(bytes.error());
      return in_range(shape, text, *bytes, Value{*bytes});
    }
    case Type::duration: {
      const auto duration = parse_duration(text);
      if (!duration) return fail(duration.error());
      return in_range(shape, text, static_cast<uint64_t>(duration->ns()), Value{*duration});
    }
    case Type::choice: return parse_choice(shape, name, text);
    case Type::text:
    case Type::name:
    case Type::host:
    case Type::target: return parse_string(shape, text);
    case Type::address: {
      const auto address = parse_address(text, static_cast<uint16_t>(shape.min));
      if (!address) return fail(address.error());
      return Value{std::optional<Address>{*address}};
    }
    case Type::endpoint: {
      const auto address = parse_endpoint_address(text);
      if (!address) return fail(address.error());
      return Value{std::optional<Address>{*address}};
    }
    case Type::host_pattern: return parse_host_pattern(shape, text);
    case Type::path_pattern: return parse_path_pattern(shape, text);
    case Type::status_range: return parse_status_range(shape, text);
    case Type::hash_key: return parse_hash_key(shape, text);
    case Type::sticky_key: return parse_sticky_key(shape, text);
    case Type::structure:
    case Type::later: break;  // the reader handles these before it comes here
  }
  return fail(not_valid(shape, text));
}

bool is_token(std::string_view text) {
  static constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) || kOther.find(c) != std::string_view::npos;
  });
}

std::string lower_case(std::string_view text) { return lower(text); }

std::string yaml_scalar(std::string_view text) {
  const auto plain_byte = [](char c) { return is_name_byte(c) || c == '/' || c == ':' || c == '%'; };
  const bool null_like = text == "null" || text == "Null" || text == "NULL";
  const bool plain = !text.empty() && !null_like && (is_alphanumeric(text.front()) || text.front() == '/') &&
                     text.back() != ':' && std::all_of(text.begin(), text.end(), plain_byte);
  if (plain) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string format_value(const Shape& shape, const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<uint64_t>(&value)) {
    if (shape.type == Type::choice) return std::string(shape.choices[*number]);
    if (*number == 0 && !shape.zero_word.empty()) return std::string(shape.zero_word);
    if (shape.type == Type::bytes) return format_bytes(*number);
    return fmt::format("{}{}", *number, shape.type == Type::percent ? "%" : "");
  }
  if (const auto* duration = std::get_if<Duration>(&value)) {
    const bool as_word = duration->ns() == 0 && !shape.zero_word.empty();
    return as_word ? std::string(shape.zero_word) : format_duration(*duration);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return text->empty() && !shape.zero_word.empty() ? std::string(shape.zero_word) : yaml_scalar(*text);
  }
  if (const auto* address = std::get_if<std::optional<Address>>(&value)) {
    return address->has_value() ? yaml_scalar((*address)->text()) : std::string(shape.zero_word);
  }
  if (const auto* range = std::get_if<StatusRange>(&value)) {
    return range->min == range->max ? fmt::format("{}", range->min) : fmt::format("{}-{}", range->min, range->max);
  }
  if (const auto* key = std::get_if<HashKey>(&value)) return format_hash_key(*key);
  if (const auto* key = std::get_if<StickyKey>(&value)) return format_sticky_key(*key, shape.zero_word);
  const auto& pattern = std::get<PathPattern>(value);
  return yaml_scalar(pattern.path + (pattern.kind == RouteConfig::PathKind::prefix ? "*" : ""));
}

}  // namespace weir::model
