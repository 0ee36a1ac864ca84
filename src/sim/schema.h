#pragma once
// The one definition of every setting of a scenario file, as model/schema.h is for weir.yaml and with its machinery:
// from these tables come the reader (scenario_reader.h), `weir sim --show` and docs/scenarios-reference.md. Defaults
// are the members' in scenario.h.
//
// A tier's `cluster` and `route` are production's sections without what a simulation replaces (addresses, matches,
// targets). Tables are built once, on first use, and never change: any thread.

#include <string>
#include <string_view>

#include "model/schema.h"
#include "sim/scenario.h"

namespace weir::sim {

inline constexpr uint32_t kTiersMax = 64;
inline constexpr uint32_t kClientsMax = 64;
inline constexpr uint32_t kVariantsMax = 32;
inline constexpr uint32_t kFaultsMax = 1'000;
inline constexpr uint32_t kGatewaysMax = 1'000;         ///< of all tiers
inline constexpr uint32_t kEndpointsMax = 100'000;      ///< of all tiers
inline constexpr uint64_t kLanesMax = 1'000'000;        ///< gateways times endpoints, over all tiers; about 1 KB each
inline constexpr uint64_t kConnectionsMax = 1'000'000;  ///< of one closed loop
inline constexpr size_t kMeasuredMax = 1'000'000;       ///< durations in one file
inline constexpr size_t kMeasuredBytesMax = 16 * 1024 * 1024;

/// What an item of `variants` says of itself; its `set` is merged over the file (variant_merge.h).
struct VariantHead {
  std::string name;
};

/// Does this distribution make use of that setting?
bool uses(Distribution distribution, std::string_view setting);
/// The same of a client's settings: those of the other loop, open or closed. `setting`: "burst" or "burst.every".
bool uses(Arrivals arrivals, std::string_view setting);

const model::Section<model::ClusterConfig>& tier_cluster_section();
const model::Section<model::RouteConfig>& tier_route_section();

}  // namespace weir::sim

namespace weir::model {

template <>
const Section<sim::Scenario>& section<sim::Scenario>();
template <>
const Section<sim::VariantHead>& section<sim::VariantHead>();
template <>
const Section<sim::ClientSpec>& section<sim::ClientSpec>();
template <>
const Section<sim::StageSpec>& section<sim::StageSpec>();
template <>
const Section<sim::VariateSpec>& section<sim::VariateSpec>();
template <>
const Section<sim::TierSpec>& section<sim::TierSpec>();
template <>
const Section<sim::EndpointGroupSpec>& section<sim::EndpointGroupSpec>();
template <>
const Section<sim::FaultSpec>& section<sim::FaultSpec>();

}  // namespace weir::model
