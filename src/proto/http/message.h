#pragma once
// HTTP messages without their version: what a route, a retry rule, a limit or a log line may know. HTTP/1.1
// parses into these and serialises out of them, HTTP/2 does the same, so nothing above needs to know which it was.
//
// A head is a set of views. Whoever parses says what they point into (the bytes handed in); `own()` moves a head onto
// storage of its own when it must outlive them (a retry). Semantics: RFC 9110. Pure; no thread rule.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::proto::http {

enum class Method : uint8_t { get, head, post, put, delete_, connect, options, trace, patch, other };

/// Known fields get an id while they are scanned, so that later questions are integer compares.
enum class FieldId : uint8_t {
  other,
  host,
  connection,
  content_length,
  transfer_encoding,
  expect,
  upgrade,
  te,
  trailer,
  keep_alive,
  proxy_connection,
  x_forwarded_for,
  x_forwarded_proto,
  x_forwarded_host,
  x_forwarded_client_cert,
  forwarded,
  x_request_id,
  traceparent,
  retry_after,
  server,
  date,
  content_type,
  user_agent,
  authorization,
  cookie,
  lookalike,  ///< one of those above once '_' is read as '-', as CGI and WSGI do: never passed on with a request
};
/// Case-insensitive (RFC 9110 section 5.1). `other` when unknown.
FieldId field_id_of(std::string_view name);
/// Its name in lower case, which lives for ever; empty for `other` and `lookalike`, which have many.
std::string_view name_of(FieldId id);

struct Field {
  std::string_view name;   ///< as received, case kept
  std::string_view value;  ///< without surrounding white space
  FieldId id = FieldId::other;
  bool hop_by_hop = false;  ///< set by the parser: RFC 9110 section 7.6.1, and whatever Connection named
};

using Fields = std::vector<Field>;

/// How much body follows: nothing, a declared number of bytes, a self-delimited stream (chunked, h2 DATA), or
/// until the connection closes (responses only). After a 101 or a 2xx to CONNECT there is no body but a tunnel: bytes
/// of another protocol both ways, until either side ends.
enum class BodyKind : uint8_t { none, length, stream, until_close, tunnel };

struct RequestHead {
  Method method = Method::get;
  std::string_view method_text;
  std::string_view scheme;     ///< "http" unless absolute-form said otherwise
  std::string_view authority;  ///< from absolute-form, else from Host; empty for HTTP/1.0 without Host
  std::string_view target;     ///< origin-form path with query ("/a?b"), "*" or, for CONNECT, host:port
  Fields fields;               ///< all fields in order, Host included
  BodyKind body = BodyKind::none;
  uint64_t content_length = 0;  ///< with BodyKind::length
  bool expect_continue = false;
  bool upgrade = false;       ///< Connection: upgrade with an Upgrade field; clear it to send the request without
  uint8_t version_major = 1;  ///< how it came in, for Via and the log: 1 or 2
  uint8_t version_minor = 1;  ///< HTTP/1.x: 0 or 1; HTTP/2: 0
  bool keep_alive = true;     ///< HTTP/1.x only: what the sender asks for (RFC 9112 section 9.3)

  [[nodiscard]] std::string_view path() const { return target.substr(0, target.find('?')); }
  [[nodiscard]] const Field* find(FieldId id) const;
  /// First field of that name, case-insensitive.
  [[nodiscard]] const Field* find(std::string_view name) const;
  void clear();
};

struct ResponseHead {
  uint16_t status = 0;
  std::string_view reason;
  Fields fields;
  BodyKind body = BodyKind::none;
  uint64_t content_length = 0;
  bool upgrade = false;  ///< Connection: upgrade with an Upgrade field
  uint8_t version_minor = 1;
  bool keep_alive = true;

  [[nodiscard]] const Field* find(FieldId id) const;
  [[nodiscard]] const Field* find(std::string_view name) const;
  void clear();
};

/// Copies the bytes [base, base+size) that all views of `head` point into to `storage` and moves the views there.
/// Views that point elsewhere (string literals such as the scheme) are left alone.
void own(RequestHead& head, std::string_view bytes, std::string& storage);
void own(ResponseHead& head, std::string_view bytes, std::string& storage);

bool is_idempotent(Method method);        ///< RFC 9110 section 9.2.2
Method method_of(std::string_view text);  ///< case-sensitive (RFC 9110 section 9.1)
std::string_view reason_phrase(uint16_t status);
bool iequals(std::string_view a, std::string_view b);  ///< ASCII, case-insensitive

}  // namespace weir::proto::http
