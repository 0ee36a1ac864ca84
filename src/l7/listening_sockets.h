#pragma once
// The listening sockets of a process. With SO_REUSEPORT every worker has its own for an address, and the kernel spreads
// connections over them: a socket of that group that nobody accepts from would keep its share of them waiting for ever,
// and closing it resets those that wait. So a process that takes over from another takes all its sockets as they are
// (the same open file descriptions), and gives each to one of its workers, however many it has.
//
// Any thread.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "net/fd.h"

namespace weir::l7 {

/// By address as the configuration writes it.
using ListeningSockets = std::map<std::string, std::vector<net::Fd>>;

/// Whether sockets of our own may still listen on an address: those of a listener that has just been dropped, whose
/// workers have not let go of it yet.
enum class OwnSockets : uint8_t { none, perhaps };

/// For one address: by worker, at least one socket each. Without `inherited` ones they are opened, unless somebody else
/// listens there. With fewer of them than workers further ones are opened beside them; where that is not possible (the
/// process has given up the privilege, or is another user than who opened the first), workers share one. An error is
/// one sentence for people, without the address.
Result<std::vector<std::vector<net::Fd>>, std::string> sockets_for(const net::SocketAddress& address,
                                                                   std::vector<net::Fd> inherited, size_t workers,
                                                                   OwnSockets own = OwnSockets::none);

}  // namespace weir::l7
