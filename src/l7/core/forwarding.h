#pragma once
// What a gateway says about a request it passes on: Via (RFC 9110 section 7.6.3), Forwarded (RFC 7239) and its elder
// brothers X-Forwarded-For/-Proto/-Client-Cert, X-Request-Id, and traceparent (W3C Trace Context). What an untrusted
// client claims in these fields is dropped, not passed on: a forged X-Forwarded-For is how an address filter is walked
// around. Pure; randomness is an argument.

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "base/pen.h"
#include "base/prng.h"
#include "proto/http/message.h"

namespace weir::l7::core {

struct ForwardingContext {
  std::string_view client;         ///< address without port; IPv6 without brackets
  std::string_view certificate{};  ///< the client's, verified, as in X-Forwarded-Client-Cert; empty: none
  bool trust_forwarded = false;    ///< what came in from the client's side is extended instead of dropped
};

/// The fields to add, with the memory they point into. Reused from request to request: capacity is kept.
class ForwardingFields {
 public:
  /// Marks in `head` what must not be passed on and prepares what is added.
  void build(proto::http::RequestHead& head, const ForwardingContext& context, Prng& prng);

  [[nodiscard]] std::span<const proto::http::Field> fields() const { return {fields_.data(), count_}; }
  [[nodiscard]] std::string_view request_id() const { return request_id_; }

 private:
  void add_ids(Pen& pen, std::string_view request_id, std::string_view traceparent, Prng& prng);
  void add_forwarded(Pen& pen, const proto::http::RequestHead& head, const ForwardingContext& context);
  void end_field(Pen& pen, proto::http::FieldId id, std::string_view name, const char* value);

  static constexpr size_t kMaxFields = 7;
  static constexpr size_t kBytesKept = 4096;  ///< of memory_, more than the request at hand needs
  std::array<proto::http::Field, kMaxFields> fields_;
  size_t count_ = 0;
  std::vector<char> memory_;  ///< as large as it ever had to be: what is not written is not read
  std::string_view request_id_;
};

/// Version 00 of the W3C format with ids that are not all zeros.
bool is_valid_traceparent(std::string_view value);
/// What we pass on of a trusted client's X-Request-Id: 1 to 128 characters of [A-Za-z0-9._~+/=-].
bool is_valid_request_id(std::string_view value);

}  // namespace weir::l7::core
