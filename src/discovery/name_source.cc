#include "discovery/name_source.h"

#include <fmt/format.h>

#include <utility>

namespace weir::discovery {

NameSource::NameSource(net::Loop& loop, std::shared_ptr<Resolver> resolver, std::string host,
                       const model::ResolveConfig& config, Duration delay, Prng& prng,
                       std::function<void(const Source&)> changed)
    : Source("dns", std::move(host), config, std::move(changed)),
      loop_(loop),
      resolver_(std::move(resolver)),
      prng_(prng),
      schedule_(config) {
  loop_.arm(timer_, delay);
}

void NameSource::ask() {
  resolver_->addresses(status().name, config().family, [this, alive = std::weak_ptr(alive_)](const Round& round) {
    if (!alive.expired()) on_round(round);
  });
}

void NameSource::on_round(const Round& round) {
  Conclusion conclusion = weir::discovery::conclude(addresses_, round);
  const size_t found = conclusion.addresses.v4.size() + conclusion.addresses.v6.size();
  const size_t most = config().max_endpoints;
  if (found > most) {
    if (conclusion.problem.empty()) {
      conclusion.problem = fmt::format("{} addresses, of which max_endpoints allows {}", found, most);
    }
    conclusion.addresses.v4.resize(std::min(conclusion.addresses.v4.size(), most));
    conclusion.addresses.v6.resize(std::min(conclusion.addresses.v6.size(), most - conclusion.addresses.v4.size()));
  }
  const bool changed = accepts(conclusion.outcome) && conclusion.addresses != addresses_;
  if (changed) addresses_ = std::move(conclusion.addresses);
  const Duration wait = schedule_.next(conclusion.outcome, conclusion.ttl, prng_);
  loop_.arm(timer_, wait);
  next_at(loop_.now() + wait);
  Source::conclude(conclusion.outcome, conclusion.problem, changed, addresses_.v4.size() + addresses_.v6.size(),
                   loop_.now());
}

}  // namespace weir::discovery
