#pragma once
// The one definition of every setting of a drill file, with the machinery of model/schema.h: from these tables come the
// reader (drill_reader.h), the "did you mean" and docs/drill-reference.md. Defaults are the members' in drill.h.
// The load is a plan's section (load/plan_schema.h), an arm's cluster, route and listener are production's, without
// what is not theirs to say. Built once, any thread.

#include <string_view>

#include "drill/drill.h"
#include "model/schema.h"

namespace weir::drill {

inline constexpr size_t kFaultsMax = 32;
inline constexpr size_t kArmsMax = 6;
inline constexpr size_t kExpectationsMax = 64;

/// Does a fault of this kind make use of that setting? `setting` may be a group's name.
bool uses(FaultKind kind, std::string_view setting);
std::string_view name_of(FaultKind kind);

/// A load plan's settings without those that the drill's phases, arms and faults decide.
const model::Section<load::Plan>& load_section();
const model::Section<model::ClusterConfig>& arm_cluster_section();
const model::Section<model::RouteConfig>& arm_route_section();
const model::Section<model::ListenerConfig>& arm_listener_section();

}  // namespace weir::drill

namespace weir::model {

template <>
const Section<drill::Drill>& section<drill::Drill>();
template <>
const Section<drill::FaultSpec>& section<drill::FaultSpec>();
template <>
const Section<drill::Arm>& section<drill::Arm>();

}  // namespace weir::model
