#include "sim/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <utility>

#include "model/schema.h"
#include "model/value.h"

namespace weir::sim {
namespace {

constexpr std::string_view kFirstLine = "# weir recording 1";
constexpr std::string_view kColumns =
    "arrived_ns,cluster,endpoint,attempt_ns,first_byte_ns,latency_ns,status,idempotent,path_hash,bytes_in,bytes_out,"
    "tries";
/// A request, and a recording, of more than eleven days is a mistake; sums of such times cannot overflow.
constexpr int64_t kLongest = 1'000'000'000'000'000;

const model::Shape& policy_shape() { return model::section<model::ClusterConfig>().find("policy")->info.shape; }

std::string text_of_endpoint(const Recording& recording, const RecordedRequest& request) {
  if (request.endpoint == RecordedRequest::kNoEndpoint) return "";
  return recording.clusters[request.cluster].endpoints[request.endpoint];
}

/// Takes what stands before `separator`, and the separator; all when there is none.
std::string_view take_until(std::string_view& text, char separator) {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(text.size(), part.size() + 1));
  return part;
}

/// Reads line by line and remembers where it is. The first problem stands; what is read after it means nothing.
class Reader {
 public:
  Reader(std::string_view text, const std::string& name) : rest_(text), name_(name) {}

  Result<Recording, std::string> read() {
    if (!next_line() || line_ != kFirstLine) complain(fmt::format("expected \"{}\"", kFirstLine));
    bool columns = false;
    while (problem_.empty() && next_line()) {
      if (line_.starts_with("# ")) {
        read_comment(line_.substr(2));
      } else if (!columns) {
        if (line_ != kColumns) complain(fmt::format("expected the columns {}", kColumns));
        columns = true;
      } else if (!line_.empty()) {
        read_request();
      }
    }
    if (!columns) complain(fmt::format("the file ends before its columns, expected {}", kColumns));
    if (!problem_.empty()) return fail(std::move(problem_));
    std::stable_sort(recording_.requests.begin(), recording_.requests.end(),
                     [](const auto& a, const auto& b) { return a.arrived < b.arrived; });
    return std::move(recording_);
  }

 private:
  bool next_line() {
    if (rest_.empty()) return false;
    line_ = take_until(rest_, '\n');
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    ++number_;
    return true;
  }

  void complain(const std::string& what) {
    if (problem_.empty()) problem_ = fmt::format("{}:{}: {}", name_, number_, what);
  }

  template <class Number>
  Number number(std::string_view column, std::string_view text, Number min, Number max, int base = 10) {
    Number value{};
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value, base);
    if (error == std::errc() && stopped == end && value >= min && value <= max) return value;
    const std::string_view kind = base == 16 ? "a hexadecimal number" : "a whole number";
    complain(fmt::format("{} is {}, expected {} from {} to {}", column, model::quote(text), kind, min, max));
    return min;
  }

  Duration duration(std::string_view column, std::string_view text, int64_t min = 0) {
    return Duration::ns(number<int64_t>(column, text, min, kLongest));
  }

  void read_comment(std::string_view text) {
    const std::string_view key = take_until(text, ' ');
    if (key == "version") recording_.version = text;
    if (key == "started") recording_.started = text;
    if (key == "length_ns") recording_.length = duration(key, text);
    if (key == "dropped") recording_.dropped = number<uint64_t>(key, text, 0, UINT64_MAX);
    if (key == "cluster") read_cluster(text);
  }

  void read_cluster(std::string_view text) {
    RecordedCluster cluster;
    cluster.name = take_until(text, ' ');
    std::string_view policy = take_until(text, ' ');
    if (cluster.name.empty() || !policy.starts_with("policy=") || !text.starts_with("endpoints=")) {
      return complain("expected \"# cluster NAME policy=POLICY endpoints=ADDRESS,ADDRESS\"");
    }
    policy.remove_prefix(policy.find('=') + 1);
    text.remove_prefix(text.find('=') + 1);
    const auto kind = parse_policy(policy);
    if (!kind) return complain(kind.error());
    cluster.policy = *kind;
    while (!text.empty()) cluster.endpoints.emplace_back(take_until(text, ','));
    const bool known = std::any_of(recording_.clusters.begin(), recording_.clusters.end(),
                                   [&](const auto& each) { return each.name == cluster.name; });
    if (known) return complain(fmt::format("cluster {} is there twice", cluster.name));
    recording_.clusters.push_back(std::move(cluster));
  }

