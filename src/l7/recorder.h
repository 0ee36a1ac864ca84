#pragma once
// What one worker remembers of its requests while a recording is on (`weir ctl record`): one record of fixed size per
// request, in memory that is bounded and was reserved when the recording began. What finds it full is dropped and
// counted. Off, it costs a request the look at `on`.
//
//   control thread: loop.post(begin) ... loop.post(end, which posts the Records back)
//   at the end of every request: if (recorder.on()) recorder.add(record, snapshot);
//
// Endpoints are named by their place in a snapshot, which the records keep alive: a reload may have dropped them by the
// time somebody asks for their names.
//
// Thread rule: the worker's thread; Records may travel.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "l7/snapshot.h"

namespace weir::l7 {

/// One request; times since its arrival.
struct Record {
  static constexpr uint32_t kNoEndpoint = UINT32_MAX;

  Instant arrived{};
  Duration attempt{};     ///< when the last try was sent; 0 without an endpoint
  Duration first_byte{};  ///< of the response; 0: there was none
  Duration latency{};     ///< until the last byte went on to the client, in the turn in which it came
  uint64_t path_hash = 0;
  uint64_t bytes_in = 0, bytes_out = 0;
  uint32_t snapshot = 0;  ///< index in Records::snapshots
  uint32_t cluster = 0;   ///< index in the snapshot
  uint32_t endpoint = kNoEndpoint;
  uint32_t tries = 0;
  uint16_t status = 0;
  bool idempotent = true;
};

struct Records {
  std::vector<Record> records;  ///< in the order in which they ended
  std::vector<std::shared_ptr<const Snapshot>> snapshots;
  uint64_t dropped = 0;
};

class Recorder {
 public:
  /// Requests to `cluster` (empty: to any) that arrive before `until`, up to `capacity` of them.
  void begin(std::string cluster, Instant until, size_t capacity);
  /// Hands over what was gathered, memory and all.
  Records end();

  [[nodiscard]] bool on() const { return on_; }
  /// `record` but for its cluster and snapshot, which are found by the cluster's name.
  void add(Record record, const std::string& cluster, const std::shared_ptr<const Snapshot>& snapshot);

 private:
  bool on_ = false;
  std::string cluster_;
  Instant until_{};
  size_t capacity_ = 0;
  Records gathered_;
};

}  // namespace weir::l7
