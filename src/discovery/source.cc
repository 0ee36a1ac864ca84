#include "discovery/source.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace weir::discovery {

Source::Source(std::string_view kind, std::string name, const model::ResolveConfig& config,
               std::function<void(const Source&)> changed)
    : config_(config), changed_(std::move(changed)) {
  status_.name = std::move(name);
  status_.kind = kind;
}

void Source::conclude(Outcome outcome, const std::string& problem, bool changed, size_t count, Instant now) {
  say(outcome, problem);
  ++status_.outcomes[static_cast<size_t>(outcome)];
  const bool first = !std::exchange(status_.asked, true);
  status_.stale = !accepts(outcome);
  status_.problem = problem;
  status_.endpoints = count;
  if (outcome == Outcome::found) status_.found_at = now;
  if (!changed) return;
  if (!first) ++status_.changes;
  changed_(*this);
}

/// Once per change of mind, not per question: a name server that is down for a day is one line, and its return another.
void Source::say(Outcome outcome, const std::string& problem) {
  if (status_.asked && problem == status_.problem) return;
  if (problem.empty()) {
    if (status_.asked) spdlog::info("discovery: {} {}: found again", status_.kind, status_.name);
  } else if (outcome == Outcome::found) {
    spdlog::warn("discovery: {} {}: {}", status_.kind, status_.name, problem);
  } else if (accepts(outcome)) {
    spdlog::warn("discovery: {} {}: {}; it has no endpoints now", status_.kind, status_.name, problem);
  } else if (status_.endpoints == 0) {
    spdlog::warn("discovery: {} {}: {}; there are no endpoints yet", status_.kind, status_.name, problem);
  } else {
    spdlog::warn("discovery: {} {}: {}; the last {} endpoints stay in force", status_.kind, status_.name, problem,
                 status_.endpoints);
  }
}

}  // namespace weir::discovery
