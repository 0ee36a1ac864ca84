#pragma once
// What name servers said, and what follows from it: pure, so that every case is a row of a table. A name is asked for
// its IPv4 and its IPv6 addresses apart (a Round), for one question may fail while the other is answered, and half an
// answer must not halve a cluster: the family that failed keeps the addresses it had.
//
// Lists are in numeric order, IPv4 first: name servers rotate their answers, and an order that is a function of the set
// alone makes the same cluster in every process and no change out of a rotation.
//
// Thread rule: values; any.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/config.h"

namespace weir::discovery {

/// `empty`: the name server is sure that there is nothing (no such name, or none of this kind). `failed`: nobody knows.
enum class Outcome : uint8_t { found, empty, failed };
inline constexpr size_t kOutcomes = 3;
const char* name_of(Outcome outcome);

struct Answer {
  Outcome outcome = Outcome::failed;
  std::vector<std::string> addresses{};  ///< numeric
  Duration ttl{};
  std::string problem{};  ///< for people; empty with `found`
};

/// RFC 2782.
struct ServiceRecord {
  std::string host;
  uint16_t port = 0;
  uint16_t weight = 0;
  uint16_t priority = 0;
  bool operator==(const ServiceRecord&) const = default;
};

struct ServiceAnswer {
  Outcome outcome = Outcome::failed;
  std::vector<ServiceRecord> records{};
  Duration ttl{};
  std::string problem{};
};

struct Addresses {
  std::vector<std::string> v4{}, v6{};
  bool operator==(const Addresses&) const = default;
};

/// The answers to one name; a family that was not asked for has none.
struct Round {
  std::optional<Answer> v4{}, v6{};
};

struct Conclusion {
  Addresses addresses{};
  Outcome outcome = Outcome::failed;
  Duration ttl{};         ///< with `found`
  std::string problem{};  ///< also with `found`, when one family failed
};

Conclusion conclude(const Addresses& before, const Round& round);

/// Each address of a name as an endpoint: port, weight, zone and priority are those of `entry`.
std::vector<model::EndpointConfig> endpoints_of(const Addresses& addresses, const model::EndpointConfig& entry);

/// The addresses of all records' hosts as endpoints. Priorities of records (0..65535) become ranks on top of the
/// entry's; weights stay as they are up to 1000, and are scaled when one is larger. A record of weight 0 gets "a very
/// small" share (RFC 2782), which is 1, as 0 would mean none.
std::vector<model::EndpointConfig> endpoints_of(const std::vector<ServiceRecord>& records,
                                                const std::map<std::string, Addresses>& hosts,
                                                const model::EndpointConfig& entry);

/// The least time to live of the answer's records of `type` and of aliases on the way to them; nothing when the packet
/// is broken or has none. One of more than 31 bits counts as 0 (RFC 2181 section 8).
std::optional<Duration> least_ttl(std::span<const unsigned char> packet, uint16_t type);

/// Endpoints come and go; told by their addresses.
struct Difference {
  size_t added = 0, removed = 0, changed = 0;  ///< changed: another weight, zone or priority
  bool operator==(const Difference&) const = default;
  [[nodiscard]] bool any() const { return added + removed + changed != 0; }
};
Difference difference(const std::vector<model::EndpointConfig>& before,
                      const std::vector<model::EndpointConfig>& after);

}  // namespace weir::discovery
