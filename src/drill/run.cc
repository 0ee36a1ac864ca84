#include "drill/run.h"

#include <fmt/format.h>

#include <algorithm>

#include "drill/arm_run.h"
#include "drill/configuration.h"
#include "drill/injector.h"
#include "drill/schema.h"
#include "model/units.h"

namespace weir::drill {

namespace {

constexpr Duration kSettle = Duration::ms(250);
constexpr int kSettleLooks = 80;

std::string seconds_of(Duration duration) { return fmt::format("{:.0f} s", duration.seconds()); }

std::string where_of(const Drill& drill, const FaultSpec& fault, const Stack& stack) {
  if (!uses(fault.kind, "instances")) return {};
  const size_t all = std::min<size_t>(drill.instances, stack.instances.size());
  const size_t count = fault.instances == 0 ? all : std::min<size_t>(fault.instances, all);
  std::string text = " on";
  for (size_t i = all - count; i < all; ++i) text += " " + stack.instances[i].name;
  return text;
}

/// After the last arm: the stack as it was, and well.
void settle(StackClient& stack, const Surroundings& surroundings) {
  for (int i = 0; i < kSettleLooks; ++i) {
    const auto all = stack.endpoints();
    const bool well =
        all && !all->endpoints.empty() &&
        std::all_of(all->endpoints.begin(), all->endpoints.end(), [](const auto& each) { return each.healthy(); });
    if (well || !surroundings.wait(kSettle)) return;
    stack.knock();
  }
  surroundings.say("not all endpoints are healthy again");
}

bool steady_again(const Drill& drill, const ArmResult& arm) {
  const auto recovery = arm.timeline->figure(Figure::recover, Phase::after, drill.hypothesis);
  return recovery && *recovery < drill.phases.after.seconds() * 1e3;
}

}  // namespace

std::string preview(const Drill& drill, const Stack& stack) {
  std::string text = fmt::format("{}\n  steady state: ", drill.title);
  for (const Expectation& each : drill.hypothesis) {
    text += (&each == drill.hypothesis.data() ? "" : ", ") + each.text;
  }
  text += fmt::format("\n  load: {} requests/s to {}\n", drill.load.rate, stack.proxy.text());
  for (const FaultSpec& each : drill.faults) {
    text += fmt::format("  fault: {}{}, {} after the phase of faults began\n", name_of(each.kind),
                        where_of(drill, each, stack), model::format_duration(each.at));
  }
  text += fmt::format("  blast radius: {} of {} instances, {} % of requests; aborted above {} % errors for {}\n",
                      drill.limits.instances == 0 ? std::string("all") : std::to_string(drill.limits.instances),
                      std::min<size_t>(drill.instances, stack.instances.size()), drill.limits.failed_percent,
                      drill.limits.abort_percent, model::format_duration(drill.limits.abort_after));
  text += fmt::format("  each of {} arms: {} before, {} of faults, {} after\n", drill.arms.size(),
                      seconds_of(drill.phases.before), seconds_of(drill.phases.during), seconds_of(drill.phases.after));
  return text;
}

void judge(const Drill& drill, Outcome& outcome) {
  for (const ArmResult& each : outcome.arms) {
    if (each.given_up.empty()) continue;
    outcome.status = Status::given_up;
    outcome.verdict = fmt::format("{}: {}", each.name, each.given_up);
    return;
  }
  const Lookup lookup = [&](const Term& term) -> std::optional<double> {
    for (const ArmResult& each : outcome.arms) {
      if (each.name == term.arm) return each.timeline->figure(term.figure, term.phase, drill.hypothesis);
    }
    return std::nullopt;
  };
  std::string missed;
  const auto miss = [&](const std::string& text) { missed += (missed.empty() ? "" : "; ") + text; };
  for (const Expectation& each : drill.expectations) {
    outcome.findings.push_back(examine(each, lookup));
    if (!outcome.findings.back().holds) miss(outcome.findings.back().text);
  }
  for (const ArmResult& each : outcome.arms) {
    if (!steady_again(drill, each)) miss(each.name + ": the steady state did not come back");
  }
  for (const std::string& each : outcome.rollback_failures) miss("not taken back: " + each);
  outcome.status = missed.empty() ? Status::holds : Status::fails;
  outcome.verdict = missed.empty() ? drill.remedy : missed;
}

Outcome run(const Drill& drill, StackClient& stack, const Surroundings& surroundings) {
  Outcome outcome{.seed = surroundings.seed, .arms = {}, .findings = {}, .rollback_failures = {}, .verdict = {}};
  const auto give_up = [&](const std::string& why) {
    outcome.verdict = why;
    return std::move(outcome);
  };
  if (stack.stack().instances.size() < drill.instances) {
    return give_up(
        fmt::format("the stack has {} instances, the drill needs {}", stack.stack().instances.size(), drill.instances));
  }
  stack.keep_first(drill.instances);
  auto configuration = Configuration::open(stack);
  if (!configuration) return give_up(configuration.error());
  auto injector = Injector::create(stack, drill, surroundings.seed);
  if (!injector) return give_up(injector.error());
  for (const Arm& each : drill.arms) {
    outcome.arms.push_back(ArmRun(drill, each, stack, **configuration, **injector, surroundings).run());
    for (auto& failure : (*injector)->roll_back()) outcome.rollback_failures.push_back(std::move(failure));
    if (!outcome.arms.back().given_up.empty()) break;
  }
  if (auto done = (*configuration)->restore(); !done) outcome.rollback_failures.push_back(done.error());
  settle(stack, surroundings);
  judge(drill, outcome);
  return outcome;
}

}  // namespace weir::drill
