#include <algorithm>

#include <fmt/format.h>

#include "model/units.h"
#include "sim/read_parts.h"
#include "sim/schema.h"

namespace weir::sim {

using model::Entry;
using model::join;
using model::Problem;
using model::quote;
using model::YamlNode;

namespace {

/// One duration per line; empty lines and those that begin with # are left out.
weir::Result<std::vector<Duration>, std::string> parse_measured(std::string_view text) {
  std::vector<Duration> out;
  size_t number = 0;
  while (!text.empty()) {
    ++number;
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    const auto duration = model::parse_duration(line);
    if (!duration) return fail(fmt::format("line {}: {}", number, duration.error().message));
    if (*duration > Duration::s(24 * 3600)) return fail(fmt::format("line {}: longer than a day", number));
    if (out.size() >= kMeasuredMax) return fail(fmt::format("more than {} durations", kMeasuredMax));
    out.push_back(*duration);
  }
  if (out.empty()) return fail(std::string("holds no durations, such as 12ms, one per line"));
  return out;
}

void read_measured(const Parts& parts, const Entry& entry, VariateSpec& variate) {
  if (variate.file.empty()) {
    return parts.reading.mistake(entry.place(), entry.path, {"measured without its file", "file: a path"});
  }
  const std::string path = variate.file.starts_with('/') ? variate.file : parts.folder + variate.file;
  const auto text = parts.read_file(path);
  if (!text) return parts.reading.mistake(entry.place(), join(entry.path, "file"), {path + " " + text.error()});
  auto measured = text->size() > kMeasuredBytesMax ? fail(fmt::format("has more than {} bytes", kMeasuredBytesMax))
                                                   : parse_measured(*text);
  if (!measured) return parts.reading.mistake(entry.place(), join(entry.path, "file"), {path + " " + measured.error()});
  variate.measured = std::move(*measured);
}

/// A setting that the distribution does not use is a mistake: whoever writes `cv` believes that it does something.
void refuse_unused(const Parts& parts, const Entry& entry, const VariateSpec& variate) {
  const auto& section = model::section<VariateSpec>();
  const auto* setting = section.find("distribution");
  const std::string distribution = model::format_value(setting->info.shape, setting->get(variate));
  for (const YamlNode& key : entry.value.keys) {
    if (section.find(key.text) == nullptr || uses(variate.distribution, key.text)) continue;
    parts.reading.mistake(key, join(entry.path, key.text),
                          {fmt::format("means nothing with distribution {}", distribution),
                           "a distribution that uses it, or to be left out"});
  }
}

void read_stages(const Parts& parts, const Entry& entry, std::vector<StageSpec>& stages) {
  constexpr size_t kStagesMax = 10'000;
  if (!parts.reading.expect_list(entry.place(), entry.value, entry.path, "a list of stages, or one")) return;
  if (entry.value.values.size() > kStagesMax) {
    return parts.reading.mistake(entry.value, entry.path,
                                 {"has too many stages", fmt::format("at most {}", kStagesMax)});
  }
  for (size_t i = 0; i < entry.value.values.size(); ++i) {
    const YamlNode& node = entry.value.values[i];
    parts.reading.came_from(join(entry.path, i), node.line);
    read_section(parts.reading, node, node, join(entry.path, i), stages.emplace_back());
  }
}

/// The same of what only the other loop uses.
void refuse_unused(const Parts& parts, const YamlNode& node, const std::string& path, const ClientSpec& client) {
  const bool closed = client.arrivals == Arrivals::closed;
  for (const YamlNode& key : node.keys) {
    if (uses(client.arrivals, key.text)) continue;
    parts.reading.mistake(key, join(path, key.text),
                          {closed ? "means nothing in a closed loop" : "means nothing in an open loop",
                           closed ? "connections, think" : "rate, stages, burst, day, or arrivals: closed"});
  }
}

void read_client(const Parts& parts, const YamlNode& node, const std::string& path, ClientSpec& client) {
  read_section(parts.reading, node, node, path, client,
               [&](const model::Setting<ClientSpec>& setting, const Entry& entry) {
                 if (setting.info.name == "stages") {
                   read_stages(parts, entry, client.stages);
                 } else {
                   read_variate(parts, entry, false, client.think);
                 }
               });
  refuse_unused(parts, node, path, client);
}

}  // namespace

void read_variate(const Parts& parts, const Entry& entry, bool least, VariateSpec& variate) {
  const auto* mean = model::section<VariateSpec>().find("mean");
  if (entry.value.kind != YamlNode::Kind::map) {
    const auto value = parts.reading.scalar(entry, mean->info.shape, "duration");
    if (!value) return;
    variate = VariateSpec{};
    mean->set(variate, *value);
    parts.reading.came_from(join(entry.path, "mean"), entry.key.line);
  } else {
    variate.mean = VariateSpec{}.mean;  // whoever spells it out wants this default, of think too
    read_section(parts.reading, entry.place(), entry.value, entry.path, variate);
    refuse_unused(parts, entry, variate);
    if (variate.distribution == Distribution::measured) return read_measured(parts, entry, variate);
    if (variate.distribution == Distribution::bimodal && variate.slow == Duration{}) {
      parts.reading.mistake(entry.place(), entry.path, {"bimodal without slow", "slow: a duration"});
    }
  }
  if (least && variate.mean == Duration{}) {
    parts.reading.mistake(entry.place(), entry.path, {"takes no time at all", "a duration of at least 1us"});
  }
}

bool expect_items(const Parts& parts, const Entry& entry, std::string_view what, size_t most) {
  if (!parts.reading.expect_list(entry.place(), entry.value, entry.path, fmt::format("a list of {}s, or one", what))) {
    return false;
  }
  const size_t count = entry.value.values.size();
  if (count == 0) parts.reading.mistake(entry.value, entry.path, {"is empty", fmt::format("at least one {}", what)});
  if (count > most) {
    parts.reading.mistake(entry.value, entry.path,
                          {fmt::format("has {} {}s", count, what), fmt::format("at most {}", most)});
  }
  return count > 0 && count <= most;
}

void refuse_same_names(const Parts& parts, const Entry& entry, const std::vector<std::string>& names) {
  std::map<std::string, uint32_t> seen;
  for (size_t i = 0; i < names.size(); ++i) {
    const YamlNode& node = entry.value.values[i];
    const auto [first, added] = seen.emplace(names[i], node.line);
    if (added) continue;
    parts.reading.mistake(
        node, join(join(entry.path, i), "name"),
        {fmt::format("{} is already the name of what stands in line {}", quote(names[i]), first->second)});
  }
}

void read_clients(const Parts& parts, const Entry& entry, std::vector<ClientSpec>& clients) {
  if (!expect_items(parts, entry, "client", kClientsMax)) return;
  std::vector<std::string> names;
  for (size_t i = 0; i < entry.value.values.size(); ++i) {
    const YamlNode& node = entry.value.values[i];
    parts.reading.came_from(join(entry.path, i), node.line);
    read_client(parts, node, join(entry.path, i), clients.emplace_back());
    names.push_back(clients.back().name);
  }
  refuse_same_names(parts, entry, names);
}

}  // namespace weir::sim
