#pragma once
// What a worker counts. Written by its thread only, read by the admin interface at any time: relaxed atomics bumped by
// load and store.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/histogram.h"
#include "http/http2_guard.h"
#include "l7/arrival.h"
#include "l7/core/grpc.h"
#include "l7/core/refusal.h"
#include "net/tls/failure.h"

namespace weir::l7 {

class Counter {
 public:
  void add(uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void sub(uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed); }
  [[nodiscard]] uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

/// Handshakes that were carried out with one version of TLS.
struct TlsCounters {
  Counter handshakes;   ///< full ones
  Counter resumptions;  ///< of sessions from before
};
inline constexpr std::array<std::string_view, 2> kTlsVersions = {"TLSv1.2", "TLSv1.3"};

struct WorkerMetrics {
  std::array<Counter, 6> responses;            ///< by class: [2] counts 2xx; [0] those that ended without a status
  std::array<Counter, core::kRules> refusals;  ///< by core::Rule
  std::array<Counter, http::kHttp2Defences> http2_defences;  ///< by http::Http2Defence
  std::array<Counter, kTurnedAwayReasons> turned_away;       ///< by reason_index
  std::array<Counter, core::kGrpcStatuses> grpc_statuses;    ///< of calls answered by endpoints
  std::array<TlsCounters, kTlsVersions.size()> tls;          ///< with clients, in the order of kTlsVersions
  std::array<Counter, net::tls::kFailures> tls_failures;     ///< of handshakes with clients, by net::tls::Failure
  Counter bad_requests;                                      ///< refused by the codec
  Counter client_aborts;
  Counter tunnels;         ///< open now
  Counter tunnels_opened;  ///< WebSockets and CONNECTs
  Counter truncated;       ///< responses cut off in the middle
  Counter bytes_from_clients;
  Counter bytes_to_clients;
  Counter connections;  ///< open now
  Counter connections_accepted;
  Counter retries;
  Counter replays;
  Counter log_lines_dropped;
  Histogram duration_us;  ///< whole requests, from head to end of response
};

}  // namespace weir::l7
