#include "l7/route_table.h"

#include "l7/core/https.h"
#include "l7/snapshot.h"

namespace weir::l7 {

namespace {

class Maker {
 public:
  Maker(const WorkerSnapshot& snapshot, size_t index, size_t worker)
      : snapshot_(snapshot), listener_(snapshot.shared->listeners[index]), worker_(worker) {
    table_.config = &snapshot.shared->config.listeners[index];
    table_.router = listener_.router.get();
  }

  RouteTable make() {
    table_.hsts = core::strict_transport_security(table_.config->hsts);
    table_.access_log = listener_.access_log;
    table_.counters = {.requests = &listener_.counters.requests->of(worker_),
                       .failures = &listener_.counters.failures->of(worker_)};
    table_.maintenance = listener_.maintenance.get();
    table_.maintenance_name = Switches::name_of(*table_.config);
    table_.routes.reserve(table_.config->routes.size());
    for (size_t i = 0; i < table_.config->routes.size(); ++i) add_route(i);
    return std::move(table_);
  }

 private:
  const RouteTable::Target* target_of(const std::string& cluster) {
    auto& made = table_.targets[cluster];
    if (made != nullptr) return made.get();
    made = std::make_unique<RouteTable::Target>();
    RouteTable::Target& target = *made;
    target.cluster = snapshot_.clusters.at(cluster).get();
    target.requests = &listener_.counters.to.at(cluster)->of(worker_);
    target.failures = &listener_.counters.to_failed.at(cluster)->of(worker_);
    for (const Diversion& each : snapshot_.shared->diversions) {
      if (each.from != cluster) continue;
      target.diverted = target_of(each.to);
      target.diverted_share = each.share.get();
    }
    return &target;
  }

  void add_route(size_t index) {
    const model::RouteConfig& config = table_.config->routes[index];
    RouteTable::Route route{.config = &config,
                            .plan = table_.router->plan(static_cast<uint32_t>(index)),
                            .target = config.to.empty() ? nullptr : target_of(config.to.front().cluster),
                            .extras = extras_of(index),
                            .retry = &config.retry,
                            .timeout = config.timeout};
    if (index != 0 && *table_.routes.back().retry == config.retry) route.retry = table_.routes.back().retry;
    if (!config.name.empty()) route.requests = &listener_.counters.routes.at(config.name)->of(worker_);
    table_.routes.push_back(route);
  }

  const RouteTable::Extras* extras_of(size_t index) {
    const model::RouteConfig& config = table_.config->routes[index];
    const Switch* const degradation = listener_.switches[index].get();
    const bool plain = config.to.size() == 1 && config.sticky.cookie.empty() && config.mirror.to.empty();
    if (plain && degradation == nullptr) return nullptr;
    auto& extras = table_.extras.emplace_back(std::make_unique<RouteTable::Extras>());
    for (const auto& each : config.to) extras->targets.push_back(target_of(each.cluster));
    extras->weights = core::total_weight(config.to);
    extras->degradation = degradation;
    if (const auto& to = config.degradation.fallback_to; !to.empty()) extras->fallback = target_of(to);
    if (!config.mirror.to.empty()) extras->mirror = snapshot_.clusters.at(config.mirror.to).get();
    extras->mirror_places = listener_.mirror_places[index].get();
    return extras.get();
  }

  const WorkerSnapshot& snapshot_;
  const Snapshot::Listener& listener_;
  size_t worker_;
  RouteTable table_;
};

}  // namespace

RouteTable make_route_table(const WorkerSnapshot& snapshot, size_t index, size_t worker) {
  return Maker(snapshot, index, worker).make();
}

}  // namespace weir::l7
