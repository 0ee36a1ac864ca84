#include "drill/schema.h"

#include <algorithm>
#include <array>

#include "load/plan_schema.h"
#include "model/shapes.h"

namespace weir::drill {
namespace {

using namespace model;  // the words of the tables

constexpr Duration kMillisecond = Duration::ms(1);
constexpr Duration kSecond = Duration::s(1);
constexpr Duration kLongest = Duration::s(600);
constexpr uint64_t kGB = 1'000'000'000;

// In the order of the enumerations: the value of a choice is its index.
constexpr std::array<std::string_view, 8> kKinds{"kill",         "stop",   "application", "network",
                                                 "slow_clients", "reload", "use",         "rate"};
constexpr std::array<std::string_view, 3> kCloses{"off", "fin", "reset"};
constexpr std::array<std::string_view, 2> kTargets{"weir", "endpoint"};

Section<Drill> make_drill() {
  using D = Drill;
  using P = PhaseSpec;
  using L = Limits;
  return {
      "The file",
      "",
      "What stands at the top of a drill.",
      {{"phases", "How long each part of an arm takes, in whole seconds."},
       {"blast_radius", "What the drill may break. Beyond it, the fault is taken back and the drill ends with 3."},
       {"abort", "When a second is so bad, for so long, the fault is taken back and the drill ends with 3."}},
      {
          field<&D::title>("title", text(1, 200).and_required(), "One line: what breaks.", "the list shows it"),
          field<&D::about>("about", text(0, 4096), "What is to be learnt; over several lines with `>-`.",
                           "the title may say it all"),
          field<&D::remedy>("remedy", text(0, 400), "The remedy, in the words of the verdict.", "to be said"),
          field<&D::seed>("seed", count(0, UINT64_MAX), "Of arrivals, ids and faults.", "any is as good; --seed"),
          field<&D::instances>("instances", count(1, 16), "The first so many of the stack take part.",
                               "what `weir up` starts"),
          structured<D>("hypothesis", structure("a list such as [errors < 0.1%, p99 < 100ms]").and_required(),
                        "The steady state: must hold before any fault, and again afterwards.",
                        "without it nothing "
                        "could be said to have recovered"),
          structured<D>("load", structure("a map such as {rate: 300}"),
                        "What the clients do, as in a plan of `weir load`; see Load.",
                        "200 requests a second for pages of 1000 users"),
          structured<D>("faults", structure("a list of faults, or one").and_required(), "What breaks; see Faults.",
                        "it would be no drill"),
          structured<D>("arms", structure("a list of arms").and_required(),
                        "Configurations that meet the same load and the same faults; see Arms.",
                        "usually one without the remedy, one with it"),
          structured<D>("expect", structure("a list such as [with.during.errors < 0.5%]").and_required(),
                        "Numbers that must hold; see Expectations.", "a drill that cannot fail teaches nothing"),
          field<&D::phases, &P::warm_up>("phases.warm_up", duration(Duration{}, kLongest),
                                         "Load that counts for nothing.", "connections open, caches fill"),
          field<&D::phases, &P::before>("phases.before", duration(kSecond, kLongest), "The steady state is verified.",
                                        "long enough for a p99 at 200 requests a second"),
          field<&D::phases, &P::during>("phases.during", duration(kSecond, kLongest), "The faults' time.",
                                        "probes and outlier detection have acted by then"),
          field<&D::phases, &P::after>("phases.after", duration(kSecond, kLongest),
                                       "The steady state has to come back.", "an ejection of 5s and a start are over"),
          field<&D::limits, &L::instances>("blast_radius.instances", count(1, 64).or_word("all"),
                                           "Instances that faults may touch, at most; checked before anything is done.",
                                           "one can be missed"),
          field<&D::limits, &L::failed_percent>("blast_radius.failed", percent(1, 100),
                                                "Requests of the phase of faults that may fail.", "half of them"),
          field<&D::limits, &L::abort_percent>("abort.errors", percent(1, 100), "Errors in one second.",
                                               "nearly nothing works any more"),
          field<&D::limits, &L::abort_after>("abort.for", duration(kSecond, kLongest), "For so long.",
                                             "one bad second is what a drill is for"),
      }};
}

/// A name that outlives the table: views of it are what a Setting holds.
struct DirectionNames {
  std::string_view delay, jitter, drop, close, corrupt, limit_rate, split, half_open;
};
constexpr DirectionNames kUpstream{"upstream.delay",   "upstream.jitter",     "upstream.drop",  "upstream.close",
                                   "upstream.corrupt", "upstream.limit_rate", "upstream.split", "upstream.half_open"};
constexpr DirectionNames kDownstream{"downstream.delay", "downstream.jitter",   "downstream.drop",
                                     "downstream.close", "downstream.corrupt",  "downstream.limit_rate",
                                     "downstream.split", "downstream.half_open"};

template <LinkFaults ProxyFaults::*Side>
std::vector<Setting<FaultSpec>> direction(const DirectionNames& names) {
  constexpr auto kNetwork = &FaultSpec::network;
  using L = LinkFaults;
  return {
      field<kNetwork, Side, &L::delay>(names.delay, duration(Duration{}, kLongest), "Every byte is so late.", "none"),
      field<kNetwork, Side, &L::jitter>(names.jitter, duration(Duration{}, kLongest), "And by up to so much more.",
                                        "none"),
      field<kNetwork, Side, &L::drop>(names.drop, boolean(), "Bytes vanish.", "they arrive"),
      field<kNetwork, Side, &L::close>(names.close, choice(kCloses), "A connection ends as soon as a byte comes.",
                                       "it stays"),
      field<kNetwork, Side, &L::corrupt_percent>(names.corrupt, percent(0, 100), "Pieces with a byte changed.", "none"),
      field<kNetwork, Side, &L::limit_rate>(names.limit_rate, bytes(1, kGB).or_word("off"),
                                            "Bytes per second of all connections to an instance.", "no limit"),
      field<kNetwork, Side, &L::split>(names.split, count(1, 65'536).or_word("off"),
                                       "Pieces of at most so many bytes, 1ms apart.", "as they come"),
      field<kNetwork, Side, &L::half_open>(names.half_open, boolean(),
                                           "Whoever sends is cut off, whoever receives is not told.", "both know"),
  };
}

Section<FaultSpec> make_fault() {
  using F = FaultSpec;
  using A = ApplicationFault;
  Section<F> made{
      "Faults",
      "faults[]",
      "kill: SIGKILL, and started again afterwards. stop: SIGSTOP, then SIGCONT. application: through the reference "
      "application's fault port. network: a fault proxy between Weir and the instance, which is there in every phase. "
      "slow_clients: connections that send a request's head a byte at a time. reload: the configuration is read again "
      "and again. use: the cluster has only the first so many instances. rate: the load changes.",
      {{"upstream", "network: bytes to the instance."}, {"downstream", "network: bytes from the instance."}},
      {
          field<&F::kind>("kind", choice(kKinds).and_required(), "What happens.", "to be said"),
          field<&F::instances>("instances", count(1, 64).or_word("all"), "How many, counted from the last.",
                               "one can be missed"),
          field<&F::at>("at", duration(Duration{}, kLongest), "Since the phase began.", "at once"),
          field<&F::length>("for", duration(kMillisecond, kLongest).or_word("ever"), "How long.",
                            "to the end of the phase"),
          field<&F::every>("every", duration(kMillisecond, kLongest).or_word("once"),
                           "It begins again so often; a reload is repeated so often.", "once"),
          field<&F::application, &A::delay>("delay", duration(Duration{}, kLongest), "application: before each answer.",
                                            "none"),
          field<&F::application, &A::error_percent>("errors", percent(0, 100), "application: answered with 500.",
                                                    "none"),
          field<&F::application, &A::half_dead>("half_dead", boolean(), "application: accepts, reads, never answers.",
                                                "it answers"),
          field<&F::application, &A::slow_body>("slow_body", bytes(1, kGB).or_word("off"),
                                                "application: bytes of a body per second.", "as fast as it goes"),
          field<&F::application, &A::spare_health>("spare_health", boolean(),
                                                   "application: the health check sees nothing of it.",
                                                   "the probe suffers as requests do"),
          field<&F::clients>("clients", count(1, 5'000), "slow_clients: how many.", "enough to be felt"),
          field<&F::endpoints>("endpoints", count(1, 64).or_word("all"), "use: the first so many instances.", "all"),
          custom<F>(
              "rate", count(1, 100'000).or_word("off"), "rate: requests per second.", "to be said",
              [](const F& fault) { return Value{static_cast<uint64_t>(fault.rate)}; },
              [](F& fault, const Value& value) { fault.rate = static_cast<double>(std::get<uint64_t>(value)); }),
          field<&F::network, &ProxyFaults::connection_limit>("connection_limit", count(1, 8'192).or_word("off"),
                                                             "network: connections beyond it are reset.", "no limit"),
      }};
  for (auto& each : direction<&ProxyFaults::upstream>(kUpstream)) made.settings.push_back(each);
  for (auto& each : direction<&ProxyFaults::downstream>(kDownstream)) made.settings.push_back(each);
  return made;
}

Section<Arm> make_arm() {
  using A = Arm;
  return {"Arms",
          "arms[]",
          "A configuration. All arms begin with what `weir up` writes: p2c, and a health check each second.",
          {},
          {
              field<&A::name>("name", name().and_required(), "What expectations call it.", "to be said"),
              field<&A::about>("about", text(0, 400), "What is different.", "the name may say it"),
              field<&A::target>("target", choice(kTargets),
                                "Where the load goes: endpoint is the last instance, past "
                                "Weir.",
                                "what this is about"),
              field<&A::endpoints>("endpoints", count(1, 64).or_word("all"),
                                   "The cluster's: the first so many "
                                   "instances.",
                                   "all"),
              structured<A>("cluster", structure("a map of a cluster's settings"), "As in weir.yaml.", "as it is"),
              structured<A>("route", structure("a map with timeout or retry"), "As in weir.yaml.", "as it is"),
              structured<A>("listener", structure("a map with limits or timeouts"), "As in weir.yaml.", "as it is"),
          }};
}

template <class Owner>
Section<Owner> without(const Section<Owner>& section, std::string_view path,
                       std::initializer_list<std::string_view> names) {
  Section<Owner> made = section;
  made.path = path;
  for (const std::string_view gone : names) {
    const auto is = [&](std::string_view name) { return name == gone || name.starts_with(std::string(gone) + "."); };
    std::erase_if(made.settings, [&](const auto& each) { return is(each.info.name); });
    std::erase_if(made.groups, [&](const auto& each) { return is(each.name); });
  }
  return made;
}

}  // namespace

bool uses(FaultKind kind, std::string_view setting) {
  const auto any = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), setting) != names.end();
  };
  if (any({"kind", "at", "for"})) return true;
  switch (kind) {
    case FaultKind::kill:
    case FaultKind::stop: return any({"instances", "every"});
    case FaultKind::application:
      return any({"instances", "every", "delay", "errors", "half_dead", "slow_body", "spare_health"});
    case FaultKind::network: return any({"instances", "every", "upstream", "downstream", "connection_limit"});
    case FaultKind::slow_clients: return any({"clients"});
    case FaultKind::reload: return any({"every"});
    case FaultKind::use: return any({"endpoints"});
    case FaultKind::rate: return any({"rate", "every"});
  }
  return false;
}

std::string_view name_of(FaultKind kind) { return kKinds[static_cast<size_t>(kind)]; }

const model::Section<load::Plan>& load_section() {
  static const auto made = [] {
    auto its =
        without(section<load::Plan>(), "load", {"target", "stages", "duration", "warm_up", "connections", "seed"});
    its.title = "Load";
    its.doc =
        "A plan of `weir load`, in an open loop: requests come at their time, whether or not the ones before were "
        "answered. Unlike there, a drill begins with 200 requests a second, 200 connections and a timeout of 3s.";
    return its;
  }();
  return made;
}

const model::Section<model::ClusterConfig>& arm_cluster_section() {
  static const auto made = without(section<ClusterConfig>(), "arms[].cluster", {"endpoints", "resolve"});
  return made;
}

const model::Section<model::RouteConfig>& arm_route_section() {
  static const auto made = without(section<RouteConfig>(), "arms[].route",
                                   {"name", "match", "to", "redirect", "respond", "rewrite", "request_headers",
                                    "response_headers", "split_by", "sticky", "mirror", "switch", "rate_limit"});
  return made;
}

const model::Section<model::ListenerConfig>& arm_listener_section() {
  static const auto made =
      without(section<ListenerConfig>(), "arms[].listener", {"name", "http", "to", "routes", "access_log", "tls"});
  return made;
}

}  // namespace weir::drill

namespace weir::model {

template <>
const Section<drill::Drill>& section<drill::Drill>() {
  static const Section<drill::Drill> made = drill::make_drill();
  return made;
}

template <>
const Section<drill::FaultSpec>& section<drill::FaultSpec>() {
  static const Section<drill::FaultSpec> made = drill::make_fault();
  return made;
}

template <>
const Section<drill::Arm>& section<drill::Arm>() {
  static const Section<drill::Arm> made = drill::make_arm();
  return made;
}

}  // namespace weir::model
