#include "load/plan_reader.h"

#include <fmt/format.h>

#include <map>

#include "load/plan_check.h"
#include "load/plan_schema.h"
#include "model/text_file.h"
#include "proto/http/message.h"

namespace weir::load {

using model::Entry;
using model::join;
using model::Mistake;
using model::quote;
using model::Reading;
using model::YamlNode;

namespace {

/// One item stands for a list of one. Complains of too many.
std::vector<const YamlNode*> items_of(Reading& reading, const Entry& entry, size_t most) {
  std::vector<const YamlNode*> items;
  if (entry.value.kind == YamlNode::Kind::list) {
    for (const YamlNode& each : entry.value.values) items.push_back(&each);
  } else {
    items.push_back(&entry.value);
  }
  if (items.size() <= most) return items;
  reading.mistake(entry.value, entry.path,
                  {fmt::format("has {} items", items.size()), fmt::format("at most {}", most)});
  return {};
}

/// What HTTP makes of itself; a plan that sets it would break the framing.
bool is_framing(std::string_view name) {
  const auto is = [&](std::string_view other) { return proto::http::iequals(name, other); };
  return is("content-length") || is("transfer-encoding") || is("connection") || is("upgrade") || is("host");
}

void read_fields(Reading& reading, const Entry& entry, std::vector<FieldSpec>& fields) {
  if (!reading.expect_map(entry.place(), entry.value, entry.path, "a map of field names and values")) return;
  if (entry.value.keys.size() > kFieldsMax) {
    return reading.mistake(entry.value, entry.path, {"has too many fields", fmt::format("at most {}", kFieldsMax)});
  }
  std::map<std::string, uint32_t> seen;
  for (size_t i = 0; i < entry.value.keys.size(); ++i) {
    const YamlNode& key = entry.value.keys[i];
    const std::string path = join(entry.path, key.text);
    if (!reading.expect_new_key(key, path, seen)) continue;
    if (!is_token(key.text) || is_framing(key.text)) {
      reading.mistake(key, path,
                      {fmt::format("{} cannot be set", quote(key.text)),
                       "a field's name; host has a setting of its own, and framing is HTTP's"});
      continue;
    }
    const model::Shape shape{.type = model::Type::text, .min = 0, .max = 8192};
    const auto value = reading.scalar(Entry{key, entry.value.values[i], path}, shape, "field");
    if (value) fields.push_back({key.text, std::get<std::string>(*value)});
  }
}

void read_requests(Reading& reading, const Entry& entry, size_t most, std::vector<RequestSpec>& requests) {
  const auto items = items_of(reading, entry, most);
  for (size_t i = 0; i < items.size(); ++i) {
    read_section(reading, *items[i], *items[i], join(entry.path, i), requests.emplace_back(),
                 [&](const model::Setting<RequestSpec>&, const Entry& inner) {
                   read_fields(reading, inner, requests.back().fields);
                 });
  }
}

void read_ids(Reading& reading, const Entry& entry, std::vector<IdSpec>& ids) {
  if (!reading.expect_map(entry.place(), entry.value, entry.path, "a map such as user: {count: 10000}")) return;
  if (entry.value.keys.size() > kIdsMax) {
    return reading.mistake(entry.value, entry.path, {"has too many ids", fmt::format("at most {}", kIdsMax)});
  }
  std::map<std::string, uint32_t> seen;
  for (size_t i = 0; i < entry.value.keys.size(); ++i) {
    const YamlNode& key = entry.value.keys[i];
    const std::string path = join(entry.path, key.text);
    if (!reading.expect_new_key(key, path, seen)) continue;
    if (key.text == "session" || key.text == "token") {
      reading.mistake(key, path, {"already stands for who is logged in", "another name"});
      continue;
    }
    IdSpec& id = ids.emplace_back();
    id.name = key.text;
    read_section(reading, entry.value.values[i], entry.value.values[i], path, id);
  }
}

void read_structure(Reading& reading, const Entry& entry, std::string_view name, Plan& plan) {
  if (name == "stages") {
    const auto items = items_of(reading, entry, kStagesMax);
    for (size_t i = 0; i < items.size(); ++i) {
      read_section(reading, *items[i], *items[i], join(entry.path, i), plan.stages.emplace_back());
    }
  } else if (name == "ids") {
    read_ids(reading, entry, plan.ids);
  } else if (name == "requests") {
    read_requests(reading, entry, kRequestsMax, plan.requests);
  } else if (name == "sessions") {
    read_section(reading, entry.place(), entry.value, entry.path, plan.sessions,
                 [&](const model::Setting<SessionsSpec>&, const Entry& inner) {
                   read_requests(reading, inner, kStepsMax, plan.sessions.steps);
                 });
  }
}

std::vector<Mistake> single(const std::string& file, uint32_t line, uint32_t column, std::string message) {
  return {Mistake{file, line, column, {}, std::move(message), {}, {}}};
}

}  // namespace

void read_plan(Reading& reading, const YamlNode& at, const YamlNode& node, const std::string& path,
               const model::Section<Plan>& its, Plan& plan) {
  read_section(
      reading, at, node, path, plan,
      [&](const model::Setting<Plan>& setting, const Entry& entry) {
        read_structure(reading, entry, setting.info.name, plan);
      },
      its);
  if (node.kind == YamlNode::Kind::map) check_plan(reading, node, path, plan);
}

Result<Plan, std::vector<Mistake>> load_plan_text(std::string_view text, const std::string& file_name) {
  const auto tree = model::parse_yaml(text);
  if (!tree) return fail(single(file_name, tree.error().line, tree.error().column, tree.error().message));
  Reading reading(file_name);
  Plan plan;
  plan.target = {};
  read_plan(reading, *tree, *tree, "", model::section<Plan>(), plan);
  auto mistakes = reading.take_mistakes();
  if (!mistakes.empty()) return fail(std::move(mistakes));
  return plan;
}

Result<Plan, std::vector<Mistake>> load_plan(const std::string& path) {
  // One byte more than allowed, so that too large shows.
  const auto text = model::read_text_file(path, model::kYamlBytesMax + 1);
  if (!text) return fail(single(path, 0, 0, text.error()));
  return load_plan_text(*text, path);
}

}  // namespace weir::load
