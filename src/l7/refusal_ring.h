#pragma once
// The last refusals of one worker, for people who ask why. A refusal is the only request that pays for this: it copies
// its explanation into a ring of fixed size, under a lock that nobody else wants but the console, once a second. A
// flood of refusals pushes the older ones out; how many there were is counted in WorkerMetrics.
//
// Threads: note from the worker, read from any.

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace weir::l7 {

/// Views are valid during the call.
struct RefusalNote {
  Instant at{};
  Duration waited{};  ///< since the request's head
  uint16_t status = 0;
  std::string_view rule;
  std::string_view limit{};  ///< the setting that was met; empty: none
  int64_t value = 0;
  std::string_view listener{};
  std::string_view cluster{};  ///< empty: no route, or not even a request
  std::string_view method{}, host{}, target{};
  std::string_view tried{};  ///< endpoints, with commas
  std::string_view request_id{};
};

struct RefusalEntry {
  Instant at{};
  Duration waited{};
  uint16_t status = 0;
  int64_t value = 0;
  std::string rule{}, limit{}, listener{}, cluster{}, method{}, host{}, target{}, tried{}, request_id{};
};

class RefusalRing {
 public:
  static constexpr size_t kEntries = 64;
  static constexpr size_t kTextBytes = 160;  ///< of each text; what is longer ends in "…"

  void note(const RefusalNote& note);
  /// How many there have ever been: unchanged means nothing new.
  [[nodiscard]] uint64_t total() const;
  /// Appends what is there, oldest first.
  void read(std::vector<RefusalEntry>& into) const;

 private:
  mutable std::mutex mutex_;
  std::array<RefusalEntry, kEntries> entries_;
  uint64_t total_ = 0;
};

}  // namespace weir::l7
