#include "drill/keys.h"

#include <map>

#include "sim/recording.h"

namespace weir::drill {

namespace {

std::optional<double> percent_of(uint64_t part, uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

Result<std::vector<Visit>, std::string> read_visits(std::string_view text, Duration began) {
  const auto recording = sim::read_recording(text, "recording");
  if (!recording) return fail(recording.error());
  std::vector<Visit> visits;
  for (const sim::RecordedRequest& each : recording->requests) {
    if (each.endpoint == sim::RecordedRequest::kNoEndpoint) continue;
    visits.push_back({.at = began + each.arrived, .path = each.path_hash, .endpoint = each.endpoint});
  }
  return visits;
}

std::optional<double> moved_percent(std::span<const Visit> visits, Duration from, Duration to) {
  std::map<uint64_t, uint32_t> last;
  uint64_t came_back = 0, moved = 0;
  for (const Visit& each : visits) {
    const auto [known, fresh] = last.try_emplace(each.path, each.endpoint);
    if (!fresh && each.at >= from && each.at < to) {
      ++came_back;
      moved += known->second != each.endpoint ? 1 : 0;
    }
    known->second = each.endpoint;
  }
  return percent_of(moved, came_back);
}

std::optional<double> keys_moved_percent(std::span<const Visit> visits, Duration changed, Duration to) {
  std::map<uint64_t, uint32_t> before, since;
  for (const Visit& each : visits) {
    if (each.at < changed) {
      before[each.path] = each.endpoint;
    } else if (each.at < to) {
      since.try_emplace(each.path, each.endpoint);
    }
  }
  uint64_t both = 0, moved = 0;
  for (const auto& [path, endpoint] : since) {
    const auto known = before.find(path);
    if (known == before.end()) continue;
    ++both;
    moved += known->second != endpoint ? 1 : 0;
  }
  return percent_of(moved, both);
}

}  // namespace weir::drill
