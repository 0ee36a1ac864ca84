#pragma once
// What a request notes of itself while it is under way, so that it can be explained when it has ended. Nearly every
// request is not: so it notes what costs a few stores, into memory that its exchange has anyway. The rest is taken down
// only for a request that was sampled when it came or that needed a second try, and when a request that failed is kept.
//
//   begin; admitted; [queue, unqueue]; then for each attempt
//     next() for the pick, [capture], sent or not_sent, [judged]
//
// Thread rule: the worker's thread.

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "balance/circuit.h"
#include "l7/explanation.h"

namespace weir::l7 {

class Trail {
 public:
  void begin(bool sampled) {
    sampled_ = sampled;
    failed_ = false;
    attempts_ = saturated_ = pending_ = in_use_ = 0;
    queued_ = {};
    queued_from_ = {};
  }
  [[nodiscard]] bool sampled() const { return sampled_; }
  /// The request has failed in a way that its status does not show.
  void note_failed() { failed_ = true; }
  [[nodiscard]] bool failed() const { return failed_; }

  void admitted(const balance::CircuitBreaker& circuit) { in_use_ = circuit.requests.used(); }
  void queue(const balance::CircuitBreaker& circuit, Instant now) {
    if (pending_ == 0) pending_ = circuit.pending.used();
    queued_from_ = now;
  }
  void unqueue(Instant now) {
    if (queued_from_ == Instant{}) return;
    queued_ = queued_ + (now - queued_from_);
    queued_from_ = {};
  }

  /// The attempt that is being prepared.
  [[nodiscard]] Attempt& next() { return at(attempts_); }
  /// Where to put what there is to choose from; null: it is not worth the trouble.
  [[nodiscard]] Capture* capture() {
    if (!sampled_ && attempts_ == 0) return nullptr;
    Capture& capture = more().captures[attempts_ == 0 ? 0 : 1];
    capture.attempt = attempts_;
    capture.late = false;
    return &capture;
  }
  void note_saturated() { ++saturated_; }
  void sent(uint32_t endpoint, bool reused, bool panic, Instant now) {
    Attempt& attempt = next();
    attempt.started = now;
    attempt.endpoint = endpoint;
    attempt.reused = reused;
    attempt.panic = panic;
    attempt.answered = attempt.ended = {};
    attempt.status = 0;
    attempt.failure = Code::ok;
    attempt.detail = "";
    attempt.verdict = core::RetryVerdict::none;
    ++attempts_;
  }
  [[nodiscard]] uint32_t attempts() const { return attempts_; }
  /// The latest attempt; there must be one.
  [[nodiscard]] Attempt& latest() { return at(attempts_ - 1); }

  /// Into an explanation that knows nothing of attempts yet.
  void tell(Explanation& into, Instant now) const;
  /// At the end: what is not needed any more.
  void end() {
    if (more_ != nullptr) more_.reset();
  }

 private:
  struct More {
    std::array<Attempt, Explanation::kAttempts - 1> attempts;
    std::array<Capture, 2> captures;
  };
  Attempt& at(uint32_t attempt) {
    if (attempt == 0) return first_;
    return more().attempts[std::min(attempt, Explanation::kAttempts - 1) - 1];
  }
  More& more() {
    if (more_ == nullptr) more_ = std::make_unique<More>();
    return *more_;
  }

  Duration queued_{};
  Instant queued_from_{};  ///< Instant{}: not in the queue
  uint32_t attempts_ = 0;
  uint32_t saturated_ = 0;
  uint32_t pending_ = 0;
  uint32_t in_use_ = 0;
  bool sampled_ = false;
  bool failed_ = false;
  Attempt first_;
  std::unique_ptr<More> more_;
};

}  // namespace weir::l7
