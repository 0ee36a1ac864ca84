// The floor: a TCP relay that parses nothing. `relay --port P --upstream U` joins each accepted connection with one of
// its own to the upstream port and copies bytes both ways. What a proxy costs beyond this is what its HTTP costs.
//
// It is as good as epoll allows without knowing what it carries: edge-triggered, so that a socket is registered once;
// one buffer for all, so that idle connections own none; a read that did not fill the buffer has emptied the socket, so
// no second read asks; accepted sockets inherit TCP_NODELAY. One request costs recv, send, recv, send and a share of
// one epoll_wait.

#include <memory>
#include <string>
#include <vector>

#include "sockets.h"

namespace {

struct Pair;

struct Side {
  int fd = -1;
  Pair* pair = nullptr;
  bool ended = false;  ///< the peer's FIN is known, so a short read is not the last one
  std::string unsent;  ///< read from the other side, not yet taken by this one
};

struct Pair {
  Side downstream;
  Side upstream;
  bool closed = false;
  Side& other(const Side& side) { return &side == &downstream ? upstream : downstream; }
};

class Relay {
 public:
  Relay(int port, int upstream_port) : events_(port), upstream_port_(upstream_port) {}

  [[noreturn]] void run() {
    for (;;) {
      events_.turn<Side>([this](int fd) { accept(fd); },
                         [this](Side& side, uint32_t events) { on_event(side, events); });
      // Later events of the same batch may name a pair that an earlier one closed.
      closed_.clear();
    }
  }

 private:
  void accept(int fd) {
    const int upstream = bench::connect_to(upstream_port_);
    if (upstream < 0) {
      ::close(fd);
      return;
    }
    auto* pair = new Pair;
    pair->downstream.fd = fd;
    pair->upstream.fd = upstream;
    pair->downstream.pair = pair->upstream.pair = pair;
    events_.watch(upstream, &pair->upstream);
    events_.watch(fd, &pair->downstream);
  }

  void on_event(Side& side, uint32_t events) {
    Pair& pair = *side.pair;
    if (pair.closed) return;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) side.ended = true;
    if ((events & EPOLLOUT) != 0 && !side.unsent.empty()) {
      if (!flush(side)) return;
      pump(pair.other(side), side);
    }
    if (!pair.closed && (events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) pump(side, pair.other(side));
  }

  /// Copies until `from` is empty or `to` takes no more; then the edge of the one or the other brings us back.
  void pump(Side& from, Side& to) {
    while (to.unsent.empty()) {
      const ssize_t count = ::recv(from.fd, buffer_.data(), buffer_.size(), 0);
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0) return close(*from.pair);
      const auto size = static_cast<size_t>(count);
      const ssize_t sent = ::send(to.fd, buffer_.data(), size, MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return close(*from.pair);
      const size_t taken = sent < 0 ? 0 : static_cast<size_t>(sent);
      if (taken < size) to.unsent.assign(buffer_.data() + taken, size - taken);
      if (size < buffer_.size() && !from.ended) return;
    }
  }

  /// Whether all that waited for `side` is gone.
  bool flush(Side& side) {
    const ssize_t sent = ::send(side.fd, side.unsent.data(), side.unsent.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN) close(*side.pair);
      return false;
    }
    side.unsent.erase(0, static_cast<size_t>(sent));
    return side.unsent.empty();
  }

  /// Whoever ends first ends both: HTTP clients and servers do not half-close.
  void close(Pair& pair) {
    pair.closed = true;
    ::close(pair.downstream.fd);
    ::close(pair.upstream.fd);
    closed_.emplace_back(&pair);
  }

  bench::Events events_;
  int upstream_port_;
  std::vector<std::unique_ptr<Pair>> closed_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
};

}  // namespace

int main(int argc, char** argv) {
  Relay(bench::number(argc, argv, "--port", "8000"), bench::number(argc, argv, "--upstream", "9000")).run();
}
