#include "app/handover.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>
#include <vector>

namespace weir::app {

namespace {

using Json = nlohmann::json;

constexpr size_t kFdsPerPacket = 200;  // the kernel takes 253 (SCM_MAX_FD)
constexpr size_t kPacketBytes = 64 * 1024;
constexpr size_t kMostSockets = 100'000;
constexpr std::string_view kListener = "listener ";
constexpr std::string_view kAdmin = "admin ";
constexpr std::string_view kState = "state";
constexpr time_t kReceiveSeconds = 10;

std::string os_error(std::string_view what) { return fmt::format("{}: {}", what, std::strerror(errno)); }

struct Named {
  std::string name;
  int fd;
};

Result<void, std::string> send_packet(int channel, std::span<const Named> named) {
  std::string text;
  for (const Named& each : named) text += each.name + "\n";
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kFdsPerPacket * sizeof(int))> control{};
  iovec vector{.iov_base = text.data(), .iov_len = text.size()};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(named.size() * sizeof(int));
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(named.size() * sizeof(int));
  for (size_t i = 0; i < named.size(); ++i) {
    std::memcpy(CMSG_DATA(header) + i * sizeof(int), &named[i].fd, sizeof(int));
  }
  if (::sendmsg(channel, &message, MSG_NOSIGNAL) < 0) return fail(os_error("handing over sockets"));
  return {};
}

struct Packet {
  std::string text;
  std::vector<net::Fd> fds;
};

Result<Packet, std::string> receive_packet(int channel) {
  Packet packet;
  packet.text.resize(kPacketBytes);
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kFdsPerPacket * sizeof(int))> control{};
  iovec vector{.iov_base = packet.text.data(), .iov_len = packet.text.size()};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t n = ::recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
  if (n < 0) return fail(os_error("taking over sockets"));
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    for (size_t i = 0; CMSG_LEN((i + 1) * sizeof(int)) <= header->cmsg_len; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      packet.fds.emplace_back(fd);
    }
  }
  if (n == 0) return fail(std::string("the process before has gone without handing over"));
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return fail(std::string("what the process before hands over does not fit: are there too many open files?"));
  }
  packet.text.resize(static_cast<size_t>(n));
  return packet;
}

net::Fd file_of(std::string_view text) {
  net::Fd file(::memfd_create("weir-state", MFD_CLOEXEC));
  while (file.valid() && !text.empty()) {
    const ssize_t n = ::write(file.get(), text.data(), text.size());
    if (n <= 0) return {};
    text.remove_prefix(static_cast<size_t>(n));
  }
  return file;
}

std::string content_of(const net::Fd& file) {
  std::string text;
  std::array<char, 4096> piece{};
  for (off_t at = 0;; at = static_cast<off_t>(text.size())) {
    const ssize_t n = ::pread(file.get(), piece.data(), piece.size(), at);
    if (n <= 0) return text;
    text.append(piece.data(), static_cast<size_t>(n));
  }
}

/// True for the packet that ends it.
bool unpack(Packet& packet, Handover& into) {
  std::string_view rest = packet.text;
  for (net::Fd& fd : packet.fds) {
    const std::string_view name = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    if (name == kState) {
      into.state = content_of(fd);
      return true;
    }
    if (name.starts_with(kListener)) {
      into.listeners[std::string(name.substr(kListener.size()))].push_back(std::move(fd));
    } else if (name.starts_with(kAdmin)) {
      into.admin_address = name.substr(kAdmin.size());
      into.admin = std::move(fd);
    }
  }
  return false;
}

}  // namespace

std::string text_of(const Verdict& verdict) {
  const Json json = verdict.ready
                        ? Json{{"ready", true}, {"listeners", verdict.listeners}, {"admin", verdict.admin_address}}
                        : Json{{"ready", false}, {"failure", verdict.failure}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Verdict> read_verdict(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("ready") || !json["ready"].is_boolean()) return std::nullopt;
  Verdict verdict{.ready = json["ready"].get<bool>(), .failure = {}, .listeners = {}, .admin_address = {}};
  if (const auto found = json.find("failure"); found != json.end() && found->is_string()) {
    verdict.failure = found->get<std::string>();
  }
  if (const auto found = json.find("admin"); found != json.end() && found->is_string()) {
    verdict.admin_address = found->get<std::string>();
  }
  if (const auto found = json.find("listeners"); found != json.end() && found->is_array()) {
    for (const Json& each : *found) {
      if (each.is_string()) verdict.listeners.insert(each.get<std::string>());
    }
  }
  return verdict;
}

Result<void, std::string> send_handover(int channel, const Handover& handover) {
  std::vector<Named> named;
  for (const auto& [address, sockets] : handover.listeners) {
    for (const net::Fd& fd : sockets) named.push_back({std::string(kListener) + address, fd.get()});
  }
  if (handover.admin.valid()) named.push_back({std::string(kAdmin) + handover.admin_address, handover.admin.get()});
  const net::Fd state = file_of(handover.state);
  if (!state.valid()) return fail(os_error("memfd_create"));
  named.push_back({std::string(kState), state.get()});
  for (std::span<const Named> rest = named; !rest.empty();) {
    const auto piece = rest.first(std::min(rest.size(), kFdsPerPacket));
    if (auto sent = send_packet(channel, piece); !sent) return sent;
    rest = rest.subspan(piece.size());
  }
  return {};
}

std::optional<Predecessor> Predecessor::from_environment() {
  const char* const text = std::getenv(kVariable);
  if (text == nullptr) return std::nullopt;
  int fd = -1;
  const char* const end = text + std::strlen(text);
  const bool is_number = std::from_chars(text, end, fd).ptr == end && fd > STDERR_FILENO;
  ::unsetenv(kVariable);
  struct stat status {};
  if (!is_number || ::fstat(fd, &status) != 0 || !S_ISSOCK(status.st_mode)) return std::nullopt;
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return Predecessor(net::Fd(fd));
}

Result<Handover, std::string> Predecessor::receive() {
  const timeval patience{.tv_sec = kReceiveSeconds, .tv_usec = 0};
  ::setsockopt(channel_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  Handover all;
  for (size_t sockets = 0; sockets < kMostSockets;) {
    auto packet = receive_packet(channel_.get());
    if (!packet) return fail(packet.error());
    if (packet->fds.empty()) break;
    sockets += packet->fds.size();
    if (unpack(*packet, all)) return all;
  }
  return fail(std::string("the process before hands over something else than sockets"));
}

void Predecessor::say(const Verdict& verdict) {
  std::string text = text_of(verdict);
  if (text.size() > kPacketBytes) {
    // Whoever does not know that we accept from a socket accepts what waits there: no connection is lost by it.
    text = text_of({.ready = verdict.ready,
                    .failure = "it says too much: see its log",
                    .listeners = {},
                    .admin_address = verdict.admin_address});
  }
  // If the process before has gone there is nobody left to tell.
  (void)::send(channel_.get(), text.data(), text.size(), MSG_NOSIGNAL);
  channel_.reset();
}

}  // namespace weir::app
