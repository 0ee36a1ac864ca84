#include "l7/core/outcome.h"

#include <gtest/gtest.h>

namespace weir::l7::core {
namespace {

using balance::Outcome;

TEST(Outcome, OfAStatus) {
  const struct {
    Outcome expected;
    uint16_t status;
  } cases[] = {{Outcome::success, 200},         {Outcome::success, 304},         {Outcome::success, 404},
               {Outcome::success, 499},         {Outcome::server_error, 500},    {Outcome::server_error, 501},
               {Outcome::gateway_failure, 502}, {Outcome::gateway_failure, 503}, {Outcome::gateway_failure, 504},
               {Outcome::server_error, 505},    {Outcome::server_error, 599}};
  for (const auto& c : cases) EXPECT_EQ(outcome_of(c.status), c.expected) << c.status;
}

TEST(Outcome, OfAnAttemptWithoutResponse) {
  const struct {
    const char* message;
    Outcome expected;
    Code code;
  } cases[] = {
      {"nobody listens", Outcome::local_failure, Code::connect_refused},
      {"nobody answers", Outcome::local_failure, Code::connect_timeout},
      {"no way there", Outcome::local_failure, Code::connect_failed},
      {"the client left", Outcome::cancelled, Code::cancelled},
      {"we have no descriptor", Outcome::cancelled, Code::out_of_fds},
      {"we have no place", Outcome::cancelled, Code::limit_reached},
      {"it broke off", Outcome::gateway_failure, Code::reset},
      {"it broke off in the middle", Outcome::gateway_failure, Code::closed_early},
      {"it does not speak HTTP", Outcome::gateway_failure, Code::malformed},
      {"it is too slow", Outcome::gateway_failure, Code::timeout},
  };
  for (const auto& c : cases) EXPECT_EQ(outcome_of(c.code), c.expected) << c.message;
}

}  // namespace
}  // namespace weir::l7::core
