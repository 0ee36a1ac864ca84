#include "l7/recorder.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace weir::l7 {

void Recorder::begin(std::string cluster, Instant until, size_t capacity) {
  on_ = true;
  cluster_ = std::move(cluster);
  until_ = until;
  capacity_ = capacity;
  gathered_ = {};
  gathered_.records.reserve(capacity);
}

Records Recorder::end() {
  on_ = false;
  return std::exchange(gathered_, {});
}

void Recorder::add(Record record, const std::string& cluster, const std::shared_ptr<const Snapshot>& snapshot) {
  if (record.arrived >= until_ || (!cluster_.empty() && cluster != cluster_)) return;
  if (gathered_.records.size() >= capacity_) {
    ++gathered_.dropped;
    return;
  }
  // Snapshots are few, and that of the request before is nearly always at the end.
  auto& snapshots = gathered_.snapshots;
  const auto known = std::find(snapshots.rbegin(), snapshots.rend(), snapshot);
  record.snapshot = static_cast<uint32_t>(
      known == snapshots.rend() ? snapshots.size() : static_cast<size_t>(snapshots.rend() - known) - 1);
  if (known == snapshots.rend()) snapshots.push_back(snapshot);
  const auto& clusters = snapshot->clusters;
  const auto found =
      std::find_if(clusters.begin(), clusters.end(), [&](const auto& each) { return each->name() == cluster; });
  CHECK(found != clusters.end());
  record.cluster = static_cast<uint32_t>(found - clusters.begin());
  gathered_.records.push_back(record);
}

}  // namespace weir::l7
