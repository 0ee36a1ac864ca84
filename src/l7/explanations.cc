#include "l7/explanations.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace weir::l7 {

namespace {

uint64_t hash_of(std::string_view id) { return XXH3_64bits(id.data(), id.size()); }

}  // namespace

// ---- a ring
// ----------------------------------------------------------------------------------------------------------

void Explanations::Ring::resize(size_t wanted) {
  if (wanted == capacity) return;
  Ring fresh;
  fresh.capacity = wanted;
  fresh.entries.reserve(wanted);  // address space; memory follows as it is written to
  fresh.ids.reserve(wanted);
  const size_t keep = std::min(kept(), wanted);
  for (uint64_t n = total - keep; n < total; ++n) fresh.add(nth(n));
  // Numbers go on from what fits the new size: what was kept stands from its beginning.
  *this = std::move(fresh);
}

void Explanations::Ring::add(const Explanation& explanation) {
  if (capacity == 0) return;
  const uint64_t id = hash_of(explanation.of(explanation.id));
  if (entries.size() < capacity) {
    entries.push_back(explanation);
    ids.push_back(id);
  } else {
    entries[total % capacity] = explanation;
    ids[total % capacity] = id;
  }
  ++total;
}

const Explanation* Explanations::Ring::find(std::string_view id) const {
  const uint64_t hash = hash_of(id);
  for (uint64_t n = total; n > total - kept(); --n) {
    if (ids[(n - 1) % capacity] != hash) continue;
    const Explanation& found = nth(n - 1);
    if (found.of(found.id) == id) return &found;
  }
  return nullptr;
}

// ---- both
// ------------------------------------------------------------------------------------------------------------

/// As many requests as there would be until the next if each were drawn for itself (the geometric distribution).
uint64_t Explanations::draw_gap(Prng& prng) const {
  if (per_mille_ >= 1000) return 1;
  return 1 + static_cast<uint64_t>(prng.exponential(-1.0 / std::log1p(-(per_mille_ / 1000.0))));
}

void Explanations::configure(const model::ExplainConfig& config, size_t workers) {
  const std::lock_guard lock(mutex_);
  const size_t mine = (config.entries + workers - 1) / workers;
  const uint32_t per_mille = mine == 0 ? 0 : config.sample_per_mille;
  if (per_mille != per_mille_) until_sample_ = per_mille == 0 ? 0 : 1;
  per_mille_ = per_mille;
  failures_.resize((mine + 1) / 2);
  samples_.resize(config.sample_per_mille == 0 ? 0 : mine / 2);
}

void Explanations::keep() {
  const std::lock_guard lock(mutex_);
  (draft_.failed ? failures_ : samples_).add(draft_);
}

std::optional<Explanation> Explanations::find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const Explanation* failure = failures_.find(id);
  const Explanation* sample = samples_.find(id);
  if (failure == nullptr && sample == nullptr) return std::nullopt;
  if (failure == nullptr || sample == nullptr) return failure != nullptr ? *failure : *sample;
  return failure->started > sample->started ? *failure : *sample;
}

void Explanations::newest(Kind kind, size_t most, std::vector<Explanation>& into) const {
  const Ring& from = ring(kind);
  uint64_t n = 0;
  {
    const std::lock_guard lock(mutex_);
    n = from.total;
  }
  for (size_t i = 0; i < most && n > 0; ++i) {
    --n;
    const std::lock_guard lock(mutex_);
    // Newer ones have pushed it out meanwhile, or a reload has shrunk the ring.
    if (n >= from.total || from.total - n > from.kept()) return;
    into.push_back(from.nth(n));
  }
}

Explanations::State Explanations::state(Kind kind) const {
  const std::lock_guard lock(mutex_);
  const Ring& from = ring(kind);
  State state{.capacity = from.capacity, .kept = from.kept()};
  if (from.kept() != 0) state.oldest = from.nth(from.total - from.kept()).started;
  return state;
}

}  // namespace weir::l7
