#pragma once
// Answers of the admin interface. Any thread.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "http/simple_server.h"

namespace weir::app {

http::SimpleResponse json_response(uint16_t status, const nlohmann::ordered_json& body);
/// {"error": "..."}; `text` is one sentence for people.
http::SimpleResponse error_response(uint16_t status, const std::string& text);
http::SimpleResponse text_response(std::string content_type, std::string body);

}  // namespace weir::app
