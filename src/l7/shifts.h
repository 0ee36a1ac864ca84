#pragma once
// Shifts of traffic between clusters, as a process carries them out: core::Shift decides, the share it says is an
// atomic that workers read for every request that a route sends to the origin. Nobody pays for it while there is no
// shift: only a snapshot with a Diversion makes routes look.
//
// A shift concerns every route that leads to its origin, whether it names the destination too or not. It survives
// reloads as long as both clusters are there and a route leads to the origin; completed, it stays in force until the
// configuration says the same, it is cancelled, or the process ends.
//
// Thread rule: the control loop's thread; the atomics are for all.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "l7/core/shift.h"
#include "l7/snapshot.h"
#include "model/config.h"

namespace weir::l7 {

class Shifts {
 public:
  /// Beyond it the oldest that has ended is forgotten.
  static constexpr size_t kMost = 16;

  struct Entry {
    std::string from, to;
    core::Shift shift;
    std::shared_ptr<std::atomic<uint32_t>> share = std::make_shared<std::atomic<uint32_t>>(0);
    /// Its diversion is.
    [[nodiscard]] bool in_force() const { return shift.in_force(); }
  };
  using Read = std::function<core::ShiftReading(const Entry&)>;
  /// Of a shift whose state has changed.
  using Notice = std::function<void(const Entry&)>;

  [[nodiscard]] const std::vector<Entry>& all() const { return entries_; }
  void on_change(Notice notice) { notice_ = std::move(notice); }

  /// An error is one sentence for people.
  Result<void, std::string> begin(const model::Config& config, Entry entry);
  Result<void, std::string> cancel(const std::string& from, const std::string& to, Instant now);
  /// True when a diversion must be taken out of force.
  bool observe(Instant now, const Read& read);
  /// Those that are in force with this configuration.
  [[nodiscard]] std::vector<Diversion> diversions(const model::Config& config) const;
  /// The configuration is in force: what it says itself by now is adopted, what it has made impossible ends.
  void retain(const model::Config& config, Instant now);

 private:
  void tell(const Entry& entry) const;
  void make_room(const Entry& fresh);

  std::vector<Entry> entries_;  ///< in the order in which they began
  Notice notice_;
};

}  // namespace weir::l7
