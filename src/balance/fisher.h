#pragma once
// Fisher's exact test, one-sided (R. A. Fisher, "On the Interpretation of chi-square from Contingency Tables", 1922):
// how likely is it that one endpoint has at least this many of all failures, if failures fell on requests regardless of
// the endpoint? Exact for any sample size, which is the point: normal approximations are wrong for the ten or twenty
// requests of a small cluster's window.

#include <cstdint>

namespace weir::balance {

/// P(X >= failures) for X hypergeometric: `requests` drawn from requests + peer_requests, of which failures +
/// peer_failures are bad. 1 when either side has no requests. Needs failures <= requests, on both sides.
double fisher_one_sided(uint64_t failures, uint64_t requests, uint64_t peer_failures, uint64_t peer_requests);

}  // namespace weir::balance
