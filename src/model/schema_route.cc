// The settings of a route.
#include "model/schema.h"
#include "model/schema_edits.h"
#include "model/schema_traffic.h"
#include "model/shapes.h"

namespace weir::model {
namespace {

constexpr Duration kMillisecond = Duration::ms(1);
constexpr Duration kHour = Duration::s(3600);
constexpr Duration kDay = Duration::s(24 * 3600);

constexpr Shape kFieldMatches = structure("a map from names to values, present or absent, such as {x-beta: \"1\"}");

std::vector<Setting<RouteConfig>> route_retry() {
  return {
      field<&RouteConfig::retry, &RetryConfig::attempts>(
          "retry.attempts", count(1, 10), "Tries of one request in all; 1 is no retry.",
          "one more try hides the loss of one endpoint; tries multiply from tier to tier (three tiers of 3 make 27)"),
      field<&RouteConfig::retry, &RetryConfig::per_try_timeout>(
          "retry.per_try_timeout", duration(kMillisecond, kDay).or_word("auto"),
          "How long one try may take; auto is the route's timeout divided by attempts.",
          "every try gets its share, so the last is not cut short by the first"),
      field<&RouteConfig::retry, &RetryConfig::backoff_base>(
          "retry.backoff_base", duration(Duration{}, kHour),
          "Scale of the wait before a retry; doubles with every further one, with jitter.",
          "Envoy's value: long enough to spread a burst of failures, short for a person"),
      field<&RouteConfig::retry, &RetryConfig::backoff_max>(
          "retry.backoff_max", duration(Duration{}, kHour), "The longest such wait.",
          "ten times the base: a request should not spend its time waiting"),
      field<&RouteConfig::retry, &RetryConfig::on_gateway_status>(
          "retry.on_gateway_status", boolean(),
          "Also retry an idempotent request that an endpoint answered with 502, 503 or 504.",
          "these say that the request was probably not carried out; another endpoint may do better"),
  };
}

std::vector<Setting<RouteConfig>> route_upgrade() {
  return {
      field<&RouteConfig::upgrade, &UpgradeConfig::websocket>(
          "upgrade.websocket", boolean(), "Relay WebSockets (RFC 6455); off passes the request on without its upgrade.",
          "a route that leads to an application should not break its live pages; h2c is never passed on"),
      field<&RouteConfig::upgrade, &UpgradeConfig::connect>("upgrade.connect", boolean(),
                                                            "Pass CONNECT on to the cluster, and relay what it opens.",
                                                            "a gateway opens no tunnels unless told to"),
      field<&RouteConfig::upgrade, &UpgradeConfig::idle_timeout>(
          "upgrade.idle_timeout", duration(kMillisecond, kDay),
          "How long nothing may be relayed in either direction, before the tunnel is closed.",
          "peers that are gone without a word are found within the hour; those that live ping each other sooner"),
      field<&RouteConfig::upgrade, &UpgradeConfig::drain_timeout>(
          "upgrade.drain_timeout", duration(Duration{}, kHour),
          "How long a tunnel lives on once its endpoint or this process drains; each ends at a random moment of the "
          "second half of it, a WebSocket with a Close frame (1001).",
          "within the top-level drain_timeout, and spread so that not all clients come back at once"),
  };
}

Section<RouteConfig> make_route() {
  Section<RouteConfig> made{
      "Routes",
      "listeners[].routes[]",
      "Which requests go to which cluster, and how patiently. The first route that matches takes the request; a "
      "request "
      "that none matches is answered with 404.",
      {{"match", "What a request must look like; without it, every request matches."},
       {"redirect", "Where clients are sent instead."},
       {"rewrite", "What endpoints see in place of what clients ask for."},
       {"retry", "When a try fails. off stands for attempts: 1.", "retry.attempts", "1"},
       {"upgrade", "What a request may turn its connection into."}},
      {
          field<&RouteConfig::name>("name", name(0), "What logs, metrics and explanations call the route.",
                                    "the host and path it matches say enough when there are few"),
          custom<RouteConfig>(
              "match.path", {.type = Type::path_pattern, .max = 4096},
              "The request's path, without its query: `/about` matches only itself, `/api/*` all that begins with "
              "/api/, "
              "`/users/{id}/posts` any one segment in place of {id} (or of `*`), `/files/{rest*}` is `/files/*` with a "
              "name. Names are for redirect and rewrite.",
              "every path",
              [](const RouteConfig& route) {
                return Value{PathPattern{route.path, route.path_kind}};
              },
              [](RouteConfig& route, const Value& value) {
                const auto& pattern = std::get<PathPattern>(value);
                route.path = pattern.path;
                route.path_kind = pattern.kind;
              }),
          field<&RouteConfig::host>("match.host",
                                    Shape{.type = Type::host_pattern, .min = 1, .max = 253}.or_word("any"),
                                    "The host the request names, without its port; upper and lower case are equal. "
                                    "*.example.org is every host below example.org, at any depth, without itself.",
                                    "every host"),
          structured<RouteConfig>("match.method", structure("a method such as GET, or a list such as [GET, HEAD]"),
                                  "The request's method is one of these.", "every method"),
          structured<RouteConfig>("match.header", kFieldMatches,
                                  "Header fields the request has, each with this value; \"v1*\" is a value that begins "
                                  "with v1, and what really ends with a star is written {exact: \"v1*\"}.",
                                  "whatever fields there are"),
          structured<RouteConfig>("match.cookie", kFieldMatches, "The same of its cookies.", "whatever cookies"),
          structured<RouteConfig>("match.query", kFieldMatches,
                                  "The same of its query's parameters, as they stand in the query, still encoded.",
                                  "whatever query"),
          structured<RouteConfig>("to",
                                  structure("the name of a cluster, or a map of shares such as {api: 95, api-next: 5}"),
                                  "The cluster, or several with the share each gets: shares are relative to their sum.",
                                  "a route has this, or redirect, or respond"),
          field<&RouteConfig::timeout>(
              "timeout", duration(kMillisecond, kDay),
              "In all, with retries: from the end of the request to the end of the response's head; then 504.",
              "what Envoy grants; a person has left by then"),
      }};
  for (auto& each : route_edits()) made.settings.push_back(each);
  for (auto& each : route_retry()) made.settings.push_back(each);
  for (auto& each : route_traffic()) made.settings.push_back(each);
  for (auto& each : route_upgrade()) made.settings.push_back(each);
  made.settings.push_back(later<RouteConfig>("rate_limit", "Requests per client and second."));
  return made;
}

}  // namespace

const Shape kShareShape = count(0, 1'000'000);

template <>
const Section<RouteConfig>& section<RouteConfig>() {
  static const Section<RouteConfig> made = make_route();
  return made;
}

}  // namespace weir::model
