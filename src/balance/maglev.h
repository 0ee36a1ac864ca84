#pragma once
// Maglev hashing (Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016,
// section 3.4): a table of 65,537 entries which the endpoints fill in turns, each in the order of its own permutation.
// Shares are even to within an entry or two, a lookup is one access, and removing one of n endpoints moves little more
// than 1/n of the keys. Weights as in Envoy: an endpoint takes part in as many of the turns as its weight is of the
// largest.
//
// The table depends on the endpoints' keys and weights only, not on their order: processes that agree on these agree on
// every key. 256 KiB per pool and worker. Threads and determinism: policy.h.

#include <vector>

#include "balance/hash_walk.h"
#include "balance/policy.h"

namespace weir::balance {

class Maglev final : public Policy {
 public:
  /// Prime, so that every skip visits every entry; the paper's choice for up to about 655 endpoints at 1 % imbalance.
  static constexpr uint32_t kTableSize = 65'537;

  explicit Maglev(const PolicyContext& context);

  std::optional<uint32_t> pick(const PickRequest& request, Prng& prng) override;

  [[nodiscard]] uint32_t lookup(uint64_t hash) const { return table_[hash % kTableSize]; }
  [[nodiscard]] const HashWalk& walk() const { return walk_; }

 private:
  HashWalk walk_;
  std::vector<uint32_t> table_;
};

}  // namespace weir::balance
