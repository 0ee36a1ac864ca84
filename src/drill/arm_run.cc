#include "drill/arm_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "drill/schema.h"
#include "net/loop.h"

namespace weir::drill {

namespace {

constexpr Duration kLook = Duration::ms(250);
constexpr Duration kPatience = Duration::s(20);
constexpr Duration kRecordingPatience = Duration::s(5);
constexpr Duration kLastInterval = Duration::ms(300);  ///< a second's interval is handed out a little after it ended

}  // namespace

ArmRun::ArmRun(const Drill& drill, const Arm& arm, StackClient& stack, Configuration& configuration, Injector& injector,
               const Surroundings& surroundings)
    : drill_(drill),
      arm_(arm),
      stack_(stack),
      configuration_(configuration),
      injector_(injector),
      surroundings_(surroundings),
      steps_(schedule_of(drill)),
      watch_(drill.limits, rate_max(drill), drill.phases.during),
      timeline_(std::make_unique<Timeline>(drill.phases, victims())) {}

std::vector<std::string> ArmRun::victims() const {
  std::vector<std::string> names;
  for (const FaultSpec& fault : drill_.faults) {
    for (const size_t each : injector_.victims_of(fault)) names.push_back(stack_.stack().instances[each].name);
  }
  return names;
}

Done ArmRun::configure(uint32_t endpoints) {
  const size_t all = stack_.stack().instances.size();
  const size_t count = endpoints == 0 ? all : std::min<size_t>(endpoints, all);
  std::vector<model::Address> addresses;
  for (size_t i = 0; i < count; ++i) addresses.push_back(injector_.address_of(i));
  return configuration_.apply(arm_, addresses);
}

/// Does an expectation ask which endpoint answered for which path?
bool ArmRun::wants_visits() const {
  const auto is = [&](const Term& term) {
    return term.arm == arm_.name && (term.figure == Figure::moved || term.figure == Figure::keys_moved);
  };
  return std::any_of(drill_.expectations.begin(), drill_.expectations.end(),
                     [&](const Expectation& each) { return is(each.left) || (each.right && is(*each.right)); });
}

/// Until everything is taken back: the endpoints that come back then would count as moves.
std::optional<std::string> ArmRun::begin_recording() {
  if (!wants_visits()) return std::nullopt;
  recording_began_ = generator_->elapsed();
  const auto done = stack_.record(begin_of(drill_.phases, Phase::after) - *recording_began_);
  return done ? std::nullopt : std::optional(done.error());
}

/// At the arm's end. Weir waits a little for answers to what came in time.
std::optional<std::string> ArmRun::read_recording() {
  if (!recording_began_) return std::nullopt;
  const Instant deadline = net::read_clock() + kRecordingPatience;
  auto text = stack_.recording();
  while (!text && net::read_clock() < deadline && surroundings_.wait(kLook)) text = stack_.recording();
  if (!text) return text.error();
  auto visits = read_visits(*text, *recording_began_);
  if (!visits) return visits.error();
  timeline_->add(std::move(*visits));
  return std::nullopt;
}

load::Plan ArmRun::plan() const {
  const bool past_weir = arm_.target == LoadTarget::endpoint;
  load::Plan plan = drill_.load;
  plan.target = past_weir ? injector_.address_of(stack_.stack().instances.size() - 1) : stack_.stack().proxy;
  plan.duration = end_of(drill_.phases);
  plan.warm_up = drill_.phases.warm_up;
  plan.seed = surroundings_.seed;
  return plan;
}

/// The arm's configuration is in force and all its endpoints are healthy.
std::optional<std::string> ArmRun::prepare() {
  if (auto done = configure(arm_.endpoints); !done) return done.error();
  const Instant deadline = net::read_clock() + kPatience;
  while (true) {
    const auto all = stack_.endpoints();
    if (!all) return all.error();
    const auto& endpoints = all->endpoints;
    const auto sick =
        std::find_if(endpoints.begin(), endpoints.end(), [](const auto& each) { return !each.healthy(); });
    if (sick == endpoints.end() && !endpoints.empty()) return std::nullopt;
    if (net::read_clock() >= deadline) {
      return fmt::format("no steady state to begin with: {}",
                         sick == endpoints.end() ? "there are no endpoints"
                                                 : fmt::format("{} is {} ({})", sick->name, sick->state, sick->why));
    }
    if (!surroundings_.wait(kLook)) return "interrupted";
    stack_.knock();
  }
}

void ArmRun::mark(Duration at, std::string_view kind, const std::string& label) {
  timeline_->mark(at, label);
  stack_.mark(kind, fmt::format("{}: {}", arm_.name, label));
  surroundings_.say(fmt::format("  {:5.1f} s  {}", at.seconds(), label));
}

void ArmRun::look(Duration latest) {
  // When it was asked, not when it was answered: what an answer tells may belong to the phase that ends meanwhile.
  const Duration now = std::min(generator_->elapsed(), latest);
  auto seen = stack_.endpoints();
  if (!seen) return;
  // By the instances' names: addresses are others in each run, and those of fault proxies say nothing.
  for (EndpointSample& each : seen->endpoints) {
    for (size_t i = 0; i < stack_.stack().instances.size(); ++i) {
      if (injector_.address_of(i).text() == each.name) each.name = stack_.stack().instances[i].name;
    }
  }
  timeline_->add({.at = now, .config = seen->config, .endpoints = std::move(seen->endpoints)});
}

std::optional<std::string> ArmRun::read_load() {
  std::optional<std::string> reason;
  for (const auto& each : generator_->take_intervals()) {
    timeline_->add(*each);
    if (phase_at(drill_.phases, each->at) != Phase::during || reason) continue;
    if (auto bad = watch_.on_interval(*each)) reason = "aborted: " + *bad;
  }
  return reason;
}

std::optional<std::string> ArmRun::steady() {
  verified_ = true;
  for (const Expectation& each : drill_.hypothesis) {
    const Finding finding = examine(
        each, [&](const Term& term) { return timeline_->figure(term.figure, Phase::before, drill_.hypothesis); });
    if (!finding.holds) return "no steady state to begin with: " + finding.text;
  }
  return std::nullopt;
}

std::optional<std::string> ArmRun::begin(const FaultSpec& fault) {
  if (fault.kind == FaultKind::rate) {
    rate_changed_ = true;
    generator_->set_rate(fault.rate);
    return std::nullopt;
  }
  if (fault.kind == FaultKind::use) {
    reconfigured_ = true;
    if (auto done = configure(fault.endpoints); !done) return done.error();
    timeline_->endpoints_changed(generator_->elapsed());
    return std::nullopt;
  }
  if (fault.kind == FaultKind::reload) timeline_->reload_asked(generator_->elapsed());
  if (auto done = injector_.begin(fault); !done) return done.error();
  return std::nullopt;
}

std::optional<std::string> ArmRun::end(const FaultSpec& fault) {
  if (fault.kind == FaultKind::rate) {
    generator_->set_rate(drill_.load.rate);
    return std::nullopt;
  }
  const auto done = fault.kind == FaultKind::use ? configure(arm_.endpoints) : injector_.end(fault);
  return done ? std::nullopt : std::optional(done.error());
}

std::optional<std::string> ArmRun::take_steps(Duration now) {
  const Duration since = now - begin_of(drill_.phases, Phase::during);
  while (next_step_ < steps_.size() && steps_[next_step_].at <= since && !rolled_back_) {
    const Step& step = steps_[next_step_];
    const FaultSpec& fault = drill_.faults[step.fault];
    const bool told = fault.kind != FaultKind::reload || next_step_ == 0;  // a storm of marks would hide the others
    if (told)
      mark(generator_->elapsed(), step.begins ? "fault" : "recover",
           (step.begins ? "" : "over: ") + injector_.describe(fault));
    if (next_step_ == 0) timeline_->fault_began(generator_->elapsed());
    ++next_step_;
    if (auto trouble = step.begins ? begin(fault) : end(fault)) return trouble;
  }
  return std::nullopt;
}

void ArmRun::roll_back(Duration now) {
  if (std::exchange(rolled_back_, true)) return;
  for (const std::string& each : injector_.roll_back()) surroundings_.say("  not taken back: " + each);
  if (reconfigured_) {
    if (auto done = configure(arm_.endpoints); !done) surroundings_.say("  not taken back: " + done.error());
  }
  if (rate_changed_) generator_->set_rate(drill_.load.rate);
  timeline_->rolled_back(now);
  mark(now, "recover", "everything taken back");
}

std::optional<std::string> ArmRun::follow() {
  Instant next_look = net::read_clock();
  while (true) {
    const Duration now = generator_->elapsed();
    if (net::read_clock() >= next_look) {
      look(end_of(drill_.phases));
      next_look = net::read_clock() + kLook;
    }
    if (auto reason = read_load()) return reason;
    if (now >= begin_of(drill_.phases, Phase::during) + kLastInterval && !verified_) {
      if (auto reason = steady()) return reason;
    }
    if (verified_ && now < begin_of(drill_.phases, Phase::after)) {
      if (auto reason = take_steps(now)) return reason;
    }
    if (now >= begin_of(drill_.phases, Phase::after) && !rolled_back_) {
      // What came of the faults belongs to their phase, not to the look that would come next.
      look(begin_of(drill_.phases, Phase::after) - Duration::ns(1));
      roll_back(now);
    }
    if (now >= end_of(drill_.phases) + kLastInterval) return std::nullopt;
    Duration pause = std::min(kLook, Duration::ms(50));
    if (!surroundings_.wait(pause)) return "interrupted";
  }
}

ArmResult ArmRun::run() {
  ArmResult result{.name = arm_.name,
                   .about = arm_.about,
                   .configuration_hash = configuration_hash(arm_, stack_.stack().instances.size()),
                   .timeline = nullptr,
                   .given_up = {},
                   .load_verdict = {}};
  surroundings_.say(fmt::format("arm {}: {}", arm_.name, arm_.about));
  if (auto trouble = prepare()) {
    result.given_up = *trouble;
  } else if (auto generator = load::Generator::start(plan(), 1); !generator) {
    result.given_up = generator.error();
  } else {
    generator_ = std::move(*generator);
    injector_.aim_at(plan().target);
    auto reason = begin_recording();
    if (!reason) reason = follow();
    roll_back(generator_->elapsed());
    if (!reason) reason = read_recording();
    result.given_up = reason.value_or("");
    generator_->stop();
    const load::Summary summary = generator_->summary();
    result.load_verdict = summary.verdict.reason;
    generator_.reset();
  }
  result.timeline = std::move(timeline_);
  return result;
}

}  // namespace weir::drill
