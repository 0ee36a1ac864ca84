#include "app/notify.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "net/fd.h"

namespace weir::app {

Notify Notify::from_environment() {
  const char* const socket = std::getenv("NOTIFY_SOCKET");
  return Notify(socket == nullptr ? "" : socket);
}

std::string Notify::text(std::string_view state, std::string_view status) {
  return fmt::format("{}\nSTATUS={}", state, status);
}

void Notify::reloading(Instant now, std::string_view status) const {
  // The time tells systemd this beginning from an earlier one; it is that of CLOCK_MONOTONIC, as ours is.
  send(text(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.ns() / 1000), status));
}

void Notify::handed_over(pid_t to, std::string_view status) const {
  send(text(fmt::format("MAINPID={}\nREADY=1", to), status));
}

void Notify::send(std::string_view text) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const net::Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // Nothing can be done when it is not taken: systemd has its own timeouts.
  (void)::sendto(fd.get(), text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length);
}

}  // namespace weir::app
