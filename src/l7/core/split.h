#pragma once
// Which of a route's clusters a client gets, when its share shall stay with it: the draw is made by a hash of what
// names the client instead of by chance. The rule is weighted rendezvous hashing (Thaler and Ravishankar, "Using
// name-based mappings to increase hit rates", 1998; weights as in Schindelhauer and Schomaker, "Weighted distributed
// hash tables", 2005): every cluster gets an exponential variate from the hash of client and cluster's name, divided by
// its weight; the least wins.
//
// Why: each cluster's share is its weight over the sum, and changing weights moves only the clients that must move.
// Growing one cluster's share, or adding a cluster, moves clients to it and nobody between the others or back; neither
// the order of clusters in the file nor the process matters. Two routes that name the same clusters draw alike.
//
// Pure.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "model/config.h"
#include "proto/http/message.h"

namespace weir::l7::core {

/// What the request says of `key`; nothing when it says nothing, or an empty value. Views into head and `client`.
std::optional<std::string_view> sticky_value(const model::StickyKey& key, const proto::http::RequestHead& head,
                                             std::string_view client);

/// Index of the target that `value` is drawn to. A weight of 0 gets nobody; at least one must be above 0.
size_t find_sticky_target(const std::vector<model::RouteTarget>& targets, std::string_view value);

/// A number in [0, below) that is the client's own: whoever is below a share that grows stays below it. Independent of
/// find_sticky_target.
uint64_t sticky_draw(std::string_view value, uint64_t below);

}  // namespace weir::l7::core
