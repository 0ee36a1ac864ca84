#pragma once
// Numeric socket addresses, IPv4 and IPv6. Values; nothing here asks a resolver.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/result.h"

namespace weir::net {

class SocketAddress {
 public:
  SocketAddress() = default;
  SocketAddress(const sockaddr_storage& storage, socklen_t length) : storage_(storage), length_(length) {}
  /// `host`: dotted quad, IPv6 without brackets, or "localhost" (127.0.0.1). Error: invalid_argument.
  static Result<SocketAddress> parse(std::string_view host, uint16_t port);
  /// Empty for none.
  explicit SocketAddress(const IpPort& address);
  /// Where a connected or listening socket is bound; empty when it is not.
  static SocketAddress of_socket(int fd);

  [[nodiscard]] const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t length() const { return length_; }
  [[nodiscard]] int family() const { return storage_.ss_family; }
  [[nodiscard]] uint16_t port() const;
  [[nodiscard]] IpPort ip_port() const;    ///< none when it is no address of IP
  [[nodiscard]] std::string host() const;  ///< IPv6 without brackets
  [[nodiscard]] std::string text() const;  ///< "127.0.0.1:80", "[::1]:80"

 private:
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

}  // namespace weir::net
