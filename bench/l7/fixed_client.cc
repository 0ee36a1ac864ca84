// `fixed_client --port P --path /100 --requests N --connections C` sends exactly N requests over C keep-alive
// connections, one outstanding on each, and fails unless every answer is a whole 200. For counts that are compared
// between a long and a short run, where a client that runs for a time would not do.

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

#include "sockets.h"

namespace {

[[noreturn]] void fail(const char* why) {
  std::fprintf(stderr, "fixed_client: %s\n", why);
  std::exit(1);
}

/// The value of Content-Length in a head, whatever the case of its name.
size_t content_length(std::string_view head) {
  std::string lower(head);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  constexpr std::string_view kName = "\r\ncontent-length: ";
  const size_t at = lower.find(kName);
  if (at == std::string::npos) fail("an answer without Content-Length");
  size_t value = 0;
  std::from_chars(lower.data() + at + kName.size(), lower.data() + lower.size(), value);
  return value;
}

struct Connection {
  int fd = -1;
  std::string input;

  void send_request(std::string_view request) const {
    const ssize_t sent = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request.size())) fail("a request could not be sent");
  }

  /// Whether a whole answer has come; it is removed.
  bool take_answer() {
    const size_t head_end = input.find("\r\n\r\n");
    if (head_end == std::string::npos) return false;
    if (!input.starts_with("HTTP/1.1 200")) fail("an answer other than 200");
    const size_t size = head_end + 4 + content_length(std::string_view(input).substr(0, head_end + 2));
    if (input.size() < size) return false;
    input.erase(0, size);
    return true;
  }

  void read_more() {
    std::array<char, 65536> buffer{};
    const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (count <= 0) fail("a connection ended before its answer");
    input.append(buffer.data(), static_cast<size_t>(count));
  }
};

int connect_and_wait(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bench::require(fd >= 0, "socket");
  const sockaddr_in address = bench::loopback(port);
  bench::require(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "connect");
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  const int port = bench::number(argc, argv, "--port", "8000");
  const int requests = bench::number(argc, argv, "--requests", "1000");
  const int wanted = std::min(bench::number(argc, argv, "--connections", "64"), requests);
  const std::string request =
      "GET " + std::string(bench::argument(argc, argv, "--path", "/100")) + " HTTP/1.1\r\nHost: bench\r\n\r\n";

  const int epoll = bench::create_epoll();
  std::vector<Connection> connections(static_cast<size_t>(wanted));
  for (auto& connection : connections) {
    connection.fd = connect_and_wait(port);
    bench::watch(epoll, connection.fd, EPOLLIN, &connection);
  }
  for (const auto& connection : connections) connection.send_request(request);
  int sent = wanted;
  int answered = 0;
  std::array<epoll_event, 512> events{};
  while (answered < requests) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    bench::require(count >= 0 || errno == EINTR, "epoll_wait");
    for (int i = 0; i < count; ++i) {
      auto& connection = *static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr);
      connection.read_more();
      if (!connection.take_answer()) continue;
      ++answered;
      if (sent < requests) {
        ++sent;
        connection.send_request(request);
      }
    }
  }
  for (const auto& connection : connections) ::close(connection.fd);
}
