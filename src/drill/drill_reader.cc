#include "drill/drill_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "drill/schema.h"
#include "load/plan_reader.h"
#include "model/nearest.h"
#include "model/reading.h"
#include "model/text_file.h"

namespace weir::drill {

using model::Entry;
using model::join;
using model::Mistake;
using model::Reading;
using model::Setting;
using model::YamlNode;

namespace {

/// What every arm begins with: `weir up` writes the same.
Arm first_arm() {
  Arm arm;
  arm.cluster.health_check = model::HealthCheckConfig{};
  arm.cluster.health_check->http_path = "/healthz";
  arm.cluster.health_check->interval = Duration::s(1);
  return arm;
}

/// What a load begins with.
load::Plan first_load() {
  load::Plan load;
  load.rate = 200;
  load.connections_max = 200;
  load.timeout = Duration::s(3);
  return load;
}

/// A load that does not say what it asks for reads timelines: the page that everybody reads.
void complete(load::Plan& load) {
  if (!load.requests.empty()) return;
  const auto is_user = [](const load::IdSpec& each) { return each.name == "user"; };
  if (std::none_of(load.ids.begin(), load.ids.end(), is_user)) load.ids.push_back({.name = "user", .count = 1000});
  load.requests.push_back({.name = "read", .path = "/timeline/user{user}"});
}

/// The items of a list; a single map or value stands for a list of one.
std::vector<const YamlNode*> items_of(Reading& reading, const Entry& entry, size_t most, std::string_view what) {
  std::vector<const YamlNode*> items;
  if (entry.value.kind == YamlNode::Kind::list) {
    for (const YamlNode& each : entry.value.values) items.push_back(&each);
  } else if (entry.value.kind != YamlNode::Kind::null) {
    items.push_back(&entry.value);
  }
  if (items.empty() || items.size() > most) {
    reading.mistake(entry.place(), entry.path,
                    {fmt::format("has {} {}s", items.size(), what), fmt::format("from 1 to {}", most)});
    items.clear();
  }
  return items;
}

class DrillReader {
 public:
  DrillReader(Reading& reading, Drill& drill) : reading_(reading), drill_(drill) {}

  void read(const YamlNode& root) {
    drill_.load = first_load();
    read_section(reading_, root, root, "", drill_, [&](const Setting<Drill>& setting, const Entry& entry) {
      const std::string_view name = setting.info.name;
      if (name == "hypothesis") read_texts(entry, parse_hypothesis, drill_.hypothesis);
      if (name == "expect") read_texts(entry, parse_expectation, drill_.expectations);
      if (name == "load") read_load(entry);
      if (name == "faults") read_faults(entry);
      if (name == "arms") read_arms(entry);
    });
    complete(drill_.load);
    if (root.kind != YamlNode::Kind::map) return;
    check_arms_named(root);
    check_blast_radius(root);
  }

 private:
  template <class Parse>
  void read_texts(const Entry& entry, const Parse& parse, std::vector<Expectation>& out) {
    size_t i = 0;
    for (const YamlNode* each : items_of(reading_, entry, kExpectationsMax, "expectation")) {
      const std::string path = join(entry.path, i++);
      if (each->kind != YamlNode::Kind::scalar) {
        reading_.mistake(*each, path, {"is no text", "a comparison such as p99 < 100ms"});
        continue;
      }
      auto parsed = parse(each->text);
      if (!parsed) {
        reading_.mistake(*each, path, parsed.error());
        continue;
      }
      out.push_back(std::move(*parsed));
    }
  }

  void read_load(const Entry& entry) {
    load::read_plan(reading_, entry.place(), entry.value, entry.path, load_section(), drill_.load);
    if (drill_.load.arrivals == load::Arrivals::closed) {
      reading_.mistake(entry.place(), join(entry.path, "arrivals"),
                       {"closed hides what a fault costs: whoever waits asks for nothing", "constant or poisson"});
    }
    if (!(drill_.load.rate > 0)) reading_.mistake(entry.place(), join(entry.path, "rate"), {"asks for nothing"});
  }

  void read_faults(const Entry& entry) {
    size_t i = 0;
    for (const YamlNode* each : items_of(reading_, entry, kFaultsMax, "fault")) {
      const std::string path = join(entry.path, i++);
      FaultSpec& fault = drill_.faults.emplace_back();
      read_section(reading_, *each, *each, path, fault);
      if (each->kind == YamlNode::Kind::map) check_fault(*each, path, fault);
      if (fault.kind == FaultKind::network) drill_.proxied = true;
    }
  }

  void check_fault(const YamlNode& node, const std::string& path, const FaultSpec& fault) {
    for (const YamlNode& key : node.keys) {
      const bool known =
          model::section<FaultSpec>().find(key.text) != nullptr || key.text == "upstream" || key.text == "downstream";
      if (!known || uses(fault.kind, key.text)) continue;
      reading_.mistake(key, join(path, key.text), {fmt::format("means nothing with kind: {}", name_of(fault.kind))});
    }
    if (fault.kind == FaultKind::rate && !(fault.rate > 0)) {
      reading_.mistake(node, join(path, "rate"), {"is missing", "requests per second"});
    }
    if (fault.kind == FaultKind::reload) {
      if (fault.every == Duration{}) reading_.mistake(node, join(path, "every"), {"is missing", "such as 100ms"});
    } else if (fault.every > Duration{} && (fault.length == Duration{} || fault.length >= fault.every)) {
      reading_.mistake(node, path, {"begins again before it has ended", "for: less than every"});
    }
  }

