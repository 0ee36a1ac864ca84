// The admin interface's explanations of requests.
#include <fmt/format.h>

#include <string>

#include "app/admin.h"
#include "app/admin_response.h"
#include "app/explain_json.h"
#include "model/units.h"

namespace weir::app {

using http::SimpleResponse;

namespace {

constexpr uint32_t kMostListed = 200;
constexpr uint32_t kListed = 20;

}  // namespace

SimpleResponse Admin::explain(const Call& call) {
  uint32_t most = kListed;
  if (call.query.contains("last")) {
    const auto wanted = number_in(call.query, "last", 1, kMostListed);
    if (!wanted) return error_response(400, fmt::format("last must be a whole number from 1 to {}", kMostListed));
    most = *wanted;
  }
  bool only_failures = false;
  if (const auto errors = call.query.find("errors"); errors != call.query.end()) {
    if (errors->second != "true" && errors->second != "false") return error_response(400, "errors is true or false");
    only_failures = errors->second == "true";
  }
  return text_response("application/json", explanations_json(proxy_, most, only_failures, wall()));
}

SimpleResponse Admin::explain_one(const Call& call) {
  const std::string_view path = call.request.head.path();
  auto id = percent_decode(path.substr(std::string_view("/explain/").size()));
  if (!id) return error_response(400, id.error());
  if (id->empty()) return error_response(400, "name a request by its X-Request-Id: /explain/ID");
  const auto found = find_explanation(proxy_, *id);
  if (found) return text_response("application/json", explanation_json(*found, wall()));
  return error_response(
      404, fmt::format("the request {} is not remembered: {}", model::quote(*id), what_is_kept(proxy_, loop_.now())));
}

Wall Admin::wall() { return {.now = loop_.now(), .unix_ms = clock_.unix_ms()}; }

}  // namespace weir::app
