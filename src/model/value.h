#pragma once
// One setting's value, apart from the member it goes to: what the YAML reader reads, `weir show` prints and the
// documentation gives as the default. A Shape says which texts are values (type, range, words) and in which form they
// are written; parse_value and format_value are each other's inverse. Pure functions, any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/time.h"
#include "model/config.h"
#include "model/units.h"

namespace weir::model {

enum class Type : uint8_t {
  boolean,
  count,
  percent,
  bytes,
  duration,
  choice,        ///< one of a list of words; the value is its index
  text,          ///< free text without control characters
  name,          ///< of a cluster or zone: goes into metrics, logs and paths, so its letters are few
  host,          ///< a host name as in a Host field, stored in lower case
  target,        ///< the path of a request: begins with /
  address,       ///< host:port
  endpoint,      ///< the same, or name:port
  host_pattern,  ///< the same, or *.example.org
  path_pattern,  ///< /exact, /prefix* or a pattern (model/path_pattern.h)
  status_range,  ///< 200 or 200-299
  hash_key,      ///< client_ip, path, header:NAME or cookie:NAME
  sticky_key,    ///< client_ip, header:NAME, cookie:NAME or query:NAME
  structure,     ///< a list or a map with a reader of its own
  later,         ///< known, and refused until the part that implements it arrives
};

struct StatusRange {
  uint16_t min = 0, max = 0;
  bool operator==(const StatusRange&) const = default;
};
struct HashKey {
  HashOn on = HashOn::client_ip;
  std::string name;  ///< of the header field, in lower case, or of the cookie
  bool operator==(const HashKey&) const = default;
};
struct PathPattern {
  std::string path;  ///< as RouteConfig::path has it
  RouteConfig::PathKind kind = RouteConfig::PathKind::prefix;
  bool operator==(const PathPattern&) const = default;
};

/// Counts, percents, sizes and choices are uint64_t; an address may be absent ("off").
using Value = std::variant<bool, uint64_t, Duration, std::string, std::optional<Address>, StatusRange, HashKey,
                           StickyKey, PathPattern>;

struct Shape {
  Type type = Type::text;
  uint64_t min = 0, max = 0;     ///< of counts, percents, bytes, ns, the port, the length of a text
  std::string_view zero_word{};  ///< a word for zero ("off", "auto"); zero then needs no `min` of 0
  std::span<const std::string_view> choices{};
  std::string_view form{};  ///< of a structure: what one writes
  bool required = false;

  [[nodiscard]] constexpr Shape or_word(std::string_view word) const {
    Shape changed = *this;
    changed.zero_word = word;
    return changed;
  }
  [[nodiscard]] constexpr Shape and_required() const {
    Shape changed = *this;
    changed.required = true;
    return changed;
  }
};

/// "a duration from 1ms to 5m, or off": for messages and the documentation.
std::string describe(const Shape& shape);

/// `name` is the setting's, for messages such as: unknown policy "p2x".
Result<Value, Problem> parse_value(const Shape& shape, std::string_view name, std::string_view text);

/// The value as one writes it in YAML, quoted where YAML needs it.
std::string format_value(const Shape& shape, const Value& value);

/// RFC 9110 section 5.6.2: what the name of a field, a method or a cookie is made of.
bool is_token(std::string_view text);
std::string lower_case(std::string_view text);

/// A string as a YAML scalar: plain when nobody could misread it, else in double quotes.
std::string yaml_scalar(std::string_view text);

}  // namespace weir::model
