#pragma once
// A policy chooses one endpoint among members that are all allowed to take the request: which endpoints those are
// (health, priority, zone, panic) is settled before, in distribution.h. A small virtual interface, because the choice
// of policy is a run-time one and the call is nothing beside the cache misses of the pick.
//
// Threads: a policy belongs to one Balancer and so to one worker; the members' load cells are shared with all workers.
// Determinism: the same members, loads, requests and generator give the same picks. No clock, no hidden randomness.

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "balance/endpoint.h"
#include "base/prng.h"
#include "base/time.h"
#include "model/config.h"

namespace weir::balance {

/// What a pick looked at, for whoever asks afterwards why it fell as it did. Noting costs a few stores.
struct PickStory {
  enum class By : uint8_t {
    policy,
    sticky,     ///< the client's cookie named it
    probation,  ///< an ejected endpoint was owed its one request
    elsewhere,  ///< all that the policy could choose from was to be avoided: the least loaded of the others
    repeated,   ///< everything was to be avoided: one of those again
  };
  struct Look {
    uint32_t endpoint = 0;  ///< EndpointView::index
    uint32_t in_flight = 0;
  };
  static constexpr uint32_t kLooks = 4;  ///< kept; as many as P2C compares where it compares all

  void clear() {
    by = By::policy;
    looked = 0;
  }
  void note(const EndpointView& endpoint, uint32_t in_flight) {
    if (looked < kLooks) looks[looked] = {endpoint.index, in_flight};
    ++looked;
  }

  By by = By::policy;
  uint32_t looked = 0;  ///< how many there were in all
  std::array<Look, kLooks> looks{};
};

struct PickRequest {
  uint64_t hash = 0;  ///< of what the cluster hashes on; only ring_hash and maglev read it
  std::span<const uint32_t>
      avoid{};  ///< indices already tried for this request; used again only when nothing else is left
  Instant now{};
  PickStory* story = nullptr;  ///< null: nobody asks
};

/// What a policy is built from. `members` must outlive the policy; every member has a load cell and a weight above 0.
struct PolicyContext {
  std::span<const EndpointView> members;
  Duration slow_start{};              ///< 0: no ramp
  uint32_t bounded_load_percent = 0;  ///< ring_hash and maglev: cap as percent of the mean load; 0: unbounded
  Instant now{};
  uint32_t choices = 2;  ///< p2c: how many members are drawn and compared; 1 is a random choice
};

class Policy {
 public:
  Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;
  virtual ~Policy() = default;

  /// Position of the chosen member; nothing when the request avoids every member.
  virtual std::optional<uint32_t> pick(const PickRequest& request, Prng& prng) = 0;
};

/// `context.members` must not be empty.
std::unique_ptr<Policy> make_policy(model::PolicyKind kind, const PolicyContext& context);

/// Whether equal requests must go to equal endpoints.
constexpr bool is_hashing(model::PolicyKind kind) {
  return kind == model::PolicyKind::ring_hash || kind == model::PolicyKind::maglev;
}

/// Linear, because a request that has been tried more than a handful of times does not exist.
inline bool is_avoided(const PickRequest& request, const EndpointView& endpoint) {
  return std::find(request.avoid.begin(), request.avoid.end(), endpoint.index) != request.avoid.end();
}

}  // namespace weir::balance
