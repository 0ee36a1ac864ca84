#include "app/admin.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "app/admin_response.h"
#include "app/endpoints_json.h"
#include "app/exposition.h"
#include "app/metrics_text.h"
#include "base/check.h"
#include "console/guard.h"
#include "model/address.h"
#include "model/nearest.h"
#include "model/show.h"
#include "model/units.h"

namespace weir::app {

using console::Purpose;
using http::SimpleResponse;
using proto::http::Method;

namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kTellOfStrangers = Duration::s(10);
constexpr uint32_t kMaxWeight = 1000;         // as in the configuration
constexpr uint32_t kMaxRecordSeconds = 3600;  // long before that the buffers are full, unless there is little to record

std::string hint(std::string_view word, std::span<const std::string_view> known) {
  const std::string guess = model::nearest(word, known);
  return guess.empty() ? "" : fmt::format("; did you mean {}?", guess);
}

/// The spelling that endpoints have, where `text` is an address at all.
std::string canonical(const std::string& text) {
  const auto address = model::parse_address(text);
  return address ? address->text() : text;
}

console::Asker asker(const http::RequestHead& head, Purpose purpose) {
  const auto value = [&](std::string_view name) -> std::optional<std::string_view> {
    const auto* field = head.find(name);
    return field == nullptr ? std::nullopt : std::optional(field->value);
  };
  return {.purpose = purpose,
          .host = head.authority,
          .origin = value("origin"),
          .fetch_site = value("sec-fetch-site"),
          .token = value("x-weir-token"),
          .has_admin_field = head.find("x-weir-admin") != nullptr};
}

bool has_endpoint(const upstream::Cluster& cluster, std::string_view name) {
  const auto& all = cluster.endpoints();
  return std::any_of(all.begin(), all.end(), [&](const auto& each) { return each->name == name; });
}

/// 128 bits that nobody can guess, as hexadecimal digits.
std::string fresh_token() {
  std::array<unsigned char, 16> bytes{};
  // Cannot fail: up to 256 bytes come whole, and the kernel's pool is ready long before any service (getrandom(2)).
  CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

}  // namespace

Admin::Admin(net::Loop& loop, l7::Proxy& proxy, const model::Loaded& loaded, Reload reload)
    : loop_(loop),
      proxy_(proxy),
      loaded_(loaded),
      reload_(std::move(reload)),
      recording_(loop, proxy),
      console_(loop, proxy, fresh_token(), [this] { return recording_state(); }) {
  proxy_.shifts().on_change([this](const l7::Shifts::Entry& entry) { mark_shift(entry); });
}

struct Admin::Route {
  bool changes;           ///< POST, otherwise GET
  std::string_view path;  ///< what follows a slash at its end is part of the question
  SimpleResponse (Admin::*answer)(const Call& call);
  std::array<std::string_view, 6> parameters;
  size_t parameter_count;

  [[nodiscard]] bool fits(std::string_view asked) const {
    return path.size() > 1 && path.ends_with('/') ? asked.starts_with(path) : asked == path;
  }
};

const Admin::Route Admin::kRoutes[] = {
    {false, "/healthz", &Admin::healthz, {}, 0},
    {false, "/metrics", &Admin::metrics, {}, 0},
    {false, "/endpoints", &Admin::endpoints, {}, 0},
    {false, "/config", &Admin::config, {}, 0},
    {false, "/explain", &Admin::explain, {"last", "errors"}, 2},
    {false, "/explain/", &Admin::explain_one, {}, 0},
    {true, "/drain", &Admin::drain, {"endpoint", "cluster"}, 2},
    {true, "/undrain", &Admin::undrain, {"endpoint", "cluster"}, 2},
    {true, "/weight", &Admin::weight, {"endpoint", "weight", "cluster"}, 3},
    {true, "/reload", &Admin::reload, {}, 0},
    {true, "/record", &Admin::record, {"seconds", "cluster"}, 2},
    {false, "/recording", &Admin::recording, {}, 0},
    {true, "/switch", &Admin::throw_switch, {"name", "state"}, 2},
    {false, "/switches", &Admin::switches, {}, 0},
    {false, "/", &Admin::page, {}, 0},
    {false, "/console.css", &Admin::page, {}, 0},
    {false, "/console.js", &Admin::page, {}, 0},
    {false, "/events", &Admin::events, {}, 0},
    {false, "/marks", &Admin::marks, {}, 0},
    {true, "/marks", &Admin::mark, {}, 0},
    {false, "/stack", &Admin::stack, {}, 0},
    {true, "/restart", &Admin::restart, {"instance"}, 1},
    {true, "/upgrade", &Admin::upgrade, {"binary"}, 1},
    {false, "/upgrade", &Admin::upgrade_state, {}, 0},
    {true, "/shift", &Admin::shift, {"from", "to", "over", "steps", "abort_on", "min_requests"}, 6},
    {true, "/shift/cancel", &Admin::cancel_shift, {"from", "to"}, 2},
    {false, "/shifts", &Admin::shifts, {}, 0},
};

/// What a request is about.
struct Admin::Named {
  upstream::Cluster* cluster;
  std::string endpoint;

