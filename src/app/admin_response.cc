#include "app/admin_response.h"

#include <utility>

namespace weir::app {

using http::SimpleResponse;
using Json = nlohmann::ordered_json;

SimpleResponse json_response(uint16_t status, const Json& body) {
  SimpleResponse response;
  response.status = status;
  response.content_type = "application/json";
  // What a request said may come back in an error, and need not be UTF-8.
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return response;
}

SimpleResponse error_response(uint16_t status, const std::string& text) {
  return json_response(status, {{"error", text}});
}

SimpleResponse text_response(std::string content_type, std::string body) {
  SimpleResponse response;
  response.content_type = std::move(content_type);
  response.body = std::move(body);
  return response;
}

}  // namespace weir::app
