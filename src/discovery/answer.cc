#include "discovery/answer.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>

namespace weir::discovery {
namespace {

using Bytes = std::array<unsigned char, sizeof(in6_addr)>;

/// In numeric order, each once, in canonical spelling; what is no address is left out.
std::vector<std::string> ordered(const std::vector<std::string>& texts, int family) {
  std::set<Bytes> unique;
  for (const std::string& text : texts) {
    Bytes bytes{};
    if (inet_pton(family, text.c_str(), bytes.data()) == 1) unique.insert(bytes);
  }
  std::vector<std::string> out;
  out.reserve(unique.size());
  for (const Bytes& bytes : unique) {
    std::array<char, INET6_ADDRSTRLEN> spelled{};
    if (inet_ntop(family, bytes.data(), spelled.data(), spelled.size()) != nullptr) out.emplace_back(spelled.data());
  }
  return out;
}

bool is(const std::optional<Answer>& answer, Outcome outcome) { return answer && answer->outcome == outcome; }

std::string problem_of(const Round& round, Outcome outcome) {
  for (const auto* answer : {&round.v4, &round.v6}) {
    if (is(*answer, outcome)) return (*answer)->problem;
  }
  return {};
}

/// Distinct priorities of records become 0, 1, 2...
std::map<uint16_t, uint8_t> ranks_of(const std::vector<ServiceRecord>& records, uint8_t first) {
  constexpr int kLast = 9;
  std::map<uint16_t, uint8_t> ranks;
  for (const ServiceRecord& each : records) ranks.emplace(each.priority, uint8_t{0});
  int rank = first;
  for (auto& entry : ranks) entry.second = static_cast<uint8_t>(std::min(rank++, kLast));
  return ranks;
}

/// Skips a name; nothing when it runs out of the packet. A pointer ends a name, so none is followed and none can loop.
std::optional<size_t> skip_name(std::span<const unsigned char> packet, size_t at) {
  constexpr unsigned kPointer = 0xc0, kLabelMax = 63;
  while (at < packet.size()) {
    const unsigned length = packet[at];
    if (length == 0) return at + 1;
    if (length >= kPointer) return at + 2;
    if (length > kLabelMax) return std::nullopt;
    at += 1 + length;
  }
  return std::nullopt;
}

unsigned number16(std::span<const unsigned char> packet, size_t at) { return packet[at] * 256u + packet[at + 1]; }

}  // namespace

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::found: return "found";
    case Outcome::empty: return "empty";
    case Outcome::failed: return "failed";
  }
  return "";
}

Conclusion conclude(const Addresses& before, const Round& round) {
  const bool found = is(round.v4, Outcome::found) || is(round.v6, Outcome::found);
  const bool failed = is(round.v4, Outcome::failed) || is(round.v6, Outcome::failed);
  if (!found && failed) return {before, Outcome::failed, Duration{}, problem_of(round, Outcome::failed)};
  if (!found) return {{}, Outcome::empty, Duration{}, problem_of(round, Outcome::empty)};
  Conclusion conclusion{.outcome = Outcome::found, .ttl = Duration::max()};
  const auto take = [&](const std::optional<Answer>& answer, const std::vector<std::string>& old, int family) {
    if (is(answer, Outcome::failed)) return old;
    if (!is(answer, Outcome::found)) return std::vector<std::string>{};
    conclusion.ttl = std::min(conclusion.ttl, answer->ttl);
    return ordered(answer->addresses, family);
  };
  conclusion.addresses.v4 = take(round.v4, before.v4, AF_INET);
  conclusion.addresses.v6 = take(round.v6, before.v6, AF_INET6);
  conclusion.problem = problem_of(round, Outcome::failed);
  return conclusion;
}

std::vector<model::EndpointConfig> endpoints_of(const Addresses& addresses, const model::EndpointConfig& entry) {
  std::vector<model::EndpointConfig> out;
  for (const auto* list : {&addresses.v4, &addresses.v6}) {
    for (const std::string& host : *list) {
      model::EndpointConfig endpoint = entry;
      endpoint.address.host = host;
      endpoint.origin = entry.address.host;
      out.push_back(std::move(endpoint));
    }
  }
  return out;
}

std::vector<model::EndpointConfig> endpoints_of(const std::vector<ServiceRecord>& records,
                                                const std::map<std::string, Addresses>& hosts,
                                                const model::EndpointConfig& entry) {
  constexpr uint32_t kWeightMax = 1000;
  std::vector<ServiceRecord> sorted = records;
  std::sort(sorted.begin(), sorted.end(), [](const ServiceRecord& a, const ServiceRecord& b) {
    return std::tie(a.priority, a.host, a.port, a.weight) < std::tie(b.priority, b.host, b.port, b.weight);
  });
  const auto ranks = ranks_of(sorted, entry.priority);
  uint32_t largest = kWeightMax;
  for (const ServiceRecord& each : sorted) largest = std::max<uint32_t>(largest, each.weight);
  std::vector<model::EndpointConfig> out;
  for (const ServiceRecord& each : sorted) {
    const auto host = hosts.find(each.host);
    if (host == hosts.end()) continue;
    model::EndpointConfig as = entry;
    as.srv.clear();
    as.address = {each.host, each.port};
    as.weight = std::max(1u, each.weight * kWeightMax / largest);
    as.priority = ranks.at(each.priority);
    for (auto& endpoint : endpoints_of(host->second, as)) out.push_back(std::move(endpoint));
  }
  return out;
}

std::optional<Duration> least_ttl(std::span<const unsigned char> packet, uint16_t type) {
  constexpr size_t kHeader = 12, kQuestionTail = 4, kRecordTail = 10;
  constexpr unsigned kAlias = 5;
  if (packet.size() < kHeader) return std::nullopt;
  size_t at = kHeader;
  for (unsigned questions = number16(packet, 4); questions > 0; --questions) {
    const auto end = skip_name(packet, at);
    if (!end) return std::nullopt;
    at = *end + kQuestionTail;
  }
  std::optional<Duration> least;
  for (unsigned answers = number16(packet, 6); answers > 0; --answers) {
    const auto end = skip_name(packet, at);
    if (!end || *end + kRecordTail > packet.size()) return std::nullopt;
    const unsigned its_type = number16(packet, *end);
    const int64_t seconds = int64_t{number16(packet, *end + 4)} * 65536 + number16(packet, *end + 6);
    at = *end + kRecordTail + number16(packet, *end + 8);
    if (at > packet.size()) return std::nullopt;
    if (its_type != type && its_type != kAlias) continue;
    const Duration ttl = seconds > INT32_MAX ? Duration{} : Duration::s(seconds);
    least = least ? std::min(*least, ttl) : ttl;
  }
  return least;
}

Difference difference(const std::vector<model::EndpointConfig>& before,
                      const std::vector<model::EndpointConfig>& after) {
  std::unordered_map<std::string, const model::EndpointConfig*> old;
  for (const auto& each : before) old.emplace(each.address.text(), &each);
  Difference out;
  for (const auto& each : after) {
    const auto found = old.find(each.address.text());
    if (found == old.end()) {
      ++out.added;
      continue;
    }
    if (!(*found->second == each)) ++out.changed;
    old.erase(found);
  }
  out.removed = old.size();
  return out;
}

}  // namespace weir::discovery
