#include "examples/timeline/service.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace weir::timeline {

namespace {

using proto::http::FieldId;
using proto::http::Method;

int64_t unix_now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count();
}

std::string_view value_of(const proto::http::Field* field) {
  return field == nullptr ? std::string_view() : field->value;
}

ApiRequest api_request(const http::SimpleRequest& request) {
  const std::string_view path = request.head.path();
  const std::string_view target = request.head.target;
  return ApiRequest{.method = request.head.method_text,
                    .path = path,
                    .query = target.substr(std::min(target.size(), path.size() + 1)),
                    .authorization = value_of(request.head.find(FieldId::authorization)),
                    .accept = value_of(request.head.find("accept")),
                    .body = request.body,
                    .now_unix = unix_now()};
}

http::SimpleResponse json(uint16_t status, std::string body) {
  return http::SimpleResponse{.status = status, .content_type = "application/json", .body = std::move(body)};
}

}  // namespace

Result<std::unique_ptr<Service>> Service::create(net::Loop& loop, Store& store, const TokenKey& key,
                                                 const Options& options) {
  std::unique_ptr<Service> service(new Service());
  Service* self = service.get();
  auto server = http::SimpleServer::create(
      loop, options.listen, [self](const http::SimpleRequest& request) { return self->serve(request); }, {});
  if (!server) return fail(server.error());
  service->server_ = std::move(*server);
  service->api_.emplace(store, key, fmt::format("{}:{}", options.name, service->address().port()),
                        options.password_cost);
  if (options.fault_listen) {
    auto fault_server = http::SimpleServer::create(
        loop, *options.fault_listen, [self](const http::SimpleRequest& request) { return self->control(request); }, {});
    if (!fault_server) return fail(fault_server.error());
    service->fault_server_ = std::move(*fault_server);
  }
  return service;
}

std::optional<net::SocketAddress> Service::fault_address() const {
  if (fault_server_ == nullptr) return std::nullopt;
  return fault_server_->local_address();
}

http::SimpleResponse Service::serve(const http::SimpleRequest& request) {
  const Effect effect = effect_on(fault_, request.head.path(), prng_);
  if (effect.never) return http::SimpleResponse{.never = true};
  ApiResponse answer = effect.error ? api_->injected_error() : api_->handle(api_request(request));
  return http::SimpleResponse{.status = answer.status,
                              .content_type = std::move(answer.content_type),
                              .body = std::move(answer.body),
                              .fields = std::move(answer.fields),
                              .delay = effect.delay,
                              .body_bytes_per_second = effect.body_bytes_per_second};
}

http::SimpleResponse Service::control(const http::SimpleRequest& request) {
  if (request.head.path() != "/fault") return json(404, "{\"error\":\"not_found\",\"message\":\"see /fault\"}\n");
  switch (request.head.method) {
    case Method::get:
    case Method::head: break;
    case Method::delete_: fault_ = Fault{}; break;
    case Method::post: {
      const auto fault = Fault::parse(request.body);
      if (!fault) {
        return json(
            422,
            "{\"error\":\"bad_fault\",\"message\":\"a JSON object with any of delay_ms, error_percent, half_dead,"
            " slow_body_bps, spare_health\"}\n");
      }
      fault_ = *fault;
      break;
    }
    default: {
      auto response = json(405, "{\"error\":\"method_not_allowed\",\"message\":\"see the allow field\"}\n");
      response.fields.emplace_back("allow", "GET, HEAD, POST, DELETE");
      return response;
    }
  }
  return json(200, fault_.to_json() + "\n");
}

}  // namespace weir::timeline
