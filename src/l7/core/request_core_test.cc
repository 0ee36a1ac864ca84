#include "l7/core/request_core.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
  RetryVerdict verdict;
};

TEST(RequestCore, WhatFollowsTheFirstFailure) {
  const Row rows[] = {
      {"connect refused, GET: another endpoint at once", true, Code::connect_refused, Retry::yes, true, Step::attempt,
       Rule::none, RetryVerdict::asked_next},
      {"connect refused, POST: nothing was sent, so that is safe too", false, Code::connect_refused, Retry::yes, true,
       Step::attempt, Rule::none, RetryVerdict::asked_next},
      {"reset after sending, POST: never again", false, Code::reset, Retry::no, true, Step::refuse,
       Rule::upstream_reset, RetryVerdict::not_idempotent},
      {"reset on a reused connection, POST: it may have been seen", false, Code::reset, Retry::if_reused, true,
       Step::refuse, Rule::upstream_reset, RetryVerdict::not_idempotent},
      {"reset on a reused connection, GET: replayed on a fresh one", true, Code::reset, Retry::if_reused, true,
       Step::attempt_fresh, Rule::none, RetryVerdict::replayed},
      {"reset on a fresh connection, GET: retried after a pause", true, Code::reset, Retry::no, true, Step::pause,
       Rule::none, RetryVerdict::retried},
      {"a body that is gone cannot be repeated", true, Code::reset, Retry::no, false, Step::refuse,
       Rule::upstream_reset, RetryVerdict::body_gone},
      {"nor replayed", true, Code::reset, Retry::if_reused, false, Step::refuse, Rule::upstream_reset,
       RetryVerdict::body_gone},
      {"malformed, POST: 502", false, Code::malformed, Retry::no, true, Step::refuse, Rule::upstream_malformed,
       RetryVerdict::not_idempotent},
  };
  for (const Row& row : rows) {
    Rig rig(row.idempotent);
    rig.core.on_attempt(at(0));
    const Action action = rig.fail(row.code, row.retry, row.replayable);
    EXPECT_EQ(action.step, row.expected) << row.message;
    EXPECT_EQ(action.refusal.rule, row.rule) << row.message;
    EXPECT_EQ(rig.core.verdict(), row.verdict) << row.message;
  }
}

