#pragma once
// What a cluster whose policy is a hash (ring_hash, maglev) takes from a request: the same value leads to the same
// endpoint, for the original as for a copy of it. Pure.

#include <cstdint>
#include <string_view>

#include "model/config.h"
#include "proto/http/message.h"

namespace weir::l7::core {

/// Of a cluster whose policy asks for one.
uint64_t hash_wanted(const model::ClusterConfig& cluster, const proto::http::RequestHead& head,
                     std::string_view client);

/// 0 when the cluster's policy asks for none. `head` is the request as the client sent it, before a route's edits.
inline uint64_t request_hash(const model::ClusterConfig& cluster, const proto::http::RequestHead& head,
                             std::string_view client) {
  const bool wanted = cluster.policy == model::PolicyKind::ring_hash || cluster.policy == model::PolicyKind::maglev;
  return wanted ? hash_wanted(cluster, head, client) : 0;
}

}  // namespace weir::l7::core
