#include "sim/dequeue.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <queue>
#include <utility>

#include "base/check.h"

namespace weir::sim {
namespace {

/// Two answers that left in order may arrive a little out of it: loops and sockets have their own order.
constexpr Duration kJitter = Duration::us(500);
constexpr uint64_t kImpossiblePerHundred = 1;
/// What chance makes of equal demands in a recording of some hundred requests.
constexpr double kEqualEnough = 0.95;
/// Beyond so many places queueing is not what shapes the times, and to try each number would take long.
constexpr uint32_t kMostTried = 256;

/// Visits in the order in which they were sent; those of one instant in the order given.
std::vector<uint32_t> order_of(std::span<const Visit> visits) {
  std::vector<uint32_t> order(visits.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return visits[a].sent < visits[b].sent; });
  return order;
}

/// The instants at which the places of one endpoint become free.
class Places {
 public:
  explicit Places(uint32_t count) : count_(count) {}

  /// When the work of a visit begins; takes the place.
  Duration take(const Visit& visit) {
    Duration begin = visit.sent;
    if (free_at_.size() == count_) {
      begin = std::max(begin, free_at_.top());
      free_at_.pop();
    }
    free_at_.push(std::max(begin, visit.ended));
    return begin;
  }

 private:
  uint32_t count_;
  std::priority_queue<Duration, std::vector<Duration>, std::greater<>> free_at_;
};

Demands solve(std::span<const Visit> visits, std::span<const uint32_t> order, uint32_t places) {
  Demands found{.places = places, .demand = std::vector<Duration>(visits.size())};
  std::map<uint32_t, Places> endpoints;
  for (const uint32_t i : order) {
    Places& endpoint = endpoints.try_emplace(visits[i].endpoint, places).first->second;
    const Duration demand = visits[i].ended - endpoint.take(visits[i]);
    if (demand < Duration{} - kJitter) ++found.impossible;
    found.demand[i] = std::max(demand, kLeastDemand);
  }
  return found;
}

/// How many others each visit finds at its endpoint.
std::vector<uint32_t> company_of(std::span<const Visit> visits, std::span<const uint32_t> order) {
  std::vector<uint32_t> company(visits.size());
  std::map<uint32_t, std::priority_queue<Duration, std::vector<Duration>, std::greater<>>> present;
  for (const uint32_t i : order) {
    auto& there = present[visits[i].endpoint];
    while (!there.empty() && there.top() <= visits[i].sent) there.pop();
    company[i] = static_cast<uint32_t>(there.size());
    there.push(visits[i].ended);
  }
  return company;
}

/// Mean demand of the last quarter of `by_company` over that of the first; 0: the model is refuted.
double bias(const Demands& found, std::span<const uint32_t> by_company) {
  if (found.impossible * 100 > by_company.size() * kImpossiblePerHundred) return 0;
  const size_t quarter = (by_company.size() + 3) / 4;
  double few = 0;
  double many = 0;
  for (size_t i = 0; i < quarter; ++i) {
    few += static_cast<double>(found.demand[by_company[i]].ns());
    many += static_cast<double>(found.demand[by_company[by_company.size() - 1 - i]].ns());
  }
  return many / few;
}

}  // namespace

Demands demands_behind(std::span<const Visit> visits, uint32_t places) {
  CHECK(places >= 1);
  return solve(visits, order_of(visits), places);
}

Demands demands_behind(std::span<const Visit> visits) {
  if (visits.empty()) return {};
  const std::vector<uint32_t> order = order_of(visits);
  const std::vector<uint32_t> company = company_of(visits, order);
  std::vector<uint32_t> by_company = order;
  std::stable_sort(by_company.begin(), by_company.end(),
                   [&](uint32_t a, uint32_t b) { return company[a] < company[b]; });
  const uint32_t most = std::min(company[by_company.back()] + 1, kMostTried);

  Demands before;
  double bias_before = 0;
  for (uint32_t places = 1; places <= most; ++places) {
    Demands found = solve(visits, order, places);
    const double bias_found = bias(found, by_company);
    if (bias_found >= kEqualEnough || places == most) {
      // One place less may have been nearer the truth, from the other side.
      return bias_before * bias_found > 1 ? before : found;
    }
    before = std::move(found);
    bias_before = bias_found;
  }
  UNREACHABLE();
}

}  // namespace weir::sim
