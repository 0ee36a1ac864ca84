#include "l7/shifts.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <utility>

namespace weir::l7 {

using core::ShiftState;

namespace {

bool leads_to(const model::Config& config, const std::string& cluster) {
  const auto goes_there = [&](const model::RouteConfig& route) {
    return std::any_of(route.to.begin(), route.to.end(), [&](const auto& each) { return each.cluster == cluster; });
  };
  return std::any_of(config.listeners.begin(), config.listeners.end(), [&](const model::ListenerConfig& listener) {
    return std::any_of(listener.routes.begin(), listener.routes.end(), goes_there);
  });
}

/// Empty: nothing keeps it from being shifted.
std::string obstacle(const model::Config& config, const std::string& from, const std::string& to) {
  for (const std::string& name : {from, to}) {
    if (config.cluster(name) == nullptr) return fmt::format("there is no cluster {}", name);
  }
  if (from == to) return fmt::format("{} is one cluster, a shift needs two", from);
  if (!leads_to(config, from)) return fmt::format("no route leads to {}", from);
  return {};
}

}  // namespace

Result<void, std::string> Shifts::begin(const model::Config& config, Entry entry) {
  if (std::string why = obstacle(config, entry.from, entry.to); !why.empty()) return fail(std::move(why));
  // A second one with the same cluster would make shares of shares, which nobody can reason about.
  for (const Entry& each : entries_) {
    const std::array mine{entry.from, entry.to};
    const bool touches = std::find(mine.begin(), mine.end(), each.from) != mine.end() ||
                         std::find(mine.begin(), mine.end(), each.to) != mine.end();
    if (!touches || !each.in_force()) continue;
    return fail(fmt::format("the shift {}->{} is {}: cancel it first, or make the configuration say what it does",
                            each.from, each.to, name_of(each.shift.state())));
  }
  make_room(entry);
  entry.share->store(entry.shift.share(), std::memory_order_relaxed);
  entries_.push_back(std::move(entry));
  tell(entries_.back());
  return {};
}

/// A newer one of the same clusters takes the place of the older one.
void Shifts::make_room(const Entry& fresh) {
  std::erase_if(entries_,
                [&](const Entry& each) { return !each.in_force() && each.from == fresh.from && each.to == fresh.to; });
  while (entries_.size() >= kMost) {
    const auto oldest =
        std::find_if(entries_.begin(), entries_.end(), [](const Entry& each) { return !each.in_force(); });
    if (oldest == entries_.end()) return;  // no two touch one cluster: there are no more than there are clusters
    entries_.erase(oldest);
  }
}

Result<void, std::string> Shifts::cancel(const std::string& from, const std::string& to, Instant now) {
  for (Entry& each : entries_) {
    if (each.from != from || each.to != to || !each.in_force()) continue;
    each.shift.cancel(now);
    each.share->store(0, std::memory_order_relaxed);
    tell(each);
    return {};
  }
  return fail(fmt::format("there is no shift {}->{} under way", from, to));
}

bool Shifts::observe(Instant now, const Read& read) {
  bool ended = false;
  for (Entry& each : entries_) {
    if (!each.shift.under_way()) continue;
    const ShiftState before = each.shift.state();
    if (!each.shift.observe(now, read(each))) continue;
    // First of all: what is aborted must not get another request.
    each.share->store(each.shift.share(), std::memory_order_relaxed);
    if (each.shift.state() != before) tell(each);
    ended = ended || !each.in_force();
  }
  return ended;
}

std::vector<Diversion> Shifts::diversions(const model::Config& config) const {
  std::vector<Diversion> all;
  for (const Entry& each : entries_) {
    if (each.in_force() && obstacle(config, each.from, each.to).empty()) {
      all.push_back({.from = each.from, .to = each.to, .share = each.share});
    }
  }
  return all;
}

void Shifts::retain(const model::Config& config, Instant now) {
  for (Entry& each : entries_) {
    if (!each.in_force()) continue;
    const std::string why = obstacle(config, each.from, each.to);
    if (why.empty()) continue;
    spdlog::info("shift {}->{} ends with the new configuration: {}", each.from, each.to, why);
    const bool adopted = !leads_to(config, each.from) && leads_to(config, each.to);
    if (adopted) {
      each.shift.adopt(now);
    } else {
      each.shift.cancel(now);
    }
    tell(each);
  }
}

void Shifts::tell(const Entry& entry) const {
  const std::string_view state = name_of(entry.shift.state());
  if (entry.shift.state() == ShiftState::aborted) {
    spdlog::error("shift {}->{} is {}, all is back at {}: {}", entry.from, entry.to, state, entry.from,
                  entry.shift.evidence());
  } else {
    spdlog::info("shift {}->{} is {}", entry.from, entry.to, state);
  }
  if (notice_) notice_(entry);
}

}  // namespace weir::l7
