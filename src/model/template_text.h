#pragma once
// Texts with names in braces, of redirects, rewrites and header values: "https://{host}{path}". A brace that is meant
// as such is doubled. Pure functions, any thread.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/config.h"

namespace weir::model {

struct TemplatePiece {
  bool is_name = false;
  std::string text;
  bool operator==(const TemplatePiece&) const = default;
};

/// The pieces in order, no two literals in a row; or what is wrong. `names` are those that may stand in it.
Result<std::vector<TemplatePiece>, std::string> parse_template(std::string_view text,
                                                               const std::vector<std::string_view>& names);

/// What may stand in the texts of a route: its pattern's names, and the others of that place.
std::vector<std::string_view> redirect_names(const std::vector<std::string_view>& of_pattern);
std::vector<std::string_view> rewrite_names(const std::vector<std::string_view>& of_pattern);
std::vector<std::string_view> header_names(const std::vector<std::string_view>& of_pattern);

/// What is wrong with a route's redirect.to, rewrite.path or the value of an edit; empty: nothing.
std::string fault_of_redirect(std::string_view to, const std::vector<std::string_view>& of_pattern);
std::string fault_of_rewrite(const RouteConfig& route, const std::vector<std::string_view>& of_pattern);
std::string fault_of_edit(std::string_view value, const std::vector<std::string_view>& of_pattern);
/// What is wrong with the name of a header field that is to be edited; empty: nothing.
std::string fault_of_edited_field(std::string_view name);

/// Whether rewrite.path takes the place of the whole path, not of a prefix.
bool rewrites_whole_path(const RouteConfig& route);

}  // namespace weir::model
