#include "net/address.h"

#include <arpa/inet.h>

#include <cstring>

namespace weir::net {

namespace {
// memcpy, not a cast: the kernel's structs alias nothing.
sockaddr_in as_v4(const sockaddr_storage& storage) {
  sockaddr_in v4;
  std::memcpy(&v4, &storage, sizeof v4);
  return v4;
}
sockaddr_in6 as_v6(const sockaddr_storage& storage) {
  sockaddr_in6 v6;
  std::memcpy(&v6, &storage, sizeof v6);
  return v6;
}
}  // namespace

Result<SocketAddress> SocketAddress::parse(std::string_view host, uint16_t port) {
  const std::string text(host == "localhost" ? "127.0.0.1" : host);
  sockaddr_storage storage{};
  sockaddr_in v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&storage, &v4, sizeof v4);
    return SocketAddress(storage, sizeof v4);
  }
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&storage, &v6, sizeof v6);
    return SocketAddress(storage, sizeof v6);
  }
  return fail(Error{.code = Code::invalid_argument, .detail = "not a numeric address"});
}

uint16_t SocketAddress::port() const {
  return ntohs(family() == AF_INET6 ? as_v6(storage_).sin6_port : as_v4(storage_).sin_port);
}

std::string SocketAddress::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET6) {
    const sockaddr_in6 v6 = as_v6(storage_);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  } else {
    const sockaddr_in v4 = as_v4(storage_);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
  }
  return text;
}

std::string SocketAddress::text() const {
  const std::string port_text = std::to_string(port());
  return family() == AF_INET6 ? "[" + host() + "]:" + port_text : host() + ":" + port_text;
}

}  // namespace weir::net
