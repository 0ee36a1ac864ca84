// The settings that say where a route's requests go besides its shares: splits, stickiness, mirrors and switches; and
// those of a fixed response.
#include "model/schema_traffic.h"

#include "model/shapes.h"

namespace weir::model {
namespace {

constexpr Duration kMillisecond = Duration::ms(1);
constexpr Duration kSecond = Duration::s(1);
constexpr Duration kHour = Duration::s(3600);
constexpr Duration kDay = Duration::s(24 * 3600);
constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = 1024 * kKiB;

Section<FixedResponse> make_fixed_response() {
  return {
      "Fixed responses",
      "listeners[].routes[].respond, listeners[].routes[].switch.fallback, listeners[].maintenance",
      "An answer that Weir gives itself.",
      {},
      {
          field<&FixedResponse::status>("status", count(200, 599).and_required(), "The status of the answer.",
                                        "no status is right for everybody"),
          field<&FixedResponse::body>("body", text(0, 64 * kKiB), "The body, on one line.", "a status may say enough"),
          field<&FixedResponse::body_file>(
              "file", text(0, 4096),
              "A file with the body, at most 1 MiB, instead of body; a relative path begins in "
              "the directory of the configuration. It is read when the configuration is "
              "read, not when it is sent.",
              "what is short stands in the configuration"),
          field<&FixedResponse::content_type>("content_type", text(1, 256), "The body's type.",
                                              "nobody guesses a type from plain text"),
          field<&FixedResponse::retry_after>("retry_after", duration(kSecond, kDay * 30).or_word("off"),
                                             "When a client may come back, as Retry-After.",
                                             "a wrong promise is worse than none"),
      }};
}

Section<StickyConfig> make_sticky() {
  return {
      "Sticky",
      "listeners[].routes[].sticky",
      "A client's requests go to one endpoint, which is remembered in a cookie of Weir's, while that endpoint may take "
      "requests and carries less than its overflow. See traffic.md.",
      {},
      {
          field<&StickyConfig::cookie>("cookie", name().and_required(), "The cookie's name.",
                                       "a name of the application's own would be overwritten"),
          field<&StickyConfig::ttl>("ttl", duration(kSecond, kDay * 400).or_word("session"),
                                    "How long the browser keeps the cookie, from when it was set.",
                                    "with the browser ends what most sessions are for"),
          field<&StickyConfig::overflow_percent>(
              "overflow", percent(100, 10'000).or_word("never"),
              "The most an endpoint may carry, in percent of its share of the load; what comes beyond it goes where "
              "the policy sends it, and back as soon as there is room.",
              "half more than the mean is noticed by nobody; without a bound the busiest client's endpoint drowns"),
      }};
}

Section<MirrorConfig> make_mirror() {
  return {
      "Mirror",
      "listeners[].routes[].mirror",
      "A copy of requests to another cluster, whose answers are thrown away. The original neither waits for its copy "
      "nor fails with it. See traffic.md.",
      {},
      {
          field<&MirrorConfig::to>("to", name().and_required(), "The cluster that gets the copies.",
                                   "a copy must go somewhere"),
          field<&MirrorConfig::percent>("percent", percent(1, 100), "The share of requests that are copied.",
                                        "whoever tries a new version wants to see all it will meet"),
          field<&MirrorConfig::max_in_flight>("max_in_flight", count(1, 100'000),
                                              "Copies under way at once, all workers; beyond it none are made.",
                                              "with max_body it bounds the memory: 64 of 64KiB are 4MiB"),
          field<&MirrorConfig::max_body_bytes>("max_body", bytes(0, 64 * kMiB),
                                               "The largest body that is copied; a request with a longer one is not.",
                                               "forms and calls of an interface fit, uploads do not"),
          field<&MirrorConfig::timeout>("timeout", duration(kMillisecond, kHour),
                                        "How long a copy may take in all; then it is given up.",
                                        "a shadow that is slower than this has told what there was to learn"),
      }};
}

Section<SwitchConfig> make_switch() {
  return {
      "Switch",
      "listeners[].routes[].switch",
      "A degradation switch: while it is off (`weir ctl switch off NAME`), the route answers from its fallback at "
      "once. See switches.md.",
      {},
      {
          field<&SwitchConfig::name>("name", name().and_required(),
                                     "What the switch is called; routes of one name are thrown together.",
                                     "who throws it must be able to name it"),
          structured<SwitchConfig>("fallback", structure("a map such as {status: 200, body: \"[]\"}"),
                                   "The answer while it is off; see Fixed responses.",
                                   "503: an honest refusal, where nothing better is known"),
          field<&SwitchConfig::fallback_to>("fallback_to", name(0), "A cluster that answers instead, while it is off.",
                                            "most fallbacks are a constant"),
      }};
}

}  // namespace

std::vector<Setting<RouteConfig>> route_traffic() {
  return {
      custom<RouteConfig>(
          "split_by", Shape{.type = Type::sticky_key, .max = 256}.or_word("chance"),
          "With several clusters in `to`: what keeps a client with its cluster. A request without it is drawn by "
          "chance.",
          "every request drawn anew follows the shares most closely",
          [](const RouteConfig& route) { return Value{route.split_by}; },
          [](RouteConfig& route, const Value& value) { route.split_by = std::get<StickyKey>(value); }),
      structured<RouteConfig>("sticky", structure("a map such as {cookie: weir-app}"),
                              "Keep a client with one endpoint; see Sticky.",
                              "any endpoint should do: stickiness costs balance, drains and reloads"),
      structured<RouteConfig>("mirror", structure("a map such as {to: shadow, percent: 10}"),
                              "Send copies to another cluster; see Mirror.", "a copy is load like any other"),
      structured<RouteConfig>("switch", structure("a name, or a map such as {name: reviews, fallback: {status: 204}}"),
                              "What can be switched off when there is too little for all; see Switch.",
                              "only you know what can be done without"),
  };
}

template <>
const Section<FixedResponse>& section<FixedResponse>() {
  static const Section<FixedResponse> made = make_fixed_response();
  return made;
}

template <>
const Section<StickyConfig>& section<StickyConfig>() {
  static const Section<StickyConfig> made = make_sticky();
  return made;
}

template <>
const Section<MirrorConfig>& section<MirrorConfig>() {
  static const Section<MirrorConfig> made = make_mirror();
  return made;
}

template <>
const Section<SwitchConfig>& section<SwitchConfig>() {
  static const Section<SwitchConfig> made = make_switch();
  return made;
}

}  // namespace weir::model
