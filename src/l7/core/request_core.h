#pragma once
// The decisions about one request, without the request: events go in, actions come out. When is it admitted, what
// follows a failed try, is a repetition safe and within budget, which deadline applies, what is the client told. The
// proxy carries the actions out with sockets, the simulator without; both run this code.
//
// When a repetition is safe (RFC 9110 section 9.2.2): nothing of the response was seen, and either nothing of the
// request reached an endpoint, or its method is idempotent. A kept-alive connection that dies under a request before
// the first byte most likely was closed while idle; such a request is replayed once on a fresh connection, without
// being charged as a retry, when its method allows it. A try that reached nobody (the connection was refused) loads no
// endpoint, so asking the next one is no retry either: it neither counts as an attempt nor is charged to the budget,
// which exists to bound what endpoints receive. Every endpoint is asked at most once.
//
// Pure: no clock, no randomness but the arguments. One per request; not thread-safe.

#include <cstdint>

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
};

struct TryFailure {
  Code code = Code::reset;
  Retry retry = Retry::no;  ///< what the connection knows (http::ResponseHandler)
  bool replayable = true;   ///< the request's body, as far as it was sent, is still at hand
};

enum class Step : uint8_t {
  attempt,        ///< choose an endpoint and send
  attempt_fresh,  ///< the same, but not on a connection that was idle
  pause,          ///< wait `pause`, then attempt
  refuse,         ///< answer with `refusal`
  forward,        ///< pass the endpoint's response on
};

struct Action {
  Step step = Step::attempt;
  Duration pause{};
  Refusal refusal{};
};

class RequestCore {
 public:
  void begin(const RequestFacts& facts) {
    facts_ = facts;
    tries_ = 0;
    unsent_ = 0;
    replayed_ = false;
  }

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
  [[nodiscard]] bool may_repeat() const { return facts_.idempotent && tries_ < facts_.retry.attempts; }

 private:
  bool may_retry(bool safe, bool replayable, balance::RetryBudget& budget, Instant now) const;
  Action retry_after_pause(Instant now, Prng& prng) const;

  RequestFacts facts_;
  Duration try_timeout_{};  ///< what the present try was given
  uint32_t tries_ = 0;
  uint32_t unsent_ = 0;  ///< tries that reached nobody
  bool replayed_ = false;
};

/// 502, 503, 504: the statuses by which a gateway says that it was not the application who answered.
constexpr bool is_gateway_status(uint16_t status) { return status >= 502 && status <= 504; }

}  // namespace weir::l7::core
