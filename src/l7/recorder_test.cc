// What a worker's recorder takes, and what it does when it is full.
#include "l7/recorder.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::l7 {
namespace {

const Instant kStart = Instant::from_ns(1'000'000);

std::shared_ptr<const Snapshot> snapshot_of(const std::vector<std::string>& clusters) {
  auto snapshot = std::make_shared<Snapshot>();
  for (const std::string& name : clusters) {
    model::ClusterConfig config;
    config.name = name;
    config.endpoints.emplace_back().address = {"127.0.0.1", 1};
    snapshot->clusters.push_back(upstream::Cluster::create(config, nullptr, kStart, 1).value());
  }
  return snapshot;
}

TEST(Recorder, IsOffUntilItBegins) {
  Recorder recorder;
  EXPECT_FALSE(recorder.on());
  recorder.begin("", kStart, 1);
  EXPECT_TRUE(recorder.on());
  EXPECT_TRUE(recorder.end().records.empty());
  EXPECT_FALSE(recorder.on());
}

TEST(Recorder, TakesWhatWasAskedFor) {
  const auto snapshot = snapshot_of({"app", "api"});
  const struct {
    const char* message;
    bool expected;
    const char* wanted;
    const char* cluster;
    Instant arrived;
  } cases[] = {
      {"any cluster", true, "", "api", kStart},
      {"the cluster", true, "api", "api", kStart},
      {"another cluster", false, "app", "api", kStart},
      {"it was under way before", true, "", "app", kStart - Duration::s(1)},
      {"it came just in time", true, "", "app", kStart + Duration::ns(99)},
      {"it came too late", false, "", "app", kStart + Duration::ns(100)},
  };
  for (const auto& c : cases) {
    Recorder recorder;
    recorder.begin(c.wanted, kStart + Duration::ns(100), 10);
    recorder.add({.arrived = c.arrived}, c.cluster, snapshot);
    const Records gathered = recorder.end();
    EXPECT_EQ(gathered.records.size(), c.expected ? 1u : 0u) << c.message;
    EXPECT_EQ(gathered.dropped, 0u) << c.message;
  }
}

TEST(Recorder, ClustersAreFoundInTheSnapshotOfTheirRequest) {
  const auto old = snapshot_of({"app", "api"});
  const auto fresh = snapshot_of({"api"});
  Recorder recorder;
  recorder.begin("", Instant::max(), 10);
  recorder.add({.endpoint = 0}, "api", old);
  recorder.add({.endpoint = 0}, "api", fresh);
  recorder.add({.endpoint = 0}, "app", old);
  const Records gathered = recorder.end();
  ASSERT_EQ(gathered.records.size(), 3u);
  EXPECT_EQ(gathered.snapshots.size(), 2u);
  const char* expected[] = {"api", "api", "app"};
  for (size_t i = 0; i < 3; ++i) {
    const Record& record = gathered.records[i];
    EXPECT_EQ(gathered.snapshots[record.snapshot]->clusters[record.cluster]->name(), expected[i]);
  }
  EXPECT_EQ(gathered.snapshots[gathered.records[2].snapshot], old);
}

TEST(Recorder, FullItDropsTheLatestAndSaysHowMany) {
  const auto snapshot = snapshot_of({"app"});
  Recorder recorder;
  recorder.begin("", Instant::max(), 3);
  for (uint64_t i = 0; i < 5; ++i) recorder.add({.path_hash = i}, "app", snapshot);
  const Records gathered = recorder.end();
  ASSERT_EQ(gathered.records.size(), 3u);
  EXPECT_EQ(gathered.records.back().path_hash, 2u);
  EXPECT_EQ(gathered.dropped, 2u);
}

TEST(Recorder, BeginsAnewWithoutWhatWasBefore) {
  const auto snapshot = snapshot_of({"app"});
  Recorder recorder;
  recorder.begin("", Instant::max(), 1);
  for (int i = 0; i < 2; ++i) recorder.add({}, "app", snapshot);
  recorder.begin("", Instant::max(), 1);
  EXPECT_EQ(snapshot.use_count(), 1) << "it no longer holds the configuration";
  const Records gathered = recorder.end();
  EXPECT_TRUE(gathered.records.empty());
  EXPECT_EQ(gathered.dropped, 0u);
}

}  // namespace
}  // namespace weir::l7
