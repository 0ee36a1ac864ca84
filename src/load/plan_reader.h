#pragma once
// From a plan's file to a Plan, or to every mistake in it at once, as model/config_reader.h does it for weir.yaml.
// Nothing is kept between calls; any thread.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "load/plan.h"
#include "model/mistake.h"
#include "model/reading.h"

namespace weir::load {

inline constexpr size_t kRequestsMax = 256;
inline constexpr size_t kIdsMax = 64;
inline constexpr size_t kStagesMax = 10'000;
inline constexpr size_t kStepsMax = 16;
inline constexpr size_t kFieldsMax = 64;

Result<Plan, std::vector<model::Mistake>> load_plan(const std::string& path);
Result<Plan, std::vector<model::Mistake>> load_plan_text(std::string_view text, const std::string& file_name);

/// A plan that is part of another file. `at`, `node` and `path` as for model::read_section; `its` has the settings that
/// may stand there.
void read_plan(model::Reading& reading, const model::YamlNode& at, const model::YamlNode& node, const std::string& path,
               const model::Section<Plan>& its, Plan& plan);

}  // namespace weir::load
