#include "l7/listener_counters.h"

namespace weir::l7 {

ListenerCounters ListenerCounters::create(const std::vector<std::string>& clusters, const ListenerCounters* previous,
                                          size_t workers) {
  ListenerCounters made;
  if (previous != nullptr)
    made = {.requests = previous->requests, .failures = previous->failures, .to = {}, .to_failed = {}, .routes = {}};
  if (!made.requests) made.requests = std::make_shared<PerWorkerCounter>(workers);
  if (!made.failures) made.failures = std::make_shared<PerWorkerCounter>(workers);
  for (const auto kind : {&ListenerCounters::to, &ListenerCounters::to_failed}) {
    for (const std::string& cluster : clusters) {
      auto& counter = (made.*kind)[cluster];
      if (previous != nullptr) {
        const ByCluster& before = previous->*kind;
        if (const auto found = before.find(cluster); found != before.end()) counter = found->second;
      }
      if (!counter) counter = std::make_shared<PerWorkerCounter>(workers);
    }
  }
  return made;
}

void ListenerCounters::count_routes(const std::vector<model::RouteConfig>& configured, const ListenerCounters* previous,
                                    size_t workers) {
  for (const model::RouteConfig& route : configured) {
    if (route.name.empty()) continue;
    auto& counter = routes[route.name];
    if (previous != nullptr) {
      if (const auto found = previous->routes.find(route.name); found != previous->routes.end())
        counter = found->second;
    }
    if (!counter) counter = std::make_shared<PerWorkerCounter>(workers);
  }
}

}  // namespace weir::l7
