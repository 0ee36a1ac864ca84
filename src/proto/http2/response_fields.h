#pragma once
// From the fields of an HTTP/2 response, as HPACK gives them one after the other, to the ResponseHead that everything
// above shares with HTTP/1. What passes here can be written as HTTP/1.1 without saying anything else: an endpoint
// cannot smuggle a second response to a client, or speak to it about a connection that is not its own.
//
//   ResponseFields fields;
//   fields.begin(limits);
//   fields.add(":status", "200") ...              // Bad::none, or why the response is refused
//   fields.finish(method, end_of_stream, head);   // head's views point into the fields' memory
//
// Pure; no thread rule.

#include <cstdint>
#include <string_view>

#include "proto/http2/field_list.h"

namespace weir::proto::http2 {

class ResponseFields {
 public:
  void begin(const http1::Limits& limits);
  /// :status first (RFC 9113 section 8.3.2). After anything but Bad::none nothing more is kept.
  http1::Bad add(std::string_view name, std::string_view value);
  /// All fields are there. With `end` no body follows; `request` tells whether one can.
  http1::Bad finish(http::Method request, bool end, http::ResponseHead& head);
  /// How long the content has to be, where finish() has found that out; otherwise kAnyLength.
  [[nodiscard]] uint64_t content_bytes() const { return content_bytes_; }
  static constexpr uint64_t kAnyLength = UINT64_MAX;
  /// What `head` points into; valid until the next begin().
  [[nodiscard]] std::string_view memory() const { return list_.memory(); }

 private:
  http1::Bad add_status(std::string_view value);
  http1::Bad add_field(std::string_view name, std::string_view value);
  http1::Bad refuse(http1::Bad bad);
  void set_body(bool end, http::ResponseHead& head);

  const http1::Limits* limits_ = nullptr;
  FieldList list_;
  uint64_t list_bytes_ = 0;
  uint64_t content_bytes_ = kAnyLength;
  uint16_t status_ = 0;
  http1::Bad bad_ = http1::Bad::none;
};

}  // namespace weir::proto::http2
