#include "console/marks.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"

namespace weir::console {

namespace {

using Json = nlohmann::json;
constexpr std::array kKinds{MarkKind::drill, MarkKind::fault, MarkKind::recover};

bool is_plain(const std::string& text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

}  // namespace

std::string_view name_of(MarkKind kind) {
  switch (kind) {
    case MarkKind::drill: return "drill";
    case MarkKind::fault: return "fault";
    case MarkKind::recover: return "recover";
  }
  return "";
}

Result<Mark, std::string> read_mark(std::string_view json) {
  const auto problem = [](const char* text) { return fail(std::string(text)); };
  const Json parsed = Json::parse(json, nullptr, false);
  if (!parsed.is_object()) {
    return problem(R"(a mark is a JSON object, {"label": "…", "kind": "drill", "fault" or "recover"})");
  }
  Mark mark;
  for (const auto& [key, value] : parsed.items()) {
    if (key != "label" && key != "kind") return problem("a mark has a label and a kind, nothing else");
    if (!value.is_string()) return problem("label and kind are texts");
  }
  const auto label = parsed.find("label");
  if (label == parsed.end()) return problem("a mark needs a label");
  mark.label = label->get<std::string>();
  if (mark.label.empty() || mark.label.size() > kMarkLabelBytes || !is_plain(mark.label)) {
    return fail(fmt::format("label must be 1 to {} bytes without control characters", kMarkLabelBytes));
  }
  const auto kind = parsed.find("kind");
  if (kind == parsed.end()) return mark;
  for (const MarkKind each : kKinds) {
    if (kind->get_ref<const std::string&>() != name_of(each)) continue;
    mark.kind = each;
    return mark;
  }
  return problem("kind must be drill, fault or recover");
}

void Marks::add(Mark mark) {
  marks_.push_back(std::move(mark));
  if (marks_.size() > kMost) marks_.pop_front();
}

std::string Marks::json() const {
  std::string out = "{\"marks\":[";
  for (const Mark& each : marks_) {
    out += fmt::format("{}{{\"at\":{},\"kind\":\"{}\",\"label\":", &each == &marks_.front() ? "" : ",", each.unix_ms,
                       name_of(each.kind));
    append_json_string(out, each.label);
    out += '}';
  }
  return out += "]}";
}

}  // namespace weir::console
