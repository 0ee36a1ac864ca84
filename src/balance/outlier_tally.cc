#include "balance/outlier_tally.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace weir::balance {
namespace {

// A cell: 24 bits of the bucket's number, 20 bits of requests, 20 bits of failures. With buckets of a second a number
// comes round after 194 days: a cell would have to lie untouched for exactly that long to be mistaken for a fresh one.
constexpr unsigned kCountBits = 20;
constexpr uint64_t kCountMask = (uint64_t{1} << kCountBits) - 1;
constexpr uint64_t kNumberMask = (uint64_t{1} << 24) - 1;

struct Cell {
  uint64_t number;
  uint64_t requests;
  uint64_t failures;
};

constexpr Cell unpack(uint64_t word) {
  return {word >> (2 * kCountBits), (word >> kCountBits) & kCountMask, word & kCountMask};
}
constexpr uint64_t pack(const Cell& cell) {
  return cell.number << (2 * kCountBits) | cell.requests << kCountBits | cell.failures;
}

// Latencies: bucket 0 is everything below 16 us, then four buckets for each of 24 octaves, the last one is everything
// above.
constexpr unsigned kFirstExponent = 14;

void reset_run(std::atomic<uint32_t>& run) {
  // Reading first keeps the line shared between workers as long as nothing fails.
  if (run.load(std::memory_order_relaxed) != 0) run.store(0, std::memory_order_relaxed);
}

}  // namespace

std::string_view name_of(OutlierState state) {
  switch (state) {
    case OutlierState::serving: return "serving";
    case OutlierState::ejected: return "ejected";
    case OutlierState::probation: return "probation";
  }
  UNREACHABLE();
}

OutlierTally::OutlierTally(Duration window) : bucket_ns_(std::max<int64_t>(1, window.ns() / kBuckets)) {}

size_t OutlierTally::latency_bucket_of(Duration latency) {
  if (latency.ns() < int64_t{1} << kFirstExponent) return 0;
  const auto ns = static_cast<uint64_t>(latency.ns());
  const auto exponent = static_cast<unsigned>(std::bit_width(ns)) - 1;
  const size_t quarter = (ns >> (exponent - 2)) & 3;
  return std::min<size_t>(1 + (exponent - kFirstExponent) * 4 + quarter, kLatencyBuckets - 1);
}

Duration OutlierTally::latency_midpoint(size_t bucket) {
  if (bucket == 0) return Duration::ns(int64_t{1} << (kFirstExponent - 1));
  const auto octave = (bucket - 1) / 4;
  const auto quarter = static_cast<int64_t>((bucket - 1) % 4);
  const int64_t width = int64_t{1} << (kFirstExponent + octave - 2);
  return Duration::ns((4 + quarter) * width + width / 2);
}

void OutlierTally::count(bool failure, Instant now) {
  const auto number = static_cast<uint64_t>(now.ns() / bucket_ns_);
  std::atomic<uint64_t>& word = cells_[number % kBuckets];
  uint64_t before = word.load(std::memory_order_relaxed);
  uint64_t after = 0;
  do {
    Cell cell = unpack(before);
    if (cell.number != (number & kNumberMask)) cell = {number & kNumberMask, 0, 0};
    if (cell.requests == kCountMask) {
      // Full: halving both keeps the ratio, which is what the counts are for.
      cell.requests /= 2;
      cell.failures /= 2;
    }
    cell.requests += 1;
    cell.failures += failure ? 1 : 0;
    after = pack(cell);
  } while (!word.compare_exchange_weak(before, after, std::memory_order_relaxed));
}

void OutlierTally::note_latency(Duration latency) {
  latency_[latency_bucket_of(latency)].fetch_add(1, std::memory_order_relaxed);
}

void OutlierTally::note_lower_bound(Duration latency) {
  const int64_t bar = slow_bar_ns_.load(std::memory_order_relaxed);
  if (bar != 0 && latency.ns() >= bar) note_latency(latency);
}

