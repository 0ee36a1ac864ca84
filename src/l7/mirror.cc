#include "l7/mirror.h"

#include <algorithm>
#include <utility>

#include "balance/ewma.h"
#include "l7/core/grpc.h"
#include "l7/core/outcome.h"
#include "l7/worker.h"

namespace weir::l7 {

using balance::Outcome;
using proto::http::BodyKind;
using proto::http::Field;
using proto::http::FieldId;
using upstream::MirrorResult;

namespace {

/// By which whoever gets a copy knows that nobody waits for the answer.
constexpr Field kMark{.name = "X-Weir-Mirror", .value = "1"};

void count(upstream::WorkerCluster& cluster, MirrorResult result) {
  cluster.cluster().counters().mirrored[static_cast<size_t>(result)].fetch_add(1, std::memory_order_relaxed);
}

/// Copies views into room that was reserved, so that it does not move; fields lie there as on a wire.
class Keeper {
 public:
  Keeper(std::string& storage, size_t bytes) : storage_(storage) {
    storage_.clear();
    storage_.reserve(bytes);
  }
  std::string_view keep(std::string_view text) {
    const size_t at = storage_.size();
    storage_.append(text);
    return std::string_view(storage_).substr(at);
  }
  Field keep(const Field& field) {
    Field kept = field;
    kept.name = keep(field.name);
    storage_.append(": ");
    kept.value = keep(field.value);
    storage_.append("\r\n");
    return kept;
  }

