#pragma once
// The parts of a scenario's reader, each for one structure of the file. Used by scenario_reader.cc and read_*.cc only.

#include <string>
#include <vector>

#include "model/reading.h"
#include "sim/scenario.h"
#include "sim/scenario_reader.h"

namespace weir::sim {

/// What every part needs.
struct Parts {
  model::Reading& reading;
  const ReadFile& read_file;
  std::string folder;  ///< the scenario's, with its slash; empty: the current one
};

/// `least`: false where no time at all is a value.
void read_variate(const Parts& parts, const model::Entry& entry, bool least, VariateSpec& variate);
void read_clients(const Parts& parts, const model::Entry& entry, std::vector<ClientSpec>& clients);
void read_tiers(const Parts& parts, const model::Entry& entry, std::vector<TierSpec>& tiers);
/// After the tiers: faults name them, and count their endpoints.
void read_faults(const Parts& parts, const model::Entry& entry, const std::vector<TierSpec>& tiers,
                 std::vector<FaultSpec>& faults);

/// Endpoints that a tier may have, those of the autoscaler included.
uint32_t endpoints_of(const TierSpec& tier);

/// A list of 1 to `most` items; complains otherwise. `what`: "client".
bool expect_items(const Parts& parts, const model::Entry& entry, std::string_view what, size_t most);

/// Complains of a name that an item before it has.
void refuse_same_names(const Parts& parts, const model::Entry& entry, const std::vector<std::string>& names);

}  // namespace weir::sim