bool OutlierTally::record(Outcome outcome, Duration latency, Instant now) {
  switch (outcome) {
    case Outcome::success:
      reset_run(gateway_run_);
      reset_run(local_run_);
      count(false, now);
      note_latency(latency);
      break;
    case Outcome::gateway_failure:
      reset_run(local_run_);
      gateway_run_.fetch_add(1, std::memory_order_relaxed);
      count(true, now);
      note_lower_bound(latency);
      break;
    case Outcome::server_error:
      reset_run(gateway_run_);
      reset_run(local_run_);
      count(true, now);
      note_lower_bound(latency);
      break;
    case Outcome::local_failure:
      local_run_.fetch_add(1, std::memory_order_relaxed);
      count(true, now);
      break;
    case Outcome::cancelled: note_lower_bound(latency); break;
  }
  switch (state()) {
    case OutlierState::serving: return outcome != Outcome::success && outcome != Outcome::cancelled;
    case OutlierState::ejected: return false;
    case OutlierState::probation: return true;
  }
  UNREACHABLE();
}

OutlierTally::Counts OutlierTally::counts(Instant now) const {
  const auto number = static_cast<uint64_t>(now.ns() / bucket_ns_);
  Counts sum;
  for (const std::atomic<uint64_t>& word : cells_) {
    const Cell cell = unpack(word.load(std::memory_order_relaxed));
    if (((number - cell.number) & kNumberMask) >= kBuckets) continue;
    sum.requests += cell.requests;
    sum.failures += cell.failures;
  }
  return sum;
}

OutlierState OutlierTally::state() const {
  switch (gate_.load(std::memory_order_relaxed)) {
    case Gate::serving: return OutlierState::serving;
    case Gate::ejected: return OutlierState::ejected;
    case Gate::probation_open:
    case Gate::probation_taken: return OutlierState::probation;
  }
  UNREACHABLE();
}

bool OutlierTally::try_claim_probation() {
  Gate expected = Gate::probation_open;
  return gate_.load(std::memory_order_relaxed) == expected &&
         gate_.compare_exchange_strong(expected, Gate::probation_taken, std::memory_order_relaxed);
}

bool OutlierTally::probation_unclaimed() const { return gate_.load(std::memory_order_relaxed) == Gate::probation_open; }

bool OutlierTally::release_probation() {
  Gate expected = Gate::probation_taken;
  return gate_.compare_exchange_strong(expected, Gate::probation_open, std::memory_order_relaxed);
}

bool OutlierTally::set_state(OutlierState state) {
  Gate gate = Gate::serving;
  if (state == OutlierState::ejected) gate = Gate::ejected;
  if (state == OutlierState::probation) gate = Gate::probation_open;
  return gate_.exchange(gate, std::memory_order_relaxed) == Gate::probation_open;
}

OutlierTally::LatencySample OutlierTally::latency() const {
  std::array<uint32_t, kLatencyBuckets> copy{};
  uint64_t total = 0;
  for (size_t i = 0; i < kLatencyBuckets; ++i) total += copy[i] = latency_[i].load(std::memory_order_relaxed);
  uint64_t below = 0;
  for (size_t i = 0; i < kLatencyBuckets; ++i) {
    below += copy[i];
    if (below * 2 >= total && below > 0) return {total, latency_midpoint(i)};
  }
  return {};
}

void OutlierTally::reset_latency() {
  for (std::atomic<uint32_t>& bucket : latency_) {
    if (bucket.load(std::memory_order_relaxed) != 0) bucket.store(0, std::memory_order_relaxed);
  }
}

void OutlierTally::clear() {
  for (std::atomic<uint64_t>& word : cells_) word.store(0, std::memory_order_relaxed);
  gateway_run_.store(0, std::memory_order_relaxed);
  local_run_.store(0, std::memory_order_relaxed);
  reset_latency();
}

}  // namespace weir::balance
