#include "load/plan_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "load/mix.h"
#include "model/units.h"

namespace weir::load {

using model::join;
using model::quote;
using model::Reading;
using model::YamlNode;

namespace {

/// Index of a map's setting; nothing when it has none, or is no map.
std::optional<size_t> find(const YamlNode& map, std::string_view name) {
  const auto found = std::ranges::find(map.keys, name, &YamlNode::text);
  if (map.kind != YamlNode::Kind::map || found == map.keys.end()) return std::nullopt;
  return static_cast<size_t>(found - map.keys.begin());
}

/// Where to point for a setting: at its name, or at the map it is missing in.
const YamlNode& place_of(const YamlNode& map, std::string_view name) {
  const auto index = find(map, name);
  return index ? map.keys[*index] : map;
}

/// The setting's value, or the map it is missing in.
const YamlNode& value_of(const YamlNode& map, std::string_view name) {
  const auto index = find(map, name);
  return index ? map.values[*index] : map;
}

/// One item stands for a list of one.
const YamlNode& item_of(const YamlNode& list, size_t index) {
  const bool is_list = list.kind == YamlNode::Kind::list && index < list.values.size();
  return is_list ? list.values[index] : list;
}

void check_request(Reading& reading, const YamlNode& node, const std::string& path, const RequestSpec& request,
                   const Plan& plan) {
  if (!is_token(request.method)) {
    reading.mistake(place_of(node, "method"), join(path, "method"), {"is no method", "GET, POST, ..."});
  }
  if (!request.path.starts_with('/') || request.path.find(' ') != std::string::npos) {
    reading.mistake(place_of(node, "path"), join(path, "path"),
                    {quote(request.path) + " is no path", "/ and what follows, no spaces"});
  }
  for (const std::string& word : Mix::variables_of(request)) {
    const bool of_session = word == "session" || word == "token";
    const bool known =
        of_session ? plan.sessions.count > 0 : std::ranges::find(plan.ids, word, &IdSpec::name) != plan.ids.end();
    if (known) continue;
    reading.mistake(node, path,
                    {fmt::format("{{{}}} stands for nothing", word),
                     of_session ? "sessions: {count: N, steps: ...}" : "a name under ids"});
  }
}

void check_weights(Reading& reading, const YamlNode& root, const std::string& path, const Plan& plan) {
  const bool any = std::ranges::any_of(plan.requests, [](const RequestSpec& each) { return each.weight > 0; });
  if (plan.requests.empty() || any) return;
  reading.mistake(place_of(root, "requests"), join(path, "requests"),
                  {"all have weight 0", "at least one with a weight"});
}

/// Settings of the other kind of loop would be read and then mean nothing.
void check_loop(Reading& reading, const YamlNode& root, const std::string& path, const Plan& plan) {
  if (plan.arrivals == Arrivals::closed) {
    for (const char* name : {"rate", "stages", "connections_max"}) {
      if (!find(root, name)) continue;
      reading.mistake(place_of(root, name), join(path, name),
                      {"means nothing in a closed loop, which asks again when it is answered",
                       "arrivals: constant or poisson; or connections"});
    }
  } else if (find(root, "connections")) {
    reading.mistake(place_of(root, "connections"), join(path, "connections"),
                    {"is the number of a closed loop", "arrivals: closed; or connections_max"});
  }
}

void check_warm_up(Reading& reading, const YamlNode& root, const std::string& path, const Plan& plan) {
  if (plan.warm_up < plan.duration) return;
  reading.mistake(place_of(root, "warm_up"), join(path, "warm_up"),
                  {fmt::format("of {} leaves nothing of a duration of {}", model::format_duration(plan.warm_up),
                               model::format_duration(plan.duration)),
                   "less than the duration"});
}

}  // namespace

bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  };
  return !text.empty() && std::ranges::all_of(text, fits);
}

void check_plan(Reading& reading, const YamlNode& root, const std::string& path, const Plan& plan) {
  const YamlNode& requests = value_of(root, "requests");
  for (size_t i = 0; i < plan.requests.size(); ++i) {
    check_request(reading, item_of(requests, i), join(join(path, "requests"), i), plan.requests[i], plan);
  }
  const YamlNode& steps = value_of(value_of(root, "sessions"), "steps");
  for (size_t i = 0; i < plan.sessions.steps.size(); ++i) {
    check_request(reading, item_of(steps, i), join(join(path, "sessions.steps"), i), plan.sessions.steps[i], plan);
  }
  check_weights(reading, root, path, plan);
  check_loop(reading, root, path, plan);
  check_warm_up(reading, root, path, plan);
}

}  // namespace weir::load
