#include "net/address.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>
#include <span>

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

SocketAddress::SocketAddress(const IpPort& from) {
  const auto bytes = from.address.data();
  if (from.address.family == IpAddress::Family::v4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(from.port);
    std::memcpy(&v4.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&storage_, &v4, length_ = sizeof v4);
  } else if (from.address.family == IpAddress::Family::v6) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(from.port);
    std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
    std::memcpy(&storage_, &v6, length_ = sizeof v6);
  }
}

SocketAddress SocketAddress::of_socket(int fd) {
  SocketAddress address;
  socklen_t length = sizeof address.storage_;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage_), &length) == 0) address.length_ = length;
  return address;
}

IpPort SocketAddress::ip_port() const {
  std::array<uint8_t, 16> bytes{};
  if (family() == AF_INET) {
    const sockaddr_in v4 = as_v4(storage_);
    std::memcpy(bytes.data(), &v4.sin_addr, 4);
    return {.address = IpAddress::from_bytes(std::span(bytes).first(4)), .port = port()};
  }
  if (family() != AF_INET6) return {};
  const sockaddr_in6 v6 = as_v6(storage_);
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return {.address = IpAddress::from_bytes(bytes), .port = port()};
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
