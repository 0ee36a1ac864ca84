#pragma once
// What is remembered of one request, for whoever asks why it went as it did (`weir ctl explain`): a value of fixed size
// that points to nothing, so that keeping one is a copy, dropping one is nothing, and no cluster or configuration has
// to outlive its time. Texts are cut to the lengths given here; how long and how many things are is bounded.
//
// Thread rule: a value.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "balance/policy.h"
#include "base/error.h"
#include "base/time.h"
#include "l7/core/request_core.h"
#include "upstream/worker_cluster.h"

namespace weir::l7 {

/// One try: the choice of an endpoint and what became of it.
struct Attempt {
  Instant started{};
  Instant answered{};  ///< the head of the response; Instant{}: there was none
  Instant ended{};     ///< Instant{}: with the request
  Duration pause{};    ///< before the next one
  balance::PickStory pick{};
  const char* detail = "";  ///< of the failure; a literal, as in Error
  uint32_t endpoint = 0;
  uint32_t budget = 0;  ///< retries that the cluster's budget had left after the verdict
  uint16_t status = 0;  ///< 0: no response
  Code failure = Code::ok;
  Origin fault = Origin::upstream;
  core::RetryVerdict verdict = core::RetryVerdict::none;
  bool reused = false;  ///< the connection had served before
  bool panic = false;   ///< health was ignored
};

/// The cluster's endpoints at one moment: those that matter to the request first, up to a limit.
struct Capture {
  static constexpr uint32_t kCandidates = 16;

  std::array<upstream::Candidate, kCandidates> candidates{};
  uint32_t count = 0;      ///< of candidates
  uint32_t endpoints = 0;  ///< of the cluster
  uint32_t attempt = 0;    ///< whose choice it shows, from 0
  bool late = false;       ///< as of the request's end, because nobody knew at the choice that somebody would ask
};

struct Explanation {
  static constexpr uint32_t kAttempts = 4;  ///< the first three and the last
  static constexpr uint32_t kNames = 20;    ///< of endpoints; others are called by their number
  static constexpr size_t kNameBytes = 47;  ///< the longest numeric address with a port
  static constexpr size_t kTextBytes = 2400;

  struct Text {
    uint16_t at = 0;
    uint16_t size = 0;
  };
  struct Name {
    uint32_t endpoint = 0;
    Text text{};
  };
  enum class Answer : uint8_t {
    endpoint,
    refusal,      ///< Weir, in the place of an endpoint
    route,        ///< Weir, as its route says
    broken_off,   ///< begun by an endpoint, and not completed
    client_left,  ///< nobody waited for it
  };

  Instant started{};
  Duration total{};
  Duration queued{};
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  int64_t limit_value = 0;
  uint32_t route = UINT32_MAX;  ///< index among its listener's; UINT32_MAX: none matched
  uint32_t in_use = 0;          ///< of max_requests, when it came; itself among them if it got a place
  uint32_t max_requests = 0;
  uint32_t pending = 0;  ///< in the queue when it had to wait, itself included
  uint32_t max_pending = 0;
  uint32_t saturated = 0;  ///< choices that found all connections to the endpoint taken
  uint32_t tries = 0;      ///< as counted against retry.attempts
  uint32_t attempts_max = 0;
  uint32_t attempts = 0;  ///< made; those kept are in `tried`
  Duration timeout{};
  uint16_t status = 0;
  Answer answer = Answer::endpoint;
  Code abort_code = Code::ok;
  core::Rule rule = core::Rule::none;
  model::PolicyKind policy = model::PolicyKind::p2c;
  model::StickyKey::On split_by = model::StickyKey::On::none;
  bool failed = false;   ///< kept because of what happened; otherwise by sampling
  bool sampled = false;  ///< chosen when it came
  bool waited = false;   ///< in the queue
  bool tunnel = false;
  bool diverted = false;  ///< to a cluster that the one drawn is being shifted to

  std::array<Attempt, kAttempts> tried{};
  std::array<Capture, 2> captures{};  ///< of the first choice and of the last
  std::array<Name, kNames> names{};
  uint32_t name_count = 0;

  Text id{}, listener{}, client{}, protocol{}, method{}, host{}, path{}, route_name{}, match{}, cluster{}, split{},
      limit{}, switched_off{};
  uint16_t text_used = 0;
  std::array<char, kTextBytes> text{};

  [[nodiscard]] std::string_view of(Text which) const { return {text.data() + which.at, which.size}; }
  /// How many of the attempts made are in `tried`.
  [[nodiscard]] uint32_t kept() const { return std::min(attempts, kAttempts); }
  /// Empty: not among those whose names were kept.
  [[nodiscard]] std::string_view name_of(uint32_t endpoint) const {
    for (const Name& each : std::span(names).first(name_count)) {
      if (each.endpoint == endpoint) return of(each.text);
    }
    return {};
  }

  /// Forgets everything but the memory of texts, which is not worth clearing.
  void clear();
  /// Appends a text of at most `most` bytes; what is longer ends in "…".
  void put(Text& which, std::string_view value, size_t most);
  void put_name(uint32_t endpoint, std::string_view name);
};

}  // namespace weir::l7
