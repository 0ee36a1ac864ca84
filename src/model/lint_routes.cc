#include <algorithm>
#include <array>

#include "model/address.h"
#include "model/lint_report.h"

namespace weir::model {
namespace {

constexpr uint16_t kFirstFreePort = 1024;  // where nobody has changed net.ipv4.ip_unprivileged_port_start

std::string_view ordinal(int64_t n) {
  constexpr std::array<std::string_view, 11> kWords{"zeroth", "first",   "second", "third", "fourth", "fifth",
                                                    "sixth",  "seventh", "eighth", "ninth", "tenth"};
  return kWords[static_cast<size_t>(std::clamp<int64_t>(n, 0, 10))];
}

std::string tries(uint32_t attempts) { return fmt::format("{} {}", attempts, attempts == 1 ? "try" : "tries"); }

void tries_fit(LintReport& report, const RouteConfig& route, const std::string& path) {
  const RetryConfig& retry = route.retry;
  if (retry.per_try_timeout == Duration{}) return;
  const std::string setting = join(path, "retry.per_try_timeout");
  if (retry.attempts == 1 && retry.per_try_timeout > route.timeout) {
    report.warn(setting, fmt::format("a try may take {}, but the route's timeout is {}: the try never ends by its own "
                                     "limit",
                                     text_of(retry.per_try_timeout), text_of(route.timeout)));
    return;
  }
  const int64_t whole = route.timeout.ns() / retry.per_try_timeout.ns();  // tries that can take all their time
  if (retry.attempts == 1 || whole >= retry.attempts) return;
  const bool cut = whole == 0 || route.timeout.ns() % retry.per_try_timeout.ns() != 0;
  report.warn(setting, fmt::format("{} tries × {} per try = {}, but the route's timeout is {}: the {} "
                                   "try {}",
                                   retry.attempts, text_of(retry.per_try_timeout),
                                   text_of(retry.per_try_timeout * retry.attempts), text_of(route.timeout),
                                   ordinal(whole + 1), cut ? "never ends by its own limit" : "never happens"));
}

void connect_fits(LintReport& report, const RouteConfig& route, const std::string& path, const ClusterConfig& cluster,
                  const std::string& cluster_path) {
  const Duration one_try = try_time(route);
  if (cluster.connect_timeout < one_try) return;
  const std::string how = route.retry.per_try_timeout > Duration{}
                              ? fmt::format("per_try_timeout {}", text_of(route.retry.per_try_timeout))
                              : fmt::format("timeout {} / {}", text_of(route.timeout), tries(route.retry.attempts));
  report.warn(join(cluster_path, "connect_timeout"),
              fmt::format("connecting may take {}, but one try of {} has {} ({}): an unreachable endpoint costs the "
                          "whole try",
                          text_of(cluster.connect_timeout), path, text_of(one_try), how));
}

void pending_fits(LintReport& report, const RouteConfig& route, const std::string& path, const ClusterConfig& cluster,
                  const std::string& cluster_path) {
  if (cluster.circuit.pending_timeout < route.timeout) return;
  report.warn(join(cluster_path, "circuit_breaker.pending_timeout"),
              fmt::format("a request may wait {} for a slot, but {} gives up after {}: what waits longest is never "
                          "served",
                          text_of(cluster.circuit.pending_timeout), path, text_of(route.timeout)));
}

void drain_fits(LintReport& report) {
  const RouteConfig* longest = nullptr;
  std::string longest_path;
  report.each_route([&](const RouteConfig& route, const std::string& path) {
    if (longest != nullptr && route.timeout <= longest->timeout) return;
    longest = &route;
    longest_path = path;
  });
  const Duration drain = report.config().drain_timeout;
  if (longest == nullptr || drain >= longest->timeout) return;
  report.warn("drain_timeout",
              fmt::format("draining ends after {}, but a request of {} may take {}: a restart cuts off what "
                          "runs longer than {}",
                          text_of(drain), longest_path, text_of(longest->timeout), text_of(drain)));
}

void backoff_fits(LintReport& report, const RouteConfig& route, const std::string& path) {
  const RetryConfig& retry = route.retry;
  if (retry.backoff_base <= retry.backoff_max) return;
  report.warn(join(path, "retry.backoff_base"),
              fmt::format("the first wait would be {}, but no wait is longer than backoff_max {}: it never grows",
                          text_of(retry.backoff_base), text_of(retry.backoff_max)));
}

void retries_have_a_budget(LintReport& report, const RouteConfig& route, const std::string& path,
                           const ClusterConfig& cluster, const std::string& cluster_path) {
  const uint32_t attempts = route.retry.attempts;
  if (attempts == 1) return;
  const RetryBudgetConfig& budget = cluster.retry_budget;
  if (budget.percent == 0 && budget.min_per_second == 0) {
    report.warn(join(cluster_path, "retry_budget"),
                fmt::format("0% of requests + 0 per second = no retry, but {} asks for {} tries", path, attempts));
  } else if (budget.percent >= 100 * (attempts - 1)) {
    report.warn(
        join(cluster_path, "retry_budget.percent"),
        fmt::format("{} tries of {} can at most make {} times the load, and a budget of {}% allows {:.3g} times: "
                    "it never binds",
                    attempts, path, attempts, budget.percent, 1 + budget.percent / 100.0));
  } else if (report.written(join(path, "retry.attempts"))) {
    report.note(
        join(path, "retry.attempts"),
        fmt::format("{} tries make at most {} times the load on {} in an outage; its retry budget bounds that to "
                    "1 + {}% = {:.3g} times, plus {} retries a second",
                    attempts, attempts, cluster.name, budget.percent, 1 + budget.percent / 100.0,
                    budget.min_per_second));
  }
}

void head_limits_fit(LintReport& report) {
  for (size_t i = 0; i < report.config().listeners.size(); ++i) {
    const ListenerConfig& listener = report.config().listeners[i];
    const std::string path = join("listeners", i);
    const auto check = [&](std::string_view name, uint32_t part) {
      if (part <= listener.head_bytes) return;
      report.warn(join(path, name),
                  fmt::format("{} may have {}, but the whole head only {}: the larger limit never acts",
                              name.substr(name.find('.') + 1), format_bytes(part), format_bytes(listener.head_bytes)));
    };
    check("limits.request_line", listener.request_line_bytes);
    check("limits.field", listener.field_bytes);
  }
}

void files_suffice(LintReport& report) {
  const uint64_t files = report.environment().files_max;
  if (files == 0 || report.config().listeners.empty()) return;
  uint64_t clients = 0;
  for (const ListenerConfig& listener : report.config().listeners) clients += listener.max_connections;
  uint64_t upstream = 0;
  report.each_cluster([&](const ClusterConfig& cluster, const std::string&) {
    upstream += cluster.endpoints.size() * uint64_t{cluster.circuit.max_connections};
  });
  if (clients + upstream <= files) return;
  report.warn(
      "listeners[0].limits.connections",
      fmt::format(
          "{} connections of clients + {} to endpoints (endpoints × max_connections) = {}, but this process may "
          "open {} files: beyond it connections fail at random; raise the file limit or lower these",
          clients, upstream, clients + upstream, files));
}

void admin_stays_private(LintReport& report) {
  const auto& admin = report.config().admin;
  if (!admin || is_loopback(*admin)) return;
  report.warn("admin",
              fmt::format("{} can be reached from other machines, and the token that it asks for crosses the network "
                          "as readable text: use 127.0.0.1, or a network that only administrators can listen to",
                          admin->text()));
}

void low_ports_need_no_root(LintReport& report) {
  const Config& config = report.config();
  if (!config.privileges.user.empty()) return;
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const uint16_t port = config.listeners[i].http.port;
    if (port == 0 || port >= kFirstFreePort) continue;
    report.note(
        join(join("listeners", i), "http"),
        fmt::format("port {} is opened by root, or by whom systemd lets (AmbientCapabilities): as root, name the "
                    "user to become afterwards as privileges.user",
                    port));
  }
}

constexpr std::array kRules{
    LintRule{"tries-fit", "attempts × per_try_timeout fits into the route's timeout.", at_each_route<tries_fit>},
    LintRule{"connect-fits", "connect_timeout is shorter than one try.", at_each_target<connect_fits>},
    LintRule{"pending-fits", "pending_timeout is shorter than the route's timeout.", at_each_target<pending_fits>},
    LintRule{"drain-fits", "drain_timeout is not shorter than the longest route timeout.", drain_fits},
    LintRule{"backoff-fits", "backoff_base is not longer than backoff_max.", at_each_route<backoff_fits>},
    LintRule{"retry-budget", "Retries have a budget that allows some and binds; says what an outage can cost.",
             at_each_target<retries_have_a_budget>},
    LintRule{"reachable-routes", "No route stands behind one that takes all its requests.", routes_are_reachable},
    LintRule{"redirects", "No redirect leads to the route that sends it.", redirects_lead_elsewhere},
    LintRule{"head-limits", "The limits of request line and field are within that of the head.", head_limits_fit},
    LintRule{"files", "Client and upstream connections fit into the process's file limit.", files_suffice},
    LintRule{"admin-private", "The admin interface listens on this machine only.", admin_stays_private},
    LintRule{"low-ports", "Who opens ports below 1024 does not stay root.", low_ports_need_no_root},
};

}  // namespace

std::span<const LintRule> route_rules() { return kRules; }

}  // namespace weir::model
