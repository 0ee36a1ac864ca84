// What splits, stickiness and mirrors cost, in numbers.
#include <algorithm>
#include <array>

#include "model/lint_report.h"

namespace weir::model {
namespace {

constexpr uint64_t kMuchMemory = uint64_t{1024} * 1024 * 1024;

/// How many clusters of the route can get a request.
auto targets_in_use(const RouteConfig& route) {
  return std::count_if(route.to.begin(), route.to.end(), [](const RouteTarget& each) { return each.weight > 0; });
}

std::string share_of_one(size_t endpoints) {
  return fmt::format("1/{} = {:.3g}%", endpoints, 100.0 / static_cast<double>(endpoints));
}

void stickiness(LintReport& report, const RouteConfig& route, const std::string& path, const ClusterConfig& cluster,
                const std::string&) {
  if (route.sticky.cookie.empty() || cluster.is_discovered()) return;
  const std::string sticky = join(path, "sticky");
  const size_t count = cluster.endpoints.size();
  if (count < 2) {
    report.warn(sticky, fmt::format("{} has {}: there is nobody else a client could go to", cluster.name,
                                    plural(count, "endpoint")));
    return;
  }
  const uint32_t overflow = route.sticky.overflow_percent;
  if (overflow == 0) {
    report.warn(join(sticky, "overflow"),
                fmt::format("nothing bounds what one endpoint of {} carries: in the worst case all of it, {} times its "
                            "share, while the others idle",
                            cluster.name, count));
    return;
  }
  report.note(sticky,
              fmt::format("when one of the {} endpoints of {} goes, {} of the clients move and lose what only it knew; "
                          "an endpoint may carry up to {}% of its share, that is {:.3g}% of all requests, before it "
                          "overflows; and one that drains is not empty before its clients' requests have moved",
                          count, cluster.name, share_of_one(count), overflow,
                          std::min(100.0, static_cast<double>(overflow) / static_cast<double>(count))));
}

void sticky_hash(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  const bool hashes = cluster.policy == PolicyKind::ring_hash || cluster.policy == PolicyKind::maglev;
  const size_t count = cluster.endpoints.size();
  if (!hashes || cluster.hash_on == HashOn::path || cluster.is_discovered() || count < 2) return;
  const uint32_t bound = cluster.bounded_load_percent;
  const std::string worst =
      bound == 0 ? fmt::format("nothing bounds what one of them carries: in the worst case {} times its share", count)
                 : fmt::format("an endpoint may carry up to {}% of its share before its keys overflow", bound);
  report.note(join(path, "hash_on"),
              fmt::format("when one of the {} endpoints goes, {} of the keys move and lose what only it knew; {}",
                          count, share_of_one(count), worst));
}

/// The chance that two draws differ is 1 less the sum of the shares' squares.
void sticky_split(LintReport& report, const RouteConfig& route, const std::string& path) {
  if (route.sticky.cookie.empty() || route.split_by.on != StickyKey::On::none || targets_in_use(route) < 2) return;
  double total = 0;
  double squares = 0;
  for (const RouteTarget& each : route.to) total += each.weight;
  for (const RouteTarget& each : route.to) squares += each.weight / total * (each.weight / total);
  report.warn(join(path, "sticky"),
              fmt::format("the shares are drawn anew for every request, so two in a row of one client go to different "
                          "clusters with a chance of {:.3g}% and each time get another cookie: split_by keeps a client "
                          "with its cluster",
                          100 * (1 - squares)));
}

void split_by(LintReport& report, const RouteConfig& route, const std::string& path) {
  if (route.split_by.on == StickyKey::On::none || targets_in_use(route) != 1) return;
  const auto only =
      std::find_if(route.to.begin(), route.to.end(), [](const RouteTarget& each) { return each.weight > 0; });
  report.warn(join(path, "split_by"), fmt::format("{} gets everything, so there is nothing to split", only->cluster));
}

void mirror(LintReport& report, const RouteConfig& route, const std::string& path) {
  const MirrorConfig& mirror = route.mirror;
  if (mirror.to.empty()) return;
  const bool original =
      std::any_of(route.to.begin(), route.to.end(), [&](const RouteTarget& each) { return each.cluster == mirror.to; });
  if (original) {
    report.warn(join(path, "mirror.to"),
                fmt::format("{} gets the originals, too: with {}% copied it carries up to {:.3g} times its load, and "
                            "every side effect of a copied request happens twice",
                            mirror.to, mirror.percent, 1 + mirror.percent / 100.0));
  }
  const uint64_t held = mirror.max_in_flight * mirror.max_body_bytes;
  if (held < kMuchMemory) return;
  report.note(join(path, "mirror"), fmt::format("copies hold up to {} × {} = {} of memory", mirror.max_in_flight,
                                                format_bytes(mirror.max_body_bytes), format_bytes(held)));
}

constexpr std::array kRules{
    LintRule{"stickiness", "What sticky endpoints cost: who moves when one goes, and the worst imbalance.",
             at_each_target<stickiness>},
    LintRule{"sticky-hash", "The same, where clients stick by a hash.", at_each_cluster<sticky_hash>},
    LintRule{"sticky-split", "Where a route sticks to endpoints of several clusters, it sticks to the cluster, too.",
             at_each_route<sticky_split>},
    LintRule{"split-by", "split_by has several clusters to split.", at_each_route<split_by>},
    LintRule{"mirror", "Copies go elsewhere than the originals; says how much memory they may hold.",
             at_each_route<mirror>},
};

}  // namespace

std::span<const LintRule> traffic_rules() { return kRules; }

}  // namespace weir::model
