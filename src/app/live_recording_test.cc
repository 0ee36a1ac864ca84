// A recording from beginning to end, with a proxy that runs; and how what workers remember becomes a recording.
#include "app/live_recording.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "model/config_reader.h"

namespace weir::app {
namespace {

using Phase = LiveRecording::Phase;

model::Config config_of(const char* text) {
  auto loaded = model::load_config_text(text, "weir.yaml");
  if (!loaded) ADD_FAILURE() << loaded.error().front().text();
  return loaded->config;
}

class LiveRecordingTest : public ::testing::Test {
 protected:
  LiveRecordingTest()
      : loop_(net::Loop::create().value()),
        proxy_(l7::Proxy::create(*loop_, config_of(R"(
listeners: [{http: "127.0.0.1:0", to: app, access_log: off}]
clusters: {app: ["127.0.0.1:1"]}
)"),
                                 2, 1)
                   .value()),
        recording_(std::make_unique<LiveRecording>(*loop_, *proxy_)) {
    proxy_->start();
    until([&] { return proxy_->serving(); });
  }
  void until(const std::function<bool()>& done) {
    for (int i = 0; i < 1000 && !done(); ++i) loop_->run_turn(Duration::ms(10));
    EXPECT_TRUE(done());
  }

  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<l7::Proxy> proxy_;
  std::unique_ptr<LiveRecording> recording_;
};

TEST_F(LiveRecordingTest, BeginsEndsAndIsForgotten) {
  EXPECT_EQ(recording_->phase(), Phase::none);
  const Duration short_time = Duration::ms(5);
  recording_->begin({.length = short_time, .linger = short_time, .keep = Duration::s(300)});
  EXPECT_EQ(recording_->phase(), Phase::recording);
  EXPECT_LE(recording_->left(), short_time * 2);
  until([&] { return recording_->phase() == Phase::ready; });
  const auto read = sim::read_recording(recording_->csv(), "csv");
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(read->length, short_time);
  EXPECT_EQ(read->version, WEIR_VERSION);
  EXPECT_EQ(read->started.size(), 24u) << read->started;

  recording_->begin({.length = short_time, .linger = short_time, .keep = short_time});
  until([&] { return recording_->phase() == Phase::ready; });
  until([&] { return recording_->phase() == Phase::none; });
  EXPECT_TRUE(recording_->csv().empty());
}

TEST_F(LiveRecordingTest, MayGoWhileWorkersHandOver) {
  recording_->begin({.length = Duration{}, .linger = Duration{}});
  loop_->run_turn(Duration::ms(10));
  recording_.reset();
  // What comes back after this came back after what they handed over.
  size_t passed = 0;
  for (const auto& worker : proxy_->workers()) {
    worker->loop().post([&] { loop_->post([&] { ++passed; }); });
  }
  until([&] { return passed == 2; });
}

TEST(RecordingOf, NamesAreThoseOfTheRequestsConfiguration) {
  const auto snapshot_of = [](const char* text) {
    auto snapshot = std::make_shared<l7::Snapshot>();
    snapshot->config = config_of(text);
    for (const auto& each : snapshot->config.clusters) {
      snapshot->clusters.push_back(upstream::Cluster::create(each, nullptr, Instant{}, 1).value());
    }
    return snapshot;
  };
  const auto before = snapshot_of(R"(
listeners: [{http: "127.0.0.1:0", to: app}]
clusters: {app: {endpoints: ["10.0.0.1:1", "10.0.0.2:1"], policy: round_robin}}
)");
  const auto after = snapshot_of(R"(
listeners: [{http: "127.0.0.1:0", to: app}]
clusters: {api: ["10.0.0.9:1"], app: {endpoints: ["10.0.0.3:1", "10.0.0.2:1"], policy: maglev}}
)");
  const Instant begun = Instant::from_ns(1'000);
  l7::Records first;
  first.snapshots = {before, after};
  first.dropped = 2;
  first.records = {{.arrived = begun + Duration::ns(30), .snapshot = 0, .cluster = 0, .endpoint = 1, .status = 200},
                   {.arrived = begun + Duration::ns(20), .snapshot = 1, .cluster = 1, .endpoint = 0}};
  l7::Records second;
  second.snapshots = {after};
  second.dropped = 3;
  second.records = {{.arrived = begun - Duration::ns(10), .snapshot = 0, .cluster = 1, .endpoint = 1},
                    {.arrived = begun + Duration::ns(40), .snapshot = 0, .cluster = 0}};

  const sim::Recording recording = recording_of({first, second}, begun);
  EXPECT_EQ(recording.dropped, 5u);
  ASSERT_EQ(recording.clusters.size(), 2u);
  const sim::RecordedCluster app{
      .name = "app", .policy = model::PolicyKind::maglev, .endpoints = {"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"}};
  EXPECT_EQ(recording.clusters[0], app);
  EXPECT_EQ(recording.clusters[1].name, "api");
  const struct {
    int64_t arrived;
    const char* cluster;
    const char* endpoint;
  } expected[] = {{-10, "app", "10.0.0.2:1"}, {20, "app", "10.0.0.3:1"}, {30, "app", "10.0.0.2:1"}, {40, "api", ""}};
  ASSERT_EQ(recording.requests.size(), std::size(expected));
  for (size_t i = 0; i < std::size(expected); ++i) {
    const sim::RecordedRequest& request = recording.requests[i];
    const sim::RecordedCluster& cluster = recording.clusters[request.cluster];
    EXPECT_EQ(request.arrived, Duration::ns(expected[i].arrived)) << i;
    EXPECT_EQ(cluster.name, expected[i].cluster) << i;
    const bool refused = request.endpoint == sim::RecordedRequest::kNoEndpoint;
    EXPECT_EQ(refused ? "" : cluster.endpoints[request.endpoint], expected[i].endpoint) << i;
  }
  EXPECT_EQ(recording.requests[2].status, 200);
}

}  // namespace
}  // namespace weir::app
