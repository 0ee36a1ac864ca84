// Any bytes: what is read of them is written and read back as the same recording, a scenario can be made of it without
// falling over, and what is refused is refused in one line.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "sim/recording.h"
#include "sim/replay.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::sim;
  const std::string text(data, data + size);
  const auto recording = read_recording(text, "run.csv");
  if (!recording) {
    CHECK(recording.error().starts_with("run.csv:"));
    CHECK(recording.error().find('\n') == std::string::npos);
    return 0;
  }
  const auto again = read_recording(write_recording(*recording), "run.csv");
  CHECK(again.has_value() && *again == *recording);
  const auto replay = make_replay(*recording, {});
  if (!replay) return 0;
  const auto& trace = (*replay)->changed.clients.front().trace;
  CHECK(!trace.empty() && trace.front().at >= weir::Duration{});
  for (size_t i = 0; i < trace.size(); ++i) {
    CHECK(trace[i].service > weir::Duration{});
    CHECK(i == 0 || trace[i - 1].at <= trace[i].at);
  }
  return 0;
}
