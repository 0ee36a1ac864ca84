#include "app/explain_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <vector>

#include "base/check.h"

namespace weir::app {

using l7::Attempt;
using l7::Capture;
using l7::Explanation;
using l7::Explanations;
using l7::core::RetryVerdict;

namespace {

using Json = nlohmann::ordered_json;

double ms(Duration duration) { return static_cast<double>(duration.us()) / 1e3; }

/// Of what may not have happened.
Json since(Instant start, Instant then) { return then == Instant{} ? Json(nullptr) : Json(ms(then - start)); }

Json text_or_null(std::string_view text) { return text.empty() ? Json(nullptr) : Json(text); }

std::string_view name_of(model::PolicyKind policy) {
  switch (policy) {
    case model::PolicyKind::round_robin: return "round_robin";
    case model::PolicyKind::least_request: return "least_request";
    case model::PolicyKind::p2c: return "p2c";
    case model::PolicyKind::peak_ewma: return "peak_ewma";
    case model::PolicyKind::ring_hash: return "ring_hash";
    case model::PolicyKind::maglev: return "maglev";
  }
  UNREACHABLE();
}

std::string_view name_of(balance::PickStory::By by) {
  switch (by) {
    case balance::PickStory::By::policy: return "policy";
    case balance::PickStory::By::sticky: return "sticky";
    case balance::PickStory::By::probation: return "probation";
    case balance::PickStory::By::elsewhere: return "elsewhere";
    case balance::PickStory::By::repeated: return "repeated";
  }
  UNREACHABLE();
}

std::string_view name_of(RetryVerdict verdict) {
  switch (verdict) {
    case RetryVerdict::none: return "none";
    case RetryVerdict::retried: return "retried";
    case RetryVerdict::replayed: return "replayed";
    case RetryVerdict::moved: return "moved";
    case RetryVerdict::asked_next: return "asked_next";
    case RetryVerdict::not_idempotent: return "not_idempotent";
    case RetryVerdict::body_gone: return "body_gone";
    case RetryVerdict::no_attempt_left: return "no_attempt_left";
    case RetryVerdict::no_time_left: return "no_time_left";
    case RetryVerdict::budget_empty: return "budget_empty";
    case RetryVerdict::nobody_left: return "nobody_left";
    case RetryVerdict::not_asked_for: return "not_asked_for";
  }
  UNREACHABLE();
}

std::string_view name_of(Explanation::Answer answer) {
  switch (answer) {
    case Explanation::Answer::endpoint: return "endpoint";
    case Explanation::Answer::refusal: return "weir";
    case Explanation::Answer::route: return "route";
    case Explanation::Answer::broken_off: return "broken_off";
    case Explanation::Answer::client_left: return "client_left";
  }
  UNREACHABLE();
}

std::string_view name_of(model::StickyKey::On on) {
  switch (on) {
    case model::StickyKey::On::none: return "weight";
    case model::StickyKey::On::client_ip: return "client_ip";
    case model::StickyKey::On::header: return "header";
    case model::StickyKey::On::cookie: return "cookie";
    case model::StickyKey::On::query: return "query";
  }
  UNREACHABLE();
}

/// Why a candidate could not be chosen, unless panic made everybody eligible; empty: it could.
std::string_view why_not(const upstream::Candidate& candidate) {
  using balance::Health;
  using balance::OutlierState;
  if (candidate.health == Health::draining) return "draining";
  if (candidate.health == Health::unhealthy) {
    if (candidate.outlier == OutlierState::ejected) return "ejected";
    return candidate.outlier == OutlierState::probation ? "probation" : "unhealthy";
  }
  return candidate.weight == 0 ? "weight 0" : "";
}

std::string endpoint_name(const Explanation& e, uint32_t endpoint) {
  const std::string_view name = e.name_of(endpoint);
  return name.empty() ? fmt::format("#{}", endpoint) : std::string(name);
}

Json attempt_json(const Explanation& e, const Attempt& attempt, uint32_t number) {
  Json compared = Json::array();
  const auto looks = std::min(attempt.pick.looked, balance::PickStory::kLooks);
  for (const auto& look : std::span(attempt.pick.looks).first(looks)) {
    compared.push_back({{"endpoint", endpoint_name(e, look.endpoint)}, {"in_flight", look.in_flight}});
  }
  const bool failed = attempt.failure != Code::ok;
  Json json = {
      {"number", number},
      {"endpoint", endpoint_name(e, attempt.endpoint)},
      {"policy", name_of(e.policy)},
      {"chosen_by", name_of(attempt.pick.by)},
      {"compared", std::move(compared)},
      {"compared_in_all", attempt.pick.looked},
      {"panic", attempt.panic},
      {"connection", attempt.reused ? "reused" : "new"},
      {"sent_ms", since(e.started, attempt.started)},
      {"first_byte_ms", since(e.started, attempt.answered)},
      {"end_ms", attempt.ended == Instant{} ? Json(ms(e.total)) : since(e.started, attempt.ended)},
      {"status", attempt.status == 0 ? Json(nullptr) : Json(attempt.status)},
      {"failure", failed ? Json(name_of(attempt.failure)) : Json(nullptr)},
      {"detail", text_or_null(attempt.detail)},
      {"fault", failed ? Json(name_of(attempt.fault)) : Json(nullptr)},
      {"verdict", name_of(attempt.verdict)},
  };
  if (attempt.verdict != RetryVerdict::none) {
    json["budget_left"] = attempt.budget;
    json["pause_ms"] = ms(attempt.pause);
  }
  return json;
}

Json capture_json(const Explanation& e, const Capture& capture) {
  Json list = Json::array();
  for (const auto& each : std::span(capture.candidates).first(capture.count)) {
    list.push_back({{"endpoint", endpoint_name(e, each.endpoint)},
                    {"in_flight", each.in_flight},
                    {"latency_ms", each.latency_us == 0 ? Json(nullptr) : Json(each.latency_us / 1e3)},
                    {"weight", each.weight},
                    {"priority", each.priority},
                    {"health", name_of(each.health)},
                    {"outlier", name_of(each.outlier)},
                    {"why_not", why_not(each)}});
  }
  return {{"attempt", capture.attempt + 1},
          {"as_of", capture.late ? "end" : "choice"},
          {"endpoints", capture.endpoints},
          {"list", std::move(list)}};
}

Json admission_json(const Explanation& e) {
  return {{"requests_in_use", e.in_use}, {"max_requests", e.max_requests}, {"queued", e.waited},
          {"queued_ms", ms(e.queued)},   {"pending", e.pending},           {"max_pending", e.max_pending},
          {"saturated", e.saturated}};
}

Json answer_json(const Explanation& e) {
  const bool refused = e.rule != l7::core::Rule::none;
  return {{"status", e.status == 0 ? Json(nullptr) : Json(e.status)},
          {"by", name_of(e.answer)},
          {"rule", refused ? Json(name_of(e.rule)) : Json(nullptr)},
          {"text", refused ? Json(text_of(e.rule)) : Json(nullptr)},
          {"limit", text_or_null(e.of(e.limit))},
          {"value", e.limit.size == 0 ? Json(nullptr) : Json(e.limit_value)},
          {"aborted", e.abort_code == Code::ok ? Json(nullptr) : Json(name_of(e.abort_code))},
          {"tunnel", e.tunnel},
          {"bytes_in", e.bytes_in},
          {"bytes_out", e.bytes_out},
          {"total_ms", ms(e.total)}};
}

std::string dump(const Json& json) { return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json summary_json(const Explanation& e, Wall wall) {
  return {{"id", e.of(e.id)},
          {"at", wall.at(e.started)},
          {"kept", e.failed ? "failure" : "sample"},
          {"listener", e.of(e.listener)},
          {"method", e.of(e.method)},
          {"host", e.of(e.host)},
          {"path", e.of(e.path)},
          {"cluster", text_or_null(e.of(e.cluster))},
          {"attempts", e.attempts},
          {"status", e.status == 0 ? Json(nullptr) : Json(e.status)},
          {"by", name_of(e.answer)},
          {"rule", e.rule == l7::core::Rule::none ? Json(nullptr) : Json(name_of(e.rule))},
          {"total_ms", ms(e.total)}};
}

/// Of all workers.
Explanations::State state_of(const l7::Proxy& proxy, Explanations::Kind kind) {
  Explanations::State all;
  for (const auto& worker : proxy.workers()) {
    const Explanations::State one = worker->explanations().state(kind);
    all.capacity += one.capacity;
    all.kept += one.kept;
    if (one.kept != 0 && (all.oldest == Instant{} || one.oldest < all.oldest)) all.oldest = one.oldest;
  }
  return all;
}

Json state_json(const Explanations::State& state, Instant now) {
  return {{"kept", state.kept},
          {"capacity", state.capacity},
          {"oldest_s", state.kept == 0 ? Json(nullptr) : Json((now - state.oldest).seconds())}};
}

std::string describe(const Explanations::State& state, Instant now) {
  if (state.kept == 0) return fmt::format("none so far, at most {}", state.capacity);
  return fmt::format("{} of at most {}, the oldest {:.0f} s old", state.kept, state.capacity,
                     (now - state.oldest).seconds());
}

}  // namespace

std::string explanation_json(const Explanation& e, Wall wall) {
  Json attempts = Json::array();
  for (uint32_t i = 0; i < e.kept(); ++i) {
    const bool is_last = i + 1 == e.kept();
    attempts.push_back(attempt_json(e, e.tried[i], is_last ? e.attempts : i + 1));
  }
  Json candidates = Json::array();
  for (const Capture& each : e.captures) {
    if (each.count != 0) candidates.push_back(capture_json(e, each));
  }
  const bool routed = e.route != UINT32_MAX;
  const Json json = {
      {"id", e.of(e.id)},
      {"at", wall.at(e.started)},
      {"kept", e.failed ? "failure" : "sample"},
      {"request",
       {{"listener", e.of(e.listener)},
        {"client", e.of(e.client)},
        {"protocol", e.of(e.protocol)},
        {"method", e.of(e.method)},
        {"host", e.of(e.host)},
        {"path", e.of(e.path)}}},
      {"route", routed ? Json{{"index", e.route},
                              {"name", e.of(e.route_name)},
                              {"match", e.of(e.match)},
                              {"timeout_ms", e.timeout.ms()},
                              {"attempts", e.attempts_max}}
                       : Json(nullptr)},
      {"switched_off", text_or_null(e.of(e.switched_off))},
      {"target", e.cluster.size == 0 ? Json(nullptr)
                                     : Json{{"cluster", e.of(e.cluster)},
                                            {"drawn_from", text_or_null(e.of(e.split))},
                                            {"drawn_by", e.split.size == 0 ? Json(nullptr) : Json(name_of(e.split_by))},
                                            {"shifted", e.diverted}}},
      {"admission", e.cluster.size == 0 ? Json(nullptr) : admission_json(e)},
      {"attempts_made", e.attempts},
      {"tries_counted", e.tries},
      {"attempts", std::move(attempts)},
      {"candidates", std::move(candidates)},
      {"answer", answer_json(e)},
  };
  return dump(json);
}

std::optional<Explanation> find_explanation(const l7::Proxy& proxy, std::string_view id) {
  std::optional<Explanation> newest;
  for (const auto& worker : proxy.workers()) {
    auto found = worker->explanations().find(id);
    if (found && (!newest || found->started > newest->started)) newest = *found;
  }
  return newest;
}

std::string explanations_json(const l7::Proxy& proxy, size_t most, bool only_failures, Wall wall) {
  std::vector<Explanation> all;
  for (const auto& worker : proxy.workers()) {
    worker->explanations().newest(Explanations::Kind::failure, most, all);
    if (!only_failures) worker->explanations().newest(Explanations::Kind::sample, most, all);
  }
  std::vector<const Explanation*> order;
  for (const Explanation& each : all) order.push_back(&each);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->started > b->started; });
  if (order.size() > most) order.resize(most);
  Json requests = Json::array();
  for (const Explanation* each : order) requests.push_back(summary_json(*each, wall));
  return dump({{"failures", state_json(state_of(proxy, Explanations::Kind::failure), wall.now)},
               {"samples", state_json(state_of(proxy, Explanations::Kind::sample), wall.now)},
               {"sample_per_mille", proxy.snapshot().config.explain.sample_per_mille},
               {"requests", std::move(requests)}});
}

std::string what_is_kept(const l7::Proxy& proxy, Instant now) {
  return fmt::format("all failures are kept until newer ones need their place ({}), and {} in 1000 of the others ({})",
                     describe(state_of(proxy, Explanations::Kind::failure), now),
                     proxy.snapshot().config.explain.sample_per_mille,
                     describe(state_of(proxy, Explanations::Kind::sample), now));
}

}  // namespace weir::app
