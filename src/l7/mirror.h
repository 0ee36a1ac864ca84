#pragma once
// Copies of requests for a second cluster, whose answers are thrown away (model::MirrorConfig). A copy is gathered
// while the original passes, and sent once it is whole, at the end of the loop's turn, so that originals go first:
//
//   Mirror::Copy* copy = mirror.begin({...}, head, fields, end);   // null: over the limit, which has been counted
//   copy->add(piece) ...                                           // false: too large, forgotten
//   copy->end(), or copy->abandon()                                // from here on it is the mirror's alone
//
// Nothing of it reaches the original: what a copy needs it has copied, it waits for nobody, is tried once, and its
// failures are counted and nothing else. Its bounds are its own: max_in_flight copies of max_body bytes, the shadow
// cluster's circuit breaker (without its queue) and a timeout.
//
// Thread rule: the worker's thread. Copies are recycled, memory and all.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "balance/circuit.h"
#include "http/streams.h"
#include "l7/snapshot.h"
#include "net/loop.h"
#include "net/timer_wheel.h"
#include "upstream/worker_cluster.h"

namespace weir::l7 {

class Worker;

class Mirror {
 public:
  class Copy;
  struct Order {
    const model::MirrorConfig& config;
    WorkerSnapshot& snapshot;
    upstream::WorkerCluster& cluster;
    balance::CircuitLimit& places;  ///< max_in_flight, of all workers
    uint64_t hash = 0;              ///< of the original, for a cluster that chooses by it (core/request_hash.h)
  };

  explicit Mirror(Worker& worker) : worker_(worker) {}
  ~Mirror();
  Mirror(const Mirror&) = delete;
  Mirror& operator=(const Mirror&) = delete;

  /// A copy of the head; `fields` are those that go with it. With `end` no body follows, and the copy is on its way.
  Copy* begin(const Order& order, const http::RequestHead& head, std::span<const http::Field> fields, bool end);

 private:
  void on_turn_end();
  void recycle(Copy& copy);

  Worker& worker_;
  std::vector<std::unique_ptr<Copy>> copies_;  ///< as many as were ever under way at once
  std::vector<Copy*> free_;
  std::vector<Copy*> ready_;  ///< whole, to be sent
  net::Hook send_ = net::Hook::bind<&Mirror::on_turn_end>(this);
};

class Mirror::Copy final : private http::ResponseHandler {
 public:
  Copy(Mirror& mirror, Worker& worker) : mirror_(mirror), worker_(worker) {}

  /// A piece of the body. False when it is too large to be copied: the copy is gone.
  bool add(std::string_view piece);
  /// The request is whole.
  void end();
  /// The rest of the request will not come.
  void abandon();

 private:
  friend class Mirror;
  void on_informational(const http::ResponseHead& /*head*/) override {}
  void on_response(http::ResponseHead& head, std::string_view memory, bool end) override;
  void on_response_body(std::string_view /*piece*/) override {}
  void on_response_end(const http::Fields& trailers) override;
  void on_response_failed(const Error& error) override;
  void on_request_drained() override {}

  void take(const Order& order, const http::RequestHead& head, std::span<const http::Field> fields);
  void send();
  /// As Exchange does (judgement.cc), for a call that says it in its trailers.
  void judge_end(const http::Fields& trailers);
  void on_deadline();
  [[nodiscard]] bool undecided() const { return status_ == 0 || verdict_pending_; }
  void end_attempt(balance::Outcome outcome);
  /// Counts and goes.
  void finish(upstream::MirrorResult result);

  static constexpr size_t kKeptBytes = 16 * 1024;  ///< of memory, from one copy to the next

  Mirror& mirror_;
  Worker& worker_;
  const model::MirrorConfig* config_ = nullptr;
  WorkerSnapshot* snapshot_ = nullptr;
  upstream::WorkerCluster* cluster_ = nullptr;
  balance::CircuitLimit* places_ = nullptr;
  http::ClientStream* upstream_ = nullptr;
  http::RequestHead head_;
  http::Fields fields_;
  std::string memory_;  ///< what head_ and fields_ point into
  std::string body_;
  upstream::AttemptLink link_;
  net::Deadline deadline_ = net::Deadline::bind<&Copy::on_deadline>(this);
  Instant sent_{};
  uint64_t hash_ = 0;
  uint32_t endpoint_ = 0;
  uint16_t status_ = 0;
  balance::Outcome outcome_ = balance::Outcome::success;  ///< what the response says of its endpoint
  bool verdict_pending_ = false;                          ///< a gRPC call: it stands in the trailers
  bool has_place_ = false;                                ///< one of the cluster's max_requests
  bool trying_ = false;
};

}  // namespace weir::l7
