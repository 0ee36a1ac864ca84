#include "drill/slow_clients.h"

#include <string_view>

#include "net/stream.h"

namespace weir::drill {

namespace {
constexpr std::string_view kBegin = "GET /timeline/user1 HTTP/1.1\r\nHost: slow\r\nX-Slow: ";
}

/// Owns a stream, which must outlive the turn in which it closes: hence Deferred.
class SlowClients::Client final : public net::Deferred, private net::Stream::Handler {
 public:
  Client(net::Loop& loop, const net::SocketAddress& address) : loop_(loop), address_(address), stream_(loop, *this) {
    connect();
  }

 private:
  void connect() {
    (void)stream_.connect(address_);
    stream_.write(kBegin);
    loop_.arm(timer_, kBytePause);
  }
  void on_timer() {
    if (!stream_.open()) return connect();
    if (!stream_.connecting() && !stream_.congested()) stream_.write("x");
    loop_.arm(timer_, kBytePause);
  }
  size_t on_data(std::string_view data) override { return data.size(); }
  void on_end() override { stream_.close(); }
  void on_drained() override {}
  void on_closed(const Error& /*error*/) override {}

  net::Loop& loop_;
  net::SocketAddress address_;
  net::Stream stream_;
  net::Timer timer_ = net::Timer::bind<&Client::on_timer>(this);
};

SlowClients::SlowClients(net::Loop& loop, const net::SocketAddress& address, size_t count) : loop_(loop) {
  for (size_t i = 0; i < count; ++i) clients_.push_back(std::make_unique<Client>(loop, address));
}

SlowClients::~SlowClients() {
  for (auto& each : clients_) loop_.defer_delete(std::move(each));
}

}  // namespace weir::drill
