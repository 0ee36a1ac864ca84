#include "proto/http/cookie.h"

namespace weir::proto::http {

namespace {

std::string_view trimmed(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") + 1 - from);
}

}  // namespace

std::optional<CookieReader::Pair> CookieReader::next() {
  while (!rest_.empty()) {
    const size_t end = rest_.find(';');
    const std::string_view pair = trimmed(rest_.substr(0, end));
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return Pair{.name = {}, .value = pair};
    return Pair{.name = trimmed(pair.substr(0, equals)), .value = trimmed(pair.substr(equals + 1))};
  }
  return std::nullopt;
}

std::optional<std::string_view> find_cookie(const Fields& fields, std::string_view name) {
  for (const Field& field : fields) {
    if (field.id != FieldId::cookie) continue;
    CookieReader reader(field.value);
    while (const auto pair = reader.next()) {
      if (pair->name == name) return pair->value;
    }
  }
  return std::nullopt;
}

}  // namespace weir::proto::http
