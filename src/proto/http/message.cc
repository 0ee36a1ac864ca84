#include "proto/http/message.h"

#include <array>
#include <cstring>

namespace weir::proto::http {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

const Field* find_id(const Fields& fields, FieldId id) {
  for (const Field& field : fields) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

const Field* find_name(const Fields& fields, std::string_view name) {
  for (const Field& field : fields) {
    if (iequals(field.name, name)) return &field;
  }
  return nullptr;
}

/// Moves views from one copy of some bytes to another.
struct Mover {
  std::string_view from;
  const char* to;

  void operator()(std::string_view& view) const {
    // Views that begin inside end inside; what points nowhere, or to a literal, is far away.
    const uintptr_t at = reinterpret_cast<uintptr_t>(view.data()) - reinterpret_cast<uintptr_t>(from.data());
    if (at <= from.size()) view = std::string_view(to + at, view.size());
  }
  void operator()(Fields& fields) const {
    for (Field& field : fields) {
      (*this)(field.name);
      (*this)(field.value);
    }
  }
};

struct Phrase {
  uint16_t status;
  std::string_view text;
};

/// RFC 9110 section 15; 428, 429, 431, 511: RFC 6585; 451: RFC 7725; 103: RFC 8297; 425: RFC 8470; 207: RFC 4918.
constexpr Phrase kPhrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {511, "Network Authentication Required"},
};

/// Index by status - 100, so that writing a status line costs one load.
constexpr auto kPhraseOf = [] {
  std::array<std::string_view, 500> table{};
  for (const Phrase& phrase : kPhrases) table[phrase.status - 100U] = phrase.text;
  return table;
}();

}  // namespace

bool iequals(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

const Field* RequestHead::find(FieldId id) const { return find_id(fields, id); }
const Field* RequestHead::find(std::string_view name) const { return find_name(fields, name); }
const Field* ResponseHead::find(FieldId id) const { return find_id(fields, id); }
const Field* ResponseHead::find(std::string_view name) const { return find_name(fields, name); }

void RequestHead::clear() {
  method = Method::get;
  method_text = {};
  scheme = "http";
  authority = {};
  target = {};
  fields.clear();
  body = BodyKind::none;
  content_length = 0;
  expect_continue = false;
  upgrade = false;
  version_major = 1;
  version_minor = 1;
  keep_alive = true;
}

void ResponseHead::clear() {
  status = 0;
  reason = {};
  fields.clear();
  body = BodyKind::none;
  content_length = 0;
  upgrade = false;
  version_minor = 1;
  keep_alive = true;
}

void own(RequestHead& head, std::string_view bytes, std::string& storage) {
  storage.assign(bytes);
  const Mover move{bytes, storage.data()};
  move(head.method_text);
  move(head.scheme);
  move(head.authority);
  move(head.target);
  move(head.fields);
}

void own(ResponseHead& head, std::string_view bytes, std::string& storage) {
  storage.assign(bytes);
  const Mover move{bytes, storage.data()};
  move(head.reason);
  move(head.fields);
}

bool is_idempotent(Method method) {
  switch (method) {
    case Method::get:
    case Method::head:
    case Method::put:
    case Method::delete_:
    case Method::options:
    case Method::trace: return true;
    case Method::post:
    case Method::connect:
    case Method::patch:
    case Method::other: return false;
  }
  return false;
}

Method method_of(std::string_view text) {
  // With a constant length each comparison is one or two loads instead of a call.
  const auto is = [&text]<size_t N>(const char(&name)[N]) { return std::memcmp(text.data(), name, N - 1) == 0; };
  switch (text.size()) {
    case 3: return is("GET") ? Method::get : is("PUT") ? Method::put : Method::other;
    case 4: return is("POST") ? Method::post : is("HEAD") ? Method::head : Method::other;
    case 5: return is("PATCH") ? Method::patch : is("TRACE") ? Method::trace : Method::other;
    case 6: return is("DELETE") ? Method::delete_ : Method::other;
    case 7: return is("OPTIONS") ? Method::options : is("CONNECT") ? Method::connect : Method::other;
    default: return Method::other;
  }
}

std::string_view reason_phrase(uint16_t status) {
  return status >= 100 && status < 600 ? kPhraseOf[status - 100U] : std::string_view{};
}

}  // namespace weir::proto::http
