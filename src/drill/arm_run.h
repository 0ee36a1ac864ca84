#pragma once
// One arm of a drill, from its configuration to its last second. Used by run.cc. Thread rule: one thread.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drill/configuration.h"
#include "drill/injector.h"
#include "drill/run.h"
#include "drill/schedule.h"
#include "load/generator.h"

namespace weir::drill {

class ArmRun {
 public:
  ArmRun(const Drill& drill, const Arm& arm, StackClient& stack, Configuration& configuration, Injector& injector,
         const Surroundings& surroundings);
  ArmResult run();

 private:
  /// Each returns why the arm must be given up, or nothing.
  std::optional<std::string> prepare();
  std::optional<std::string> steady();
  std::optional<std::string> follow();
  std::optional<std::string> take_steps(Duration now);
  std::optional<std::string> begin(const FaultSpec& fault);
  std::optional<std::string> end(const FaultSpec& fault);
  std::optional<std::string> read_load();
  std::optional<std::string> begin_recording();
  std::optional<std::string> read_recording();
  /// `latest`: the sample counts as one of that time when it is later.
  void look(Duration latest);
  void roll_back(Duration now);
  void mark(Duration at, std::string_view kind, const std::string& label);
  Done configure(uint32_t endpoints);
  [[nodiscard]] std::vector<std::string> victims() const;
  [[nodiscard]] load::Plan plan() const;
  [[nodiscard]] bool wants_visits() const;

  const Drill& drill_;
  const Arm& arm_;
  StackClient& stack_;
  Configuration& configuration_;
  Injector& injector_;
  const Surroundings& surroundings_;
  std::vector<Step> steps_;
  size_t next_step_ = 0;
  Watch watch_;
  std::unique_ptr<load::Generator> generator_;
  std::unique_ptr<Timeline> timeline_;
  std::optional<Duration> recording_began_;
  bool verified_ = false;
  bool rolled_back_ = false;
  bool reconfigured_ = false;
  bool rate_changed_ = false;
};

}  // namespace weir::drill
