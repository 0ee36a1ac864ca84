#pragma once
// The decisions about one request, without the request: events go in, actions come out. When is it admitted, what
// follows a failed try, is a repetition safe and within budget, which deadline applies, what is the client told. The
// proxy carries the actions out with sockets, the simulator without; both run this code, in this order:
//
//   begin, then on_arrival; while it says queue, on_place whenever a place may be free
//   attempt: pick an endpoint that is not among tried(), note_tried, on_attempt, send; or on_no_endpoint, on_saturated
//   what became of it: on_status, on_failure or on_deadline; after a pause on_pause_over
//   end, once, whatever happened
//
// A place is one of the cluster's max_requests (balance::CircuitBreaker). It is taken once and kept over all tries.
//
// When a repetition is safe (RFC 9110 section 9.2.2): nothing of the response was seen, and either nothing of the
// request reached an endpoint, or its method is idempotent. A kept-alive connection that dies under a request before
// the first byte most likely was closed while idle; such a request is replayed once on a fresh connection, without
// being charged as a retry, when its method allows it. A try that reached nobody (the connection was refused) loads no
// endpoint, so asking the next one is no retry either: it neither counts as an attempt nor is charged to the budget,
// which exists to bound what endpoints receive. Every endpoint is asked at most once. A request that an endpoint did
// not look at because its connection was going (HTTP/2's GOAWAY) is sent again at once, to whomever the policy picks,
// the same endpoint included; a few times at most.
//
// Pure: no clock, no randomness but the arguments. One per request; not thread-safe.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "balance/circuit.h"
#include "balance/retry_budget.h"
#include "base/error.h"
#include "base/prng.h"
#include "base/time.h"
#include "l7/core/refusal.h"
#include "model/config.h"

namespace weir::l7::core {

/// What the core must know of a request and its route.
struct RequestFacts {
  bool idempotent = false;
  Instant started{};
  Duration timeout{};  ///< total, from the end of the request until the head of the response
  model::RetryConfig retry;
  uint32_t endpoints = 1;  ///< of the cluster
  model::CircuitConfig circuit{};
};

struct TryFailure {
  Code code = Code::reset;
  Retry retry = Retry::no;    ///< what the connection knows (http::ResponseHandler)
  bool replayable = true;     ///< the request's body, as far as it was sent, is still at hand
  std::string_view detail{};  ///< of connect_failed: why TLS failed, if it did; a literal
};

enum class Step : uint8_t {
  attempt,        ///< choose an endpoint and send
  attempt_fresh,  ///< the same, but not on a connection that was idle
  pause,          ///< wait `pause`, then on_pause_over
  queue,          ///< wait in the cluster's queue for a place, at most until `until`; then on_pending_timeout
  refuse,         ///< answer with `refusal`
  forward,        ///< pass the endpoint's response on
};

struct Action {
  Step step = Step::attempt;
  Duration pause{};
  Instant until{};
  Refusal refusal{};
};

/// Why another try followed, or none: for explanations.
enum class RetryVerdict : uint8_t {
  none,            ///< nothing had failed
  retried,         ///< an attempt was left, and the budget paid for it
  replayed,        ///< the connection had been closed while idle: no fault of the endpoint, and no charge
  asked_next,      ///< the try reached nobody: the next endpoint is asked, without charge
  moved,           ///< its connection was going and the endpoint did not look at it: no fault, and no charge
  not_idempotent,  ///< and it may have reached the endpoint
  body_gone,       ///< the request's body was too long to keep
  no_attempt_left,
  no_time_left,
  budget_empty,
  nobody_left,    ///< the try reached nobody, and all endpoints have been asked
  not_asked_for,  ///< retry.on_gateway_status is off
};

/// Endpoints that a request remembers to have tried; more attempts than this repeat themselves.
inline constexpr uint32_t kMaxTried = 8;

class RequestCore {
 public:
  void begin(const RequestFacts& facts) {
    forget();
    facts_ = facts;
    queued_until_ = {};
    unsent_ = moved_ = looks_ = 0;
    replayed_ = has_place_ = false;
    verdict_ = RetryVerdict::none;
  }
  /// What was tried for the request before: one that is answered before it begins has tried nothing.
  void forget() { tries_ = tried_count_ = 0; }
  /// Gives the place back, if one is held.
  void end(balance::CircuitBreaker& circuit) {
    if (!has_place_) return;
    has_place_ = false;
    circuit.requests.release();
  }

