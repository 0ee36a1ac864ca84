// The upstream server of the benchmark: `light_server --port P [--ports N] [--threads N]` answers, on N ports from P
// up, GET /100, /1k and /64k with so many bytes, HTTP/1.1 keep-alive, from answers prepared at start, and GET /ws with
// the 101 of a WebSocket. It must be much lighter than any proxy before it, so it looks at no more of a request than
// its path and whether it says "close". Pipelined requests that arrive in one read are answered in one write, as a
// server that deserves coalescing does.

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "sockets.h"

namespace {

struct Answer {
  std::string path;  ///< as the request line has it, from the method to the blank behind the target
  std::string keep_alive;
  std::string close;
};

std::string message(std::string_view status, size_t bytes, std::string_view extra) {
  std::string text = "HTTP/1.1 ";
  text.append(status).append("\r\nContent-Type: text/plain\r\nContent-Length: ").append(std::to_string(bytes));
  text.append("\r\n").append(extra).append("\r\n").append(bytes, 'x');
  return text;
}

Answer answer(std::string_view path, std::string_view status, size_t bytes) {
  return {"GET " + std::string(path) + " ", message(status, bytes, ""),
          message(status, bytes, "Connection: close\r\n")};
}

/// What a WebSocket begins with; whoever asks does not check the key.
const std::string kUpgraded = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/// The last one answers whatever else is asked.
const std::array<Answer, 5>& answers() {
  static const std::array<Answer, 5> all = {answer("/100", "200 OK", 100), answer("/1k", "200 OK", 1024),
                                            answer("/64k", "200 OK", 65536), Answer{"GET /ws ", kUpgraded, kUpgraded},
                                            answer("", "404 Not Found", 0)};
  return all;
}

struct Connection {
  int fd = -1;
  bool ended = false;         ///< the client's FIN is known
  bool close_wanted = false;  ///< close once all is written
  bool closed = false;
  std::string partial;        ///< the beginning of a request whose end has not come
  std::vector<iovec> unsent;  ///< answers, or what is left of them
};

class Server {
 public:
  Server(int port, int ports) : events_(port, ports) {}

  void run() {
    for (;;) {
      events_.turn<Connection>([this](int fd) { accept(fd); },
                               [this](Connection& connection, uint32_t events) { on_event(connection, events); });
      closed_.clear();
    }
  }

 private:
  void accept(int fd) {
    auto* connection = new Connection;
    connection->fd = fd;
    events_.watch(fd, connection);
  }

  void on_event(Connection& connection, uint32_t events) {
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) connection.ended = true;
    if (!connection.unsent.empty() && !flush(connection)) return;
    read_requests(connection);
  }

  void read_requests(Connection& connection) {
    while (!connection.closed) {
      const ssize_t count = ::recv(connection.fd, buffer_.data(), buffer_.size(), 0);
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0) return close(connection);
      const auto size = static_cast<size_t>(count);
      take(connection, {buffer_.data(), size});
      if (!flush(connection)) return;
      if (size < buffer_.size() && !connection.ended) return;
    }
  }

  void take(Connection& connection, std::string_view data) {
    if (connection.partial.empty()) {
      connection.partial = data.substr(answer_all(connection, data));
    } else {
      connection.partial.append(data);
      connection.partial.erase(0, answer_all(connection, connection.partial));
    }
  }

  /// Queues the answer to every whole request; returns where the first unfinished one begins.
  static size_t answer_all(Connection& connection, std::string_view data) {
    size_t begin = 0;
    while (!connection.close_wanted) {
      const size_t end = data.find("\r\n\r\n", begin);
      if (end == std::string_view::npos) return begin;
      const std::string_view request = data.substr(begin, end + 2 - begin);
      begin = end + 4;
      const auto& found = *std::find_if(answers().begin(), answers().end() - 1,
                                        [&](const Answer& each) { return request.starts_with(each.path); });
      connection.close_wanted = request.find(": close\r\n") != std::string_view::npos;
      const std::string& text = connection.close_wanted ? found.close : found.keep_alive;
      connection.unsent.push_back({const_cast<char*>(text.data()), text.size()});
    }
    return data.size();
  }

  /// Whether all answers are written and the connection goes on.
  bool flush(Connection& connection) {
    auto& unsent = connection.unsent;
    while (!unsent.empty()) {
      msghdr header{};
      header.msg_iov = unsent.data();
      header.msg_iovlen = std::min<size_t>(unsent.size(), kAnswersPerWrite);
      const ssize_t sent = ::sendmsg(connection.fd, &header, MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno != EAGAIN) close(connection);
        return false;
      }
      consume(unsent, static_cast<size_t>(sent));
    }
    if (connection.close_wanted) close(connection);
    return !connection.closed;
  }

  static void consume(std::vector<iovec>& unsent, size_t sent) {
    size_t whole = 0;
    while (whole < unsent.size() && sent >= unsent[whole].iov_len) sent -= unsent[whole++].iov_len;
    unsent.erase(unsent.begin(), unsent.begin() + static_cast<ptrdiff_t>(whole));
    if (sent == 0) return;
    unsent.front().iov_base = static_cast<char*>(unsent.front().iov_base) + sent;
    unsent.front().iov_len -= sent;
  }

  void close(Connection& connection) {
    connection.closed = true;
    ::close(connection.fd);
    closed_.emplace_back(&connection);
  }

  static constexpr size_t kAnswersPerWrite = 256;

  bench::Events events_;
  std::vector<std::unique_ptr<Connection>> closed_;
  std::vector<char> buffer_ = std::vector<char>(64 * 1024);
};

}  // namespace

int main(int argc, char** argv) {
  const int port = bench::number(argc, argv, "--port", "9000");
  const int ports = bench::number(argc, argv, "--ports", "1");
  const int threads = bench::number(argc, argv, "--threads", "1");
  std::vector<std::jthread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back([=] { Server(port, ports).run(); });
  Server(port, ports).run();
}
