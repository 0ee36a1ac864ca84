#pragma once
// A worker's connections to the target: the one used last is taken first, a new one is opened while there are fewer
// than the cap, and beyond it there is none to have. Thread rule: the worker's thread.

#include <cstdint>
#include <vector>

#include "http/client_connection.h"
#include "net/address.h"
#include "proto/http1/parser.h"

namespace weir::load {

class Connections final : public http::ClientConnection::Owner {
 public:
  Connections(net::Loop& loop, const net::SocketAddress& target, uint32_t most);
  ~Connections();

  [[nodiscard]] bool available() const { return !idle_.empty() || open_ < most_; }
  struct Taken {
    http::ClientConnection* connection = nullptr;  ///< null: it could not even begin to connect
    bool fresh = false;
  };
  /// Only while available().
  Taken take();
  [[nodiscard]] uint32_t open() const { return open_; }

 private:
  void on_connected(http::ClientConnection&) override {}
  void on_idle(http::ClientConnection& connection) override;
  void on_closed(http::ClientConnection& connection, const Error& error) override;

  net::Loop& loop_;
  net::SocketAddress target_;
  uint32_t most_;
  uint32_t open_ = 0;
  proto::http1::Limits limits_;
  http::ClientScratch scratch_;
  http::ClientConnection* all_ = nullptr;  ///< list of every open one, for the end
  std::vector<http::ClientConnection*> idle_;
};

}  // namespace weir::load
