#pragma once
// A populated service from one number: users user1..userN whose follower counts follow Zipf's law (exponent 1): the
// account of rank r has (N-1)/r followers, so user1 is followed by everybody, user2 by every second, and half of the
// accounts by one person. That skew is what makes caches, hot keys and fan-out interesting (Zipf, "Human Behavior and
// the Principle of Least Effort", 1949; measured for follower graphs by Kwak et al., "What is Twitter?", 2010).
//
// One seed, one population: the same arguments give the same rows everywhere. One transaction: all of it or nothing,
// and a second run (or a second instance at the same time) finds it done and changes nothing.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/prng.h"
#include "base/result.h"
#include "examples/timeline/store.h"

namespace weir::timeline {

struct SeedPlan {
  int64_t users = 10'000;
  int64_t posts_per_user = 10;  ///< on average; authors are drawn uniformly
  std::string password_hash{};  ///< shared by all: hashing ten thousand passwords properly would take minutes
  int64_t now_unix = 0;         ///< posts are spread over the thirty days before this
  uint64_t prng_seed = 1;
};

struct SeedResult {
  bool already_seeded = false;
  int64_t users = 0;
  int64_t follows = 0;
  int64_t posts = 0;
};

using SeedProgress = std::function<void(std::string_view stage, int64_t done, int64_t total)>;

/// Followers of the account with this rank, 1..users.
constexpr int64_t zipf_followers(int64_t users, int64_t rank) { return (users - 1) / rank; }

/// Code::invalid_argument when the store has users that no seeding made.
[[nodiscard]] Result<SeedResult> seed(Store& store, const SeedPlan& plan, const SeedProgress& progress);

}  // namespace weir::timeline
