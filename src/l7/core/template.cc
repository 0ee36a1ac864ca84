#include "l7/core/template.h"

#include <algorithm>

#include "base/check.h"
#include "model/template_text.h"
#include "proto/http/path.h"

namespace weir::l7::core {

namespace {

void put_encoded(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

/// As the value of a parameter: nothing in it separates parameters, and decoding it once gives it back.
void append_component(std::string& out, std::string_view value) {
  constexpr std::string_view kPlain = "-._~/:@";
  for (const char c : value) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alphanumeric || kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      put_encoded(out, c);
    }
  }
}

/// As it is, but for bytes that no URL may have (RFC 3986 section 2).
void append_query(std::string& out, std::string_view query) {
  for (const char c : query) {
    if (proto::http::is_path_byte(c) || c == '/' || c == '?' || c == '%') {
      out += c;
    } else {
      put_encoded(out, c);
    }
  }
}

void append_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    out += control ? '?' : c;
  }
}

}  // namespace

void append_path(std::string& out, std::string_view text) {
  if (out.ends_with('/') && text.starts_with('/')) text.remove_prefix(1);
  out += text;
}

Template::Template(std::string_view text, const std::vector<std::string_view>& pattern_names, Use use) : use_(use) {
  static constexpr std::pair<std::string_view, Name> kNames[] = {
      {"scheme", Name::scheme}, {"host", Name::host},           {"path", Name::path},
      {"query", Name::query},   {"client_ip", Name::client_ip}, {"request_id", Name::request_id},
      {"route", Name::route},
  };
  auto names = pattern_names;
  for (const auto& [word, name] : kNames) names.push_back(word);
  const auto parsed = model::parse_template(text, names);
  CHECK(parsed.has_value());
  bool in_query = false;
  for (const model::TemplatePiece& each : *parsed) {
    Piece& made = pieces_.emplace_back();
    made.is_name = each.is_name;
    made.in_query = in_query;
    if (!each.is_name) {
      made.text = each.text;
      in_query = in_query || (use == Use::url && each.text.find('?') != std::string::npos);
      continue;
    }
    const auto capture = std::find(pattern_names.begin(), pattern_names.end(), each.text);
    made.capture = static_cast<uint32_t>(capture - pattern_names.begin());
    made.name = Name::capture;
    if (capture != pattern_names.end()) continue;
    for (const auto& [word, name] : kNames) {
      if (word == each.text) made.name = name;
    }
  }
}

std::string_view Template::value_of(const Piece& piece, const TemplateValues& values) {
  switch (piece.name) {
    case Name::scheme: return values.scheme;
    case Name::host: return values.host;
    case Name::path: return values.path;
    case Name::query: return values.query;
    case Name::client_ip: return values.client_ip;
    case Name::request_id: return values.request_id;
    case Name::route: return values.route;
    case Name::capture: return piece.capture < values.captures.size() ? values.captures[piece.capture] : "";
  }
  return {};
}

void Template::append_to(std::string& out, const TemplateValues& values) const {
  const size_t begin = out.size();
  for (const Piece& piece : pieces_) {
    const std::string_view text = piece.is_name ? value_of(piece, values) : std::string_view(piece.text);
    if (use_ == Use::value) {
      append_value(out, text);
    } else if (!piece.is_name) {
      append_path(out, text);
    } else if (piece.in_query) {
      append_component(out, text);
    } else if (piece.name == Name::query) {
      append_query(out, text);
    } else {
      append_path(out, text);
    }
  }
  // Whatever the pieces were: a URL that begins with two slashes names a host.
  while (use_ == Use::url && out.compare(begin, 2, "//") == 0) out.erase(begin, 1);
}

bool Template::mentions_host() const {
  return std::any_of(pieces_.begin(), pieces_.end(),
                     [](const Piece& each) { return each.is_name && each.name == Name::host; });
}

size_t Template::memory_bytes() const {
  size_t bytes = pieces_.capacity() * sizeof(Piece);
  for (const Piece& each : pieces_) bytes += each.text.capacity();
  return bytes;
}

}  // namespace weir::l7::core
