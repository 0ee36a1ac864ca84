#include "sim/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "sim/dequeue.h"

namespace weir::sim {
namespace {

using Requests = std::vector<RecordedRequest>;

/// Client to gateway, gateway to endpoint, and both back: the simulator has a delay on each.
constexpr int64_t kWays = 4;

Result<uint32_t, std::string> choose_cluster(const Recording& recording, const std::string& wanted) {
  const auto& clusters = recording.clusters;
  if (wanted.empty() && clusters.size() == 1) return 0;
  std::vector<std::string_view> names;
  for (size_t i = 0; i < clusters.size(); ++i) {
    if (clusters[i].name == wanted) return static_cast<uint32_t>(i);
    names.push_back(clusters[i].name);
  }
  if (names.empty()) return fail(std::string("the recording names no cluster"));
  if (wanted.empty())
    return fail(fmt::format("several clusters were recorded, choose one of {}", fmt::join(names, ", ")));
  return fail(fmt::format("cluster {} was not recorded, expected {}", wanted, fmt::join(names, ", ")));
}

template <class Value>
Value median_of(std::vector<Value> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The demand of each request, those that nobody answered included.
std::vector<Duration> find_demands(const Requests& requests, const ReplayOptions& options, Replay& replay) {
  std::vector<Visit> visits;
  for (const RecordedRequest& each : requests) {
    if (!each.answered()) continue;
    visits.push_back({each.endpoint, each.arrived + each.attempt, each.arrived + each.latency});
  }
  const Demands found = options.concurrency == 0 ? demands_behind(visits) : demands_behind(visits, options.concurrency);
  replay.concurrency = found.places;
  replay.concurrency_inferred = options.concurrency == 0;
  replay.impossible = found.impossible;

  const Duration median = median_of(found.demand);
  std::vector<Duration> demands;
  size_t next = 0;
  for (const RecordedRequest& each : requests) demands.push_back(each.answered() ? found.demand[next++] : median);
  return demands;
}

void compare_endpoints(const Requests& requests, const std::vector<Duration>& demands, Replay& replay) {
  struct Sum {
    double ns = 0;
    double count = 0;
  };
  std::vector<Sum> sums(replay.cluster.endpoints.size());
  Sum all;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (!requests[i].answered()) continue;
    for (Sum* sum : {&all, &sums[requests[i].endpoint]}) {
      sum->ns += static_cast<double>(demands[i].ns());
      ++sum->count;
    }
  }
  replay.mean_demand = Duration::ns(static_cast<int64_t>(all.ns / all.count));
  std::vector<double> means;
  for (const Sum& sum : sums) {
    if (sum.count > 0) means.push_back(sum.ns / sum.count);
  }
  const auto [least, most] = std::minmax_element(means.begin(), means.end());
  replay.demand_spread = *most / *least;
}

void count(const Requests& requests, Replay& replay) {
  double sum = 0;
  for (const RecordedRequest& each : requests) {
    if (each.arrived < Duration{}) continue;
    ++replay.requests;
    if (!each.answered()) ++replay.unanswered;
    if (each.status == 0 || each.status >= 500) continue;
    replay.recorded.record(static_cast<uint64_t>(each.latency.ns()));
    sum += static_cast<double>(each.latency.ns());
  }
  if (replay.recorded.count() > 0) replay.recorded_mean_ns = sum / static_cast<double>(replay.recorded.count());
}

ClientSpec clients_of(const Requests& requests, const std::vector<Duration>& demands, Duration shift) {
  ClientSpec clients{.name = "recorded", .arrivals = Arrivals::trace};
  clients.trace.reserve(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    clients.trace.push_back({.at = requests[i].arrived + shift,
                             .service = demands[i],
                             .key = requests[i].path_hash,
                             .idempotent = requests[i].idempotent});
  }
  return clients;
}

/// Long enough for whatever piles up to be answered: the end of a run may not swallow the slowest.
Duration time_to_drain(const std::vector<Duration>& demands) {
  Duration all = Duration::s(1);
  for (const Duration each : demands) all = all + each;
  return std::min(all, Duration::s(3600));
}

Scenario scenario_of(const Replay& replay, ClientSpec clients, Duration shift, Duration drain) {
  Scenario scenario;
  scenario.title = fmt::format("replay of {}", replay.cluster.name);
  scenario.warm_up = shift;
  scenario.duration = shift + replay.length + drain;
  scenario.clients.push_back(std::move(clients));
  TierSpec tier;
  tier.name = replay.cluster.name;
  tier.cluster.name = replay.cluster.name;
  tier.cluster.policy = replay.cluster.policy;
  tier.cluster.hash_on = model::HashOn::path;
  tier.cluster.slow_start = Duration{};
  EndpointGroupSpec endpoints;
  endpoints.count = static_cast<uint32_t>(replay.cluster.endpoints.size());
  endpoints.concurrency = replay.concurrency;
  endpoints.service_time.mean = replay.mean_demand;
  tier.endpoints.push_back(std::move(endpoints));
  scenario.tiers.push_back(std::move(tier));
  return scenario;
}

}  // namespace

double offered_percent(const Scenario& scenario, Duration length) {
  double demand = 0;
  for (const TraceEntry& each : scenario.clients.front().trace) {
    if (each.at >= scenario.warm_up) demand += each.service.seconds();
  }
  const EndpointGroupSpec& endpoints = scenario.tiers.front().endpoints.front();
  const double places = static_cast<double>(endpoints.count) * endpoints.concurrency;
  return demand / (places * length.seconds()) * 100 * 100 / endpoints.speed_percent;
}

Result<std::unique_ptr<Replay>, std::string> make_replay(const Recording& recording, const ReplayOptions& options) {
  const auto cluster = choose_cluster(recording, options.cluster);
  if (!cluster) return fail(cluster.error());
  auto replay = std::make_unique<Replay>();
  replay->cluster = recording.clusters[*cluster];
  replay->length = recording.length;
  Requests requests;
  for (const RecordedRequest& each : recording.requests) {
    if (each.cluster == *cluster) requests.push_back(each);
  }
  if (std::none_of(requests.begin(), requests.end(), [](const auto& each) { return each.answered(); })) {
    return fail(fmt::format("no request to cluster {} was answered while it was recorded", replay->cluster.name));
  }
  if (replay->length <= Duration{}) return fail(std::string("the recording has no length"));

  count(requests, *replay);
  const std::vector<Duration> demands = find_demands(requests, options, *replay);
  compare_endpoints(requests, demands, *replay);
  std::vector<Duration> before_sending;
  for (const RecordedRequest& each : requests) {
    if (each.answered() && each.tries == 1) before_sending.push_back(each.attempt);
  }
  const Duration shift = std::max(Duration{}, Duration{} - requests.front().arrived);
  replay->as_recorded = scenario_of(*replay, clients_of(requests, demands, shift), shift, time_to_drain(demands));
  if (!before_sending.empty()) replay->as_recorded.network.same_zone = median_of(before_sending) / kWays;

  replay->changed = replay->as_recorded;
  TierSpec& tier = replay->changed.tiers.front();
  if (options.policy) tier.cluster.policy = *options.policy;
  if (options.endpoints != 0) tier.endpoints.front().count = options.endpoints;
  tier.endpoints.front().speed_percent = options.speed_percent;
  return replay;
}

}  // namespace weir::sim
