#pragma once
// The upgrade of a running process's binary, as the old process sees it: it starts the new one, hands it its listening
// sockets and what it must not forget (app/handover.h), and waits until that one serves. Only then the old one stops
// accepting and drains. If the new one says that it cannot, ends, or is not ready in time, it is ended, and the old one
// goes on as if nothing had happened.
//
//   idle -> collecting (workers give further descriptors of their sockets) -> starting -> handed_over, or back to idle
//
// The new process is a child of the old one, in a process group of its own: what is typed at a terminal, and the end of
// the old one, do not concern it.
//
// Thread rule: the control loop's thread; further threads may run.

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "app/handover.h"
#include "base/time.h"
#include "net/fd.h"
#include "net/loop.h"

namespace weir::app {

class Upgrade final : private net::Pollable {
 public:
  enum class Phase : uint8_t { idle, collecting, starting, handed_over };
  struct Hooks {
    /// Calls back with what the new process needs.
    std::function<void(std::function<void(Handover)>)> collect;
    std::function<void(const Verdict&, pid_t)> handed_over;
    /// Everything stays as it was; for people.
    std::function<void(const std::string& why)> failed;
  };

  Upgrade(net::Loop& loop, Hooks hooks) : loop_(loop), hooks_(std::move(hooks)) {}
  ~Upgrade() { abandon("the process ends"); }
  Upgrade(const Upgrade&) = delete;
  Upgrade& operator=(const Upgrade&) = delete;

  /// `words`: the program and its arguments. An error is one sentence for people: nothing was begun.
  Result<void, std::string> begin(std::vector<std::string> words, Duration ready_timeout);
  /// Ends the new process, if it has not taken over yet.
  void abandon(const std::string& why);

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool under_way() const { return phase_ == Phase::collecting || phase_ == Phase::starting; }
  [[nodiscard]] pid_t successor() const { return successor_; }
  /// Why the last one failed; empty: none has.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  void on_ready(uint32_t events) override;
  void launch(Handover handover);
  Result<void, std::string> spawn(int channel);
  void read_channel();
  void on_verdict(const Verdict& verdict);
  void on_tick();
  /// How the new process has ended; empty while it runs.
  std::string reap();
  void fail_with(const std::string& why);
  void close_channel();

  static constexpr Duration kTick = Duration::ms(50);

  net::Loop& loop_;
  Hooks hooks_;
  std::vector<std::string> words_;
  Duration ready_timeout_{};
  Instant deadline_{};
  Phase phase_ = Phase::idle;
  pid_t successor_ = 0;
  net::Fd channel_;
  std::string not_sent_;  ///< why the new process did not get what it needs; empty: it did
  std::string failure_;
  net::Timer tick_ = net::Timer::bind<&Upgrade::on_tick>(this);
};

}  // namespace weir::app
