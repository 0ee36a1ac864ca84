#pragma once
// From the fields of an HTTP/2 request, as HPACK gives them one after the other, to the RequestHead that everything
// above shares with HTTP/1. As strict as the HTTP/1.1 parser and with its tables: what passes here can be written as
// HTTP/1.1 without saying anything else, so no request can be smuggled through the translation (RFC 9113 section 10.3).
//
//   RequestFields fields;
//   fields.begin(limits);
//   fields.add(":method", "GET") ...           // Bad::none, or why the request is refused
//   fields.finish(end_of_stream, head);        // head's views point into fields.memory()
//
// Pure; no thread rule.

#include <cstdint>
#include <string_view>

#include "proto/http2/field_list.h"

namespace weir::proto::http2 {

class RequestFields {
 public:
  void begin(const http1::Limits& limits);
  /// Pseudo-header fields first (RFC 9113 section 8.3). After anything but Bad::none, only bytes are counted.
  http1::Bad add(std::string_view name, std::string_view value);
  /// All fields are there. With `end` no body follows.
  http1::Bad finish(bool end, http::RequestHead& head);

  /// What `head` points into; valid until the next begin().
  [[nodiscard]] std::string_view memory() const { return list_.memory(); }
  /// The size of the list as RFC 9113 section 6.5.2 counts it, what was refused included: how much a few bytes of HPACK
  /// have been blown up to.
  [[nodiscard]] uint64_t list_bytes() const { return list_bytes_; }
  /// Gives memory back that an unusually large head has left behind.
  void shrink() { list_.shrink(); }

 private:
  enum Pseudo : uint8_t { kMethod = 1, kScheme = 2, kAuthority = 4, kPath = 8 };

  http1::Bad add_pseudo(std::string_view name, std::string_view value);
  http1::Bad add_field(std::string_view name, std::string_view value);
  http1::Bad refuse(http1::Bad bad);
  http1::Bad set_target(http::RequestHead& head);
  void set_host(http::RequestHead& head);
  void set_body(bool end, http::RequestHead& head);

  const http1::Limits* limits_ = nullptr;
  FieldList list_;
  Text method_, path_, authority_;
  uint64_t list_bytes_ = 0;
  uint32_t cookies_ = 0;
  uint8_t seen_ = 0;  ///< of Pseudo
  bool https_ = false;
  http1::Bad bad_ = http1::Bad::none;
};

}  // namespace weir::proto::http2
