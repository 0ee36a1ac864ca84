#pragma once
// gRPC as a gateway sees it: every answer is HTTP 200, and what became of the call stands in grpc-status, in the
// trailers or, when there is nothing else to say, in the head. Without a look at it a dead service looks healthy to
// outlier detection. Statuses: grpc.io/docs/guides/status-codes; HTTP's and gRPC's words for each other as Envoy and
// the specification (doc/http-grpc-status-mapping.md) have them. Pure.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "balance/outlier_tally.h"
#include "proto/http/message.h"

namespace weir::l7::core {

inline constexpr size_t kGrpcStatuses = 17;
/// "OK", "CANCELLED" and so on, by status.
inline constexpr std::array<std::string_view, kGrpcStatuses> kGrpcNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

/// application/grpc, application/grpc+proto, application/grpc;...; but not grpc-web, which puts its trailers elsewhere.
template <class Head>
bool is_grpc(const Head& head) {
  const proto::http::Field* type = head.find(proto::http::FieldId::content_type);
  if (type == nullptr) return false;
  constexpr std::string_view kType = "application/grpc";
  const std::string_view value = type->value;
  if (value.size() < kType.size()) return false;
  if (!proto::http::iequals(value.substr(0, kType.size()), kType)) return false;
  return value.size() == kType.size() || value[kType.size()] == '+' || value[kType.size()] == ';';
}

/// What `fields` say; an unknown number is UNKNOWN, as the specification wants.
inline std::optional<uint8_t> grpc_status(const proto::http::Fields& fields) {
  for (const auto& field : fields) {
    if (!proto::http::iequals(field.name, "grpc-status")) continue;
    unsigned value = 0;
    for (const char c : field.value.substr(0, 3)) value = c >= '0' && c <= '9' ? value * 10 + unsigned(c - '0') : 999;
    return static_cast<uint8_t>(value < kGrpcStatuses && !field.value.empty() && field.value.size() < 3 ? value : 2);
  }
  return std::nullopt;
}

/// UNAVAILABLE and DEADLINE_EXCEEDED are what 503 and 504 are; UNKNOWN, INTERNAL and DATA_LOSS what 500 is. The others
/// are the caller's fault or the application's word.
constexpr balance::Outcome outcome_of_grpc(uint8_t status) {
  switch (status) {
    case 4:
    case 14: return balance::Outcome::gateway_failure;
    case 2:
    case 13:
    case 15: return balance::Outcome::server_error;
    default: return balance::Outcome::success;
  }
}

/// How an answer of ours with an HTTP status, which is not what the client called for, is told to a gRPC client.
constexpr std::string_view grpc_status_of(uint16_t http_status) {
  if (http_status < 400) return "14";  // a page in place of the service
  switch (http_status) {
    case 404:
    case 501: return "12";
    case 429:
    case 502:
    case 503:
    case 504: return "14";
    default: return "2";
  }
}

}  // namespace weir::l7::core
