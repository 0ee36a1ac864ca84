#include "model/show.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/reading.h"
#include "model/schema.h"

namespace weir::model {
namespace {

constexpr size_t kCommentColumn = 48;

/// Writes lines of YAML with their origin in a comment.
class Writer {
 public:
  explicit Writer(const Loaded& loaded) : loaded_(loaded) {}

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
    const uint32_t line_number = loaded_.provenance.line_of(path);
    return line_number == 0 ? std::string{} : fmt::format("{}:{}", loaded_.config.path, line_number);
  }
  [[nodiscard]] std::string origin(const std::string& path, std::string_view reason) const {
    const std::string written = written_at(path);
    return written.empty() ? fmt::format("default: {}", reason) : written;
  }

  /// All scalars of a section, groups as maps, in the order of the schema.
  template <class Owner>
  void section_of(const Owner& owner, const std::string& path) {
    std::string_view group;
    for (const auto& setting : section<Owner>().settings) {
      if (!setting.info.is_value() || is_absent(owner, setting)) continue;
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

  std::string take() { return std::move(out_); }

 private:
  /// http and tcp exclude each other: the one that is not used is not shown.
  template <class Owner>
  static bool is_absent(const Owner& owner, const Setting<Owner>& setting) {
    if constexpr (std::same_as<Owner, HealthCheckConfig>) {
      return setting.info.name == (owner.tcp ? "http" : "tcp");
    }
    return false;
  }

  const Loaded& loaded_;
  std::string out_;
  size_t depth_ = 0;
  bool item_ = false;
};

void show_route(Writer& writer, const RouteConfig& route, const std::string& path) {
  writer.open_item();
  const std::string to = join(path, "to");
  writer.open("to:", writer.written_at(to));
  for (const RouteTarget& target : route.to) {
    writer.line(fmt::format("{}: {}", yaml_scalar(target.cluster), target.weight),
                writer.written_at(join(to, target.cluster)));
  }
  writer.close();
  writer.section_of(route, path);
  writer.close();
}

void show_listener(Writer& writer, const ListenerConfig& listener, const std::string& path) {
  writer.open_item();
  writer.section_of(listener, path);
  writer.open("routes:", writer.written_at(join(path, "routes")));
  for (size_t i = 0; i < listener.routes.size(); ++i) {
    show_route(writer, listener.routes[i], join(join(path, "routes"), i));
  }
  writer.close();
  writer.close();
}

void show_cluster(Writer& writer, const ClusterConfig& cluster, const std::string& path) {
  writer.open(fmt::format("{}:", yaml_scalar(cluster.name)), writer.written_at(path));
  const std::string endpoints = join(path, "endpoints");
  writer.open("endpoints:", writer.written_at(endpoints));
  for (size_t i = 0; i < cluster.endpoints.size(); ++i) {
    writer.open_item();
    writer.section_of(cluster.endpoints[i], join(endpoints, i));
    writer.close();
  }
  writer.close();
  const std::string health_check = join(path, "health_check");
  if (cluster.health_check) {
    writer.open("health_check:", writer.written_at(health_check));
    writer.section_of(*cluster.health_check, health_check);
    writer.close();
  } else {
    const auto* setting = section<ClusterConfig>().find("health_check");
    writer.line("health_check: off", writer.origin(health_check, setting->info.reason));
  }
  writer.section_of(cluster, path);
  writer.close();
}

}  // namespace

std::string show(const Loaded& loaded) {
  Writer writer(loaded);
  writer.section_of(loaded.config, "");
  writer.open("listeners:", writer.written_at("listeners"));
  for (size_t i = 0; i < loaded.config.listeners.size(); ++i) {
    show_listener(writer, loaded.config.listeners[i], join("listeners", i));
  }
  writer.close();
  writer.open("clusters:", writer.written_at("clusters"));
  for (const ClusterConfig& cluster : loaded.config.clusters) {
    show_cluster(writer, cluster, join("clusters", cluster.name));
  }
  writer.close();
  return writer.take();
}

}  // namespace weir::model
