#include "balance/maglev.h"

#include <xxhash.h>

#include <algorithm>

namespace weir::balance {
namespace {

constexpr uint32_t kFree = UINT32_MAX;

struct Filler {
  uint64_t key;
  uint64_t weight;
  uint64_t due = 0;    ///< takes a turn when turn x weight reaches this
  uint32_t entry = 0;  ///< next entry of its permutation
  uint32_t skip = 1;
  uint32_t position = 0;
};

std::vector<Filler> make_fillers(std::span<const EndpointView> members) {
  std::vector<Filler> fillers;
  fillers.reserve(members.size());
  for (uint32_t position = 0; position < members.size(); ++position) {
    const uint64_t key = members[position].key;
    const auto entry = static_cast<uint32_t>(XXH64(&key, sizeof key, 0) % Maglev::kTableSize);
    const auto skip = static_cast<uint32_t>(XXH64(&key, sizeof key, 1) % (Maglev::kTableSize - 1) + 1);
    fillers.push_back({key, members[position].weight, 0, entry, skip, position});
  }
  std::sort(fillers.begin(), fillers.end(), [](const Filler& a, const Filler& b) { return a.key < b.key; });
  return fillers;
}

}  // namespace

Maglev::Maglev(const PolicyContext& context) : walk_(context), table_(kTableSize, kFree) {
  std::vector<Filler> fillers = make_fillers(context.members);
  uint64_t max_weight = 0;
  for (const Filler& filler : fillers) max_weight = std::max(max_weight, filler.weight);

  uint32_t filled = 0;
  for (uint64_t turn = 1; filled < kTableSize; ++turn) {
    for (Filler& filler : fillers) {
      if (turn * filler.weight < filler.due) continue;
      filler.due += max_weight;
      while (table_[filler.entry] != kFree) filler.entry = (filler.entry + filler.skip) % kTableSize;
      table_[filler.entry] = filler.position;
      if (++filled == kTableSize) break;
    }
  }
}

std::optional<uint32_t> Maglev::pick(const PickRequest& request, Prng&) {
  return walk_.walk(request, [this](uint64_t hash) { return lookup(hash); });
}

}  // namespace weir::balance