  [[nodiscard]] Json json() const { return {{"cluster", cluster->name()}, {"endpoint", endpoint}}; }
};

Result<net::Fd, std::string> Admin::listen(const model::Config& config) {
  const model::Address wanted = config.admin.value_or(model::Address{"127.0.0.1", 0});
  const auto problem = [&](const Error& error) {
    const std::string reason = error.os_error == 0 ? "" : fmt::format(" ({})", std::strerror(error.os_error));
    return fail(fmt::format("admin {}: {}{}", wanted.text(), text_of(error.code), reason));
  };
  const auto address = net::SocketAddress::parse(wanted.host, wanted.port);
  if (!address) return problem(address.error());
  auto listening = net::Acceptor::open(*address, {.reuse_port = false});
  if (!listening) return problem(listening.error());
  return std::move(*listening);
}

Result<std::unique_ptr<Admin>, std::string> Admin::create(net::Loop& loop, l7::Proxy& proxy,
                                                          const model::Loaded& loaded, Reload reload,
                                                          net::Fd listening) {
  if (!listening.valid()) {
    auto opened = listen(loaded.config);
    if (!opened) return fail(opened.error());
    listening = std::move(*opened);
  }
  std::unique_ptr<Admin> admin(new Admin(loop, proxy, loaded, std::move(reload)));
  Admin* self = admin.get();
  const auto handler = [self](const http::SimpleRequest& request) { return self->handle(request); };
  // Nothing here has a body worth reading, and nobody needs many connections.
  admin->server_ =
      http::SimpleServer::adopt(loop, std::move(listening), handler, {.body_bytes = 64 * 1024, .connections = 100});
  return admin;
}

SimpleResponse Admin::handle(const http::SimpleRequest& request) {
  const http::RequestHead& head = request.head;
  const std::string_view path = head.path();
  const bool reads = head.method == Method::get || head.method == Method::head;
  const auto asks = reads ? path == "/events" ? Purpose::listen : Purpose::read : Purpose::change;
  const Route* fitting = nullptr;
  const Route* known = nullptr;
  for (const Route& each : kRoutes) {
    if (!each.fits(path)) continue;
    known = &each;
    if (each.changes ? head.method == Method::post : reads) fitting = &each;
  }
  // Whoever may not ask does not learn what there is; but a wrong method is nobody's attack.
  if (const auto denied = judge(asker(head, fitting == nullptr ? Purpose::read : asks), console_.token())) {
    return error_response(denied->status, denied->text);
  }
  if (path != "/healthz" && !is_known(request)) {
    SimpleResponse response = error_response(401, "this needs the token of admin_token_file");
    // Programs send the first; a browser asks whoever sits before it, and takes the token as the password.
    response.fields = {{"WWW-Authenticate", "Bearer realm=\"weir\""},
                       {"WWW-Authenticate", "Basic realm=\"weir: any name, and the token\", charset=\"UTF-8\""}};
    return response;
  }
  if (known == nullptr) return not_found(path);
  if (fitting == nullptr) {
    const char* allowed = known->changes ? "POST" : "GET, HEAD";
    SimpleResponse response = error_response(405, fmt::format("{} takes {}", path, allowed));
    response.fields.emplace_back("Allow", allowed);
    return response;
  }
  // Pages take no parameters, and whoever adds some to get past a cache does no harm.
  if (!fitting->changes && fitting->parameter_count == 0) return (this->*fitting->answer)({.request = request});
  return answer(*fitting, request);
}

SimpleResponse Admin::answer(const Route& route, const http::SimpleRequest& request) {
  const std::string_view target = request.head.target;
  const std::string_view query =
      route.path.size() < target.size() ? target.substr(route.path.size() + 1) : std::string_view();
  auto parsed = parse_query(query, std::span(route.parameters).first(route.parameter_count));
  if (!parsed) return error_response(400, parsed.error());
  // What is changed while a new process starts would be lost with this one.
  if (const std::string why = upgrade_control_ == nullptr || !route.changes ? "" : upgrade_control_->frozen();
      !why.empty()) {
    return error_response(409, why);
  }
  SimpleResponse response = (this->*route.answer)({.request = request, .query = std::move(*parsed)});
  if (route.changes) console_.refresh();
  return response;
}

/// Whoever guesses is counted, and told of now and then, not line by line.
bool Admin::is_known(const http::SimpleRequest& request) {
  if (token_ == nullptr) return true;
  const auto* field = request.head.find("authorization");
  if (field != nullptr && token_->admits(field->value)) return true;
  ++strangers_;
  if (told_of_strangers_ == Instant{} || loop_.now() - told_of_strangers_ >= kTellOfStrangers) {
    told_of_strangers_ = loop_.now();
    spdlog::warn("admin: {} requests so far without the token, the last from {}", strangers_, request.peer.text());
  }
  return false;
}

SimpleResponse Admin::not_found(std::string_view path) {
  std::vector<std::string_view> paths;
  for (const Route& route : kRoutes) {
    if (std::find(paths.begin(), paths.end(), route.path) == paths.end()) paths.push_back(route.path);
  }
  return error_response(
      404, fmt::format("{} is unknown: there are {}{}", model::quote(path), fmt::join(paths, " "), hint(path, paths)));
}

SimpleResponse Admin::healthz(const Call& /*call*/) {
  const bool serving = proxy_.serving();
  return json_response(serving ? 200 : 503, {{"serving", serving}});
}

SimpleResponse Admin::metrics(const Call& /*call*/) {
  Exposition own;
  own.family("weir_admin_unauthorized_total", Exposition::Kind::counter, "Requests to admin without its token.");
  own.sample({}, static_cast<double>(strangers_));
  return text_response("text/plain; version=0.0.4; charset=utf-8", metrics_text(proxy_, loop_.now()) + own.text());
}

SimpleResponse Admin::endpoints(const Call& /*call*/) {
  return text_response("application/json", endpoints_json(proxy_, loop_.now()));
}

SimpleResponse Admin::config(const Call& /*call*/) {
  return text_response("text/plain; charset=utf-8", model::show(loaded_));
}

SimpleResponse Admin::weight(const Call& call) {
  const Query& query = call.query;
  const auto wanted = number_in(query, "weight", 0, kMaxWeight);
  if (!wanted) return error_response(400, fmt::format("weight must be a whole number from 0 to {}", kMaxWeight));
  const auto named = find(query);
  if (!named) return named.error();
  // Cannot fail: the endpoint was found on this thread, which alone changes what there is.
  (void)named->cluster->set_weight(named->endpoint, *wanted, loop_.now());
  Json done = named->json();
  done["weight"] = *wanted;
  return json_response(200, done);
}

SimpleResponse Admin::set_draining(const Query& query, bool draining) {
  const auto named = find(query);
  if (!named) return named.error();
  (void)named->cluster->set_draining(named->endpoint, draining, loop_.now());
  Json done = named->json();
  done["draining"] = draining;
  return json_response(200, done);
}

SimpleResponse Admin::reload(const Call& /*call*/) {
  if (auto done = reload_(); !done) return error_response(409, done.error());
  return json_response(200, {{"number", proxy_.snapshot().number}});
}

SimpleResponse Admin::record(const Call& call) {
  const Query& query = call.query;
  const auto seconds = number_in(query, "seconds", 1, kMaxRecordSeconds);
  if (!seconds) {
    return error_response(400, fmt::format("seconds must be a whole number from 1 to {}", kMaxRecordSeconds));
  }
  const auto cluster = query.find("cluster");
  if (cluster != query.end() && proxy_.snapshot().find(cluster->second) == nullptr) {
    return no_such_cluster(cluster->second);
  }
  if (recording_.phase() == LiveRecording::Phase::recording) return under_way();
  const LiveRecording::Plan plan{.length = Duration::s(*seconds),
                                 .cluster = cluster == query.end() ? "" : cluster->second};
  recording_.begin(plan);
  return json_response(200, {{"seconds", *seconds}, {"ready_in_ms", recording_.left().ms()}});
}

SimpleResponse Admin::recording(const Call& /*call*/) {
  switch (recording_.phase()) {
    case LiveRecording::Phase::none: return error_response(404, "there is no recording: POST /record begins one");
    case LiveRecording::Phase::recording: return under_way();
    case LiveRecording::Phase::ready: break;
  }
  return text_response("text/csv; charset=utf-8", recording_.csv());
}

SimpleResponse Admin::stack(const Call& /*call*/) {
  if (stack_control_ == nullptr) return error_response(404, "no stack runs here: weir up runs one");
  return text_response("application/json", stack_control_->stack_json());
}

SimpleResponse Admin::restart(const Call& call) {
  if (stack_control_ == nullptr) return error_response(404, "no stack runs here: weir up runs one");
  const auto instance = call.query.find("instance");
  if (instance == call.query.end()) return error_response(400, "instance must be named");
  if (auto done = stack_control_->restart(instance->second); !done) return error_response(409, done.error());
  return json_response(200, {{"instance", instance->second}});
}

SimpleResponse Admin::under_way() const {
  const double left = recording_.left().seconds();
  return error_response(409, fmt::format("a recording is under way, for another {:.1f} s", left));
}

SimpleResponse Admin::no_such_cluster(const std::string& name) const {
  std::vector<std::string_view> names;
  for (const auto& each : proxy_.snapshot().clusters) names.push_back(each->name());
  return error_response(404, fmt::format("there is no cluster {}{}", model::quote(name), hint(name, names)));
}

Result<Admin::Named, SimpleResponse> Admin::find(const Query& query) const {
  const auto& clusters = proxy_.snapshot().clusters;
  const auto endpoint = query.find("endpoint");
  if (endpoint == query.end()) return fail(error_response(400, "endpoint must be named"));
  const auto cluster = query.find("cluster");
  if (cluster != query.end() && proxy_.snapshot().find(cluster->second) == nullptr) {
    return fail(no_such_cluster(cluster->second));
  }
  const std::string name = canonical(endpoint->second);
  std::vector<std::string_view> known;
  std::vector<upstream::Cluster*> holders;
  for (const auto& each : clusters) {
    if (cluster != query.end() && each->name() != cluster->second) continue;
    for (const auto& candidate : each->endpoints()) known.push_back(candidate->name);
    if (has_endpoint(*each, name)) holders.push_back(each.get());
  }
  if (holders.empty()) {
    return fail(error_response(404, fmt::format("there is no endpoint {}{}", model::quote(name), hint(name, known))));
  }
  if (holders.size() > 1) {
    std::vector<std::string_view> names;
    for (const auto* each : holders) names.push_back(each->name());
    return fail(error_response(400, fmt::format("endpoint {} is in the clusters {}: name one of them as cluster", name,
                                                fmt::join(names, ", "))));
  }
  return Named{holders.front(), name};
}

}  // namespace weir::app
