#include "sim/schema.h"

#include <algorithm>
#include <array>

#include "model/shapes.h"

namespace weir::sim {
namespace {

using namespace model;  // the words of the tables

constexpr Duration kMicrosecond = Duration::us(1);
constexpr Duration kMillisecond = Duration::ms(1);
constexpr Duration kSecond = Duration::s(1);
constexpr Duration kHour = Duration::s(3600);
constexpr Duration kDay = Duration::s(24 * 3600);
constexpr Duration kLongest = Duration::s(30 * 24 * 3600);
constexpr uint32_t kMany = 10'000'000;
constexpr uint64_t kGB = 1'000'000'000;

// In the order of the enumerations: the value of a choice is its index.
constexpr std::array<std::string_view, 6> kDistributions{"constant", "exponential", "lognormal",
                                                         "bimodal",  "pareto",      "measured"};
constexpr std::array<std::string_view, 3> kArrivals{"poisson", "constant", "closed"};

Section<Scenario> make_scenario() {
  return {
      "The file",
      "",
      "What stands at the top of the file.",
      {{"network", "What lies between clients, gateways and endpoints."}},
      {
          field<&Scenario::title>("title", text(0, 200), "One line that says what this is about.",
                                  "the file's name says something too"),
          field<&Scenario::about>("about", text(0, 4096),
                                  "A paragraph for the report; written over several lines with `>-`.",
                                  "not every scenario needs telling"),
          field<&Scenario::duration>("duration", duration(kSecond, kLongest),
                                     "How long the world runs, in its own time.",
                                     "long enough for outlier detection to act and recover"),
          field<&Scenario::warm_up>(
              "warm_up", duration(Duration{}, kLongest),
              "Requests that arrive earlier count for nothing but the laws: queues begin empty, which flatters.",
              "the default slow start and outlier window are over by then"),
          field<&Scenario::seed>("seed", count(0, UINT64_MAX), "Of all chance. The same seed gives the same run.",
                                 "any is as good as another; --seed tries others"),
          field<&Scenario::network, &NetworkSpec::same_zone>(
              "network.same_zone", duration(Duration{}, kHour).or_word("none"),
              "One way, within a zone and to what is in no zone.", "little beside any service time"),
          field<&Scenario::network, &NetworkSpec::cross_zone>(
              "network.cross_zone", duration(Duration{}, kHour).or_word("none"), "One way, from zone to zone.",
              "zones of one region are about 1ms apart, there and back"),
          field<&Scenario::network, &NetworkSpec::cents_per_gb>(
              "network.cents_per_gb", count(0, 10'000),
              "For a gigabyte that leaves a zone, and again where it enters one.", "what large clouds ask"),
          structured<Scenario>("clients", structure("a list of clients, or one").and_required(),
                               "Who asks the first tier; see Clients.", "nothing happens without them"),
          structured<Scenario>("tiers", structure("a list of tiers, or one").and_required(),
                               "Who serves: clients call the first, its endpoints the second, and so on. See Tiers.",
                               "somebody has to answer"),
          structured<Scenario>("faults", structure("a list of faults, or one"), "What goes wrong; see Faults.",
                               "all is well"),
          structured<Scenario>("variants", structure("a list of maps such as {name: p2c, set: {...}}"),
                               "The same world, changed; see Variants. Without any, the file is run as it is.",
                               "one run needs no name"),
      }};
}

Section<VariantHead> make_variant() {
  return {"Variants",
          "variants[]",
          "Runs to set side by side. All see the same arrivals, as far as their settings let them.",
          {},
          {
              field<&VariantHead::name>("name", text(1, 40).and_required(), "What the report calls it.",
                                        "two runs need telling apart"),
              structured<VariantHead>("set", structure("a map of settings"),
                                      "What is different from the file; see How variants are merged.",
                                      "one variant is often the file as it is"),
          }};
}

std::vector<Setting<ClientSpec>> client_rate() {
  using C = ClientSpec;
  return {
      field<&C::name>("name", name(), "What variants call it.", "one sort of clients needs no name"),
      field<&C::zone>("zone", name(0), "Where they are: gateways of this zone are asked first.", "in no zone"),
      field<&C::arrivals>("arrivals", choice(kArrivals),
                          "poisson and constant come whether or not they are answered, an open loop; closed is so many "
                          "connections that ask, wait for the answer, think and ask again.",
                          "many people who do not know of each other; a closed loop would hide every delay it causes"),
      field<&C::rate>("rate", count(0, kMany), "Open loop: requests per second.", "small, so that a run is short"),
      structured<C>("stages", structure("a list of changes such as {at: 30s, rate: 500, over: 10s}"),
                    "Open loop: changes of the rate; see Stages.", "the rate stays as it is"),
      field<&C::burst_every>("burst.every", duration(kMillisecond, kLongest).or_word("off"),
                             "A burst begins so often, the first after this time.", "no bursts"),
      field<&C::burst_length>("burst.length", duration(kMillisecond, kLongest), "How long a burst lasts.",
                              "as a batch job or a push notification does it"),
      field<&C::burst_percent>("burst.rate", percent(0, 100'000), "Of the rate, while a burst lasts.",
                               "enough to see what queues do"),
      field<&C::day>("day.period", duration(kSecond, kLongest).or_word("off"),
                     "Period of a rate that swings as a sine, rising first.", "no time of day"),
      field<&C::day_swing_percent>("day.swing", percent(0, 100), "How far it swings around its mean.",
                                   "peak three times the night, as on many sites"),
      field<&C::connections>("connections", count(1, kConnectionsMax), "Closed loop: how many.", "a small load test"),
      structured<C>("think", structure("a duration, or a map such as {distribution: exponential, mean: 1s}"),
                    "Closed loop: pause before the next request; see Durations that vary.",
                    "a load generator does not think; with it, network.same_zone must not be none"),
  };
}

Section<ClientSpec> make_client() {
  using C = ClientSpec;
  Section<C> made{"Clients",
                  "clients[]",
                  "Who asks, how often, and for what.",
                  {{"burst", "Peaks that come again and again.", "burst.every", "off"},
                   {"day", "A rate that follows the time of day.", "day.period", "off"},
                   {"keys", "Distinct things asked for; what `hash_on: path` hashes and caches hold."},
                   {"sessions", "Distinct clients; what `hash_on: client_ip` hashes."}},
                  client_rate()};
  const std::vector<Setting<C>> kinds{
      field<&C::keys>("keys.count", count(1, 1'000'000'000), "How many there are.", "some thousand pages"),
      field<&C::keys_zipf_percent>("keys.zipf", percent(0, 1'000),
                                   "Exponent of their popularity in hundredths; 0 is uniform, 100% Zipf's law.",
                                   "no page is hotter than another"),
      field<&C::sessions>("sessions.count", count(1, 1'000'000'000), "How many there are.", "some thousand people"),
      field<&C::sessions_zipf_percent>("sessions.zipf", percent(0, 1'000), "The same of how busy they are.",
                                       "nobody asks more than another"),
      field<&C::idempotent_percent>("idempotent", percent(0, 100), "How many may be tried again.",
                                    "most traffic reads"),
      field<&C::request_bytes>("request_size", bytes(0, kGB), "For what crosses zones.", "a head with a cookie"),
      field<&C::response_bytes>("response_size", bytes(0, kGB), "The same.", "an answer of an API"),
  };
  for (const auto& each : kinds) made.settings.push_back(each);
  return made;
}

Section<StageSpec> make_stage() {
  return {"Stages",
          "clients[].stages[]",
          "From `at` on, the rate moves in a straight line to `rate`, which it reaches `over` later.",
          {},
          {
              field<&StageSpec::at>("at", duration(Duration{}, kLongest).and_required(), "When it begins.",
                                    "it ends whatever change was under way"),
              field<&StageSpec::rate>("rate", count(0, kMany).and_required(), "Requests per second, from then on.",
                                      "0 is silence"),
              field<&StageSpec::over>("over", duration(Duration{}, kLongest), "How long the change takes.", "a step"),
          }};
}

Section<VariateSpec> make_variate() {
  using V = VariateSpec;
  return {"Durations that vary",
          "service_time, think",
          "Drawn anew for every request. Short form: the mean alone, which then does not vary.",
          {},
          {
              field<&V::distribution>("distribution", choice(kDistributions),
                                      "Its shape. Most services are lognormal: a body, and a tail to the right.",
                                      "no more chance than one asks for"),
              field<&V::mean>("mean", duration(kMicrosecond, kDay).or_word("none"),
                              "The mean; with bimodal that of the fast ones. Not for measured.", "a small web request"),
              field<&V::cv_percent>("cv", percent(1, 10'000), "lognormal: standard deviation, in percent of the mean.",
                                    "as spread as the exponential"),
              field<&V::slow>("slow", duration(kMicrosecond, kDay).or_word("none"),
                              "bimodal: how long the slow ones take.", "to be given"),
              field<&V::slow_percent>("slow_share", percent(0, 100), "bimodal: how many are slow.",
                                      "rare enough to be overlooked in a mean"),
              field<&V::shape_percent>("exponent", percent(101, 10'000),
                                       "pareto: exponent in hundredths; up to 200% the variance is infinite.",
                                       "a heavy tail with a variance"),
              field<&V::file>("file", text(0, 4096),
                              "measured: a file with one duration per line, drawn from at random; relative to the "
                              "scenario's folder, at most a million lines.",
                              "to be given"),
          }};
}

}  // namespace

bool uses(Distribution distribution, std::string_view setting) {
  if (setting == "distribution") return true;
  switch (distribution) {
    case Distribution::constant:
    case Distribution::exponential: return setting == "mean";
    case Distribution::lognormal: return setting == "mean" || setting == "cv";
    case Distribution::bimodal: return setting == "mean" || setting == "slow" || setting == "slow_share";
    case Distribution::pareto: return setting == "mean" || setting == "exponent";
    case Distribution::measured: return setting == "file";
  }
  return false;
}

bool uses(Arrivals arrivals, std::string_view setting) {
  static constexpr std::string_view kOpenLoop[] = {"rate", "stages", "burst", "day"};
  static constexpr std::string_view kClosedLoop[] = {"connections", "think"};
  const std::string_view name = setting.substr(0, setting.find('.'));
  const auto is_name = [&](std::string_view each) { return each == name; };
  if (arrivals == Arrivals::closed) return std::ranges::none_of(kOpenLoop, is_name);
  return std::ranges::none_of(kClosedLoop, is_name);
}

}  // namespace weir::sim

namespace weir::model {

template <>
const Section<sim::Scenario>& section<sim::Scenario>() {
  static const Section<sim::Scenario> made = sim::make_scenario();
  return made;
}

template <>
const Section<sim::VariantHead>& section<sim::VariantHead>() {
  static const Section<sim::VariantHead> made = sim::make_variant();
  return made;
}

template <>
const Section<sim::ClientSpec>& section<sim::ClientSpec>() {
  static const Section<sim::ClientSpec> made = sim::make_client();
  return made;
}

template <>
const Section<sim::StageSpec>& section<sim::StageSpec>() {
  static const Section<sim::StageSpec> made = sim::make_stage();
  return made;
}

template <>
const Section<sim::VariateSpec>& section<sim::VariateSpec>() {
  static const Section<sim::VariateSpec> made = sim::make_variate();
  return made;
}

}  // namespace weir::model
