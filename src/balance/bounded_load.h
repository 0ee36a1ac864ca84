#pragma once
// Bounded loads (Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with Bounded Loads", 2016): no member may carry
// more than c times its share of what is under way, with
//   cap = ceil(c x (total in flight + 1) x share of weight).
// The caps sum to more than the total, so somebody always has room, and every member may carry one request.
//
// Cost: flat. The total is exact up to 16 members; beyond, each refresh looks at eight members in turn, so the total
// lags behind by at most n/8 refreshes. Threads: one owner; reads the members' load cells, which everybody changes.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "balance/endpoint.h"

namespace weir::balance {

class BoundedLoad {
 public:
  /// `members` must outlive it.
  explicit BoundedLoad(std::span<const EndpointView> members);

  /// Before a question is asked.
  void refresh();
  /// Requests the member may have in flight by what is known of the total now; `percent` is 100 c.
  [[nodiscard]] uint64_t cap_of(uint32_t position, uint32_t percent) const;
  [[nodiscard]] bool has_room(uint32_t position, uint32_t percent) const;

 private:
  std::span<const EndpointView> members_;
  uint64_t total_weight_ = 0;
  uint64_t total_ = 0;          ///< in flight at all members
  std::vector<uint32_t> seen_;  ///< every member's contribution to total_; empty when the total is read whole
  size_t cursor_ = 0;
};

}  // namespace weir::balance
