// What schema_traffic.cc defines, as `weir show` prints it: only what is there.
#include <fmt/format.h>

#include "model/schema.h"
#include "model/show_writer.h"

namespace weir::model {
namespace {

template <class Owner>
void show_map(ShowWriter& writer, std::string_view name, const Owner& owner, const std::string& path) {
  const std::string its = join(path, name);
  writer.open(fmt::format("{}:", name), writer.written_at(its));
  writer.section_of(owner, its);
  writer.close();
}

void show_switch(ShowWriter& writer, const SwitchConfig& degradation, const std::string& path) {
  writer.open("switch:", writer.written_at(path));
  writer.section_of(degradation, path, [&](const SettingInfo& setting) {
    return setting.name == "fallback_to" && degradation.fallback_to.empty();
  });
  show_fixed_response(writer, "fallback", degradation.fallback, path);
  writer.close();
}

}  // namespace

void show_fixed_response(ShowWriter& writer, std::string_view name, const FixedResponse& response,
                         const std::string& path) {
  if (response.status == 0) return;
  const std::string its = join(path, name);
  writer.open(fmt::format("{}:", name), writer.written_at(its));
  const std::string_view unused = response.body_file.empty() ? "file" : "body";
  writer.section_of(response, its, [&](const SettingInfo& setting) { return setting.name == unused; });
  writer.close();
}

void show_traffic(ShowWriter& writer, const RouteConfig& route, const std::string& path) {
  if (!route.sticky.cookie.empty()) show_map(writer, "sticky", route.sticky, path);
  if (!route.mirror.to.empty()) show_map(writer, "mirror", route.mirror, path);
  if (!route.degradation.name.empty()) show_switch(writer, route.degradation, join(path, "switch"));
}

}  // namespace weir::model
