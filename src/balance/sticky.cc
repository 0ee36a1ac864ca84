#include "balance/sticky.h"

#include <xxhash.h>

#include "base/check.h"

namespace weir::balance {

std::string_view name_of(Stickiness stickiness) {
  switch (stickiness) {
    case Stickiness::hit: return "hit";
    case Stickiness::overflow: return "overflow";
    case Stickiness::moved: return "moved";
    case Stickiness::fresh: return "new";
  }
  UNREACHABLE();
}

uint64_t sticky_token(std::string_view cluster, uint64_t key) {
  return XXH3_64bits_withSeed(cluster.data(), cluster.size(), key);
}

StickyTable::StickyTable(std::string_view cluster, std::span<const Pool> pools) {
  for (uint32_t pool = 0; pool < pools.size() && pools[pool].share > 0; ++pool) {
    const auto& members = pools[pool].members;
    loads_.emplace_back(members);
    for (uint32_t position = 0; position < members.size(); ++position) {
      places_.emplace(sticky_token(cluster, members[position].key), Place{pool, position});
    }
  }
}

StickyTable::Found StickyTable::find(uint64_t token, uint32_t overflow_percent) {
  const auto found = places_.find(token);
  if (found == places_.end()) return {};
  const auto [pool, position] = found->second;
  BoundedLoad& load = loads_[pool];
  bool room = true;
  if (overflow_percent != 0) {
    load.refresh();
    room = load.has_room(position, overflow_percent);
  }
  return {.stickiness = room ? Stickiness::hit : Stickiness::overflow, .pool = pool, .position = position};
}

}  // namespace weir::balance
