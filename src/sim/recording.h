#pragma once
// What the live proxy recorded of its requests (`weir ctl record`), and its form as a file: comma-separated values
// under a header of # lines, so that any spreadsheet or script reads it too.
//
//   # weir recording 1
//   # version 0.1.0
//   # started 2026-11-24T08:00:00.000Z
//   # length_ns 10000000000
//   # dropped 0
//   # cluster app policy=p2c endpoints=10.0.0.1:3000,10.0.0.2:3000
//   arrived_ns,cluster,endpoint,attempt_ns,first_byte_ns,latency_ns,status,idempotent,path_hash,bytes_in,bytes_out,tries
//   18250,app,10.0.0.2:3000,9120,20431000,20502000,200,1,8c0f52bd11a9e04d,0,512,1
//
// Times of a request count from its arrival, its arrival from the start of the recording; it is negative for a request
// that was under way by then. Endpoint and attempt are those of the last try. Names never contain a comma or a space,
// because the configuration allows them few letters (model/value.h). Pure functions; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/config.h"

namespace weir::sim {

struct RecordedCluster {
  std::string name{};
  model::PolicyKind policy = model::PolicyKind::p2c;
  std::vector<std::string> endpoints{};
  bool operator==(const RecordedCluster&) const = default;
};

struct RecordedRequest {
  static constexpr uint32_t kNoEndpoint = UINT32_MAX;

  Duration arrived{};     ///< since the recording began
  Duration attempt{};     ///< when the last try was sent, since the arrival; 0 without an endpoint
  Duration first_byte{};  ///< of the response, since the arrival; 0: there was none
  Duration latency{};     ///< until the last byte went on to the client, which is when the endpoint's came
  uint64_t path_hash = 0;
  uint64_t bytes_in = 0, bytes_out = 0;  ///< of the bodies
  uint32_t cluster = 0;                  ///< index
  uint32_t endpoint = kNoEndpoint;       ///< index in its cluster; kNoEndpoint: refused before one was tried
  uint32_t tries = 0;
  uint16_t status = 0;  ///< 0: ended without one
  bool idempotent = true;

  /// An endpoint gave the answer that the client got.
  [[nodiscard]] bool answered() const { return endpoint != kNoEndpoint && first_byte > Duration{}; }
  bool operator==(const RecordedRequest&) const = default;
};

struct Recording {
  std::string version;   ///< of the weir that recorded
  std::string started;   ///< calendar time, for people
  Duration length{};     ///< requests that arrived after it are not there
  uint64_t dropped = 0;  ///< for which the buffers had no room; always the latest
  std::vector<RecordedCluster> clusters;
  std::vector<RecordedRequest> requests;  ///< by arrival
  bool operator==(const Recording&) const = default;
};

std::string write_recording(const Recording& recording);

/// `name`: of the file, for messages. An error is one line, "run.csv:7: latency_ns is "x", expected ...".
Result<Recording, std::string> read_recording(std::string_view text, const std::string& name);

/// "round_robin" and so on, as in the configuration.
std::string policy_name(model::PolicyKind policy);
/// An error says what would be right, as the configuration's reader does.
Result<model::PolicyKind, std::string> parse_policy(std::string_view text);

}  // namespace weir::sim
