#include "l7/switches.h"

#include <set>
#include <utility>

namespace weir::l7 {

namespace {

std::set<std::string> names_in(const model::Config& config) {
  std::set<std::string> names;
  for (const auto& listener : config.listeners) {
    names.insert(Switches::name_of(listener));
    for (const auto& route : listener.routes) {
      if (!route.degradation.name.empty()) names.insert(route.degradation.name);
    }
  }
  return names;
}

}  // namespace

void Switches::follow(const model::Config& config) {
  auto before = std::exchange(named_, {});
  for (const std::string& name : names_in(config)) {
    auto& mine = named_[name];
    for (auto* known : {&before, &forgotten_}) {
      if (const auto found = known->find(name); found != known->end() && !mine) mine = found->second;
    }
    if (!mine) mine = std::make_shared<Switch>();
    before.erase(name);
    forgotten_.erase(name);
  }
  for (auto& [name, each] : before) {
    if (each->off()) forgotten_.emplace(name, std::move(each));
  }
}

std::shared_ptr<const Switch> Switches::find(std::string_view name) const {
  const auto found = named_.find(name);
  return found == named_.end() ? nullptr : found->second;
}

bool Switches::set(std::string_view name, bool off, Instant now) {
  const auto found = named_.find(name);
  if (found == named_.end()) return false;
  found->second->off_.store(off, std::memory_order_relaxed);
  found->second->thrown_ = now;
  return true;
}

std::vector<std::string> Switches::names_off() const {
  std::vector<std::string> names;
  for (const auto& [name, each] : named_) {
    if (each->off()) names.push_back(name);
  }
  for (const auto& [name, each] : forgotten_) names.push_back(name);
  return names;
}

bool Switches::recall_off(const std::string& name, Instant now) {
  if (set(name, true, now)) return true;
  auto& remembered = forgotten_[name];
  remembered = std::make_shared<Switch>();
  remembered->off_.store(true, std::memory_order_relaxed);
  remembered->thrown_ = now;
  return false;
}

std::vector<SwitchStatus> Switches::all() const {
  std::vector<SwitchStatus> all;
  for (const auto& [name, each] : named_) all.push_back({.name = name, .off = each->off(), .thrown = each->thrown_});
  return all;
}

}  // namespace weir::l7
