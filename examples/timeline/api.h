#pragma once
// The service without its sockets: a request as values goes in, a response as values comes out. All state is in the
// Store and in the token that the client brings, so any instance can answer any request.
//
//   POST /register {name, password}   201, 409 taken          GET /timeline/{user}?limit=N   200, 404
//   POST /login    {name, password}   200 {token}, 401        GET /                          200 a page for people
//   POST /follow   {user}   (token)   200, 404                GET /healthz                   200 while the process
//   lives POST /post     {text}   (token)   201 {id}                GET /readyz                    200 when the
//   database answers
//
// Errors are {"error": stable_name, "message": "for people"}. Every response says in x-instance who gave it. The clock
// is an argument. One thread per Api.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "examples/timeline/flat_json.h"
#include "examples/timeline/password.h"
#include "examples/timeline/store.h"
#include "examples/timeline/token.h"

namespace weir::timeline {

struct ApiRequest {
  std::string_view method{};
  std::string_view path{};           ///< without the query
  std::string_view query{};          ///< without the question mark
  std::string_view authorization{};  ///< the field's value, empty when absent
  std::string_view accept{};
  std::string_view body{};
  int64_t now_unix = 0;
};

struct ApiResponse {
  uint16_t status = 200;
  std::string content_type = "application/json";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> fields{};
};

class Api {
 public:
  static constexpr size_t kBodyBytesMax = 16 * 1024;
  static constexpr size_t kNameBytesMax = 32;
  static constexpr size_t kPasswordBytesMin = 8;
  static constexpr size_t kPasswordBytesMax = 128;
  static constexpr size_t kTextCharactersMax = 500;

  /// `instance` is what x-instance says.
  Api(Store& store, const TokenKey& key, std::string instance, const PasswordCost& cost);

  ApiResponse handle(const ApiRequest& request);
  /// What a drill gets that asked for errors.
  [[nodiscard]] ApiResponse injected_error() const;

 private:
  using Handler = ApiResponse (Api::*)(const ApiRequest&);
  struct Route {
    std::string_view method;
    std::string_view path;
    Handler handler;
  };
  static const Route kRoutes[];

  ApiResponse route(const ApiRequest& request);
  ApiResponse register_user(const ApiRequest& request);
  ApiResponse log_in(const ApiRequest& request);
  ApiResponse follow(const ApiRequest& request);
  ApiResponse post(const ApiRequest& request);
  ApiResponse timeline(const ApiRequest& request);
  ApiResponse page(const ApiRequest& request);
  ApiResponse health(const ApiRequest& request);
  ApiResponse readiness(const ApiRequest& request);

  /// The user whom the request's token names, or the refusal to send.
  Result<User, ApiResponse> authenticate(const ApiRequest& request);

  Store& store_;
  const TokenKey& key_;
  std::string instance_;
  PasswordCost cost_;
  std::string nobodys_hash_;  ///< checked for names that do not exist, so that timing does not tell which do
};

}  // namespace weir::timeline