  void read_arms(const Entry& entry) {
    size_t i = 0;
    for (const YamlNode* each : items_of(reading_, entry, kArmsMax, "arm")) {
      Arm arm = first_arm();
      read_arm(*each, join(entry.path, i++), arm);
      const bool twice = std::any_of(drill_.arms.begin(), drill_.arms.end(),
                                     [&](const Arm& other) { return other.name == arm.name && !arm.name.empty(); });
      if (twice) reading_.mistake(*each, join(entry.path, i - 1), {fmt::format("{} is there twice", arm.name)});
      drill_.arms.push_back(std::move(arm));
    }
  }

  void read_arm(const YamlNode& node, const std::string& path, Arm& arm) {
    read_section(reading_, node, node, path, arm, [&](const Setting<Arm>& setting, const Entry& entry) {
      const YamlNode& at = entry.place();
      if (setting.info.name == "cluster") {
        read_section(
            reading_, at, entry.value, entry.path, arm.cluster,
            [&](const Setting<model::ClusterConfig>& inner, const Entry& check) {
              arm.cluster.health_check.reset();
              read_health_check(reading_, inner.info, check, arm.cluster.health_check);
            },
            arm_cluster_section());
      } else if (setting.info.name == "route") {
        read_section(
            reading_, at, entry.value, entry.path, arm.route, [](const auto&, const Entry&) {}, arm_route_section());
      } else {
        read_section(
            reading_, at, entry.value, entry.path, arm.listener, [](const auto&, const Entry&) {},
            arm_listener_section());
      }
    });
  }

  static const YamlNode* value_of(const YamlNode& root, std::string_view name) {
    for (size_t i = 0; i < root.keys.size(); ++i) {
      if (root.keys[i].text == name) return &root.values[i];
    }
    return nullptr;
  }

  void check_arms_named(const YamlNode& root) {
    const YamlNode* list = value_of(root, "expect");
    if (list == nullptr || drill_.arms.empty()) return;
    std::vector<std::string_view> names;
    for (const Arm& each : drill_.arms) names.push_back(each.name);
    const auto check = [&](const Expectation& expectation, const Term& term) {
      if (std::find(names.begin(), names.end(), term.arm) != names.end()) return;
      const YamlNode* at = list;
      for (const YamlNode& each : list->values) {
        if (each.text == expectation.text) at = &each;
      }
      reading_.mistake(*at, "expect",
                       {fmt::format("there is no arm {}", model::quote(term.arm)),
                        fmt::format("one of {}", fmt::join(names, ", ")), model::nearest(term.arm, names)});
    };
    for (const Expectation& each : drill_.expectations) {
      check(each, each.left);
      if (each.right) check(each, *each.right);
    }
  }

  void check_blast_radius(const YamlNode& root) {
    uint32_t most = 0;
    for (const FaultSpec& each : drill_.faults) {
      if (!uses(each.kind, "instances")) continue;
      most = std::max(most, each.instances == 0 ? drill_.instances : each.instances);
    }
    if (drill_.limits.instances == 0 || most <= drill_.limits.instances) return;
    const YamlNode* at = value_of(root, "faults");
    reading_.mistake(
        at == nullptr ? root : *at, "faults",
        {fmt::format("touch {} instances, and blast_radius.instances is {}", most, drill_.limits.instances)});
  }

  Reading& reading_;
  Drill& drill_;
};

}  // namespace

std::string ApplicationFault::json() const {
  return fmt::format(R"({{"delay_ms":{},"error_percent":{},"half_dead":{},"slow_body_bps":{},"spare_health":{}}})",
                     delay.ms(), error_percent, half_dead, slow_body, spare_health);
}

weir::Result<Drill, std::vector<Mistake>> load_drill_text(std::string_view text, const std::string& file_name) {
  auto tree = model::parse_yaml(text);
  if (!tree) {
    return fail(
        std::vector<Mistake>{{file_name, tree.error().line, tree.error().column, {}, tree.error().message, {}, {}}});
  }
  Reading reading(file_name);
  Drill drill;
  DrillReader(reading, drill).read(*tree);
  auto mistakes = reading.take_mistakes();
  if (!mistakes.empty()) return fail(std::move(mistakes));
  return drill;
}

weir::Result<Drill, std::vector<Mistake>> load_drill(const std::string& path) {
  // One byte more than allowed, so that too large shows.
  const auto text = model::read_text_file(path, model::kYamlBytesMax + 1);
  if (!text) return fail(std::vector<Mistake>{{path, 0, 0, {}, text.error(), {}, {}}});
  return load_drill_text(*text, path);
}

}  // namespace weir::drill
