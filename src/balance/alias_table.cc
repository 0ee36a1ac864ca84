#include "balance/alias_table.h"

#include <numeric>

#include "base/check.h"

namespace weir::balance {

AliasTable::AliasTable(std::span<const uint32_t> weights) {
  const uint64_t count = weights.size();
  const uint64_t height = std::accumulate(weights.begin(), weights.end(), uint64_t{0});
  std::vector<uint64_t> rest(count);  // what is left to place of every item, in units where a column is `height` high
  std::vector<uint32_t> low;
  std::vector<uint32_t> high;
  for (uint32_t i = 0; i < count; ++i) {
    rest[i] = weights[i] * count;
    (rest[i] < height ? low : high).push_back(i);
  }
  columns_.resize(count);
  while (!low.empty() && !high.empty()) {
    const uint32_t small = low.back();
    const uint32_t large = high.back();
    low.pop_back();
    DCHECK(height > rest[small]);  // hence above 0
    const auto threshold = (static_cast<__uint128_t>(rest[small]) << 32) / height;
    columns_[small] = {static_cast<uint32_t>(threshold), large};
    rest[large] -= height - rest[small];
    if (rest[large] < height) {
      high.pop_back();
      low.push_back(large);
    }
  }
  // Integer arithmetic leaves exactly full columns over; their alias is themselves, so the threshold does not matter.
  for (const uint32_t full : high) columns_[full] = {UINT32_MAX, full};
  for (const uint32_t full : low) columns_[full] = {UINT32_MAX, full};
}

}  // namespace weir::balance
