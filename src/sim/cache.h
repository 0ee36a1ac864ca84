#pragma once
// A cache in front of the next tier: entries live for a time and the least recently used goes when it is full. What
// happens when an entry expires is the subject: every miss fetches (a herd), one fetch per key at a time
// (singleflight), or a hit shortly before may refresh ahead, with a probability that grows towards the expiry and with
// the cost of the fetch (XFetch: A. Vattani, F. Chierichetti, K. Lowenstein, "Optimal probabilistic cache stampede
// prevention", VLDB 2015: refresh when now - delta beta ln(u) >= expiry). The refresh runs beside the request, which is
// answered from the entry. One thread.

#include <cstdint>
#include <list>
#include <unordered_map>

#include "base/prng.h"
#include "base/time.h"
#include "sim/job.h"
#include "sim/scenario.h"

namespace weir::sim {

/// A fetch under way that others may wait for.
struct Flight {
  uint64_t key = 0;
  WaitList waiting;
};

class Cache {
 public:
  enum class Look : uint8_t { hit, hit_and_refresh, miss };

  /// `spec` must outlive it.
  explicit Cache(const CacheSpec& spec) : spec_(&spec) {}

  Look look(uint64_t key, Instant now, Prng& prng);
  /// `took`: what fetching it cost.
  void put(uint64_t key, Duration took, Instant now) { put_until(key, took, now + spec_->ttl); }
  void put_until(uint64_t key, Duration took, Instant expires);
  void clear();
  [[nodiscard]] size_t size() const { return entries_.size(); }

  /// With singleflight: the fetch of this key under way, or null.
  Flight* flight_of(uint64_t key);
  Flight* begin_flight(uint64_t key);
  void end_flight(Flight* flight) { flights_.erase(flight->key); }
  [[nodiscard]] bool single() const { return spec_->mode == CacheMode::singleflight || spec_->mode == CacheMode::both; }

 private:
  struct Entry {
    uint64_t key = 0;
    Instant expires{};
    Duration took{};
  };
  [[nodiscard]] bool refreshes(const Entry& entry, Instant now, Prng& prng) const;

  const CacheSpec* spec_;
  std::list<Entry> entries_;  ///< the most recently used first
  std::unordered_map<uint64_t, std::list<Entry>::iterator> by_key_;
  std::unordered_map<uint64_t, Flight> flights_;
};

}  // namespace weir::sim
