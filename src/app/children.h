#pragma once
// Child processes that may not outlive us. Each is in a process group of its own, so that the terminal's ctrl-c is ours
// alone and children end after what depends on them has drained. Should this process die without a word, the kernel
// kills them (PR_SET_PDEATHSIG, prctl(2)).
//
//   Children children;
//   if (auto started = children.start({.name = "app-1", .words = {"/usr/bin/app", "--port", "3001"}}); !started) …
//   if (Children::wait(Duration::s(1)) == Wake::child) for (const Ending& each : children.reap()) …
//
// Thread rule: the main thread: the kernel takes the end of the thread that forked for the parent's. Other threads may
// run meanwhile, because between fork and exec the child calls only what is async-signal-safe (signal-safety(7)).

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace weir::app {

struct Command {
  std::string name;                ///< for messages
  std::vector<std::string> words;  ///< the program's path, then its arguments
  std::string output{};            ///< the file that receives what it says, emptied first; none: where we say things
  /// As one would type it into a shell.
  [[nodiscard]] std::string text() const;
  /// The last lines in `output`.
  [[nodiscard]] std::string last_words() const;
};

struct Ending {
  Command command;
  int status = 0;  ///< of waitpid(2)
  [[nodiscard]] bool succeeded() const { return status == 0; }
  /// "exit status 1", "signal 9, Killed"
  [[nodiscard]] std::string text() const;
};

enum class Wake : uint8_t { child, interrupt, time };

class Children {
 public:
  /// Blocks the signals that `wait` waits for, and leaves them blocked: net::Signals may take over without a gap.
  Children();
  ~Children() { stop(); }
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  Result<void, std::string> start(Command command);
  /// The process of a command that was started under this name, or 0 when there is none, or it was reaped.
  [[nodiscard]] pid_t pid_of(std::string_view name) const;
  /// Those that ended since the last call. Never waits.
  std::vector<Ending> reap();
  /// Until a child ends, until somebody asks us to end (SIGINT, SIGTERM, SIGHUP), or for `limit`.
  static Wake wait(Duration limit);
  /// SIGTERM to all, SIGKILL to those that are still there after a while; returns when all are reaped.
  void stop();

 private:
  struct Child {
    Command command;
    pid_t pid = 0;
  };
  std::vector<Child> running_;
};

}  // namespace weir::app
