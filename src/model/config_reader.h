#pragma once
// From weir.yaml to a Config, or to every mistake in it at once: whoever fixes a file wants to fix it in one go.
//
//   const auto loaded = load_config("weir.yaml");
//   if (!loaded) for (const Mistake& each : loaded.error()) fmt::print(stderr, "{}\n", each.text());
//   else run(loaded->config);
//
// The settings, their ranges and defaults are those of the schema (schema.h). Nothing is kept between calls; any
// thread. Related: show.h prints a Loaded with the origin of every value, lint.h computes what is valid and still
// unwise.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/config.h"
#include "model/mistake.h"

namespace weir::model {

/// Which line each written setting came from. Paths are those of messages: "clusters.app.endpoints[1].weight".
class Provenance {
 public:
  void record(std::string path, uint32_t line) { lines_.emplace(std::move(path), line); }
  /// The line that sets exactly this, or 0 when it has its default.
  [[nodiscard]] uint32_t line_of(std::string_view path) const;
  /// The line of this or of the nearest thing around it, for messages about settings that may have their default.
  [[nodiscard]] uint32_t line_near(std::string_view path) const;

 private:
  std::map<std::string, uint32_t, std::less<>> lines_;
};

/// A configuration and where it came from; `config.path` is the file's name.
struct Loaded {
  Config config;
  Provenance provenance;
};

/// Mistakes are in the order of the file; at most 100, the last then saying that there are more.
Result<Loaded, std::vector<Mistake>> load_config(const std::string& path);
Result<Loaded, std::vector<Mistake>> load_config_text(std::string_view text, const std::string& file_name);

}  // namespace weir::model
