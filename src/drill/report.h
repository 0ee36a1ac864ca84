#pragma once
// What a drill found: a sentence and a table for the terminal, all of it as JSON, and an HTML page that needs nothing
// else. Pure functions, any thread.

#include <string>
#include <string_view>

#include "drill/run.h"

namespace weir::drill {

std::string text_of(const Drill& drill, const Outcome& outcome);
std::string json_of(const Drill& drill, const Outcome& outcome);
/// `version` is Weir's.
std::string html_of(const Drill& drill, const Outcome& outcome, std::string_view version);

/// "holds", "fails", "given up"
std::string_view word_of(Status status);
/// Is the figure above zero in any phase? Some are of use to few drills only.
bool was_measured(const ArmResult& arm, Figure figure);
/// A figure of an arm as text; "-" when it was not measured.
std::string figure_text(const Drill& drill, const ArmResult& arm, Phase phase, Figure figure);

}  // namespace weir::drill
