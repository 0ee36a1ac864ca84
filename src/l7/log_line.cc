// The access log's line of an exchange: see docs/observability.md for the fields.
#include <charconv>

#include "base/json.h"
#include "l7/exchange.h"
#include "l7/worker.h"

namespace weir::l7 {

namespace {

void append_number(std::string& out, std::string_view name, uint64_t value) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  out.append(",\"").append(name).append("\":").append(digits, end);
}

void append_text(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"").append(name).append("\":");
  append_json_string(out, value);
}

std::string_view protocol_of(const proto::http::RequestHead& head) {
  if (head.version_major == 2) return "HTTP/2";
  return head.version_minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
}

}  // namespace

void Exchange::write_log() {
  std::string& line = worker_.log_line();
  line.assign("{\"time\":\"").append(worker_.clock().timestamp()).append("\"");
  append_text(line, "listener", listener_->config->name);
  append_text(line, "client", client_);
  append_text(line, "protocol", protocol_of(head_));
  if (tls_ != nullptr) {
    append_text(line, "tls", tls_->version);
    append_text(line, "cipher", tls_->cipher);
    if (!tls_->server_name.empty()) append_text(line, "sni", tls_->server_name);
    if (!tls_->certificate.empty()) append_text(line, "client_certificate", tls_->certificate);
    line += tls_->resumed ? ",\"resumed\":true" : ",\"resumed\":false";
  }
  append_text(line, "method", head_.method_text);
  append_text(line, "host", head_.authority);
  append_text(line, "target", head_.target);
  append_number(line, "status", status_);
  append_number(line, "bytes_in", bytes_in_);
  append_number(line, "bytes_out", bytes_out_);
  append_number(line, "duration_us", static_cast<uint64_t>((now() - started_).us()));
  append_text(line, "request_id", forwarding_.request_id());
  if (route_ != nullptr) append_text(line, "route", listener_->router->label(route_index_));
  if (cluster_ != nullptr) {
    append_text(line, "cluster", cluster_->config().name);
    if (!core_.tried().empty()) append_text(line, "endpoint", cluster_->endpoint(endpoint_).name);
    append_number(line, "tries", core_.tries());
    if (panic_) line += ",\"panic\":true";
  }
  if (!switched_off_.empty()) append_text(line, "switch", switched_off_);
  if (tunnel_)
    line += head_.method == proto::http::Method::connect ? ",\"tunnel\":\"connect\"" : ",\"tunnel\":\"websocket\"";
  if (refusal_.rule != core::Rule::none) {
    std::string reason;
    core::append_refusal(reason, refusal_, tried_names());
    append_text(line, "refusal", reason);
  }
  if (abort_code_ != Code::ok) append_text(line, "aborted", name_of(abort_code_));
  if (const auto* agent = head_.find(proto::http::FieldId::user_agent)) append_text(line, "user_agent", agent->value);
  line += "}\n";
  worker_.append_log(listener_->access_log, line);
}

}  // namespace weir::l7