 private:
  std::string& storage_;
};

size_t bytes_of(std::span<const Field> fields) {
  size_t bytes = 0;
  for (const Field& field : fields) bytes += field.name.size() + field.value.size() + 4;
  return bytes;
}

}  // namespace

// ---- copies
// -----------------------------------------------------------------------------------------------------------

void Mirror::Copy::take(const Order& order, const http::RequestHead& head, std::span<const Field> fields) {
  config_ = &order.config;
  snapshot_ = &order.snapshot;
  ++snapshot_->users;
  cluster_ = &order.cluster;
  places_ = &order.places;
  hash_ = order.hash;
  Keeper keeper(memory_, head.method_text.size() + head.scheme.size() + head.authority.size() + head.target.size() +
                             bytes_of(head.fields) + bytes_of(fields));
  head_.clear();
  head_.method = head.method;
  head_.body = head.body == BodyKind::none ? BodyKind::none : BodyKind::length;
  head_.version_major = head.version_major;
  head_.version_minor = head.version_minor;
  head_.method_text = keeper.keep(head.method_text);
  head_.scheme = keeper.keep(head.scheme);
  head_.authority = keeper.keep(head.authority);
  head_.target = keeper.keep(head.target);
  for (const Field& field : head.fields) {
    // The copy comes with its body, which is counted anew, and without trailers.
    if (!field.hop_by_hop && field.id != FieldId::expect) head_.fields.push_back(keeper.keep(field));
  }
  fields_.clear();
  for (const Field& field : fields) fields_.push_back(keeper.keep(field));
  fields_.push_back(kMark);
  body_.clear();
  status_ = 0;
  has_place_ = trying_ = verdict_pending_ = false;
}

bool Mirror::Copy::add(std::string_view piece) {
  if (body_.size() + piece.size() > config_->max_body_bytes) {
    finish(MirrorResult::too_large);
    return false;
  }
  body_ += piece;
  return true;
}

void Mirror::Copy::end() {
  mirror_.ready_.push_back(this);
  worker_.loop().schedule(mirror_.send_);
}

void Mirror::Copy::abandon() { finish(MirrorResult::incomplete); }

void Mirror::Copy::send() {
  has_place_ = cluster_->cluster().circuit.requests.try_acquire();
  if (!has_place_) return finish(MirrorResult::over_limit);
  const auto pick = cluster_->pick(hash_, {}, true);
  if (!pick) return finish(MirrorResult::failed);
  endpoint_ = pick->index;
  const auto acquired = cluster_->pool(endpoint_).acquire(*this, {});
  sent_ = net::read_clock();
  if (acquired.stream == nullptr) {
    cluster_->cluster().record(endpoint_, core::outcome_of(acquired.error.code), Duration{}, sent_);
    return finish(acquired.error.code == Code::limit_reached ? MirrorResult::over_limit : MirrorResult::failed);
  }
  upstream_ = acquired.stream;
  cluster_->begin_attempt(endpoint_, link_, sent_);
  trying_ = true;
  cluster_->endpoint(endpoint_).counters.requests.fetch_add(1, std::memory_order_relaxed);
  deadline_.set(worker_.loop().timers(), worker_.loop().now() + config_->timeout);
  head_.content_length = body_.size();
  upstream_->send_head(head_, fields_, body_.empty());
  if (body_.empty()) return;
  upstream_->send_body(body_);
  upstream_->send_end({});
}

void Mirror::Copy::on_response(http::ResponseHead& head, std::string_view /*memory*/, bool end) {
  status_ = head.status;
  const Instant now = net::read_clock();
  const Duration latency = now - sent_;
  outcome_ = core::outcome_of(status_);
  if (status_ == 200 && core::is_grpc(head)) {
    const auto status = core::grpc_status(head.fields);
    verdict_pending_ = !status.has_value();
    if (status) outcome_ = core::outcome_of_grpc(*status);
  }
  cluster_->answered(endpoint_, link_);
  cluster_->latency(endpoint_).record(static_cast<uint64_t>(latency.us()));
  auto& load = cluster_->endpoint(endpoint_).member.load;
  if (outcome_ == Outcome::gateway_failure) {
    balance::record_failure_penalty(load, now);
  } else {
    balance::record_latency(load, latency, now);
  }
  if (!verdict_pending_) cluster_->cluster().record(endpoint_, outcome_, latency, now);
  if (end) on_response_end({});
}

void Mirror::Copy::judge_end(const http::Fields& trailers) {
  const Instant now = net::read_clock();
  outcome_ = core::outcome_of_grpc(core::grpc_status(trailers).value_or(2));
  if (outcome_ == Outcome::gateway_failure) {
    balance::record_failure_penalty(cluster_->endpoint(endpoint_).member.load, now);
  }
  cluster_->cluster().record(endpoint_, outcome_, now - sent_, now);
}

void Mirror::Copy::on_response_end(const http::Fields& trailers) {
  upstream_ = nullptr;
  if (std::exchange(verdict_pending_, false)) judge_end(trailers);
  finish(outcome_ == Outcome::success ? MirrorResult::answered : MirrorResult::failed);
}

void Mirror::Copy::on_response_failed(const Error& error) {
  upstream_ = nullptr;
  // A kept connection that had ended unnoticed says nothing of its endpoint.
  if (undecided()) end_attempt(error.retry == Retry::if_reused ? Outcome::cancelled : core::outcome_of(error.code));
  finish(MirrorResult::failed);
}

void Mirror::Copy::on_deadline() {
  if (undecided()) end_attempt(Outcome::gateway_failure);
  finish(MirrorResult::timeout);
}

/// Of an attempt whose answer has not said all that its endpoint is judged by.
void Mirror::Copy::end_attempt(Outcome outcome) {
  const Instant now = net::read_clock();
  cluster_->end_attempt(endpoint_, link_);
  trying_ = false;
  if (outcome != Outcome::cancelled) balance::record_failure_penalty(cluster_->endpoint(endpoint_).member.load, now);
  cluster_->cluster().record(endpoint_, outcome, now - sent_, now);
}

void Mirror::Copy::finish(MirrorResult result) {
  deadline_.clear();
  count(*cluster_, result);
  if (http::ClientStream* stream = std::exchange(upstream_, nullptr)) stream->cancel();
  if (std::exchange(trying_, false)) cluster_->end_attempt(endpoint_, link_);
  if (has_place_) cluster_->cluster().circuit.requests.release();
  places_->release();
  if (body_.capacity() > kKeptBytes) std::string().swap(body_);
  if (memory_.capacity() > kKeptBytes) std::string().swap(memory_);
  if (has_place_) cluster_->place_freed();
  WorkerSnapshot& snapshot = *std::exchange(snapshot_, nullptr);
  mirror_.recycle(*this);
  worker_.release(snapshot);
}

// ---- the mirror
// -------------------------------------------------------------------------------------------------------

Mirror::~Mirror() {
  for (const auto& copy : copies_) {
    if (copy->snapshot_ != nullptr) copy->finish(MirrorResult::incomplete);
  }
}

Mirror::Copy* Mirror::begin(const Order& order, const http::RequestHead& head, std::span<const Field> fields,
                            bool end) {
  const bool too_large = head.body == BodyKind::length && head.content_length > order.config.max_body_bytes;
  if (too_large || !order.places.try_acquire()) {
    count(order.cluster, too_large ? MirrorResult::too_large : MirrorResult::over_limit);
    return nullptr;
  }
  if (free_.empty()) {
    copies_.push_back(std::make_unique<Copy>(*this, worker_));
    free_.push_back(copies_.back().get());
  }
  Copy& copy = *free_.back();
  free_.pop_back();
  copy.take(order, head, fields);
  if (!end) return &copy;
  copy.end();
  return nullptr;
}

/// A copy that fails at once may not disturb the walk: it goes to free_, which is another list.
void Mirror::on_turn_end() {
  std::vector<Copy*> now = std::exchange(ready_, {});
  for (Copy* copy : now) copy->send();
  now.clear();
  if (ready_.empty()) ready_ = std::move(now);
}

void Mirror::recycle(Copy& copy) {
  std::erase(ready_, &copy);
  free_.push_back(&copy);
}

}  // namespace weir::l7
