#pragma once
// Which route a request takes: the first that matches host and path, in the order written. Pure.

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/config.h"

namespace weir::l7::core {

/// Host without port, as in the request; matching is case-insensitive (RFC 9110 section 4.2.3).
bool matches(const model::RouteConfig& route, std::string_view authority, std::string_view path);

/// Index of the first matching route, or -1.
int find_route(const std::vector<model::RouteConfig>& routes, std::string_view authority, std::string_view path);

/// Which of a route's targets a draw in [0, sum of weights) falls on.
size_t find_target(const std::vector<model::RouteTarget>& targets, uint64_t draw);
uint64_t total_weight(const std::vector<model::RouteTarget>& targets);

/// "example.org:8080" -> "example.org"; "[::1]:80" -> "[::1]".
std::string_view host_of(std::string_view authority);

}  // namespace weir::l7::core
