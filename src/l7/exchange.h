#pragma once
// One request on its way through the proxy, from the client's head to the last byte of the response: it carries out
// what core::RequestCore decides. It does not know HTTP's version on either side (http/streams.h).
//
//   client -> on_request -> route -> place (circuit breaker, queue) -> endpoint (balancer) -> connection (pool) -> send
//   endpoint -> on_response -> retry or forward -> body with back-pressure -> finish: counters, log, place given back
//
// Exchanges are recycled by their worker, memory and all. Thread rule: the worker's thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "balance/sticky.h"
#include "http/streams.h"
#include "l7/core/forwarding.h"
#include "l7/core/request_core.h"
#include "l7/core/route_edits.h"
#include "l7/core/tunnel.h"
#include "l7/mirror.h"
#include "l7/snapshot.h"
#include "l7/trail.h"
#include "net/timer_wheel.h"
#include "upstream/worker_cluster.h"

namespace weir::l7 {

class Worker;

class Exchange final : public http::RequestHandler,
                       private http::ResponseHandler,
                       private upstream::WorkerCluster::Waiter {
 public:
  explicit Exchange(Worker& worker) : worker_(worker) {}
  /// Readies a recycled exchange for the next request of `listener`.
  void assign(WorkerSnapshot& snapshot, const RouteTable& listener);
  /// About once a second: a tunnel whose endpoint leaves goes too.
  void look_after_tunnel();

 private:
  enum class Phase : uint8_t { idle, queued, pausing, trying, responding, tunnelling };

  // The client's side.
  void on_request(http::ServerStream& stream, http::RequestHead& head, std::string_view memory, bool end) override;
  void on_request_body(std::string_view piece) override;
  void on_request_end(const http::Fields& trailers) override;
  void on_request_aborted(const Error& error) override;
  void on_response_drained() override;
  void on_drain() override;

  // The endpoint's side.
  void on_informational(const http::ResponseHead& head) override;
  void on_response(http::ResponseHead& head, std::string_view memory, bool end) override;
  void on_response_body(std::string_view piece) override;
  void on_response_end(const http::Fields& trailers) override;
  void on_response_failed(const Error& error) override;
  void on_request_drained() override;

  void on_place() override;
  void on_deadline();

  bool redirect_to_https();
  [[nodiscard]] bool takes_hsts(http::ResponseHead& head) const;
  [[nodiscard]] http::Field hsts_field() const;
  core::Rule route();
  void begin_edits();
  bool answer_by_route();
  void redirect();
  void respond(const model::FixedResponse& answer);
  void respond_grpc();
  void send_answer(std::span<const http::Field> fields, std::string_view body);
  /// While a switch that is off wants it.
  bool answer_maintenance();
  bool answer_switched_off(const RouteTable::Extras& extras);
  void aim();
  [[nodiscard]] const RouteTable::Target* draw_target(const RouteTable::Extras& extras);
  void send_request_head(bool end);
  [[nodiscard]] const RouteTable::Target& divert(const RouteTable::Target& target);
  void count_failure();
  void queue(Instant until);
  void attempt(bool fresh);
  bool choose(bool fresh);
  void send();
  void begin_mirror(const RouteTable::Extras& extras);
  void begin_sticky();
  std::optional<balance::Pick> pick_sticky();
  [[nodiscard]] std::string sticky_cookie() const;
  void keep_for_replay(std::string_view piece);
  void body_moved();
  void act(const core::Action& action);
  void end_attempt(balance::Outcome outcome);
  void forward(http::ResponseHead& head, bool end);
  bool refuse_tunnel();
  void open_tunnel(uint16_t status);
  void relay(core::Tunnel::Side from, std::string_view piece);
  void send_close(core::Tunnel::Side to);
  void on_tunnel_deadline();
  void end_tunnel();
  void response_moved();
  void judge(const http::ResponseHead& head);
  void judge_end(const http::Fields& trailers);
  balance::Outcome judge_grpc(uint8_t status);
  void refuse(const core::Refusal& refusal);
  void refuse_grpc(std::string_view reason);
  void note_refusal(std::string_view tried);
  void finish();
  void write_log();
  void record();
  // explain.cc
  void note_failure(const Error& error, const core::Action& next);
  void note_status(uint16_t status, const core::Action& next);
  void capture(Capture& into);
  [[nodiscard]] bool went_wrong() const;
  [[nodiscard]] Explanation::Answer answered_by() const;
  void explain(bool failed);
  void explain_route(Explanation& explanation) const;
  void explain_cluster(Explanation& explanation);
  void name(Explanation& explanation, uint32_t endpoint) const;
  [[nodiscard]] bool replayable() const { return !body_lost_; }
  [[nodiscard]] balance::CircuitBreaker& circuit() { return cluster_->cluster().circuit; }
  [[nodiscard]] std::string tried_names() const;
  [[nodiscard]] Instant now() const;
  void wait_until(Phase phase, Instant when);

  // A request's body is kept this far for a retry; what is longer is streamed and cannot be repeated.
  static constexpr size_t kReplayBytes = 64 * 1024;

  Worker& worker_;
  WorkerSnapshot* snapshot_ = nullptr;
  const RouteTable* listener_ = nullptr;
  const RouteTable::Route* route_ = nullptr;
  uint32_t route_index_ = 0;                    ///< of route_ among those of the listener
  const RouteTable::Target* target_ = nullptr;  ///< that of the route
  upstream::WorkerCluster* cluster_ = nullptr;
  http::ServerStream* downstream_ = nullptr;
  const http::TlsFacts* tls_ = nullptr;  ///< what was agreed on with the client; null: it came in the clear
  http::ClientStream* upstream_ = nullptr;

  http::RequestHead head_;
  std::string memory_;       ///< what head_ points into
  std::string path_memory_;  ///< what path_ points into when it had to be made canonical
  std::string_view path_;    ///< canonical, as the route was found by it
  std::string_view client_;  ///< the client's address without port; its connection outlives the exchange
  std::string body_;  ///< the request's body so far, for a retry: whatever its method, it may not reach an endpoint
  std::vector<std::pair<std::string, std::string>> trailers_;
  core::ForwardingFields forwarding_;
  const core::RoutePlan* plan_ = nullptr;    ///< of route_; null when it edits nothing
  std::unique_ptr<core::RouteEdits> edits_;  ///< made for the first request that needs it
  core::RequestCore core_;
  Trail trail_;
  std::unique_ptr<core::Tunnel> tunnel_;  ///< what the request has become, if it has
  upstream::AttemptLink link_;
  Mirror::Copy* copy_ = nullptr;  ///< for the mirror, while the body comes
  net::Deadline deadline_ = net::Deadline::bind<&Exchange::on_deadline>(this);

  Instant started_{};
  Instant attempt_started_{};
  Instant answered_{};  ///< the first byte of the latest response
  uint64_t bytes_in_ = 0;
  uint64_t bytes_out_ = 0;
  uint32_t endpoint_ = 0;
  uint16_t status_ = 0;
  core::Refusal refusal_{};
  /// Of a route that is sticky.
  struct Sticky {
    bool wanted = false;
    uint64_t token = 0;  ///< that the client brought
    bool has_token = false;
    bool settled = false;
    balance::Stickiness stickiness = balance::Stickiness::fresh;
  };
  Sticky sticky_;
  std::string_view switched_off_;  ///< the switch by which the request did not go where it wanted; empty: none
  Code abort_code_ = Code::ok;     ///< why the exchange ended early, for the log
  Phase phase_ = Phase::idle;
  bool trying_ = false;  ///< an attempt is counted at endpoint_
  bool request_ended_ = false;
  bool response_started_ = false;
  bool body_lost_ = false;
  bool panic_ = false;
  bool failure_counted_ = false;
  bool verdict_pending_ = false;  ///< what the response says of the endpoint stands in its trailers
};

}  // namespace weir::l7
