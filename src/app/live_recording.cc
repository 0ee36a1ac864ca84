#include "app/live_recording.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "net/wall_clock.h"

namespace weir::app {

void LiveRecording::begin(const Plan& plan) {
  CHECK(phase_ != Phase::recording);
  phase_ = Phase::recording;
  plan_ = plan;
  ++number_;
  csv_ = std::string();
  gathered_.clear();
  missing_ = proxy_.workers().size();
  begun_ = net::read_clock();
  started_ = net::WallClock().timestamp();
  const Instant until = begun_ + plan.length;
  const size_t capacity = kMaxRequests / missing_;
  for (const auto& worker : proxy_.workers()) {
    worker->loop().post([&each = *worker, cluster = plan.cluster, until, capacity] {
      each.recorder().begin(cluster, until, capacity);
    });
  }
  loop_.arm(timer_, plan.length + plan.linger);
}

Duration LiveRecording::left() const {
  return std::max(begun_ + plan_.length + plan_.linger - net::read_clock(), Duration{});
}

void LiveRecording::on_timer() {
  if (phase_ == Phase::recording) return collect();
  phase_ = Phase::none;
  csv_ = std::string();
}

/// Each worker ends its part and posts it back here. Its thread is joined before our loop goes.
void LiveRecording::collect() {
  for (const auto& worker : proxy_.workers()) {
    worker->loop().post([&each = *worker, &loop = loop_, number = number_, self = std::weak_ptr(self_)] {
      // std::function must be copyable, and copies of a recording are dear: it travels in a shared box.
      auto box = std::make_shared<l7::Records>(each.recorder().end());
      loop.post([box, number, self] {
        if (const auto alive = self.lock()) (*alive)->take(number, std::move(*box));
      });
    });
  }
}

void LiveRecording::take(uint64_t number, l7::Records records) {
  if (number != number_ || phase_ != Phase::recording) return;
  gathered_.push_back(std::move(records));
  if (--missing_ == 0) finish();
}

void LiveRecording::finish() {
  sim::Recording recording = recording_of(std::exchange(gathered_, {}), begun_);
  recording.version = WEIR_VERSION;
  recording.started = started_;
  recording.length = plan_.length;
  csv_ = sim::write_recording(recording);
  phase_ = Phase::ready;
  loop_.arm(timer_, plan_.keep);
}

namespace {

/// Clusters and endpoints of all snapshots by name, in the order of their first appearance; the policy is the latest.
class Names {
 public:
  explicit Names(std::vector<sim::RecordedCluster>& clusters) : clusters_(clusters) {}

  uint32_t cluster(const upstream::Cluster& live) {
    const auto found =
        std::find_if(clusters_.begin(), clusters_.end(), [&](const auto& each) { return each.name == live.name(); });
    if (found != clusters_.end()) {
      add(*found, live);
      return static_cast<uint32_t>(found - clusters_.begin());
    }
    clusters_.push_back({.name = live.name()});
    add(clusters_.back(), live);
    return static_cast<uint32_t>(clusters_.size() - 1);
  }

  [[nodiscard]] uint32_t endpoint(uint32_t cluster, const std::string& name) const {
    const auto& endpoints = clusters_[cluster].endpoints;
    return static_cast<uint32_t>(std::find(endpoints.begin(), endpoints.end(), name) - endpoints.begin());
  }

 private:
  static void add(sim::RecordedCluster& cluster, const upstream::Cluster& live) {
    cluster.policy = live.config().policy;
    for (const auto& each : live.endpoints()) {
      const auto found = std::find(cluster.endpoints.begin(), cluster.endpoints.end(), each->name);
      if (found == cluster.endpoints.end()) cluster.endpoints.push_back(each->name);
    }
  }

  std::vector<sim::RecordedCluster>& clusters_;
};

/// For each cluster of a snapshot, and each of its endpoints, the index in the recording.
struct Translation {
  uint32_t cluster = 0;
  std::vector<uint32_t> endpoints;
};

std::vector<Translation> translate(Names& names, const l7::Snapshot& snapshot) {
  std::vector<Translation> all;
  for (const auto& cluster : snapshot.clusters) {
    Translation& translation = all.emplace_back(Translation{.cluster = names.cluster(*cluster), .endpoints = {}});
    for (const auto& each : cluster->endpoints()) {
      translation.endpoints.push_back(names.endpoint(translation.cluster, each->name));
    }
  }
  return all;
}

sim::RecordedRequest request_of(const l7::Record& record, const std::vector<Translation>& snapshot, Instant begun) {
  const Translation& cluster = snapshot[record.cluster];
  sim::RecordedRequest request;
  request.arrived = record.arrived - begun;
  request.attempt = record.attempt;
  request.first_byte = record.first_byte;
  request.latency = record.latency;
  request.path_hash = record.path_hash;
  request.bytes_in = record.bytes_in;
  request.bytes_out = record.bytes_out;
  request.cluster = cluster.cluster;
  if (record.endpoint != l7::Record::kNoEndpoint) request.endpoint = cluster.endpoints[record.endpoint];
  request.tries = record.tries;
  request.status = record.status;
  request.idempotent = record.idempotent;
  return request;
}

}  // namespace

sim::Recording recording_of(const std::vector<l7::Records>& gathered, Instant begun) {
  sim::Recording recording;
  Names names(recording.clusters);
  for (const l7::Records& part : gathered) {
    std::vector<std::vector<Translation>> snapshots;
    for (const auto& snapshot : part.snapshots) snapshots.push_back(translate(names, *snapshot));
    for (const l7::Record& record : part.records) {
      recording.requests.push_back(request_of(record, snapshots[record.snapshot], begun));
    }
    recording.dropped += part.dropped;
  }
  std::stable_sort(recording.requests.begin(), recording.requests.end(),
                   [](const auto& a, const auto& b) { return a.arrived < b.arrived; });
  return recording;
}

}  // namespace weir::app
