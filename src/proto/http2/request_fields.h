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
// All bytes are copied once, into an arena that keeps its capacity, laid out as on an HTTP/1 wire ("name: value\r\n"),
// so that a codec that wants it so copies them in one go. Pure; no thread rule.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/http/message.h"
#include "proto/http1/parser.h"

namespace weir::proto::http2 {

class RequestFields {
 public:
  void begin(const http1::Limits& limits);
  /// Pseudo-header fields first (RFC 9113 section 8.3). After anything but Bad::none, only bytes are counted.
  http1::Bad add(std::string_view name, std::string_view value);
  /// All fields are there. With `end` no body follows.
  http1::Bad finish(bool end, http::RequestHead& head);

  /// What `head` points into; valid until the next begin().
  [[nodiscard]] std::string_view memory() const { return arena_; }
  /// The size of the list as RFC 9113 section 6.5.2 counts it, what was refused included: how much a few bytes of HPACK
  /// have been blown up to.
  [[nodiscard]] uint64_t list_bytes() const { return list_bytes_; }
  /// Gives memory back that an unusually large head has left behind.
  void shrink();

 private:
  struct Text {
    uint32_t at = 0;
    uint32_t size = 0;
  };
  struct Line {
    Text name, value;
    http::FieldId id = http::FieldId::other;
  };
  enum Pseudo : uint8_t { kMethod = 1, kScheme = 2, kAuthority = 4, kPath = 8 };

  http1::Bad add_pseudo(std::string_view name, std::string_view value);
  http1::Bad add_field(std::string_view name, std::string_view value);
  http1::Bad refuse(http1::Bad bad);
  Text keep(std::string_view text);
  void keep_line(std::string_view name, std::string_view value, http::FieldId id);
  void join_cookies();
  http1::Bad set_target(http::RequestHead& head);
  http1::Bad set_host(http::RequestHead& head);
  void set_body(bool end, http::RequestHead& head);
  [[nodiscard]] std::string_view view(Text text) const { return std::string_view(arena_).substr(text.at, text.size); }

  const http1::Limits* limits_ = nullptr;
  std::string arena_;
  std::vector<Line> lines_;
  Text method_, path_, authority_;
  uint64_t list_bytes_ = 0;
  uint32_t cookies_ = 0;
  uint8_t seen_ = 0;  ///< of Pseudo
  bool https_ = false;
  http1::Bad bad_ = http1::Bad::none;
};

/// The trailer section of a request: fields that may not trail are dropped, as the HTTP/1.1 reader drops them.
class TrailerFields {
 public:
  http1::Bad add(std::string_view name, std::string_view value, const http1::Limits& limits);
  /// The fields; their views are valid until the next add() or clear().
  const http::Fields& finish();
  void clear();

 private:
  struct Line {
    uint32_t at, name_size, value_size;
  };
  std::string text_;
  std::vector<Line> lines_;
  http::Fields fields_;
  uint64_t list_bytes_ = 0;
};

}  // namespace weir::proto::http2
