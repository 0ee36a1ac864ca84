#pragma once
// Switches that an operator throws while the process runs: one per name that routes give theirs (`switch:`), whose off
// means "answer from the fallback", and one per listener, "listener:NAME", whose off means maintenance. Whether one is
// off is an atomic that all workers read, so it takes effect with the next request, everywhere.
//
// What was thrown holds until it is thrown back: over reloads too, even one that does without the name for a while, and
// over an upgrade of the binary. A process that is started begins with everything on.
//
// Threads: Switch::off() from any; everything else on the control thread.

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/config.h"

namespace weir::l7 {

class Switch {
 public:
  [[nodiscard]] bool off() const { return off_.load(std::memory_order_relaxed); }

 private:
  friend class Switches;
  std::atomic<bool> off_{false};
  Instant thrown_{};  ///< Instant{}: never
};

struct SwitchStatus {
  std::string name;
  bool off = false;
  Instant thrown{};  ///< Instant{}: never
};

class Switches {
 public:
  /// "listener:web".
  static std::string name_of(const model::ListenerConfig& listener) { return "listener:" + listener.name; }

  /// From now on there are those that `config` names.
  void follow(const model::Config& config);
  /// One that the configuration names.
  [[nodiscard]] std::shared_ptr<const Switch> find(std::string_view name) const;
  /// False: there is none of that name.
  bool set(std::string_view name, bool off, Instant now);
  /// Those that the configuration names, in the order of their names.
  [[nodiscard]] std::vector<SwitchStatus> all() const;
  /// What another process has to know: the names of those that are off, also of those that the configuration does not
  /// name at the moment.
  [[nodiscard]] std::vector<std::string> names_off() const;
  /// In that process. False: the configuration does not name it; it is off when it does.
  bool recall_off(const std::string& name, Instant now);

 private:
  std::map<std::string, std::shared_ptr<Switch>, std::less<>> named_;      ///< by the configuration in force
  std::map<std::string, std::shared_ptr<Switch>, std::less<>> forgotten_;  ///< off, and no longer named
};

}  // namespace weir::l7