  void read_request() {
    RecordedRequest request;
    std::string_view rest = line_;
    const auto commas = static_cast<size_t>(std::count(rest.begin(), rest.end(), ','));
    const auto expected = static_cast<size_t>(std::count(kColumns.begin(), kColumns.end(), ','));
    if (commas != expected) return complain(fmt::format("{} values, expected {}", commas + 1, expected + 1));
    request.arrived = duration("arrived_ns", take_until(rest, ','), -kLongest);
    const std::string_view cluster = take_until(rest, ',');
    find_endpoint(request, cluster, take_until(rest, ','));
    request.attempt = duration("attempt_ns", take_until(rest, ','));
    request.first_byte = duration("first_byte_ns", take_until(rest, ','));
    request.latency = duration("latency_ns", take_until(rest, ','));
    request.status = number<uint16_t>("status", take_until(rest, ','), 0, 999);
    request.idempotent = number<uint16_t>("idempotent", take_until(rest, ','), 0, 1) == 1;
    request.path_hash = number<uint64_t>("path_hash", take_until(rest, ','), 0, UINT64_MAX, 16);
    request.bytes_in = number<uint64_t>("bytes_in", take_until(rest, ','), 0, UINT64_MAX);
    request.bytes_out = number<uint64_t>("bytes_out", take_until(rest, ','), 0, UINT64_MAX);
    request.tries = number<uint32_t>("tries", rest, 0, UINT32_MAX);
    const bool in_order = request.attempt <= request.latency && request.first_byte <= request.latency &&
                          (request.first_byte == Duration{} || request.attempt <= request.first_byte);
    if (!in_order) complain("expected attempt_ns <= first_byte_ns <= latency_ns");
    recording_.requests.push_back(request);
  }

  void find_endpoint(RecordedRequest& request, std::string_view cluster, std::string_view endpoint) {
    const auto& clusters = recording_.clusters;
    // Nearly always the one of the line before.
    if (last_cluster_ >= clusters.size() || clusters[last_cluster_].name != cluster) {
      const auto found =
          std::find_if(clusters.begin(), clusters.end(), [&](const auto& each) { return each.name == cluster; });
      if (found == clusters.end()) {
        return complain(fmt::format("cluster is {}, expected one that the header names", model::quote(cluster)));
      }
      last_cluster_ = static_cast<uint32_t>(found - clusters.begin());
    }
    request.cluster = last_cluster_;
    if (endpoint.empty()) return;
    const auto& endpoints = clusters[last_cluster_].endpoints;
    const auto found = std::find(endpoints.begin(), endpoints.end(), endpoint);
    if (found == endpoints.end()) {
      return complain(fmt::format("endpoint is {}, expected one that the header names", model::quote(endpoint)));
    }
    request.endpoint = static_cast<uint32_t>(found - endpoints.begin());
  }

  std::string_view rest_;
  const std::string& name_;
  std::string_view line_;
  size_t number_ = 0;
  uint32_t last_cluster_ = 0;
  std::string problem_;
  Recording recording_;
};

}  // namespace

std::string policy_name(model::PolicyKind policy) {
  return std::string(policy_shape().choices[static_cast<size_t>(policy)]);
}

Result<model::PolicyKind, std::string> parse_policy(std::string_view text) {
  const auto value = model::parse_value(policy_shape(), "policy", text);
  if (value) return static_cast<model::PolicyKind>(std::get<uint64_t>(*value));
  const model::Problem& problem = value.error();
  const std::string expected = problem.expected.empty() ? "" : ", expected " + problem.expected;
  const std::string hint = problem.nearest.empty() ? "" : fmt::format("; did you mean {}?", problem.nearest);
  return fail(problem.message + expected + hint);
}

std::string write_recording(const Recording& recording) {
  fmt::memory_buffer out;
  const auto end = std::back_inserter(out);
  fmt::format_to(end, "{}\n# version {}\n# started {}\n# length_ns {}\n# dropped {}\n", kFirstLine, recording.version,
                 recording.started, recording.length.ns(), recording.dropped);
  for (const RecordedCluster& cluster : recording.clusters) {
    fmt::format_to(end, "# cluster {} policy={} endpoints={}\n", cluster.name, policy_name(cluster.policy),
                   fmt::join(cluster.endpoints, ","));
  }
  fmt::format_to(end, "{}\n", kColumns);
  for (const RecordedRequest& each : recording.requests) {
    fmt::format_to(end, "{},{},{},{},{},{},{},{},{:x},{},{},{}\n", each.arrived.ns(),
                   recording.clusters[each.cluster].name, text_of_endpoint(recording, each), each.attempt.ns(),
                   each.first_byte.ns(), each.latency.ns(), each.status, each.idempotent ? 1 : 0, each.path_hash,
                   each.bytes_in, each.bytes_out, each.tries);
  }
  return fmt::to_string(out);
}

Result<Recording, std::string> read_recording(std::string_view text, const std::string& name) {
  return Reader(text, name).read();
}

}  // namespace weir::sim
