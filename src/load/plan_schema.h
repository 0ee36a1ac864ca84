#pragma once
// The one definition of every setting of a load plan's file, as model/schema.h is for weir.yaml and with its machinery.
// Defaults are the members' in plan.h. Tables are built once, on first use, and never change: any thread.

#include "load/plan.h"
#include "model/schema.h"

namespace weir::model {

template <>
const Section<load::Plan>& section<load::Plan>();
template <>
const Section<load::StageSpec>& section<load::StageSpec>();
template <>
const Section<load::IdSpec>& section<load::IdSpec>();
template <>
const Section<load::RequestSpec>& section<load::RequestSpec>();
template <>
const Section<load::SessionsSpec>& section<load::SessionsSpec>();

}  // namespace weir::model
