#include "app/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "model/nearest.h"
#include "model/units.h"

namespace weir::app {

namespace {

/// -1: not a hexadecimal digit.
int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string unknown_name(std::string_view name, std::span<const std::string_view> known) {
  const std::string guess = model::nearest(name, known);
  const std::string hint = guess.empty() ? "" : fmt::format("; did you mean {}?", guess);
  if (known.empty()) return fmt::format("unknown parameter {}: none is taken here", model::quote(name));
  return fmt::format("unknown parameter {}: expected {}{}", model::quote(name), fmt::join(known, ", "), hint);
}

bool is_unreserved(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

}  // namespace

Result<std::string, std::string> percent_decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return fail(fmt::format("{} is badly encoded: % needs two hexadecimal digits behind it", model::quote(text)));
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

Result<Query, std::string> parse_query(std::string_view text, std::span<const std::string_view> known) {
  Query query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return fail(fmt::format("{} has no value", model::quote(pair)));
    auto name = percent_decode(pair.substr(0, equals));
    if (!name) return fail(std::move(name).error());
    if (std::find(known.begin(), known.end(), *name) == known.end()) return fail(unknown_name(*name, known));
    auto value = percent_decode(pair.substr(equals + 1));
    if (!value) return fail(std::move(value).error());
    if (!query.emplace(*name, std::move(*value)).second) return fail(fmt::format("{} is there twice", *name));
  }
  return query;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::optional<uint32_t> number_in(const Query& query, std::string_view name, uint32_t min, uint32_t max) {
  const auto found = query.find(name);
  if (found == query.end()) return std::nullopt;
  const std::string& text = found->second;
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < min || number > max) return std::nullopt;
  return number;
}

}  // namespace weir::app
