#include "l7/core/request_core.h"

#include <algorithm>

#include "balance/backoff.h"
#include "l7/core/outcome.h"

namespace weir::l7::core {

namespace {

// Twice in a row is a rolling restart's bad luck; more often, something is wrong that moving does not mend.
constexpr uint32_t kMaxMoves = 3;

Refusal refusal_of(const TryFailure& failure) {
  switch (failure.code) {
    case Code::connect_refused:
    case Code::connect_timeout:
    case Code::connect_failed:
      // What is said beyond that is said by TLS.
      if (!failure.detail.empty()) return {.rule = Rule::upstream_tls, .reason = failure.detail};
      return {.rule = Rule::connect_failed};
    case Code::malformed:
    case Code::too_large:
    case Code::unsupported: return {.rule = Rule::upstream_malformed};
    case Code::out_of_fds: return {.rule = Rule::out_of_fds};
    default: return {.rule = Rule::upstream_reset};
  }
}

}  // namespace

Action RequestCore::queue(Instant now) {
  looks_ = 0;
  // Who queues again has not waited less for it.
  if (queued_until_ == Instant{}) queued_until_ = std::min(now + facts_.circuit.pending_timeout, deadline());
  return {.step = Step::queue, .until = queued_until_};
}

Action RequestCore::on_place(balance::CircuitBreaker& circuit, Instant now) {
  return take_place(circuit) ? attempt_in_time(now) : queue(now);
}

Action RequestCore::on_pause_over(Instant now) const { return attempt_in_time(now); }

Action RequestCore::attempt_in_time(Instant now) const {
  return now >= deadline() ? route_timeout() : Action{.step = Step::attempt};
}

Action RequestCore::on_saturated(Instant now) {
  if (++looks_ < std::min(facts_.endpoints, kMaxTried)) return {.step = Step::attempt};
  tried_count_ = 0;
  return queue(now);
}

Action RequestCore::on_queue_full() const {
  return {.step = Step::refuse,
          .refusal = {
              .rule = Rule::max_pending, .limit = "circuit_breaker.max_pending", .value = facts_.circuit.max_pending}};
}

Action RequestCore::on_pending_timeout() const {
  return {.step = Step::refuse,
          .refusal = {.rule = Rule::pending_timeout,
                      .limit = "circuit_breaker.pending_timeout",
                      .value = facts_.circuit.pending_timeout.ms()}};
}

Action RequestCore::route_timeout() const {
  return {.step = Step::refuse,
          .refusal = {.rule = Rule::route_timeout, .limit = "timeout", .value = facts_.timeout.ms()}};
}

Instant RequestCore::on_attempt(Instant now) {
  ++tries_;
  looks_ = 0;
  queued_until_ = {};
  const Duration left = deadline() - now;
  Duration share = facts_.retry.per_try_timeout;
  if (share == Duration{}) {
    // Without a word from the user each try gets an equal part of what is left, so that the last one can still end.
    const uint32_t attempts = std::max(facts_.retry.attempts, 1u);
    const uint32_t tries_left = attempts - std::min(tries_ - 1, attempts - 1);
    share = facts_.idempotent ? left / tries_left : left;
  }
  try_timeout_ = std::min(share, left);
  return now + try_timeout_;
}

RetryVerdict RequestCore::judge_retry(bool replayable, balance::RetryBudget& budget, Instant now) const {
  if (!facts_.idempotent) return RetryVerdict::not_idempotent;
  if (!replayable) return RetryVerdict::body_gone;
  if (tries_ >= facts_.retry.attempts) return RetryVerdict::no_attempt_left;
  if (now >= deadline()) return RetryVerdict::no_time_left;
  return budget.try_withdraw(now) ? RetryVerdict::retried : RetryVerdict::budget_empty;
}

bool RequestCore::may_retry(bool replayable, balance::RetryBudget& budget, Instant now) {
  verdict_ = judge_retry(replayable, budget, now);
  return verdict_ == RetryVerdict::retried;
}

Action RequestCore::retry_after_pause(Instant now, Prng& prng) const {
  const Duration pause = balance::backoff(tries_, facts_.retry.backoff_base, facts_.retry.backoff_max, prng);
  if (now + pause >= deadline()) return {.step = Step::attempt};
  return {.step = pause == Duration{} ? Step::attempt : Step::pause, .pause = pause};
}

Action RequestCore::on_failure(const TryFailure& failure, balance::RetryBudget& budget, Instant now, Prng& prng) {
  if (failure.retry == Retry::if_reused && facts_.idempotent && failure.replayable && !replayed_ && now < deadline()) {
    replayed_ = true;
    verdict_ = RetryVerdict::replayed;
    --tries_;
    if (tried_count_ > 0) --tried_count_;  // its connection was dead, the endpoint need not be
    return {.step = Step::attempt_fresh};
  }
  if (failure.retry == Retry::yes && failure.code == Code::cancelled && failure.replayable && moved_ < kMaxMoves &&
      now < deadline()) {
    ++moved_;
    verdict_ = RetryVerdict::moved;
    --tries_;
    if (tried_count_ > 0) --tried_count_;  // nothing is wrong with the endpoint
    return {.step = Step::attempt};
  }
  if (failure.retry == Retry::yes && facts_.retry.attempts > 1 && failure.replayable && now < deadline()) {
    if (++unsent_ < std::min(facts_.endpoints, kMaxTried)) {
      verdict_ = RetryVerdict::asked_next;
      --tries_;
      return {.step = Step::attempt};
    }
    verdict_ = RetryVerdict::nobody_left;
    return {.step = Step::refuse, .refusal = refusal_of(failure)};
  }
  if (may_retry(failure.replayable, budget, now)) return retry_after_pause(now, prng);
  return {.step = Step::refuse, .refusal = refusal_of(failure)};
}

Action RequestCore::on_status(uint16_t status, bool replayable, balance::RetryBudget& budget, Instant now, Prng& prng) {
  if (!is_gateway_status(status)) return {.step = Step::forward};
  if (!facts_.retry.on_gateway_status) {
    verdict_ = RetryVerdict::not_asked_for;
    return {.step = Step::forward};
  }
  if (may_retry(replayable, budget, now)) return retry_after_pause(now, prng);
  return {.step = Step::forward};
}

Action RequestCore::on_deadline(bool replayable, balance::RetryBudget& budget, Instant now) {
  if (now >= deadline()) {
    verdict_ = RetryVerdict::no_time_left;
    return route_timeout();
  }
  if (may_retry(replayable, budget, now)) return {.step = Step::attempt};
  return {.step = Step::refuse,
          .refusal = {.rule = Rule::try_timeout, .limit = "retry.per_try_timeout", .value = try_timeout_.ms()}};
}

}  // namespace weir::l7::core
