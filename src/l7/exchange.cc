#include "l7/exchange.h"

#include <utility>

#include "balance/ewma.h"
#include "base/check.h"
#include "l7/core/grpc.h"
#include "l7/core/outcome.h"
#include "l7/core/request_hash.h"
#include "l7/core/router.h"
#include "l7/core/shift.h"
#include "l7/worker.h"

namespace weir::l7 {

using balance::Outcome;
using core::outcome_of;
using core::Rule;
using core::Step;
using proto::http::Field;

Instant Exchange::now() const { return net::read_clock(); }

void Exchange::assign(WorkerSnapshot& snapshot, const RouteTable& listener) {
  snapshot_ = &snapshot;
  ++snapshot.users;
  listener_ = &listener;
  route_ = nullptr;
  plan_ = nullptr;
  target_ = nullptr;
  cluster_ = nullptr;
  downstream_ = nullptr;
  upstream_ = nullptr;
  body_.clear();
  trailers_.clear();
  bytes_in_ = bytes_out_ = 0;
  status_ = 0;
  refusal_ = {};
  abort_code_ = Code::ok;
  switched_off_ = {};
  sticky_ = {};
  phase_ = Phase::idle;
  core_.forget();
  trail_.begin(worker_.explanations().sample(worker_.prng()));
  trying_ = request_ended_ = response_started_ = body_lost_ = panic_ = verdict_pending_ = failure_counted_ = false;
}

// ---- the request
// -----------------------------------------------------------------------------------------------------

void Exchange::on_request(http::ServerStream& stream, http::RequestHead& head, std::string_view memory, bool end) {
  downstream_ = &stream;
  started_ = now();
  request_ended_ = end;
  client_ = stream.client_facts().host;
  std::swap(head_, head);  // the scratch head gets our old vectors: nobody allocates
  proto::http::own(head_, memory, memory_);
  tls_ = stream.client_facts().tls.get();
  head_.scheme = tls_ != nullptr ? "https" : "http";  // whatever the request's target claims
  forwarding_.build(head_,
                    {.client = client_,
                     .certificate = tls_ != nullptr ? std::string_view(tls_->certificate) : std::string_view(),
                     .trust_forwarded = listener_->config->trust_forwarded},
                    worker_.prng());
  if (answer_maintenance() || redirect_to_https()) return;
  if (const Rule refusal = route(); refusal != Rule::none) return refuse({.rule = refusal});
  if (route_->extras != nullptr && answer_by_route()) return;
  if (plan_ != nullptr) edits_->edit_request(head_, forwarding_.fields());
  aim();
  if ((head_.upgrade || head_.method == proto::http::Method::connect) && refuse_tunnel()) return;
  core_.begin({.idempotent = proto::http::is_idempotent(head_.method),
               .started = started_,
               .timeout = route_->timeout,
               .retry = *route_->retry,
               .endpoints = static_cast<uint32_t>(cluster_->cluster().endpoints().size()),
               .circuit = cluster_->config().circuit});
  cluster_->cluster().retry_budget.deposit(started_);
  if (route_->extras != nullptr) begin_mirror(*route_->extras);
  const auto action = core_.on_arrival(circuit(), cluster_->waiting() != 0, worker_.loop().now());
  trail_.admitted(circuit());
  act(action);
}

Rule Exchange::route() {
  const auto found = listener_->router->find(head_, listener_->config->trust_forwarded, path_memory_);
  if (found.refusal != Rule::none) return found.refusal;
  path_ = found.path;
  route_index_ = found.route;
  route_ = &listener_->routes[found.route];
  if (route_->requests != nullptr) route_->requests->add();
  plan_ = route_->plan;
  if (plan_ != nullptr) begin_edits();
  return Rule::none;
}

void Exchange::queue(Instant until) {
  if (!cluster_->enqueue(*this)) return act(core_.on_queue_full());
  if (phase_ == Phase::queued) return;  // who queues again is watched already
  trail_.queue(circuit(), worker_.loop().now());
  wait_until(Phase::queued, until);
}

void Exchange::on_place() {
  const auto action = core_.on_place(circuit(), worker_.loop().now());
  if (action.step != Step::queue) trail_.unqueue(worker_.loop().now());
  act(action);
}

void Exchange::attempt(bool fresh) {
  if (choose(fresh)) send();
}

/// Finds an endpoint and a connection to it. False when the request was queued or refused, or the failure was acted
/// upon.
bool Exchange::choose(bool fresh) {
  for (;;) {
    balance::PickStory& story = trail_.next().pick;
    auto pick = pick_sticky();
    if (pick) {
      story = {.by = sticky_.stickiness == balance::Stickiness::hit ? balance::PickStory::By::sticky
                                                                    : balance::PickStory::By::probation};
    } else {
      pick = cluster_->pick(core::request_hash(cluster_->config(), head_, client_), core_.tried(), core_.may_repeat(),
                            &story);
    }
    if (!pick) {
      act(core_.on_no_endpoint(cluster_->cluster().endpoints().empty()));
      return false;
    }
    endpoint_ = pick->index;
    panic_ = pick->panic;
    if (Capture* const into = trail_.capture()) capture(*into);
    const bool may_share =
        request_ended_ && body_.empty() && !head_.upgrade && proto::http::is_idempotent(head_.method);
    const auto acquired = cluster_->pool(endpoint_).acquire(
        *this, {.fresh = fresh, .may_share = may_share, .client = &downstream_->client_facts()});
    core_.note_tried(endpoint_);
    if (acquired.stream != nullptr) {
      upstream_ = acquired.stream;
      trail_.sent(endpoint_, acquired.reused, panic_, now());
      return true;
    }
    if (acquired.error.code != Code::limit_reached) {
      core_.on_attempt(now());
      trail_.sent(endpoint_, false, panic_, now());
      cluster_->cluster().record(endpoint_, outcome_of(acquired.error.code), Duration{}, now());
      const auto action = core_.on_failure({.code = acquired.error.code,
                                            .retry = acquired.error.retry,
                                            .replayable = replayable(),
                                            .detail = acquired.error.detail},
                                           cluster_->cluster().retry_budget, now(), worker_.prng());
      note_failure(acquired.error, action);
      act(action);
      return false;
    }
    trail_.note_saturated();
    cluster_->cluster().record(endpoint_, Outcome::cancelled, Duration{}, now());
    const auto action = core_.on_saturated(worker_.loop().now());
    if (action.step != Step::attempt) {
      act(action);
      return false;
    }
  }
}

void Exchange::send() {
  attempt_started_ = trail_.latest().started;
  wait_until(Phase::trying, core_.on_attempt(attempt_started_));
  cluster_->begin_attempt(endpoint_, link_, attempt_started_);
  trying_ = true;
  auto& counters = cluster_->endpoint(endpoint_).counters;
  counters.requests.fetch_add(1, std::memory_order_relaxed);
  if (core_.tries() > 1) {
    counters.retries.fetch_add(1, std::memory_order_relaxed);
    worker_.metrics().retries.add();
  }
  const bool nothing_follows = request_ended_ && body_.empty();
  send_request_head(nothing_follows);
  if (nothing_follows) return;
  upstream_->send_body(body_);
  if (request_ended_) {
    http::Fields trailers;
    for (const auto& [name, value] : trailers_) trailers.push_back({.name = name, .value = value});
    upstream_->send_end(trailers);
  } else {
    downstream_->resume_request();
  }
}

void Exchange::on_request_body(std::string_view piece) {
  bytes_in_ += piece.size();
  if (copy_ != nullptr && !copy_->add(piece)) copy_ = nullptr;
  if (tunnel_) return relay(core::Tunnel::Side::client, piece);
  if (upstream_ == nullptr) {
    // Waiting for a place or between two tries: hold a little, then hold the client.
    body_ += piece;
    if (body_.size() >= kReplayBytes) downstream_->pause_request();
    return;
  }
  keep_for_replay(piece);
  upstream_->send_body(piece);
  body_moved();
  if (upstream_->congested()) downstream_->pause_request();
}

void Exchange::keep_for_replay(std::string_view piece) {
  if (body_lost_) return;
  if (response_started_ || body_.size() + piece.size() > kReplayBytes) {
    body_lost_ = true;
    body_.clear();
  } else {
    body_ += piece;
  }
}

void Exchange::on_request_end(const http::Fields& trailers) {
  request_ended_ = true;
  if (Mirror::Copy* copy = std::exchange(copy_, nullptr)) copy->end();
  for (const Field& field : trailers) trailers_.emplace_back(field.name, field.value);  // for a retry, as the body
  if (upstream_ == nullptr) return;
  upstream_->send_end(trailers);
  body_moved();
}

void Exchange::body_moved() {
  if (phase_ == Phase::trying) wait_until(Phase::trying, core_.on_body_progress(worker_.loop().now()));
}

void Exchange::on_request_drained() {
  body_moved();
  if (downstream_ != nullptr && (tunnel_ || !request_ended_)) downstream_->resume_request();
}

void Exchange::on_request_aborted(const Error& error) {
  downstream_ = nullptr;
  abort_code_ = error.code;
  worker_.metrics().client_aborts.add();
  if (http::ClientStream* stream = std::exchange(upstream_, nullptr)) stream->cancel();
  end_attempt(Outcome::cancelled);
  finish();
}

// ---- the response
// ----------------------------------------------------------------------------------------------------

void Exchange::on_informational(const http::ResponseHead& head) { downstream_->send_informational(head); }

void Exchange::on_response(http::ResponseHead& head, std::string_view /*memory*/, bool end) {
  const Instant time = now();
  answered_ = time;
  if (end) upstream_ = nullptr;
  cluster_->answered(endpoint_, link_);
  judge(head);
  if (end) judge_end({});
  const auto action =
      core_.on_status(head.status, replayable(), cluster_->cluster().retry_budget, time, worker_.prng());
  if (core::is_gateway_status(head.status)) note_status(head.status, action);
  if (action.step == Step::forward) return forward(head, end);
  if (http::ClientStream* stream = std::exchange(upstream_, nullptr)) stream->cancel();
  cluster_->end_attempt(endpoint_, link_);
  trying_ = false;
  act(action);
}

void Exchange::forward(http::ResponseHead& head, bool end) {
  response_started_ = true;
  status_ = head.status;
  // Their ids tell HTTP/2 what is worth a place in its table of fields.
  Field extra[4] = {
      {.name = "X-Request-Id", .value = forwarding_.request_id(), .id = proto::http::FieldId::x_request_id},
      {},
      {},
      {}};
  size_t count = 1;
  std::string cookie;
  if (sticky_.settled) cookie = sticky_cookie();
  if (!cookie.empty()) extra[count++] = {.name = "Set-Cookie", .value = cookie};
  for (Field& field : head.fields) {
    if (field.id == proto::http::FieldId::x_request_id) field.hop_by_hop = true;
  }
  if (head.find(proto::http::FieldId::date) == nullptr) {
    extra[count++] = {.name = "Date", .value = worker_.clock().http_date(), .id = proto::http::FieldId::date};
  }
  if (takes_hsts(head)) extra[count++] = hsts_field();
  if (end) {
    cluster_->end_attempt(endpoint_, link_);
    trying_ = false;
  } else if (head.body == proto::http::BodyKind::tunnel) {
    open_tunnel(head.status);
  } else {
    wait_until(Phase::responding, worker_.loop().now() + route_->timeout);
  }
  std::span<const Field> ours(extra, count);
  if (plan_ != nullptr) ours = edits_->response_fields(head.fields, ours);
  downstream_->send_head(head, ours, end);
  if (end) finish();
}

void Exchange::on_response_body(std::string_view piece) {
  bytes_out_ += piece.size();
  if (tunnel_) return relay(core::Tunnel::Side::endpoint, piece);
  downstream_->send_body(piece);
  response_moved();
}

void Exchange::response_moved() {
  if (downstream_->congested()) {
    upstream_->pause_response();
    deadline_.clear();  // it is the client who is slow, and its own deadline watches it
  } else if (phase_ == Phase::tunnelling) {
    wait_until(Phase::tunnelling, tunnel_->deadline());
  } else {
    wait_until(Phase::responding, worker_.loop().now() + route_->timeout);
  }
}

void Exchange::on_response_drained() {
  if (upstream_ == nullptr) return;
  upstream_->resume_response();
  if (phase_ == Phase::responding || phase_ == Phase::tunnelling) response_moved();
}

void Exchange::on_response_end(const http::Fields& trailers) {
  upstream_ = nullptr;
  judge_end(trailers);
  cluster_->end_attempt(endpoint_, link_);
  trying_ = false;
  downstream_->send_end(trailers);
  finish();
}

void Exchange::on_response_failed(const Error& error) {
  upstream_ = nullptr;
  if (response_started_) {
    // The status has left already: all that is honest now is to break off.
    if (!tunnel_) {
      worker_.metrics().truncated.add();
      count_failure();
    }
    abort_code_ = error.code;
    trail_.latest().fault = error.origin;
    end_attempt(tunnel_ ? Outcome::cancelled : Outcome::gateway_failure);
    downstream_->abort();
    return finish();
  }
  const auto action =
      core_.on_failure({.code = error.code, .retry = error.retry, .replayable = replayable(), .detail = error.detail},
                       cluster_->cluster().retry_budget, now(), worker_.prng());
  note_failure(error, action);
  if (action.step == Step::attempt_fresh) {
    // The connection had been closed while idle; that says nothing about the endpoint.
    cluster_->endpoint(endpoint_).counters.replays.fetch_add(1, std::memory_order_relaxed);
    worker_.metrics().replays.add();
    end_attempt(Outcome::cancelled);
  } else {
    end_attempt(outcome_of(error.code));
  }
  act(action);
}

/// Counts the attempt out, with what it says about the endpoint.
void Exchange::end_attempt(Outcome outcome) {
  if (!std::exchange(trying_, false)) return;
  const Instant time = now();
  cluster_->end_attempt(endpoint_, link_);
  // Its result was recorded with its head, unless that said nothing.
  if (response_started_ && outcome == Outcome::cancelled && !std::exchange(verdict_pending_, false)) return;
  if (outcome != Outcome::cancelled) balance::record_failure_penalty(cluster_->endpoint(endpoint_).member.load, time);
  cluster_->cluster().record(endpoint_, outcome, time - attempt_started_, time);
}

// ---- decisions carried out
// -------------------------------------------------------------------------------------------

void Exchange::act(const core::Action& action) {
  switch (action.step) {
    case Step::attempt: return attempt(false);
    case Step::attempt_fresh: return attempt(true);
    case Step::pause: return wait_until(Phase::pausing, worker_.loop().now() + action.pause);
    case Step::queue: return queue(action.until);
    case Step::refuse: return refuse(action.refusal);
    case Step::forward: UNREACHABLE();
  }
}

void Exchange::wait_until(Phase phase, Instant when) {
  phase_ = phase;
  deadline_.set(worker_.loop().timers(), when);
}

void Exchange::on_deadline() {
  switch (phase_) {
    case Phase::idle: return;
    case Phase::pausing: return act(core_.on_pause_over(worker_.loop().now()));
    case Phase::queued:
      cluster_->dequeue(*this);
      trail_.unqueue(worker_.loop().now());
      return act(core_.on_pending_timeout());
    case Phase::tunnelling: return on_tunnel_deadline();
    case Phase::responding:
      if (http::ClientStream* stream = std::exchange(upstream_, nullptr)) stream->cancel();
      return on_response_failed(Error{.code = Code::timeout, .origin = Origin::upstream});
    case Phase::trying: {
      if (!request_ended_ && upstream_ != nullptr && !upstream_->congested()) {
        // The client is slow, not the endpoint: the listener's body timeout is the judge of that.
        return body_moved();
      }
      if (http::ClientStream* stream = std::exchange(upstream_, nullptr)) stream->cancel();
      end_attempt(Outcome::gateway_failure);
      const auto action = core_.on_deadline(replayable(), cluster_->cluster().retry_budget, worker_.loop().now());
      note_failure({.code = Code::timeout, .origin = Origin::upstream}, action);
      return act(action);
    }
  }
}

void Exchange::refuse(const core::Refusal& refusal) {
  refusal_ = refusal;
  status_ = core::status_of(refusal.rule);
  worker_.metrics().refusals[static_cast<size_t>(refusal.rule)].add();
  const std::string tried = tried_names();
  note_refusal(tried);
  std::string reason;
  core::append_refusal(reason, refusal, tried);
  if (core::is_grpc(head_)) return refuse_grpc(reason);
  std::string text = "{\"error\":\"";
  text.append(core::name_of(refusal.rule))
      .append("\",\"message\":\"")
      .append(core::text_of(refusal.rule))
      .append("\"}\n");
  http::ResponseHead head;
  head.status = status_;
  head.body = proto::http::BodyKind::length;
  head.content_length = text.size();
  Field extra[6] = {{.name = "Content-Type", .value = "application/json"},
                    {.name = "X-Weir-Refusal", .value = reason},
                    {.name = "X-Request-Id", .value = forwarding_.request_id()},
                    {.name = "Date", .value = worker_.clock().http_date()},
                    {.name = "Retry-After", .value = "1"},
                    {}};
  size_t count = status_ == 503 ? 5 : 4;
  if (takes_hsts(head)) extra[count++] = hsts_field();
  bytes_out_ = head_.method == proto::http::Method::head ? 0 : text.size();
  http::ServerStream& stream = *downstream_;
  stream.send_head(head, {extra, count}, bytes_out_ == 0);
  if (bytes_out_ != 0) {
    stream.send_body(text);
    stream.send_end({});
  }
  finish();
}

/// A gRPC client looks for a grpc-status and takes any HTTP status but 200 for a broken proxy.
void Exchange::refuse_grpc(std::string_view reason) {
  http::ResponseHead head;
  head.status = 200;
  const Field extra[] = {{.name = "Content-Type", .value = "application/grpc"},
                         {.name = "grpc-status", .value = core::grpc_status_of(std::exchange(status_, head.status))},
                         {.name = "grpc-message", .value = core::text_of(refusal_.rule)},
                         {.name = "X-Weir-Refusal", .value = reason},
                         {.name = "X-Request-Id", .value = forwarding_.request_id()},
                         {.name = "Date", .value = worker_.clock().http_date()},
                         hsts_field()};
  downstream_->send_head(head, std::span(extra).first(std::size(extra) - (takes_hsts(head) ? 0 : 1)), true);
  count_failure();
  finish();
}

void Exchange::finish() {
  deadline_.clear();
  phase_ = Phase::idle;
  if (Mirror::Copy* copy = std::exchange(copy_, nullptr)) copy->abandon();
  if (cluster_ != nullptr) {
    cluster_->dequeue(*this);
    core_.end(circuit());
  }
  auto& metrics = worker_.metrics();
  metrics.responses[status_ / 100 < 6 ? status_ / 100 : 0].add();
  if (status_ / 100 == 5) count_failure();
  metrics.bytes_from_clients.add(bytes_in_);
  metrics.bytes_to_clients.add(bytes_out_);
  if (!tunnel_) metrics.duration_us.record(static_cast<uint64_t>((now() - started_).us()));
  if (listener_->access_log) write_log();
  if (worker_.recorder().on() && !tunnel_) record();  // hours of conversation are no service time
  if (const bool failed = went_wrong(); failed || trail_.sampled()) explain(failed);
  trail_.end();
  if (std::exchange(tunnel_, nullptr)) metrics.tunnels.sub();
  upstream::WorkerCluster* cluster = cluster_;
  if (body_.capacity() > 4096) std::string().swap(body_);
  if (memory_.capacity() > 16384) std::string().swap(memory_);
  if (edits_) edits_->trim();
  if (path_memory_.capacity() > 4096) std::string().swap(path_memory_);
  downstream_ = nullptr;
  WorkerSnapshot& snapshot = *std::exchange(snapshot_, nullptr);
  if (cluster != nullptr) cluster->place_freed();
  worker_.recycle(*this, snapshot);
}

void Exchange::count_failure() {
  if (std::exchange(failure_counted_, true)) return;
  listener_->counters.failures->add();
  if (target_ != nullptr) target_->failures->add();
}

std::string Exchange::tried_names() const {
  std::string names;
  if (cluster_ == nullptr) return names;  // without a route the core was not asked: what it remembers is not ours
  for (const uint32_t endpoint : core_.tried()) {
    if (!names.empty()) names += ',';
    names += cluster_->endpoint(endpoint).name;
  }
  return names;
}

}  // namespace weir::l7
