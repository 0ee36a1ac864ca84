#include "app/endpoints_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

namespace weir::app {

namespace {

using nlohmann::json;

constexpr size_t kColumns = 10;
using Row = std::array<std::string, kColumns>;

const Row kHeadings{"CLUSTER", "ENDPOINT", "STATE", "WEIGHT", "IN-FLIGHT", "REQUESTS", "FAILED", "P50", "P99", "WHY"};
constexpr std::array<bool, kColumns> kNumeric{false, false, false, true, true, true, true, true, true, false};

/// A newer or older Weir may say less, or say it otherwise: then the cell is empty.
std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string number_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? std::to_string(found->get<uint64_t>()) : "";
}

std::string latency_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return "-";
  const auto ms = found->get<double>();
  return ms >= 1000 ? fmt::format("{:.2f}s", ms / 1000) : fmt::format("{:.{}f}ms", ms, ms < 10 ? 2 : 0);
}

Row row_of(const std::string& cluster, const json& endpoint) {
  return {cluster,
          text_at(endpoint, "name"),
          text_at(endpoint, "state"),
          number_at(endpoint, "weight"),
          number_at(endpoint, "in_flight"),
          number_at(endpoint, "requests"),
          number_at(endpoint, "failures"),
          latency_at(endpoint, "p50_ms"),
          latency_at(endpoint, "p99_ms"),
          text_at(endpoint, "why")};
}

std::string render(const std::vector<Row>& rows) {
  std::array<size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < kColumns; ++i) {
      line += kNumeric[i] ? fmt::format("{:>{}}  ", row[i], widths[i]) : fmt::format("{:<{}}  ", row[i], widths[i]);
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

/// "app: dns app.internal: 3 endpoints, asked again in 4.2s", and what is wrong.
std::string line_of(const std::string& cluster, const json& source) {
  std::string line = fmt::format("{}: {} {}: {} endpoints", cluster, text_at(source, "kind"), text_at(source, "name"),
                                 number_at(source, "endpoints"));
  const auto stale = source.find("stale");
  if (stale != source.end() && *stale == json(true)) line += ", stale";
  const auto next = source.find("next_ms");
  if (next != source.end() && next->is_number()) {
    line += fmt::format(", looked up again in {:.1f}s", next->get<double>() / 1000);
  }
  const std::string problem = text_at(source, "problem");
  return line + (problem.empty() ? "" : ": " + problem) + "\n";
}

}  // namespace

Result<std::string, std::string> endpoints_table(std::string_view text) {
  const json parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("clusters")) return fail(std::string("this is not the answer of a Weir"));
  std::vector<Row> rows{kHeadings};
  std::string sources;
  for (const json& cluster : parsed["clusters"]) {
    if (!cluster.is_object() || !cluster.contains("endpoints")) continue;
    for (const json& endpoint : cluster["endpoints"]) {
      if (endpoint.is_object()) rows.push_back(row_of(text_at(cluster, "name"), endpoint));
    }
    const auto found = cluster.find("sources");
    if (found == cluster.end()) continue;
    for (const json& source : *found) {
      if (source.is_object()) sources += line_of(text_at(cluster, "name"), source);
    }
  }
  return render(rows) + (sources.empty() ? "" : "\n" + sources);
}

}  // namespace weir::app
