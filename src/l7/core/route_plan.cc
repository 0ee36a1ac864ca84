#include "l7/core/route_plan.h"

#include <algorithm>

#include "model/template_text.h"
#include "proto/http/path.h"

namespace weir::l7::core {

FieldEdits::FieldEdits(const model::HeaderEdits& edits, const std::vector<std::string_view>& pattern_names)
    : stripped_(edits.remove) {
  for (const auto& [name, value] : edits.set) stripped_.push_back(name);
  for (const auto* fields : {&edits.set, &edits.add}) {
    for (const auto& [name, value] : *fields) {
      added_.push_back({name, Template(value, pattern_names, Template::Use::value)});
    }
  }
}

bool FieldEdits::strips(std::string_view name) const {
  return std::any_of(stripped_.begin(), stripped_.end(),
                     [&](const std::string& each) { return proto::http::iequals(each, name); });
}

void FieldEdits::strip(proto::http::Fields& fields) const {
  if (stripped_.empty()) return;
  for (proto::http::Field& field : fields) field.hop_by_hop = field.hop_by_hop || strips(field.name);
}

void FieldEdits::strip_alike(proto::http::Fields& fields) const {
  strip(fields);
  if (stripped_.empty()) return;
  std::string dashed;
  for (proto::http::Field& field : fields) {
    if (field.hop_by_hop || field.name.find('_') == std::string_view::npos) continue;
    dashed = field.name;
    std::replace(dashed.begin(), dashed.end(), '_', '-');
    field.hop_by_hop = strips(dashed);
  }
}

RoutePlan::RoutePlan(const model::RouteConfig& route)
    : path(model::parsed_path(route)),
      rewrite_host(route.rewrite_host),
      request(route.request_headers, path.names()),
      response(route.response_headers, path.names()) {
  if (path.tail == model::ParsedPath::Tail::partial) {
    std::string storage;
    partial_length = proto::http::canonical_path(path.tail_text, storage).text.size();
  }
  if (!route.redirect.to.empty()) redirect.emplace(route.redirect.to, path.names(), Template::Use::url);
  if (!route.rewrite_path.empty()) rewrite_path.emplace(route.rewrite_path, path.names(), Template::Use::path);
  whole_path = model::rewrites_whole_path(route);
}

bool RoutePlan::needed(const model::RouteConfig& route) {
  return !route.redirect.to.empty() || !route.rewrite_path.empty() || !route.rewrite_host.empty() ||
         route.request_headers != model::HeaderEdits{} || route.response_headers != model::HeaderEdits{};
}

}  // namespace weir::l7::core
