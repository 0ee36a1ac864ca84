#pragma once
// What a route asks of a request beyond host and path: its method, header fields, cookies, query parameters. All must
// hold; of several fields, cookies or parameters of one name the first counts. Values are compared byte by byte, as
// they stand in the request.
//
// A field that is not passed on is not seen here either: what an untrusted client says of itself in X-Forwarded-*, and
// what its Connection field names. The exception is Upgrade. Pure; immutable, any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"
#include "proto/http/message.h"

namespace weir::l7::core {

class RouteConditions {
 public:
  explicit RouteConditions(const model::RouteConfig& route);
  [[nodiscard]] static bool needed(const model::RouteConfig& route);

  /// `trust_forwarded`: whether the listener believes its clients' X-Forwarded-* fields.
  [[nodiscard]] bool hold(const proto::http::RequestHead& head, bool trust_forwarded) const;
  [[nodiscard]] size_t memory_bytes() const;

 private:
  [[nodiscard]] bool method_holds(const proto::http::RequestHead& head) const;

  uint32_t methods_ = 0;                    ///< a bit per proto::http::Method
  std::vector<std::string> other_methods_;  ///< those without a name of ours
  bool any_method_ = true;
  std::vector<model::FieldMatch> headers_, cookies_, query_;
};

}  // namespace weir::l7::core
