#pragma once
// A section of a schema as a section of a documentation page: one row per setting. docs/configuration.md,
// docs/scenarios-reference.md and docs/drill-reference.md are written with it. Pure functions, any thread.

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "model/schema.h"

namespace weir::model {

/// Text for a cell of a table.
inline std::string docs_cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

template <class Owner>
std::string docs_default(const Setting<Owner>& setting) {
  const Shape& shape = setting.info.shape;
  if (shape.required) return "required";
  if (!setting.info.is_value()) return "-";
  std::string text = format_value(shape, setting.get(Owner{}));
  const bool nothing = text == "\"\"" || text == "\":0\"";  // an empty text, an address of nobody
  return nothing ? "-" : fmt::format("`{}`", text);
}

template <class Owner>
void add_docs_section(std::string& out, const Section<Owner>& its = section<Owner>()) {
  out += fmt::format("## {}\n\n", its.title);
  if (!its.path.empty()) out += fmt::format("`{}`\n\n", its.path);
  out += fmt::format("{}\n\n", its.doc);
  for (const Group& group : its.groups) out += fmt::format("- `{}`: {}\n", group.name, group.doc);
  if (!its.groups.empty()) out += "\n";
  out += "| setting | meaning | value | default | why this default |\n|---|---|---|---|---|\n";
  std::string later;
  for (const auto& setting : its.settings) {
    const SettingInfo& info = setting.info;
    if (info.shape.type == Type::later) {
      later += fmt::format("{}`{}`", later.empty() ? "" : ", ", info.name);
      continue;
    }
    out += fmt::format("| `{}` | {} | {} | {} | {} |\n", info.name, docs_cell(info.doc),
                       docs_cell(describe(info.shape)), docs_default(setting), docs_cell(info.reason));
  }
  if (!later.empty()) out += fmt::format("\nKept for later versions, and refused by this one: {}.\n", later);
  out += "\n";
}

}  // namespace weir::model
