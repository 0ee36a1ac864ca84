#pragma once
// Lines of YAML with the origin of every value in a comment: the file's line, or the reason for the default. What
// `weir show` and `weir sim --show` are written with. One thread.
//
//   ShowWriter writer(path, provenance);
//   writer.open("endpoints:");
//   writer.open_item(); writer.section_of(endpoint, "endpoints[0]"); writer.close();
//   writer.close();
//   return writer.take();

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "model/config_reader.h"
#include "model/reading.h"
#include "model/schema.h"

namespace weir::model {

class ShowWriter {
 public:
  /// Both must outlive the writer.
  ShowWriter(const std::string& file, const Provenance& provenance) : file_(file), provenance_(provenance) {}

  void line(std::string_view text, std::string_view comment = {}) {
    std::string whole = std::string(2 * depth_, ' ') + std::string(text);
    if (item_) whole.replace(2 * depth_ - 2, 1, "-");
    item_ = false;
    if (!comment.empty()) whole = fmt::format("{:<{}}# {}", whole + " ", kCommentColumn, comment);
    out_ += whole + "\n";
  }
  void open(std::string_view text, std::string_view comment = {}) {
    line(text, comment);
    ++depth_;
  }
  void close() { --depth_; }
  /// The next line begins an item of a list.
  void open_item() {
    ++depth_;
    item_ = true;
  }

  [[nodiscard]] std::string written_at(std::string_view path) const {
    const uint32_t line_number = provenance_.line_of(path);
    return line_number == 0 ? std::string{} : fmt::format("{}:{}", file_, line_number);
  }
  [[nodiscard]] std::string origin(const std::string& path, std::string_view reason) const {
    const std::string written = written_at(path);
    return written.empty() ? fmt::format("default: {}", reason) : written;
  }

  /// All scalars of a section, groups as maps, in the order of the schema, except those that `absent(info)` names.
  template <class Owner, class Absent>
  void section_of(const Owner& owner, const std::string& path, const Absent& absent,
                  const Section<Owner>& its = section<Owner>()) {
    std::string_view group;
    for (const auto& setting : its.settings) {
      if (!setting.info.is_value() || absent(setting.info)) continue;
      const std::string_view name = setting.info.name;
      const std::string_view its_group = name.find('.') == std::string_view::npos ? "" : name.substr(0, name.find('.'));
      if (its_group != group) {
        if (!group.empty()) close();
        if (!its_group.empty()) open(fmt::format("{}:", its_group), written_at(join(path, its_group)));
        group = its_group;
      }
      line(fmt::format("{}: {}", setting.info.leaf(), format_value(setting.info.shape, setting.get(owner))),
           origin(join(path, name), setting.info.reason));
    }
    if (!group.empty()) close();
  }
  template <class Owner>
  void section_of(const Owner& owner, const std::string& path) {
    section_of(owner, path, [](const SettingInfo&) { return false; });
  }

  std::string take() { return std::move(out_); }

 private:
  static constexpr size_t kCommentColumn = 48;

  const std::string& file_;
  const Provenance& provenance_;
  std::string out_;
  size_t depth_ = 0;
  bool item_ = false;
};

/// Nothing when there is none.
void show_fixed_response(ShowWriter& writer, std::string_view name, const FixedResponse& response,
                         const std::string& path);
/// A route's `sticky`, `mirror` and `switch`.
void show_traffic(ShowWriter& writer, const RouteConfig& route, const std::string& path);
/// Nothing when there are none.
void show_edits(ShowWriter& writer, std::string_view name, const HeaderEdits& edits, const std::string& path);
void show_route(ShowWriter& writer, const RouteConfig& route, const std::string& path);
void show_health_check(ShowWriter& writer, const ClusterConfig& cluster, const std::string& path);

}  // namespace weir::model
