#pragma once
// Explanations of requests as JSON: what GET /explain answers, and what `weir ctl explain` makes readable
// (app/explain_text.h). docs/explain.md has the fields. Any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "l7/explanation.h"
#include "l7/proxy.h"

namespace weir::app {

/// What a clock on the wall shows at an instant.
struct Wall {
  Instant now{};
  int64_t unix_ms = 0;
  [[nodiscard]] int64_t at(Instant then) const { return unix_ms - (now - then).ms(); }
};

std::string explanation_json(const l7::Explanation& explanation, Wall wall);

/// The explanation of that request, or nothing.
std::optional<l7::Explanation> find_explanation(const l7::Proxy& proxy, std::string_view id);

/// The newest `most`, of failures only or of all, and how much is remembered.
std::string explanations_json(const l7::Proxy& proxy, size_t most, bool only_failures, Wall wall);

/// For people: "all failures (12 of at most 1000, the oldest 42s old) and 10 in 1000 of the other requests (...)".
std::string what_is_kept(const l7::Proxy& proxy, Instant now);

}  // namespace weir::app
