#pragma once
// From a scenario file to its variants, or to every mistake in it at once, as model/config_reader.h does it for
// weir.yaml.
//
//   const auto loaded = load_scenario("scenarios/first.yaml");
//   if (!loaded) for (const Mistake& each : loaded.error()) complain(each.text());
//   else for (const LoadedVariant& each : loaded->variants) run(each.variant.scenario, each.variant.name, seed);
//
// The settings, their ranges and defaults are those of sim/schema.h; variant_merge.h says how variants change them.
// Nothing is kept between calls; any thread.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/config_reader.h"
#include "sim/scenario.h"

namespace weir::sim {

struct LoadedVariant {
  Variant variant;
  model::Provenance provenance;
};

struct LoadedScenario {
  std::string path;
  std::vector<LoadedVariant> variants;  ///< in the order of the file; a file without any has one, named kAsWritten
};

inline constexpr std::string_view kAsWritten = "as written";

/// Reads a file that a scenario names, or says why not. Apart, so that text from anywhere can be read without opening
/// whatever it names.
using ReadFile = std::function<weir::Result<std::string, std::string>(const std::string& path)>;

/// Mistakes are in the order of the file; at most 100, the last then saying that there are more.
weir::Result<LoadedScenario, std::vector<model::Mistake>> load_scenario(const std::string& path);
weir::Result<LoadedScenario, std::vector<model::Mistake>> load_scenario_text(std::string_view text,
                                                                             const std::string& file_name,
                                                                             const ReadFile& read_file);

/// Every effective value of a variant and where it came from, as YAML that reads back as the same scenario.
std::string show(const LoadedScenario& loaded, const LoadedVariant& variant);

}  // namespace weir::sim
