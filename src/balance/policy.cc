#include "balance/policy.h"

#include "balance/least_request.h"
#include "balance/maglev.h"
#include "balance/p2c.h"
#include "balance/peak_ewma.h"
#include "balance/ring_hash.h"
#include "balance/round_robin.h"
#include "base/check.h"

namespace weir::balance {

std::unique_ptr<Policy> make_policy(model::PolicyKind kind, const PolicyContext& context) {
  CHECK(!context.members.empty());
  switch (kind) {
    case model::PolicyKind::round_robin: return std::make_unique<RoundRobin>(context);
    case model::PolicyKind::least_request: return std::make_unique<LeastRequest>(context);
    case model::PolicyKind::p2c: return std::make_unique<P2c>(context);
    case model::PolicyKind::peak_ewma: return std::make_unique<PeakEwma>(context);
    case model::PolicyKind::ring_hash: return std::make_unique<RingHash>(context);
    case model::PolicyKind::maglev: return std::make_unique<Maglev>(context);
  }
  UNREACHABLE();
}

}  // namespace weir::balance
