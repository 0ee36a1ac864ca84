#pragma once
// A file with a list of endpoints, which whatever knows the machines writes and discovery watches:
//
//   - 10.0.0.1:3000
//   - {address: "10.0.0.2:3000", weight: 2, zone: b}
//
// YAML, and therefore also JSON; the list may stand under the key `endpoints`. The words are those of `endpoints` in
// weir.yaml, but addresses are numeric: a file that is written by a machine need not be resolved once more. Limits:
// those of yaml_tree.h, and 10,000 endpoints. Pure functions, any thread.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/config.h"
#include "model/mistake.h"

namespace weir::model {

inline constexpr size_t kFileEndpointsMax = 10'000;

/// The list, which may be empty when it says so (`[]`); a file that says nothing is a mistake, for that is what is seen
/// of one that is being written.
Result<std::vector<EndpointConfig>, std::vector<Mistake>> read_endpoints_text(std::string_view text,
                                                                              const std::string& file_name);
Result<std::vector<EndpointConfig>, std::vector<Mistake>> read_endpoints_file(const std::string& path);

/// Where `file` of an endpoint is: a relative one begins in the directory of the configuration.
std::string endpoints_path(const std::string& config_path, const std::string& file);

}  // namespace weir::model
