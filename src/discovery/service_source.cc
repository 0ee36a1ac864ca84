#include "discovery/service_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace weir::discovery {

ServiceSource::ServiceSource(net::Loop& loop, std::shared_ptr<Resolver> resolver, std::string name,
                             const model::ResolveConfig& config, Duration delay, Prng& prng,
                             std::function<void(const Source&)> changed)
    : Source("srv", std::move(name), config, std::move(changed)),
      loop_(loop),
      resolver_(std::move(resolver)),
      prng_(prng),
      schedule_(config) {
  loop_.arm(timer_, delay);
}

std::vector<model::EndpointConfig> ServiceSource::endpoints(const model::EndpointConfig& entry) const {
  auto all = endpoints_of(records_, hosts_, entry);
  if (all.size() > config().max_endpoints) all.resize(config().max_endpoints);
  return all;
}

void ServiceSource::ask() {
  resolver_->services(status().name, [this, alive = std::weak_ptr(alive_)](const ServiceAnswer& answer) {
    if (!alive.expired()) on_service(answer);
  });
}

void ServiceSource::on_service(const ServiceAnswer& answer) {
  auto pass = std::make_shared<Pass>();
  pass->service = answer;
  pass->ttl = answer.ttl;
  pass->problem = answer.problem;
  // Its order is the name server's, which rotates; ours makes a rotation no change. The same for what is beyond the
  // limit: no more hosts are asked for than may be used.
  auto& records = pass->service.records;
  std::sort(records.begin(), records.end(), [](const ServiceRecord& a, const ServiceRecord& b) {
    return std::tie(a.priority, a.host, a.port, a.weight) < std::tie(b.priority, b.host, b.port, b.weight);
  });
  if (records.size() > config().max_endpoints) {
    pass->problem = fmt::format("{} records, of which max_endpoints allows {}", records.size(), config().max_endpoints);
    records.resize(config().max_endpoints);
  }
  for (const ServiceRecord& each : records) pass->hosts.emplace(each.host, Addresses{});
  pass->open = pass->hosts.size();
  if (pass->open == 0) return finish(*pass);
  std::vector<std::string> names;  // an answer may come at once and change the map
  for (const auto& [host, addresses] : pass->hosts) names.push_back(host);
  for (const std::string& host : names) {
    resolver_->addresses(host, config().family, [this, alive = std::weak_ptr(alive_), pass, host](const Round& round) {
      if (!alive.expired()) on_host(*pass, host, round);
    });
  }
}

void ServiceSource::on_host(Pass& pass, const std::string& host, const Round& round) {
  const auto known = hosts_.find(host);
  const Addresses before = known == hosts_.end() ? Addresses{} : known->second;
  Conclusion conclusion = weir::discovery::conclude(before, round);
  if (conclusion.outcome == Outcome::found) pass.ttl = std::min(pass.ttl, conclusion.ttl);
  if (conclusion.outcome != Outcome::found) pass.ttl = config().min_ttl;  // a record without an address is soon mended
  if (!conclusion.problem.empty() && pass.problem.empty()) {
    pass.problem = fmt::format("{}: {}", host, conclusion.problem);
  }
  pass.hosts[host] = accepts(conclusion.outcome) ? std::move(conclusion.addresses) : before;
  if (--pass.open == 0) finish(pass);
}

void ServiceSource::finish(Pass& pass) {
  Outcome outcome = pass.service.outcome;
  const bool any = std::any_of(pass.hosts.begin(), pass.hosts.end(),
                               [](const auto& entry) { return !entry.second.v4.empty() || !entry.second.v6.empty(); });
  // Records whose hosts nobody knows are no endpoints; whether that is an answer or a failure, the hosts cannot tell.
  if (outcome == Outcome::found && !any) outcome = Outcome::failed;
  const bool changed = accepts(outcome) && (pass.service.records != records_ || pass.hosts != hosts_);
  if (changed) {
    records_ = std::move(pass.service.records);
    hosts_ = std::move(pass.hosts);
  }
  const Duration wait = schedule_.next(outcome, pass.ttl, prng_);
  loop_.arm(timer_, wait);
  next_at(loop_.now() + wait);
  model::EndpointConfig plain;
  plain.srv = status().name;
  Source::conclude(outcome, pass.problem, changed, endpoints(plain).size(), loop_.now());
}

}  // namespace weir::discovery
