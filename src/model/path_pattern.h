#pragma once
// What `match.path` says, segment by segment:
//
//   /about               that path and no other
//   /api/*               a prefix: all that begins with /api/, at any depth; also /stat*, which cuts a segment
//   /users/{id}/posts    a pattern: {id} is any one segment that is not empty, named for redirects and rewrites; * is
//                        one without a name
//   /files/{rest*}       the same as /files/*, with a name for what follows
//
// There are no expressions that backtrack: a segment is compared with a segment. Pure functions, any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/config.h"

namespace weir::model {

struct PathSegment {
  bool any = false;
  std::string text;  ///< what it must be; of an `any` its name, or empty
  bool operator==(const PathSegment&) const = default;
};

struct ParsedPath {
  enum class Tail : uint8_t {
    none,     ///< ends with the last segment
    rest,     ///< "/*": then whatever follows, even nothing
    partial,  ///< "/stat*": then a segment that begins with `tail_text`, and whatever follows
  };
  std::vector<PathSegment> segments;  ///< "/a/" has two: "a" and "", and "/" the empty one alone
  Tail tail = Tail::none;
  std::string tail_text;  ///< of `rest` its name, or empty; of `partial` what the segment begins with

  [[nodiscard]] RouteConfig::PathKind kind() const;
  /// Those of segments and rest, without the nameless.
  [[nodiscard]] std::vector<std::string_view> names() const;
  bool operator==(const ParsedPath&) const = default;
};

inline constexpr size_t kPathSegmentsMax = 64;
/// Names of what else redirects, rewrites and header values may mention; no pattern may take them.
inline constexpr std::string_view kReservedNames[] = {"scheme",    "host",       "path", "query",
                                                      "client_ip", "request_id", "route"};

/// As one writes it; or what is wrong with it.
Result<ParsedPath, std::string> parse_path(std::string_view text);
/// A route's path as one writes it.
std::string written_path(const RouteConfig& route);
/// What it matches: a route that was read has a path that can be parsed.
ParsedPath parsed_path(const RouteConfig& route);
/// Whether every path that `later` matches is matched by `earlier` too.
bool covers(const ParsedPath& earlier, const ParsedPath& later);

/// What logs and metrics call a route: its name, or else what host and path it matches.
std::string route_label(const RouteConfig& route);

}  // namespace weir::model
