#include "l7/core/request_core.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace weir::l7::core {
namespace {

Instant at(int64_t ms) { return Instant::from_ns(1'000'000'000'000 + ms * 1'000'000); }

struct Rig {
  explicit Rig(bool idempotent, uint32_t attempts = 2, uint32_t percent = 20) {
    budget_config.percent = percent;
    budget_config.min_per_second = percent == 0 ? 0 : 10;
    budget = std::make_unique<balance::RetryBudget>(budget_config);
    model::RetryConfig retry;
    retry.attempts = attempts;
    core.begin(
        {.idempotent = idempotent, .started = at(0), .timeout = Duration::s(10), .retry = retry, .endpoints = 3});
  }
  Action fail(Code code, Retry retry, bool replayable = true, int64_t ms = 5) {
    return core.on_failure({.code = code, .retry = retry, .replayable = replayable}, *budget, at(ms), prng);
  }
  model::RetryBudgetConfig budget_config;
  std::unique_ptr<balance::RetryBudget> budget;
  Prng prng{1};
  RequestCore core;
};

struct Row {
  const char* message;
  bool idempotent;
  Code code;
  Retry retry;
  bool replayable;
  Step expected;
  Rule rule;
};

TEST(RequestCore, WhatFollowsTheFirstFailure) {
  const Row rows[] = {
      {"connect refused, GET: another endpoint at once", true, Code::connect_refused, Retry::yes, true, Step::attempt,
       Rule::none},
      {"connect refused, POST: nothing was sent, so that is safe too", false, Code::connect_refused, Retry::yes, true,
       Step::attempt, Rule::none},
      {"reset after sending, POST: never again", false, Code::reset, Retry::no, true, Step::refuse,
       Rule::upstream_reset},
      {"reset on a reused connection, POST: it may have been seen", false, Code::reset, Retry::if_reused, true,
       Step::refuse, Rule::upstream_reset},
      {"reset on a reused connection, GET: replayed on a fresh one", true, Code::reset, Retry::if_reused, true,
       Step::attempt_fresh, Rule::none},
      {"reset on a fresh connection, GET: retried after a pause", true, Code::reset, Retry::no, true, Step::pause,
       Rule::none},
      {"a body that is gone cannot be repeated", true, Code::reset, Retry::no, false, Step::refuse,
       Rule::upstream_reset},
      {"nor replayed", true, Code::reset, Retry::if_reused, false, Step::refuse, Rule::upstream_reset},
      {"malformed, POST: 502", false, Code::malformed, Retry::no, true, Step::refuse, Rule::upstream_malformed},
  };
  for (const Row& row : rows) {
    Rig rig(row.idempotent);
    rig.core.on_attempt(at(0));
    const Action action = rig.fail(row.code, row.retry, row.replayable);
    EXPECT_EQ(action.step, row.expected) << row.message;
    EXPECT_EQ(action.refusal.rule, row.rule) << row.message;
  }
}

TEST(RequestCore, AReplayIsFreeButHappensOnce) {
  Rig rig(true, 1, 0);  // neither tries nor budget to spare
  rig.core.on_attempt(at(0));
  EXPECT_EQ(rig.fail(Code::reset, Retry::if_reused).step, Step::attempt_fresh);
  rig.core.on_attempt(at(6));
  EXPECT_EQ(rig.core.tries(), 1u);
  EXPECT_EQ(rig.fail(Code::reset, Retry::if_reused).step, Step::refuse);
}

TEST(RequestCore, WhatReachedNobodyIsNoRetryButEveryEndpointIsAskedOnce) {
  Rig rig(false, 2, 0);  // no budget at all
  for (int asked = 1; asked < 3; ++asked) {
    rig.core.on_attempt(at(0));
    EXPECT_EQ(rig.fail(Code::connect_refused, Retry::yes).step, Step::attempt) << asked;
  }
  rig.core.on_attempt(at(0));
  EXPECT_EQ(rig.core.tries(), 1u);
  EXPECT_EQ(rig.fail(Code::connect_refused, Retry::yes).step, Step::refuse);

  Rig off(true, 1);
  off.core.on_attempt(at(0));
  EXPECT_EQ(off.fail(Code::connect_refused, Retry::yes).step, Step::refuse) << "retries are switched off";
}

TEST(RequestCore, AttemptsAndBudgetBoundRetries) {
  Rig tries(true, 3);
  tries.core.on_attempt(at(0));
  EXPECT_NE(tries.fail(Code::reset, Retry::no).step, Step::refuse);
  tries.core.on_attempt(at(100));
  EXPECT_NE(tries.fail(Code::reset, Retry::no).step, Step::refuse);
  tries.core.on_attempt(at(200));
  EXPECT_EQ(tries.fail(Code::reset, Retry::no).step, Step::refuse) << "three attempts are three";

  Rig budget(true, 3, 0);
  budget.core.on_attempt(at(0));
  EXPECT_EQ(budget.fail(Code::reset, Retry::no).step, Step::refuse) << "an empty budget retries nothing";
}

TEST(RequestCore, DeadlinesShareWhatIsLeft) {
  Rig rig(true, 2);
  EXPECT_EQ(rig.core.on_attempt(at(0)), at(5000)) << "half of ten seconds";
  EXPECT_EQ(rig.core.on_deadline(true, *rig.budget, at(5000)).step, Step::attempt);
  EXPECT_EQ(rig.core.on_attempt(at(5000)), at(10'000)) << "all the rest for the last";
  const Action last = rig.core.on_deadline(true, *rig.budget, at(10'000));
  EXPECT_EQ(last.step, Step::refuse);
  EXPECT_EQ(last.refusal.rule, Rule::route_timeout);
  EXPECT_EQ(last.refusal.value, 10'000);

  Rig post(false, 2);
  EXPECT_EQ(post.core.on_attempt(at(0)), at(10'000)) << "what cannot be repeated gets all the time";
}

TEST(RequestCore, AnUploadsClockStartsWhenItsBodyHasMoved) {
  Rig rig(true, 1);
  EXPECT_EQ(rig.core.on_attempt(at(0)), at(10'000));
  EXPECT_EQ(rig.core.on_body_progress(at(60'000)), at(70'000)) << "a minute of uploading is nobody's fault";
  EXPECT_EQ(rig.core.deadline(), at(70'000));
}

TEST(RequestCore, GatewayStatusesOfIdempotentRequestsAreRetriedThenForwarded) {
  Rig rig(true, 2);
  rig.core.on_attempt(at(0));
  EXPECT_EQ(rig.core.on_status(200, true, *rig.budget, at(1), rig.prng).step, Step::forward);
  EXPECT_EQ(rig.core.on_status(500, true, *rig.budget, at(1), rig.prng).step, Step::forward);
  EXPECT_NE(rig.core.on_status(503, true, *rig.budget, at(1), rig.prng).step, Step::forward);
  rig.core.on_attempt(at(50));
  EXPECT_EQ(rig.core.on_status(503, true, *rig.budget, at(60), rig.prng).step, Step::forward);

  Rig post(false, 2);
  post.core.on_attempt(at(0));
  EXPECT_EQ(post.core.on_status(503, true, *post.budget, at(1), post.prng).step, Step::forward);
}

TEST(Refusal, NamesRuleLimitValueAndWhatWasTried) {
  std::string text;
  append_refusal(text, {.rule = Rule::max_pending, .limit = "circuit_breaker.max_pending", .value = 1024},
                 "10.0.0.1:80");
  EXPECT_EQ(text, "rule=max_pending; limit=circuit_breaker.max_pending; value=1024; tried=10.0.0.1:80");
  EXPECT_EQ(status_of(Rule::upstream_malformed), 502);
  EXPECT_EQ(status_of(Rule::route_timeout), 504);
  EXPECT_EQ(status_of(Rule::no_endpoint), 503);
}

}  // namespace
}  // namespace weir::l7::core
