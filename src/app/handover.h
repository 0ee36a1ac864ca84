#pragma once
// What passes between a process and the one that takes over from it, over a pair of connected Unix sockets
// (SOCK_SEQPACKET) of which the new process finds its end named in the environment:
//
//   old -> new   names of listening sockets, one a line, with the sockets themselves (SCM_RIGHTS, unix(7)), as many as
//                fit into a packet; at last "state", with a file in memory (memfd_create(2)) of what the old process
//                would otherwise forget (app/carried_state.h)
//   new -> old   one Verdict: it serves, or why it cannot
//
// The sockets are the same open file descriptions in both processes, so that connections which wait to be accepted wait
// for either. Both sides may be of different versions: what one does not know it ignores.
//
// Thread rule: any; the calls do not wait but for receive().

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "l7/listening_sockets.h"
#include "net/fd.h"

namespace weir::app {

struct Handover {
  l7::ListeningSockets listeners;
  std::string admin_address;  ///< as configured; empty: there is no admin interface
  net::Fd admin;
  std::string state;
};

/// What the new process says, once.
struct Verdict {
  bool ready = false;
  std::string failure;              ///< when it is not ready: why, for people
  std::set<std::string> listeners;  ///< when it is: the addresses that it accepts from
  std::string admin_address;        ///< and where its admin interface is; empty: nowhere
};

std::string text_of(const Verdict& verdict);
/// Nothing when it is none.
std::optional<Verdict> read_verdict(std::string_view text);

/// `channel` does not block. An error is one sentence for people.
Result<void, std::string> send_handover(int channel, const Handover& handover);

/// The new process's side.
class Predecessor {
 public:
  static constexpr const char* kVariable = "WEIR_HANDOVER";

  explicit Predecessor(net::Fd channel) : channel_(std::move(channel)) {}
  /// Nothing unless this process was started to take over; takes the variable out of the environment.
  static std::optional<Predecessor> from_environment();

  /// Waits for it, but not for long. An error is one sentence for people.
  Result<Handover, std::string> receive();
  void say(const Verdict& verdict);

 private:
  net::Fd channel_;
};

}  // namespace weir::app