TEST(RequestCore, SaysWhyThereIsNoOtherTry) {
  Rig one_attempt(true, 1);
  one_attempt.core.on_attempt(at(0));
  one_attempt.fail(Code::reset, Retry::no);
  EXPECT_EQ(one_attempt.core.verdict(), RetryVerdict::no_attempt_left);

  Rig no_budget(true, 2, 0);
  no_budget.core.on_attempt(at(0));
  no_budget.fail(Code::reset, Retry::no);
  EXPECT_EQ(no_budget.core.verdict(), RetryVerdict::budget_empty);

  Rig late(true);
  late.core.on_attempt(at(0));
  late.core.on_deadline(true, *late.budget, at(10'000));
  EXPECT_EQ(late.core.verdict(), RetryVerdict::no_time_left);

  Rig lonely(true);
  for (int i = 0; i < 3; ++i) lonely.fail(Code::connect_refused, Retry::yes);
  EXPECT_EQ(lonely.core.verdict(), RetryVerdict::nobody_left);

  Rig answered(true);
  answered.core.on_attempt(at(0));
  answered.core.on_status(200, true, *answered.budget, at(1), answered.prng);
  EXPECT_EQ(answered.core.verdict(), RetryVerdict::none);
  answered.core.on_status(503, true, *answered.budget, at(1), answered.prng);
  EXPECT_EQ(answered.core.verdict(), RetryVerdict::retried);

  model::RetryConfig pass_on;
  pass_on.on_gateway_status = false;
  RequestCore core;
  core.begin({.idempotent = true, .started = at(0), .timeout = Duration::s(1), .retry = pass_on});
  core.on_status(503, true, *answered.budget, at(1), answered.prng);
  EXPECT_EQ(core.verdict(), RetryVerdict::not_asked_for);
}

TEST(RequestCore, AReplayIsFreeButHappensOnce) {
  Rig rig(true, 1, 0);  // neither tries nor budget to spare
  rig.core.on_attempt(at(0));
  EXPECT_EQ(rig.fail(Code::reset, Retry::if_reused).step, Step::attempt_fresh);
  rig.core.on_attempt(at(6));
  EXPECT_EQ(rig.core.tries(), 1u);
  EXPECT_EQ(rig.fail(Code::reset, Retry::if_reused).step, Step::refuse);
}

TEST(RequestCore, WhatWasNotLookedAtMovesFreeOfChargeAFewTimes) {
  Rig rig(false, 1, 0);  // neither tries nor budget to spare, and not idempotent
  rig.core.note_tried(0);
  for (int moves = 0; moves < 3; ++moves) {
    rig.core.on_attempt(at(0));
    EXPECT_EQ(rig.fail(Code::cancelled, Retry::yes).step, Step::attempt);
    EXPECT_EQ(rig.core.verdict(), RetryVerdict::moved);
    EXPECT_TRUE(rig.core.tried().empty()) << "its endpoint may be picked again";
    rig.core.note_tried(0);
  }
  rig.core.on_attempt(at(0));
  EXPECT_EQ(rig.core.tries(), 1u);
  EXPECT_EQ(rig.fail(Code::cancelled, Retry::yes).step, Step::refuse);

  Rig gone(true);
  gone.core.on_attempt(at(0));
  EXPECT_EQ(gone.fail(Code::cancelled, Retry::yes, false).step, Step::refuse) << "its body cannot be sent again";
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

// ---- admission: a place, the queue, saturated endpoints

constexpr uint32_t kEndpoints = 3;

/// A request at a cluster of `places`, as an owner drives it.
struct Admission {
  explicit Admission(uint32_t places, uint32_t endpoints = kEndpoints, Duration timeout = Duration::s(10),
                     Duration pending_timeout = Duration::s(1))
      : circuit({.max_requests = places}) {
    core.begin({.idempotent = true,
                .started = at(0),
                .timeout = timeout,
                .retry = {},
                .endpoints = endpoints,
                .circuit = {.max_requests = places, .max_pending = 7, .pending_timeout = pending_timeout}});
  }
  Action arrive(int64_t ms, bool others_wait = false) { return core.on_arrival(circuit, others_wait, at(ms)); }
  Action place(int64_t ms) { return core.on_place(circuit, at(ms)); }
  [[nodiscard]] std::vector<uint32_t> tried() const { return {core.tried().begin(), core.tried().end()}; }

  balance::CircuitBreaker circuit;
  RequestCore core;
};

TEST(RequestCore, AdmissionOfWhoArrives) {
  const struct {
    const char* message;
    Step expected;
    Instant until;
    uint32_t used;  ///< places, afterwards
    uint32_t places;
    bool others_wait;
    Duration timeout;
  } rows[] = {
      {"a place is free", Step::attempt, Instant{}, 1, 1, false, Duration::s(10)},
      {"a place is free, but others came first", Step::queue, at(1005), 0, 1, true, Duration::s(10)},
      {"no place is free", Step::queue, at(1005), 0, 0, false, Duration::s(10)},
      {"nobody waits longer than the route allows", Step::queue, at(300), 0, 0, false, Duration::ms(300)},
  };
  for (const auto& row : rows) {
    Admission request(row.places, kEndpoints, row.timeout);
    const Action action = request.arrive(5, row.others_wait);
    EXPECT_EQ(action.step, row.expected) << row.message;
    EXPECT_EQ(action.until, row.until) << row.message;
    EXPECT_EQ(request.circuit.requests.used(), row.used) << row.message;
  }
}

TEST(RequestCore, AdmissionOfWhoWaited) {
  const struct {
    const char* message;
    Step expected;
    Rule rule;
    Instant until;
    bool free;
    int64_t ms;
  } rows[] = {
      {"a place is free", Step::attempt, Rule::none, Instant{}, true, 400},
      {"no place after all: it has not waited less for that", Step::queue, Rule::none, at(1000), false, 400},
      {"just in time", Step::attempt, Rule::none, Instant{}, true, 9'999},
      {"a place, but the route's time is up", Step::refuse, Rule::route_timeout, Instant{}, true, 10'000},
  };
  for (const auto& row : rows) {
    Admission request(1);
    ASSERT_TRUE(request.circuit.requests.try_acquire());
    ASSERT_EQ(request.arrive(0).step, Step::queue);
    if (row.free) request.circuit.requests.release();
    const Action action = request.place(row.ms);
    EXPECT_EQ(action.step, row.expected) << row.message;
    EXPECT_EQ(action.refusal.rule, row.rule) << row.message;
    EXPECT_EQ(action.until, row.until) << row.message;
  }
}

TEST(RequestCore, APlaceIsTakenOnceAndGivenBackOnce) {
  Admission request(1);
  ASSERT_EQ(request.arrive(0).step, Step::attempt);
  EXPECT_EQ(request.place(1).step, Step::attempt) << "it holds the only place itself";
  EXPECT_EQ(request.circuit.requests.used(), 1u);
  request.core.end(request.circuit);
  request.core.end(request.circuit);
  EXPECT_EQ(request.circuit.requests.used(), 0u);

  Admission waiting(0);
  ASSERT_EQ(waiting.arrive(0).step, Step::queue);
  waiting.core.end(waiting.circuit);
  EXPECT_EQ(waiting.circuit.requests.used(), 0u) << "what was never taken is not given back";
}

TEST(RequestCore, SaturatedEndpointsAreAskedOnceEachThenItWaits) {
  const struct {
    const char* message;
    uint32_t endpoints;
    int looks;  ///< endpoints asked before it waits
  } rows[] = {{"a single one", 1, 1}, {"all of three", 3, 3}, {"all of eight", 8, 8}, {"no more than eight", 100, 8}};
  for (const auto& row : rows) {
    Admission request(1, row.endpoints);
    ASSERT_EQ(request.arrive(0).step, Step::attempt);
    for (int round = 0; round < 2; ++round) {
      for (int look = 1; look < row.looks; ++look) {
        request.core.note_tried(static_cast<uint32_t>(look));
        EXPECT_EQ(request.core.on_saturated(at(1)).step, Step::attempt) << row.message;
        EXPECT_EQ(request.tried().size(), static_cast<size_t>(look)) << row.message;
      }
      const Action action = request.core.on_saturated(at(1 + round));
      EXPECT_EQ(action.step, Step::queue) << row.message;
      EXPECT_EQ(action.until, at(1001)) << row.message << ": the first wait counts";
      EXPECT_TRUE(request.tried().empty()) << row.message << ": the next time each may have room";
    }
    EXPECT_EQ(request.circuit.requests.used(), 1u) << row.message << ": it keeps its place";
  }
}

TEST(RequestCore, ATryEndsTheLooksAndTheWait) {
  Admission request(1);
  request.arrive(0);
  EXPECT_EQ(request.core.on_saturated(at(0)).step, Step::attempt);
  EXPECT_EQ(request.core.on_saturated(at(0)).step, Step::attempt);
  request.core.on_attempt(at(500));
  EXPECT_EQ(request.core.on_saturated(at(600)).step, Step::attempt) << "the first look in a row again";
  EXPECT_EQ(request.core.on_saturated(at(600)).step, Step::attempt);
  EXPECT_EQ(request.core.on_saturated(at(600)).until, at(1600));
  request.core.on_attempt(at(700));
  for (int look = 0; look < 2; ++look) request.core.on_saturated(at(800));
  EXPECT_EQ(request.core.on_saturated(at(800)).until, at(1800));
}

TEST(RequestCore, AdmissionRefusesByName) {
  const Admission request(0, kEndpoints, Duration::s(10), Duration::ms(250));
  const struct {
    Action action;
    Rule rule;
    std::string_view limit;
    int64_t value;
  } rows[] = {
      {request.core.on_queue_full(), Rule::max_pending, "circuit_breaker.max_pending", 7},
      {request.core.on_pending_timeout(), Rule::pending_timeout, "circuit_breaker.pending_timeout", 250},
      {request.core.on_no_endpoint(), Rule::no_endpoint, "", 0},
      {request.core.on_pause_over(at(10'000)), Rule::route_timeout, "timeout", 10'000},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(row.action.step, Step::refuse) << name_of(row.rule);
    EXPECT_EQ(row.action.refusal.rule, row.rule) << name_of(row.rule);
    EXPECT_EQ(row.action.refusal.limit, row.limit) << name_of(row.rule);
    EXPECT_EQ(row.action.refusal.value, row.value) << name_of(row.rule);
  }
  EXPECT_EQ(request.core.on_pause_over(at(9'999)).step, Step::attempt);
}

TEST(RequestCore, RemembersEightTriedEndpoints) {
  Admission request(1, 20);
  for (uint32_t i = 10; i < 20; ++i) request.core.note_tried(i);
  EXPECT_EQ(request.tried(), (std::vector<uint32_t>{10, 11, 12, 13, 14, 15, 16, 17}));
}

TEST(RequestCore, AReplayMayGoToTheSameEndpoint) {
  Rig rig(true);
  const auto tried = [&] { return std::vector<uint32_t>(rig.core.tried().begin(), rig.core.tried().end()); };
  rig.core.note_tried(4);
  rig.core.on_attempt(at(0));
  ASSERT_NE(rig.fail(Code::reset, Retry::no).step, Step::refuse);
  EXPECT_EQ(tried(), (std::vector<uint32_t>{4})) << "a retry goes elsewhere";
  rig.core.note_tried(2);
  rig.core.on_attempt(at(50));
  ASSERT_EQ(rig.fail(Code::reset, Retry::if_reused).step, Step::attempt_fresh);
  EXPECT_EQ(tried(), (std::vector<uint32_t>{4}));
}

TEST(RequestCore, TheNextRequestBeginsAnew) {
  Admission request(2, 2);
  request.arrive(0);
  request.core.note_tried(1);
  request.core.on_saturated(at(0));
  request.core.end(request.circuit);
  request.core.begin({.started = at(0), .timeout = Duration::s(10), .retry = {}, .endpoints = 2});
  EXPECT_TRUE(request.tried().empty());
  EXPECT_EQ(request.core.tries(), 0u);
  EXPECT_EQ(request.core.on_saturated(at(0)).step, Step::attempt) << "the first look";
  request.core.end(request.circuit);
  EXPECT_EQ(request.circuit.requests.used(), 0u);
}

TEST(RequestCore, TlsThatFailsIsToldFromAConnectionThatCannotBeOpened) {
  Rig rig(false, 2);
  const TryFailure expired{.code = Code::connect_failed, .retry = Retry::yes, .detail = "certificate_expired"};
  for (int i = 0; i < 2; ++i) {
    rig.core.on_attempt(at(0));
    EXPECT_EQ(rig.core.on_failure(expired, *rig.budget, at(1), rig.prng).step, Step::attempt) << "nothing was sent";
  }
  rig.core.on_attempt(at(0));
  const Action action = rig.core.on_failure(expired, *rig.budget, at(1), rig.prng);
  EXPECT_EQ(action.step, Step::refuse);
  EXPECT_EQ(action.refusal.rule, Rule::upstream_tls);
  std::string text;
  append_refusal(text, action.refusal, "10.0.0.1:443");
  EXPECT_EQ(text, "rule=upstream_tls; reason=certificate_expired; tried=10.0.0.1:443");
  EXPECT_EQ(status_of(Rule::upstream_tls), 502);
  Rig refused(false, 1);
  refused.core.on_attempt(at(0));
  EXPECT_EQ(refused.fail(Code::connect_failed, Retry::yes).refusal.rule, Rule::connect_failed);
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
