#include "sim/cache.h"

namespace weir::sim {

bool Cache::refreshes(const Entry& entry, Instant now, Prng& prng) const {
  if (spec_->mode != CacheMode::early && spec_->mode != CacheMode::both) return false;
  const double beta_delta = spec_->early_percent / 100.0 * static_cast<double>(entry.took.ns());
  // An exponential draw of mean one is -ln(u).
  return prng.exponential(beta_delta) >= static_cast<double>((entry.expires - now).ns());
}

Cache::Look Cache::look(uint64_t key, Instant now, Prng& prng) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return Look::miss;
  if (now >= found->second->expires) {
    entries_.erase(found->second);
    by_key_.erase(found);
    return Look::miss;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return refreshes(*found->second, now, prng) ? Look::hit_and_refresh : Look::hit;
}

void Cache::put_until(uint64_t key, Duration took, Instant expires) {
  if (spec_->entries == 0) return;
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    entries_.erase(found->second);
    by_key_.erase(found);
  } else if (entries_.size() >= spec_->entries) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({.key = key, .expires = expires, .took = took});
  by_key_[key] = entries_.begin();
}

void Cache::clear() {
  entries_.clear();
  by_key_.clear();
}

Flight* Cache::flight_of(uint64_t key) {
  const auto found = flights_.find(key);
  return found == flights_.end() ? nullptr : &found->second;
}

Flight* Cache::begin_flight(uint64_t key) {
  Flight& flight = flights_[key];
  flight.key = key;
  return &flight;
}

}  // namespace weir::sim
