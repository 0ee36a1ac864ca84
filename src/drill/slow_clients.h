#pragma once
// Clients that hold a connection by sending the head of a request a byte at a time (the attack known as Slowloris), and
// connect again when they are sent away. Thread rule: the loop's thread.

#include <memory>
#include <vector>

#include "net/address.h"
#include "net/loop.h"

namespace weir::drill {

class SlowClients {
 public:
  static constexpr Duration kBytePause = Duration::ms(500);

  SlowClients(net::Loop& loop, const net::SocketAddress& address, size_t count);
  ~SlowClients();
  SlowClients(const SlowClients&) = delete;
  SlowClients& operator=(const SlowClients&) = delete;

 private:
  class Client;
  std::vector<std::unique_ptr<Client>> clients_;
  net::Loop& loop_;
};

}  // namespace weir::drill
