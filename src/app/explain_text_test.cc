#include "app/explain_text.h"

#include <gtest/gtest.h>

#include "app/explain_json.h"

namespace weir::app {
namespace {

using balance::PickStory;
using l7::Explanation;
using l7::core::RetryVerdict;

Instant at(int64_t ms) { return Instant::from_ns(1'000'000'000 + ms * 1'000'000); }
constexpr int64_t kUnixMs = 1'790'000'000'123;

/// A GET that met a reset, then a 200.
Explanation retried() {
  Explanation e;
  e.clear();
  e.failed = true;
  e.started = at(0);
  e.total = Duration::ms(42);
  e.status = 200;
  e.route = 1;
  e.timeout = Duration::s(15);
  e.attempts_max = 2;
  e.in_use = 3;
  e.max_requests = 100;
  e.attempts = e.tries = 2;
  e.put(e.id, "4f00", 64);
  e.put(e.method, "GET", 64);
  e.put(e.path, "/x\x1b[2J", 64);
  e.put(e.cluster, "app", 64);
  e.put(e.split, "app 90, next 10", 64);
  e.put(e.match, "path /*", 64);
  e.put_name(0, "10.0.0.1:80");
  e.put_name(1, "10.0.0.2:80");
  e.tried[0] = {.started = at(1), .ended = at(5), .pause = Duration::ms(25), .endpoint = 0, .budget = 9};
  e.tried[0].pick.looked = 2;
  e.tried[0].pick.looks[0] = {0, 4};
  e.tried[0].pick.looks[1] = {7, 6};
  e.tried[0].failure = Code::reset;
  e.tried[0].verdict = RetryVerdict::retried;
  e.tried[1] = {.started = at(30), .answered = at(41), .endpoint = 1, .status = 200, .reused = true};
  auto& capture = e.captures[1];
  capture.attempt = 1;
  capture.count = 2;
  capture.endpoints = 30;
  capture.candidates[0] = {.endpoint = 1, .in_flight = 1, .latency_us = 1500};
  capture.candidates[1] = {.endpoint = 0, .weight = 5, .health = balance::Health::unhealthy};
  capture.candidates[1].outlier = balance::OutlierState::ejected;
  return e;
}

std::string text_of(const Explanation& e) {
  const auto text = explain_text(explanation_json(e, {.now = at(1000), .unix_ms = kUnixMs}));
  return text.value_or("none");
}

TEST(ExplainText, TellsTheWholeStory) {
  const std::string text = text_of(retried());
  for (const char* part : {
           "request   4f00\n",
           "kept because it went wrong",
           "GET /x?[2J host",
           "route     1: path /*; at most 15.00 s in 2 tries",
           "cluster   app, drawn by weight from app 90, next 10",
           "admitted  at once: 3 of 100 requests in use",
           "attempt 1 10.0.0.1:80\n          p2c looked at 10.0.0.1:80 (4 in flight), #7 (6 in flight)",
           "new connection, sent at 1.00 ms, over at 5.00 ms; reset, the fault lies upstream",
           "tried again after 25.0 ms; the retry budget has 9 left",
           "attempt 2 10.0.0.2:80",
           "reused connection, sent at 30.0 ms, first byte at 41.0 ms, over at 42.0 ms; status 200",
           "candidates of attempt 2, when it was chosen",
           "not eligible: ejected",
           "and 28 more",
           "answer    200 by the endpoint",
       }) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nin\n" << text;
  }
}

TEST(ExplainText, ARefusalNamesItsLimit) {
  Explanation e = retried();
  e.status = 503;
  e.answer = Explanation::Answer::refusal;
  e.rule = l7::core::Rule::max_pending;
  e.put(e.limit, "circuit_breaker.max_pending", 64);
  e.limit_value = 7;
  e.attempts = 0;
  e.waited = true;
  e.queued = Duration::ms(3);
  e.captures[1].late = true;
  const std::string text = text_of(e);
  EXPECT_NE(text.find("503 by Weir: max_pending: Too many requests"), std::string::npos) << text;
  EXPECT_NE(text.find("the limit circuit_breaker.max_pending is 7"), std::string::npos) << text;
  EXPECT_NE(text.find("after 3.00 ms in the queue"), std::string::npos) << text;
  EXPECT_NE(text.find("as they were at the request's end"), std::string::npos) << text;
  EXPECT_EQ(text.find("attempt 1"), std::string::npos) << text;
}

TEST(ExplainText, EveryVerdictHasItsWords) {
  for (int i = 1; i <= static_cast<int>(RetryVerdict::not_asked_for); ++i) {
    Explanation e = retried();
    e.tried[0].verdict = RetryVerdict::none;
    const std::string without = text_of(e);
    e.tried[0].verdict = static_cast<RetryVerdict>(i);
    EXPECT_NE(text_of(e), without) << i;
  }
}

TEST(ExplainText, MoreAttemptsThanAreKept) {
  Explanation e = retried();
  e.attempts = 9;
  e.tried[2] = e.tried[0];
  e.tried[3] = e.tried[1];
  const std::string text = text_of(e);
  EXPECT_NE(text.find("          5 more attempts\nattempt 9 10.0.0.2:80"), std::string::npos) << text;
}

TEST(ExplainText, TakesAnyAnswer) {
  for (const char* body : {"", "[]", "{}", "{\"error\":\"x\"}", "{\"id\":7}", "null"}) {
    EXPECT_FALSE(explain_text(body)) << body;
    EXPECT_FALSE(explain_list_text(body)) << body;
  }
  EXPECT_TRUE(explain_text(R"({"id":"a","attempts":[{}],"candidates":[{"list":[{}]}]})"));
  EXPECT_TRUE(explain_list_text(R"({"requests":[{}]})"));
}

}  // namespace
}  // namespace weir::app
