#pragma once
// A variant's `set`, merged over the file's tree before it is read, so that a variant can change whatever can be
// written, and its values keep the places where they were written.
//
//   set: {tiers.app.cluster.policy: p2c, clients.rate: 500}
//
// The rules, which docs/simulate.md tells people:
//  - A map is merged setting by setting; anything else replaces what was there.
//  - A dot leads one level deeper: `a.b: 1` is `a: {b: 1}`.
//  - In a list, a word is the name of an item, or its number from 0. A list of one item needs neither.
//  - A list in `set` replaces the whole list.
//  - Where the file says `service_time: 20ms` for short, `service_time.cv` finds {mean: 20ms}.
//
// Pure functions; any thread.

#include <string>

#include "model/reading.h"

namespace weir::sim {

/// clients, tiers, their endpoints, stages, and faults may be written without the list when there is one; as lists
/// they are easier to read and to merge.
void make_lists(model::YamlNode& root);

/// `patch` is a map. Mistakes are names of items that the file's lists do not have.
void merge(model::Reading& reading, model::YamlNode& into, const model::YamlNode& patch, const std::string& path);

}  // namespace weir::sim
