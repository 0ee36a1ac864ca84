// A route as `weir show` prints it.
#include <fmt/format.h>

#include "model/path_pattern.h"
#include "model/schema.h"
#include "model/show_writer.h"

namespace weir::model {
namespace {

/// A match's value in the words in which it was read.
std::string match_text(const FieldMatch& match) {
  const std::string& value = match.value;
  switch (match.kind) {
    case FieldMatch::Kind::present: return "present";
    case FieldMatch::Kind::absent: return "absent";
    case FieldMatch::Kind::prefix: return yaml_scalar(value + "*");
    case FieldMatch::Kind::exact: break;
  }
  const bool misread = value == "present" || value == "absent" || value.ends_with('*');
  return misread ? fmt::format("{{exact: {}}}", yaml_scalar(value)) : yaml_scalar(value);
}

void show_matches(ShowWriter& writer, std::string_view name, const std::vector<FieldMatch>& matches,
                  const std::string& path) {
  if (matches.empty()) return;
  std::string text;
  for (const FieldMatch& each : matches) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", yaml_scalar(each.name), match_text(each));
  }
  writer.line(fmt::format("{}: {{{}}}", name, text), writer.written_at(join(path, name)));
}

void show_match(ShowWriter& writer, const RouteConfig& route, const std::string& path) {
  writer.open("match:", writer.written_at(path));
  for (const std::string_view name : {"match.path", "match.host"}) {
    const auto* setting = section<RouteConfig>().find(name);
    writer.line(fmt::format("{}: {}", setting->info.leaf(), format_value(setting->info.shape, setting->get(route))),
                writer.origin(join(path, setting->info.leaf()), setting->info.reason));
  }
  if (!route.methods.empty()) {
    std::string text;
    for (const std::string& each : route.methods) text += (text.empty() ? "" : ", ") + yaml_scalar(each);
    writer.line(fmt::format("method: [{}]", text), writer.written_at(join(path, "method")));
  }
  show_matches(writer, "header", route.headers, path);
  show_matches(writer, "cookie", route.cookies, path);
  show_matches(writer, "query", route.query, path);
  writer.close();
}

void show_targets(ShowWriter& writer, const RouteConfig& route, const std::string& path) {
  if (route.to.empty()) return;
  writer.open("to:", writer.written_at(path));
  for (const RouteTarget& target : route.to) {
    writer.line(fmt::format("{}: {}", yaml_scalar(target.cluster), target.weight),
                writer.written_at(join(path, target.cluster)));
  }
  writer.close();
}

}  // namespace

void show_route(ShowWriter& writer, const RouteConfig& route, const std::string& path) {
  writer.open_item();
  show_targets(writer, route, join(path, "to"));
  show_match(writer, route, join(path, "match"));
  writer.section_of(route, path, [&](const SettingInfo& setting) {
    if (setting.name.starts_with("redirect.")) return route.redirect.to.empty();
    if (setting.name.starts_with("rewrite.path")) return route.rewrite_path.empty();
    if (setting.name.starts_with("rewrite.host")) return route.rewrite_host.empty();
    return setting.name.starts_with("match.");
  });
  show_edits(writer, "request_headers", route.request_headers, path);
  show_edits(writer, "response_headers", route.response_headers, path);
  show_fixed_response(writer, "respond", route.respond, path);
  show_traffic(writer, route, path);
  writer.close();
}

}  // namespace weir::model
