#pragma once
// `weir check`: what is valid and still unwise, with the arithmetic that shows it. A warning is something that cannot
// work as it reads; a note is a consequence worth knowing. Messages carry the numbers, so that one need not believe
// them:
//
//   weir.yaml:9: warning: listeners[0].routes[0].retry: 2 tries × 10s per try = 20s, but the route's timeout is 15s:
//   ...
//
// Every rule stands in the table of lint_rules(), from which the documentation is made too. Pure functions, any thread.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/config_reader.h"

namespace weir::model {

enum class Severity : uint8_t { note, warning };

struct Lint {
  Severity severity = Severity::note;
  std::string_view rule;  ///< its name, for those who sort or silence
  uint32_t line = 0;
  std::string setting;
  std::string message;

  [[nodiscard]] std::string text(std::string_view file) const;
};

/// What the machine gives; 0 is not known, and the rules that need it are then silent.
struct Environment {
  uint32_t cores = 0;
  uint64_t files_max = 0;  ///< RLIMIT_NOFILE
};

/// In the order of the file.
std::vector<Lint> lint(const Loaded& loaded, const Environment& environment);

class LintReport;

struct LintRule {
  std::string_view name;
  std::string_view doc;
  void (*check)(LintReport&);
};

/// All rules: those of listeners and routes (lint_routes.cc), of splits, stickiness and mirrors (lint_traffic.cc),
/// those of clusters (lint_clusters.cc), of TLS with clients (lint_tls.cc), and of what connections begin with
/// (lint_transport.cc).
std::span<const LintRule> route_rules();
std::span<const LintRule> traffic_rules();
std::span<const LintRule> cluster_rules();
std::span<const LintRule> tls_rules();
std::span<const LintRule> transport_rules();

}  // namespace weir::model
