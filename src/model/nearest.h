#pragma once
// "Did you mean": the known name nearest to a mistyped one. Distance is optimal string alignment (insert, delete,
// replace, or swap two neighbours: each costs one), because swapped letters are the commonest slip of a typist.

#include <span>
#include <string>
#include <string_view>

namespace weir::model {

/// Edits that turn `a` into `b`.
size_t edit_distance(std::string_view a, std::string_view b);

/// The first of the nearest names, or empty when none is near: more than a third of the word (at least one letter)
/// would have to change, and a wild guess is worse than none.
std::string nearest(std::string_view word, std::span<const std::string_view> names);

}  // namespace weir::model
