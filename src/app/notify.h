#pragma once
// Tells systemd how the service is (sd_notify(3)): with Type=notify a unit counts as started when it says READY=1, a
// reload as done when it says so again, and after an upgrade of the binary MAINPID names the process that goes on.
// Without NOTIFY_SOCKET in the environment nobody asks, and nothing is said. Only the unit's main process speaks, so
// that NotifyAccess=main is enough.
//
// Thread rule: any; a call is one datagram and does not wait.

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace weir::app {

class Notify {
 public:
  /// `socket`: as in NOTIFY_SOCKET, a path, or a name behind an @ (an abstract socket).
  explicit Notify(std::string socket) : socket_(std::move(socket)) {}
  static Notify from_environment();

  void ready(std::string_view status) const { send(text("READY=1", status)); }
  /// A reload or an upgrade begins: ready() ends it, whatever came of it.
  void reloading(Instant now, std::string_view status) const;
  void stopping(std::string_view status) const { send(text("STOPPING=1", status)); }
  /// Another process is the main one now, and ready.
  void handed_over(pid_t to, std::string_view status) const;

 private:
  static std::string text(std::string_view state, std::string_view status);
  void send(std::string_view text) const;

  std::string socket_;  ///< empty: nobody listens
};

}  // namespace weir::app
