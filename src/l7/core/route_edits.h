#pragma once
// One request under a route's plan (route_plan.h): what its names mean, and what becomes of its target, its host and
// the header fields of both directions. Computed once, however many tries there are; memory is kept from request to
// request. The views it was given must live as long as it is asked.
//
//   edits.begin(plan, head, words);
//   edits.location()                                      of a redirect
//   edits.edit_request(head, forwarding_fields);          then target(), host(), request_fields(), for every try
//   edits.response_fields(head.fields, ours)              what to send beside the response's own fields
//
// Pure; one thread.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "l7/core/route_plan.h"

namespace weir::l7::core {

class RouteEdits {
 public:
  struct Words {
    std::string_view client_ip;
    std::string_view request_id;
    std::string_view route;
  };
  void begin(const RoutePlan& plan, const proto::http::RequestHead& head, const Words& words);

  [[nodiscard]] std::string_view location();

  /// Marks in `head` what is not passed on. `forwarding`: what goes with the request without edits.
  void edit_request(proto::http::RequestHead& head, std::span<const proto::http::Field> forwarding);
  [[nodiscard]] std::string_view target() const { return target_; }
  [[nodiscard]] std::string_view host() const { return host_; }
  [[nodiscard]] std::span<const proto::http::Field> request_fields() const { return request_fields_; }

  /// Marks in `fields` what is not passed on.
  std::span<const proto::http::Field> response_fields(proto::http::Fields& fields,
                                                      std::span<const proto::http::Field> ours);

  /// Gives back memory that an unusual request took.
  void trim();

 private:
  void collect_captures(const model::ParsedPath& path);
  void rewrite(const proto::http::RequestHead& head);
  /// The fields that `edits` keeps of `ours`, and those it adds.
  void add_fields(const FieldEdits& edits, std::span<const proto::http::Field> ours, std::string& memory,
                  std::vector<proto::http::Field>& fields);

  const RoutePlan* plan_ = nullptr;
  TemplateValues values_;
  std::vector<std::string_view> captures_;
  std::string_view rest_;  ///< of the path, behind what the route's words matched
  std::string path_memory_, target_memory_, request_memory_, response_memory_;
  std::string_view target_, host_;
  std::vector<proto::http::Field> request_fields_, response_fields_;
  std::vector<size_t> ends_;  ///< scratch
};

}  // namespace weir::l7::core
