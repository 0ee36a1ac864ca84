#pragma once
// What a route does to requests and responses besides choosing a cluster: redirect, rewrite of path and host, edits of
// header fields. Compiled with the router, once per snapshot, for routes that do any of it; the others have no plan and
// pay nothing. core/route_edits.h carries it out. Pure; immutable, any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "l7/core/template.h"
#include "model/config.h"
#include "model/path_pattern.h"
#include "proto/http/message.h"

namespace weir::l7::core {

/// A route's remove, set and add of one direction.
class FieldEdits {
 public:
  struct Added {
    std::string name;
    Template value;
  };
  FieldEdits(const model::HeaderEdits& edits, const std::vector<std::string_view>& pattern_names);

  [[nodiscard]] bool empty() const { return stripped_.empty() && added_.empty(); }
  /// Whether a field of this name is not passed on as it came.
  [[nodiscard]] bool strips(std::string_view name) const;
  /// Marks those fields.
  void strip(proto::http::Fields& fields) const;
  /// The same, and those that an endpoint takes for them which reads '_' as '-' (X_User for X-User): what a route sets
  /// for it, nobody else may.
  void strip_alike(proto::http::Fields& fields) const;
  /// What is set, then what is added.
  [[nodiscard]] const std::vector<Added>& added() const { return added_; }

 private:
  std::vector<std::string> stripped_;  ///< removed or set
  std::vector<Added> added_;
};

struct RoutePlan {
  explicit RoutePlan(const model::RouteConfig& route);
  [[nodiscard]] static bool needed(const model::RouteConfig& route);

  model::ParsedPath path;
  size_t partial_length = 0;         ///< of a path such as "/stat*": how long its last word is, in canonical form
  std::optional<Template> redirect;  ///< of the Location
  std::optional<Template> rewrite_path;
  bool whole_path = false;  ///< rewrite_path takes the place of all of it, not of the matched prefix
  std::string rewrite_host;
  FieldEdits request;
  FieldEdits response;
};

}  // namespace weir::l7::core
