// What an exchange remembers of itself (trail.h), made into what is kept (explanation.h).
#include <algorithm>
#include <array>

#include "l7/exchange.h"
#include "l7/worker.h"

namespace weir::l7 {

using core::RetryVerdict;
using core::Step;

namespace {

constexpr size_t kIdBytes = 128;  // as long as we take from a client
constexpr size_t kWordBytes = 64;
constexpr size_t kClientBytes = 47;
constexpr size_t kHostBytes = 100;
constexpr size_t kPathBytes = 256;
constexpr size_t kMatchBytes = 200;
constexpr size_t kSplitBytes = 160;
constexpr size_t kCutBytes = 3;
// Id; listener, protocol, method, route, cluster, limit, switch; client, host, path, match, split; names; and the text
// that is cut wants room for the sign of it.
static_assert(kIdBytes + 7 * kWordBytes + kClientBytes + kHostBytes + kPathBytes + kMatchBytes + kSplitBytes +
                  Explanation::kNames * Explanation::kNameBytes + kCutBytes <=
              Explanation::kTextBytes);

/// Text of a limited length, put together from pieces.
class Pieces {
 public:
  Pieces& add(std::string_view piece) {
    const size_t size = std::min(piece.size(), memory_.size() - used_);
    std::copy_n(piece.data(), size, memory_.data() + used_);
    used_ += size;
    return *this;
  }
  Pieces& number(uint64_t value) {
    std::array<char, 20> digits{};
    auto at = digits.size();
    do {
      digits[--at] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    return add({digits.data() + at, digits.size() - at});
  }
  [[nodiscard]] std::string_view text() const { return {memory_.data(), used_}; }

 private:
  std::array<char, 256> memory_;
  size_t used_ = 0;
};

void add_conditions(Pieces& pieces, std::string_view what, const std::vector<model::FieldMatch>& conditions) {
  for (const auto& each : conditions) {
    pieces.add(" ").add(what).add(" ").add(each.name);
    switch (each.kind) {
      case model::FieldMatch::Kind::exact: pieces.add("=").add(each.value); break;
      case model::FieldMatch::Kind::prefix: pieces.add("=").add(each.value).add("*"); break;
      case model::FieldMatch::Kind::present: break;
      case model::FieldMatch::Kind::absent: pieces.add(" absent"); break;
    }
  }
}

/// "path /api/* host example.org method GET header x-beta=yes"
void put_match(Explanation& into, const model::RouteConfig& route) {
  Pieces pieces;
  pieces.add("path ").add(route.path);
  if (route.path_kind == model::RouteConfig::PathKind::prefix) pieces.add("*");
  if (!route.host.empty()) pieces.add(" host ").add(route.host);
  for (const auto& method : route.methods) pieces.add(" method ").add(method);
  add_conditions(pieces, "header", route.headers);
  add_conditions(pieces, "cookie", route.cookies);
  add_conditions(pieces, "query", route.query);
  into.put(into.match, pieces.text(), kMatchBytes);
}

/// "blue 90, green 10"
void put_split(Explanation& into, const model::RouteConfig& route) {
  if (route.to.size() < 2) return;
  Pieces pieces;
  for (const auto& target : route.to) {
    if (!pieces.text().empty()) pieces.add(", ");
    pieces.add(target.cluster).add(" ").number(target.weight);
  }
  into.put(into.split, pieces.text(), kSplitBytes);
  into.split_by = route.split_by.on;
}

std::string_view protocol_of(const proto::http::RequestHead& head) {
  if (head.version_major == 2) return "HTTP/2";
  return head.version_minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
}

/// A request's query may carry what is nobody's business; the path is what routes look at.
std::string_view path_of(const proto::http::RequestHead& head) {
  return head.method == proto::http::Method::connect ? std::string_view() : head.path();
}

}  // namespace

void Exchange::note_failure(const Error& error, const core::Action& next) {
  Attempt& attempt = trail_.latest();
  attempt.failure = error.code;
  attempt.fault = error.origin;
  attempt.detail = error.detail;
  attempt.ended = now();
  attempt.verdict = core_.verdict();
  attempt.pause = next.pause;
  attempt.budget = static_cast<uint32_t>(cluster_->cluster().retry_budget.balance(attempt.ended));
}

/// Of a response that is an endpoint's way of failing.
void Exchange::note_status(uint16_t status, const core::Action& next) {
  Attempt& attempt = trail_.latest();
  attempt.answered = answered_;
  attempt.status = status;
  attempt.verdict = core_.verdict();
  attempt.pause = next.pause;
  attempt.budget = static_cast<uint32_t>(cluster_->cluster().retry_budget.balance(answered_));
  if (next.step != Step::forward) attempt.ended = answered_;
}

/// First what the choice was about: the chosen endpoint, those it was compared with, and those tried before.
void Exchange::capture(Capture& into) {
  std::array<uint32_t, 1 + balance::PickStory::kLooks + core::kMaxTried> first{};
  size_t count = 0;
  const bool chosen = into.late ? trail_.attempts() != 0 : true;
  if (chosen) {
    const balance::PickStory& pick = into.late ? trail_.latest().pick : trail_.next().pick;
    first[count++] = endpoint_;
    for (uint32_t i = 0; i < std::min(pick.looked, balance::PickStory::kLooks); ++i) {
      first[count++] = pick.looks[i].endpoint;
    }
  }
  for (const uint32_t endpoint : core_.tried()) first[count++] = endpoint;
  into.endpoints = static_cast<uint32_t>(cluster_->cluster().endpoints().size());
  into.count = static_cast<uint32_t>(cluster_->candidates({first.data(), count}, into.candidates));
}

/// Ended by an error, ours or an endpoint's. A client that leaves in the middle of a response knows why; one that left
/// before there was any may have waited too long. A tunnel's end is the affair of those who used it.
bool Exchange::went_wrong() const {
  if (status_ >= 500 || refusal_.rule != core::Rule::none || trail_.failed()) return true;
  if (abort_code_ == Code::ok || tunnel_) return false;
  return downstream_ != nullptr || !response_started_;
}

void Exchange::explain(bool failed) {
  Explanations& kept = worker_.explanations();
  if (!kept.on()) return;
  Explanation& e = kept.draft();
  e.clear();
  const Instant time = now();
  trail_.tell(e, time);
  e.failed = failed;
  e.started = started_;
  e.total = time - started_;
  e.status = status_;
  e.abort_code = abort_code_;
  e.rule = refusal_.rule;
  e.limit_value = refusal_.value;
  e.tunnel = tunnel_ != nullptr;
  e.bytes_in = bytes_in_;
  e.bytes_out = bytes_out_;
  e.answer = answered_by();
  e.put(e.id, forwarding_.request_id(), kIdBytes);
  e.put(e.listener, listener_->config->name, kWordBytes);
  e.put(e.client, client_, kClientBytes);
  e.put(e.protocol, protocol_of(head_), kWordBytes);
  e.put(e.method, head_.method_text, kWordBytes);
  e.put(e.host, head_.authority, kHostBytes);
  e.put(e.path, path_of(head_), kPathBytes);
  e.put(e.limit, refusal_.limit, kWordBytes);
  e.put(e.switched_off, switched_off_, kWordBytes);
  if (route_ != nullptr) explain_route(e);
  if (cluster_ != nullptr) explain_cluster(e);
  kept.keep();
}

Explanation::Answer Exchange::answered_by() const {
  using Answer = Explanation::Answer;
  if (downstream_ == nullptr) return Answer::client_left;
  if (refusal_.rule != core::Rule::none) return Answer::refusal;
  if (!response_started_) return Answer::route;
  return abort_code_ == Code::ok ? Answer::endpoint : Answer::broken_off;
}

void Exchange::explain_route(Explanation& e) const {
  e.route = route_index_;
  e.timeout = route_->timeout;
  e.attempts_max = route_->retry->attempts;
  e.put(e.route_name, route_->config->name, kWordBytes);
  put_match(e, *route_->config);
  put_split(e, *route_->config);
}

void Exchange::explain_cluster(Explanation& e) {
  const model::ClusterConfig& config = cluster_->config();
  e.policy = config.policy;
  e.tries = core_.tries();
  e.max_requests = circuit().requests.limit();
  e.max_pending = circuit().pending.limit();
  e.put(e.cluster, config.name, kWordBytes);
  // The fallback of a switch is none of them either.
  const auto is_it = [&](const model::RouteTarget& target) { return target.cluster == config.name; };
  e.diverted = switched_off_.empty() && std::none_of(route_->config->to.begin(), route_->config->to.end(), is_it);
  if (e.attempts != 0) {
    Attempt& latest = e.tried[e.kept() - 1];
    if (response_started_) latest.answered = answered_;
    if (response_started_) latest.status = status_;
    if (abort_code_ != Code::ok) latest.failure = abort_code_;
    if (downstream_ == nullptr) latest.fault = Origin::downstream;
  }
  if (e.captures[0].count + e.captures[1].count == 0) {
    e.captures[1].late = true;
    e.captures[1].attempt = e.attempts == 0 ? 0 : e.attempts - 1;
    capture(e.captures[1]);
  }
  for (const Attempt& each : std::span(e.tried).first(e.kept())) name(e, each.endpoint);
  for (const Attempt& each : std::span(e.tried).first(e.kept())) {
    const uint32_t looks = std::min(each.pick.looked, balance::PickStory::kLooks);
    for (uint32_t i = 0; i < looks; ++i) name(e, each.pick.looks[i].endpoint);
  }
  for (const Capture& capture : e.captures) {
    for (uint32_t i = 0; i < capture.count; ++i) name(e, capture.candidates[i].endpoint);
  }
}

void Exchange::name(Explanation& e, uint32_t endpoint) const {
  e.put_name(endpoint, cluster_->endpoint(endpoint).name);
}

}  // namespace weir::l7