  /// Is it admitted at once? Who comes when others wait goes behind them.
  Action on_arrival(balance::CircuitBreaker& circuit, bool others_wait, Instant now) {
    if (others_wait || !take_place(circuit)) return queue(now);
    return {.step = Step::attempt};
  }
  /// It waits, and a place (or a connection) may be free.
  Action on_place(balance::CircuitBreaker& circuit, Instant now);
  Action on_pause_over(Instant now) const;
  /// Every connection to the endpoint that was picked is taken: asks the others, and when all are full, waits.
  Action on_saturated(Instant now);
  [[nodiscard]] Action on_queue_full() const;
  [[nodiscard]] Action on_pending_timeout() const;
  /// `none_known`: discovery has found none so far.
  [[nodiscard]] Action on_no_endpoint(bool none_known = false) const {
    return {.step = Step::refuse, .refusal = {.rule = none_known ? Rule::not_discovered : Rule::no_endpoint}};
  }

  /// The endpoint that was picked, whatever comes of it.
  void note_tried(uint32_t endpoint) {
    if (tried_count_ < kMaxTried) tried_[tried_count_++] = endpoint;
  }
  /// What the next pick avoids.
  [[nodiscard]] std::span<const uint32_t> tried() const { return {tried_.data(), tried_count_}; }

  /// A piece of the request's body has moved on: an endpoint cannot answer what it has not got, so the clocks start
  /// again. Returns the present try's new deadline. How long a piece may take is for the listener's body timeout.
  Instant on_body_progress(Instant now) {
    facts_.started = now;
    return now + try_timeout_;
  }
  /// An attempt is being sent; returns when it must have been answered.
  Instant on_attempt(Instant now);
  Action on_failure(const TryFailure& failure, balance::RetryBudget& budget, Instant now, Prng& prng);
  /// The head of a response with this status is there.
  Action on_status(uint16_t status, bool replayable, balance::RetryBudget& budget, Instant now, Prng& prng);
  /// The deadline that on_attempt returned has passed.
  Action on_deadline(bool replayable, balance::RetryBudget& budget, Instant now);

  [[nodiscard]] Instant deadline() const { return facts_.started + facts_.timeout; }
  [[nodiscard]] uint32_t tries() const { return tries_; }
  /// Of the last failure.
  [[nodiscard]] RetryVerdict verdict() const { return verdict_; }
  [[nodiscard]] bool may_repeat() const { return facts_.idempotent && tries_ < facts_.retry.attempts; }

 private:
  bool take_place(balance::CircuitBreaker& circuit) {
    if (!has_place_) has_place_ = circuit.requests.try_acquire();
    return has_place_;
  }
  Action queue(Instant now);
  [[nodiscard]] Action attempt_in_time(Instant now) const;
  [[nodiscard]] Action route_timeout() const;
  bool may_retry(bool replayable, balance::RetryBudget& budget, Instant now);
  [[nodiscard]] RetryVerdict judge_retry(bool replayable, balance::RetryBudget& budget, Instant now) const;
  Action retry_after_pause(Instant now, Prng& prng) const;

  RequestFacts facts_;
  Duration try_timeout_{};  ///< what the present try was given
  Instant queued_until_{};  ///< of the present stay in the queue; Instant{}: none
  std::array<uint32_t, kMaxTried> tried_{};
  uint32_t tried_count_ = 0;
  uint32_t tries_ = 0;
  uint32_t unsent_ = 0;  ///< tries that reached nobody
  uint32_t moved_ = 0;   ///< tries whose connection was going
  uint32_t looks_ = 0;   ///< endpoints in a row that were saturated
  RetryVerdict verdict_ = RetryVerdict::none;
  bool replayed_ = false;
  bool has_place_ = false;
};

}  // namespace weir::l7::core
