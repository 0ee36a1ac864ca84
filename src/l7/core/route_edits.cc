#include "l7/core/route_edits.h"

#include "l7/core/router.h"
#include "proto/http/path.h"

namespace weir::l7::core {

using proto::http::Field;
using proto::http::Fields;
using proto::http::RequestHead;

namespace {

constexpr size_t kMemoryKept = 4096;

}  // namespace

void RouteEdits::begin(const RoutePlan& plan, const RequestHead& head, const Words& words) {
  plan_ = &plan;
  const std::string_view asked = head.path();
  const bool has_path = asked.starts_with('/');  // not with CONNECT, nor with "*"
  values_ = {.scheme = head.scheme,
             .host = host_of(head.authority),
             .path = has_path ? proto::http::writable_path(asked, path_memory_) : std::string_view("/"),
             .query = has_path ? head.target.substr(asked.size()) : std::string_view(),
             .client_ip = words.client_ip,
             .request_id = words.request_id,
             .route = words.route,
             .captures = {}};
  collect_captures(plan.path);
  values_.captures = captures_;
  target_ = head.target;
  host_ = head.authority;
}

/// The path has matched, so it has the segments that are asked for.
void RouteEdits::collect_captures(const model::ParsedPath& path) {
  captures_.clear();
  std::string_view rest = values_.path.substr(1);
  for (const model::PathSegment& segment : path.segments) {
    const size_t end = rest.find('/');
    if (segment.any && !segment.text.empty()) captures_.push_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  if (path.tail == model::ParsedPath::Tail::rest && !path.tail_text.empty()) captures_.push_back(rest);
  if (plan_->partial_length != 0) rest.remove_prefix(proto::http::length_before(rest, plan_->partial_length));
  rest_ = rest;
}

std::string_view RouteEdits::location() {
  target_memory_.clear();
  plan_->redirect->append_to(target_memory_, values_);
  return target_memory_;
}

void RouteEdits::rewrite(const RequestHead& head) {
  if (!head.target.starts_with('/')) return;
  target_memory_.clear();
  plan_->rewrite_path->append_to(target_memory_, values_);
  // What a path such as "/stat*" leaves may begin with a slash; two of them at the beginning would name a host.
  if (!plan_->whole_path) append_path(target_memory_, rest_);
  target_memory_ += values_.query;
  target_ = target_memory_;
}

void RouteEdits::add_fields(const FieldEdits& edits, std::span<const Field> ours, std::string& memory,
                            std::vector<Field>& fields) {
  fields.clear();
  for (const Field& field : ours) {
    // Of Set-Cookie there may be many: whoever removes the endpoint's does not mean the one that keeps a client at its.
    if (!edits.strips(field.name) || proto::http::iequals(field.name, "set-cookie")) fields.push_back(field);
  }
  // The memory moves while it grows: views are made when all values are in it.
  memory.clear();
  ends_.clear();
  for (const auto& added : edits.added()) {
    added.value.append_to(memory, values_);
    ends_.push_back(memory.size());
  }
  size_t begin = 0;
  for (size_t i = 0; i < ends_.size(); ++i) {
    fields.push_back(
        {.name = edits.added()[i].name, .value = std::string_view(memory).substr(begin, ends_[i] - begin)});
    begin = ends_[i];
  }
}

void RouteEdits::edit_request(RequestHead& head, std::span<const Field> forwarding) {
  plan_->request.strip_alike(head.fields);
  add_fields(plan_->request, forwarding, request_memory_, request_fields_);
  if (plan_->rewrite_path) rewrite(head);
  if (plan_->rewrite_host.empty()) return;
  host_ = plan_->rewrite_host;
  bool told = false;
  for (Field& field : head.fields) {
    if (field.id == proto::http::FieldId::host) field.hop_by_hop = true;  // written anew, from the authority
    told = told || (field.id == proto::http::FieldId::x_forwarded_host && !field.hop_by_hop);
  }
  if (!told && !head.authority.empty() && !plan_->request.strips("X-Forwarded-Host")) {
    request_fields_.push_back({.name = "X-Forwarded-Host", .value = head.authority});
  }
}

std::span<const Field> RouteEdits::response_fields(Fields& fields, std::span<const Field> ours) {
  plan_->response.strip(fields);
  add_fields(plan_->response, ours, response_memory_, response_fields_);
  return response_fields_;
}

void RouteEdits::trim() {
  for (std::string* memory : {&path_memory_, &target_memory_, &request_memory_, &response_memory_}) {
    if (memory->capacity() > kMemoryKept) std::string().swap(*memory);
  }
}

}  // namespace weir::l7::core
