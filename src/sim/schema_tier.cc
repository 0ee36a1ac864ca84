#include <algorithm>
#include <array>

#include "model/shapes.h"
#include "sim/schema.h"

namespace weir::sim {
namespace {

using namespace model;  // the words of the tables

constexpr Duration kMicrosecond = Duration::us(1);
constexpr Duration kMillisecond = Duration::ms(1);
constexpr Duration kDay = Duration::s(24 * 3600);
constexpr Duration kLongest = Duration::s(30 * 24 * 3600);
constexpr uint32_t kMany = 10'000'000;

// In the order of the enumeration: the value of a choice is its index.
constexpr std::array<std::string_view, 5> kCacheModes{"none", "plain", "singleflight", "early", "both"};

std::vector<Setting<TierSpec>> tier_basics() {
  using T = TierSpec;
  return {
      field<&T::name>("name", name(), "In the report, and what faults and variants call it.", "one tier needs no name"),
      field<&T::gateways>("gateways", count(1, kGatewaysMax),
                          "Proxies in front of it, each with its own view of the endpoints.",
                          "more of them know less each: try it"),
      structured<T>("gateway_zones", structure("a list of zones, or one"),
                    "The zones they stand in, in turn: the first in the first, and so on.", "in no zone"),
      structured<T>("cluster", structure("a map of a cluster's settings"),
                    "As in weir.yaml, with the same defaults; see Clusters.", "production's defaults"),
      structured<T>("route", structure("a map with timeout or retry"), "As in weir.yaml; see Routes.",
                    "production's defaults"),
      structured<T>("endpoints", structure("a list of groups of like endpoints, or one").and_required(),
                    "Who does the work; see Endpoints.", "requests need somewhere to go"),
      field<&T::report_every>("report_every", duration(kMillisecond, kLongest).or_word("off"),
                              "Endpoints tell all gateways their load so often.",
                              "as in production: a gateway knows only the requests it sent itself"),
      field<&T::calls_percent>("calls.share", percent(0, 100), "Requests that need the next tier, if there is one.",
                               "a tier stands there because it is needed"),
      field<&T::calls>("calls.times", count(0, 1'000), "How often each of those calls it, one call after another.",
                       "one query"),
      field<&T::pool>("calls.connections", count(1, 1'000'000).or_word("unlimited"),
                      "Calls of one endpoint at once; others wait. Its connection pool.",
                      "the next tier's queue decides"),
      field<&T::retries_on_failed_call>("calls.required", boolean(),
                                        "A request whose call fails is answered 502, which its gateway may retry.",
                                        "most pages cannot be built without their data"),
  };
}

std::vector<Setting<TierSpec>> tier_cache() {
  using T = TierSpec;
  using C = CacheSpec;
  return {
      field<&T::cache, &C::mode>(
          "cache.mode", choice(kCacheModes),
          "plain: every miss calls; singleflight: one call per key at a time, others wait; early: a "
          "hit near its end may refresh ahead of time; both.",
          "no cache; plain once another setting of it is named"),
      field<&T::cache, &C::ttl>("cache.ttl", duration(kMillisecond, kLongest), "How long an entry lives.",
                                "a page may be a minute old"),
      field<&T::cache, &C::entries>("cache.entries", count(1, kMany),
                                    "Room in one cache; the least recently used goes.", "more than there are keys"),
      field<&T::cache, &C::shared>("cache.shared", boolean(), "One for the tier, or one in each endpoint.",
                                   "as with Redis or memcached"),
      field<&T::cache, &C::early_percent>("cache.early", percent(1, 10'000),
                                          "With early: the beta of XFetch in hundredths; more refreshes earlier.",
                                          "best in theory (Vattani et al. 2015)"),
      field<&T::cache, &C::starts_warm>("cache.starts_warm", boolean(),
                                        "Full at the beginning, with entries of every age.",
                                        "most runs ask what happens later"),
  };
}

std::vector<Setting<TierSpec>> tier_autoscale() {
  using T = TierSpec;
  using A = AutoscaleSpec;
  return {
      field<&T::autoscale, &A::enabled>("autoscale.enabled", boolean(),
                                        "Adds and removes endpoints of the first group.",
                                        "off; on once another setting of it is named"),
      field<&T::autoscale, &A::min>("autoscale.min", count(1, 10'000), "Never fewer than this.", "one serves"),
      field<&T::autoscale, &A::max>("autoscale.max", count(1, 10'000), "Never more.", "a limit of somebody's budget"),
      field<&T::autoscale, &A::target_percent>("autoscale.target", percent(1, 100),
                                               "Busy share of all places to keep to.",
                                               "room for a peak as long as it takes to boot"),
      field<&T::autoscale, &A::every>("autoscale.every", duration(kMillisecond, kDay), "How often it looks.",
                                      "as Kubernetes does"),
      field<&T::autoscale, &A::boot>("autoscale.boot", duration(Duration{}, kDay),
                                     "From the decision until the new endpoint serves.", "a machine and a container"),
      field<&T::autoscale, &A::cool_down>("autoscale.cool_down", duration(Duration{}, kDay),
                                          "No removal within this long of any change.", "as Kubernetes does"),
  };
}

Section<TierSpec> make_tier() {
  Section<TierSpec> made{"Tiers",
                         "tiers[]",
                         "One cluster with the gateways in front of it.",
                         {{"calls", "What its endpoints ask of the next tier while they work on a request."},
                          {"cache", "A cache in front of the next tier.", "cache.mode", "none"},
                          {"autoscale", "Target tracking, as clouds do it.", "autoscale.enabled", "false"}},
                         tier_basics()};
  for (auto& each : tier_cache()) made.settings.push_back(each);
  for (auto& each : tier_autoscale()) made.settings.push_back(each);
  return made;
}

std::vector<Setting<EndpointGroupSpec>> endpoint_work() {
  using E = EndpointGroupSpec;
  return {
      field<&E::count>("count", count(1, kEndpointsMax), "How many like this.",
                       "write it: one endpoint needs no proxy"),
      field<&E::zone>("zone", name(0), "Where they are.", "in no zone"),
      field<&E::weight>("weight", count(0, 1'000), "As in weir.yaml.", "equal endpoints get equal shares"),
      field<&E::priority>("priority", count(0, 9), "As in weir.yaml.", "all share the load"),
      field<&E::concurrency>("concurrency", count(1, 1'000'000),
                             "Requests each works on at once, waiting for calls included; others queue in it.",
                             "one worker process; a thread pool has more"),
      field<&E::queue>("queue", count(0, kMany), "Room in that queue; beyond it 503 at once.",
                       "most servers queue without limit, to their harm"),
      field<&E::max_connections>("max_connections", count(1, kMany).or_word("unlimited"),
                                 "Requests in it, at work and waiting, beyond which connecting is refused.",
                                 "what a database has"),
      structured<E>("service_time", structure("a duration, or a map such as {distribution: lognormal, mean: 20ms}"),
                    "Work per request; see Durations that vary.", "10ms, always"),
      field<&E::speed_percent>("speed", percent(1, 10'000), "At 50% everything takes twice as long.",
                               "as fast as it says"),
  };
}

std::vector<Setting<EndpointGroupSpec>> endpoint_weakness() {
  using E = EndpointGroupSpec;
  return {
      field<&E::contention_ppm>("contention_ppm", count(0, 1'000'000),
                                "Universal scalability law: sigma in millionths, what grows with the number at work.",
                                "work does not hinder other work"),
      field<&E::coherency_ppm>("coherency_ppm", count(0, 1'000'000),
                               "The same: kappa in millionths, what grows with its square.", "the same"),
      field<&E::warm_up>("warm_up.length", duration(kMillisecond, kLongest).or_word("off"),
                         "After a (re)start it is slow for so long.", "never cold"),
      field<&E::cold_percent>("warm_up.cold", percent(100, 100'000),
                              "At first with so much of its service time, falling in a straight line.",
                              "an empty cache and a compiler that has not begun"),
      field<&E::starts_cold>("warm_up.at_start", boolean(), "Cold at the beginning of the run too.",
                             "most runs ask what happens later"),
      field<&E::pause_every>("pause.every", duration(kMillisecond, kLongest).or_word("off"),
                             "Everything in it stands still so often, each endpoint at its own times.",
                             "no such pauses"),
      field<&E::pause_length>("pause.length", duration(kMicrosecond, kLongest), "For so long.",
                              "an old garbage collector"),
  };
}

Section<EndpointGroupSpec> make_endpoints() {
  Section<EndpointGroupSpec> made{"Endpoints",
                                  "tiers[].endpoints[]",
                                  "A group of like endpoints. They are numbered from 0 over the groups of their tier.",
                                  {{"warm_up", "Slow after a start.", "warm_up.length", "off"},
                                   {"pause", "Stop-the-world pauses.", "pause.every", "off"}},
                                  endpoint_work()};
  for (auto& each : endpoint_weakness()) made.settings.push_back(each);
  return made;
}

Section<FaultSpec> make_fault() {
  using F = FaultSpec;
  return {
      "Faults",
      "faults[]",
      "die: connections are refused, what was under way is reset. half_dead: accepts and never answers. slow: "
      "service times are multiplied. errors: a share of requests is answered 500 at once. partition: nothing passes "
      "between it and the gateways. cold_cache: its cache is emptied and it warms up anew. drain: by the "
      "administrator.",
      {},
      {
          field<&F::kind>("kind", choice(kFaultNames).and_required(), "What happens.", "to be said"),
          field<&F::at>("at", duration(Duration{}, kLongest).and_required(), "When it begins.", "to be said"),
          field<&F::length>("for", duration(kMillisecond, kLongest).or_word("ever"), "How long it lasts.",
                            "to the end of the run"),
          field<&F::repeat_every>("every", duration(kMillisecond, kLongest).or_word("once"),
                                  "Flapping: it begins again so often.", "once is enough to learn from"),
          structured<F>("tier", structure("the name of a tier"), "Where.", "the first tier"),
          structured<F>("endpoints", structure("a number such as 2, a range such as 0-4, or all"),
                        "Which of the tier, counted from 0 over its groups.", "0: one, the first"),
          field<&F::percent>("percent", percent(1, 1'000'000),
                             "slow: of the service time, to be given; errors: of the requests.", "all of them"),
      }};
}

template <class Owner>
Section<Owner> without(const Section<Owner>& section, std::string_view path, std::string_view doc,
                       std::initializer_list<std::string_view> names) {
  Section<Owner> made = section;
  made.path = path;
  made.doc = doc;
  for (const std::string_view gone : names) {
    const auto is = [&](std::string_view name) { return name == gone || name.starts_with(std::string(gone) + "."); };
    std::erase_if(made.settings, [&](const auto& each) { return is(each.info.name); });
    std::erase_if(made.groups, [&](const auto& each) { return is(each.name); });
  }
  return made;
}

}  // namespace

const Section<ClusterConfig>& tier_cluster_section() {
  static const Section<ClusterConfig> made = without(
      section<ClusterConfig>(), "tiers[].cluster",
      "Production's settings, with production's meaning, without addresses. Taken and without effect here, so that a "
      "cluster can be copied from weir.yaml: `connection_pool`, `protocol` and `pipeline`.",
      {"endpoints", "resolve"});
  return made;
}

const Section<RouteConfig>& tier_route_section() {
  static const Section<RouteConfig> made =
      without(section<RouteConfig>(), "tiers[].route",
              "Production's settings, without what says where requests go, and upgrades.",
              {"name", "match", "to", "redirect", "respond", "rewrite", "request_headers", "response_headers",
               "split_by", "sticky", "mirror", "switch", "upgrade", "rate_limit"});
  return made;
}

}  // namespace weir::sim

namespace weir::model {

template <>
const Section<sim::TierSpec>& section<sim::TierSpec>() {
  static const Section<sim::TierSpec> made = sim::make_tier();
  return made;
}

template <>
const Section<sim::EndpointGroupSpec>& section<sim::EndpointGroupSpec>() {
  static const Section<sim::EndpointGroupSpec> made = sim::make_endpoints();
  return made;
}

template <>
const Section<sim::FaultSpec>& section<sim::FaultSpec>() {
  static const Section<sim::FaultSpec> made = sim::make_fault();
  return made;
}

}  // namespace weir::model
