#pragma once
// From a drill file to a Drill, or to every mistake in it at once, with line and column, as model/config_reader.h does
// it for weir.yaml.
//
//   const auto drill = load_drill_text(text, "drills/kill-instance.yaml");
//   if (!drill) for (const Mistake& each : drill.error()) complain(each.text());
//
// Settings, ranges and defaults are those of drill/schema.h. Nothing is kept between calls; any thread.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "drill/drill.h"
#include "model/mistake.h"

namespace weir::drill {

weir::Result<Drill, std::vector<model::Mistake>> load_drill_text(std::string_view text, const std::string& file_name);
weir::Result<Drill, std::vector<model::Mistake>> load_drill(const std::string& path);

}  // namespace weir::drill
