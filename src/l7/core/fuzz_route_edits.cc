// "route path\nredirect\nrewrite\ntarget": whatever a client asks for, a redirect stays a URL that leads where its
// author said, and what goes upstream is a path.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "l7/core/route_edits.h"
#include "l7/core/router.h"
#include "model/template_text.h"

using namespace weir;
using namespace weir::l7::core;

namespace {

std::array<std::string, 4> lines_of(std::string_view input) {
  std::array<std::string, 4> lines;
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t end = i + 1 < lines.size() ? input.find('\n') : std::string_view::npos;
    lines[i] = input.substr(0, end);
    input = end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
  }
  return lines;
}

bool is_target(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto [path, redirect, rewrite, target] = lines_of({reinterpret_cast<const char*>(data), size});
  const auto parsed = model::parse_path(path);
  if (!parsed || !is_target(target) || target[0] != '/') return 0;
  model::RouteConfig route;
  route.path_kind = parsed->kind();
  route.path = path;
  if (route.path_kind == model::RouteConfig::PathKind::prefix) route.path.pop_back();
  if (model::fault_of_redirect(redirect, parsed->names()).empty()) route.redirect.to = redirect;
  route.rewrite_path = rewrite;
  if (!model::fault_of_rewrite(route, parsed->names()).empty()) route.rewrite_path.clear();
  proto::http::RequestHead head;
  head.scheme = "https";
  head.authority = "example.org";
  head.target = target;
  const Router router({route});
  std::string storage;
  if (router.find(head, false, storage).refusal != Rule::none) return 0;
  const RoutePlan* plan = router.plan(0);
  if (plan == nullptr) return 0;
  RouteEdits edits;
  edits.begin(*plan, head, {.client_ip = "10.0.0.1", .request_id = "abc", .route = "r"});
  if (plan->redirect) {
    const std::string_view location = edits.location();
    CHECK(std::all_of(location.begin(), location.end(), [](char c) { return c > 0x20 && c < 0x7f; }));
    const bool absolute = location.starts_with("http://") || location.starts_with("https://");
    CHECK(absolute || location.starts_with('/'));
    CHECK(!location.starts_with("//") && !location.starts_with("/\\"));
  }
  edits.edit_request(head, {});
  CHECK(edits.target().starts_with('/') && is_target(edits.target()));
  if (plan->rewrite_path) CHECK(edits.target().find("//") >= edits.target().find('?'));
  return 0;
}
