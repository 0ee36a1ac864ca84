// Edits of header fields as `weir show` prints them: only those that are there.
#include <fmt/format.h>

#include "model/schema.h"
#include "model/show_writer.h"

namespace weir::model {
namespace {

void show_values(ShowWriter& writer, std::string_view name,
                 const std::vector<std::pair<std::string, std::string>>& values, const std::string& path) {
  if (values.empty()) return;
  writer.open(fmt::format("{}:", name), writer.written_at(join(path, name)));
  for (const auto& [field, value] : values) writer.line(fmt::format("{}: {}", yaml_scalar(field), yaml_scalar(value)));
  writer.close();
}

}  // namespace

void show_edits(ShowWriter& writer, std::string_view name, const HeaderEdits& edits, const std::string& path) {
  if (edits == HeaderEdits{}) return;
  const std::string its = join(path, name);
  writer.open(fmt::format("{}:", name), writer.written_at(its));
  if (!edits.remove.empty()) {
    std::string list;
    for (const std::string& each : edits.remove) list += (list.empty() ? "" : ", ") + yaml_scalar(each);
    writer.line(fmt::format("remove: [{}]", list), writer.written_at(join(its, "remove")));
  }
  show_values(writer, "set", edits.set, its);
  show_values(writer, "add", edits.add, its);
  writer.close();
}

}  // namespace weir::model
