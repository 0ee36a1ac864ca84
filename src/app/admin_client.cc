#include "app/admin_client.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>
#include <vector>

#include "http/simple_client.h"
#include "model/units.h"

namespace weir::app {

namespace {

std::string unreachable(const model::Address& address, const std::string& reason) {
  return fmt::format("cannot reach the admin interface at {} ({}): is weir running, and is `admin` set?",
                     address.text(), reason);
}

}  // namespace

Result<AdminAnswer, std::string> ask_admin(const AdminAccess& admin, bool changes, const std::string& target,
                                           Duration timeout) {
  const model::Address& address = admin.address;
  std::vector<std::pair<std::string, std::string>> fields{{"X-Weir-Admin", "ctl"}};
  if (!admin.token.empty()) fields.emplace_back("Authorization", "Bearer " + admin.token);
  const auto socket_address = net::SocketAddress::parse(address.host, address.port);
  if (!socket_address) return fail(unreachable(address, std::string(text_of(socket_address.error().code))));
  auto answer = http::ask({.address = *socket_address,
                           .method = changes ? proto::http::Method::post : proto::http::Method::get,
                           .target = target,
                           .fields = std::move(fields),
                           .timeout = timeout});
  if (answer) return AdminAnswer{.status = answer->status, .body = std::move(answer->body)};
  const Error& error = answer.error();
  if (error.code == Code::timeout && error.os_error == 0) {
    return fail(unreachable(address, "no answer within " + model::format_duration(timeout)));
  }
  return fail(unreachable(
      address, error.os_error == 0 ? std::string(text_of(error.code)) : std::string(std::strerror(error.os_error))));
}

}  // namespace weir::app
