#include "sim/scenario_docs.h"

#include "model/docs_section.h"
#include "sim/schema.h"

namespace weir::sim {
namespace {

constexpr std::string_view kIntroduction = R"(# Scenarios: every setting

This page is made from the schema in `src/sim/schema.cc` and `schema_tier.cc`; change it there, then run
`WEIR_REGENERATE_DOCS=1 sim_test`. [Simulate](simulate.md) is the page to begin with.

The smallest scenario, which `weir sim` runs for 60 s of simulated time:

```yaml
clients: {rate: 100}
tiers: {endpoints: {count: 3, service_time: 20ms}}
```

A larger one:

```yaml
title: A web tier with a cache in front of a small database
duration: 5m
network: {same_zone: 100us, cross_zone: 600us}
clients:
  - name: people
    rate: 400
    stages: [{at: 60s, rate: 900, over: 30s}]
    keys: {count: 20000, zipf: 90%}
  - {name: crawler, arrivals: closed, connections: 20, think: {distribution: exponential, mean: 1s}}
tiers:
  - name: web
    gateways: 2
    gateway_zones: [a, b]
    cluster: {policy: p2c, health_check: {http: /healthz}}
    route: {timeout: 2s, retry: {attempts: 3}}
    calls: {share: 80%, times: 2, connections: 20}
    cache: {ttl: 30s, mode: singleflight}
    endpoints:
      - {count: 4, zone: a, concurrency: 8, service_time: {distribution: lognormal, mean: 12ms, cv: 120%}}
      - {count: 4, zone: b, concurrency: 8, service_time: {distribution: lognormal, mean: 12ms, cv: 120%}}
  - name: db
    endpoints: {concurrency: 16, max_connections: 200, service_time: 4ms}
faults:
  - {kind: cold_cache, at: 2m, tier: web}
  - {kind: die, at: 3m, for: 20s, every: 40s, tier: web, endpoints: 0-1}
variants:
  - {name: as it is}
  - {name: no cache, set: {tiers.web.cache: off}}
  - {name: one gateway, set: {tiers.web: {gateways: 1, gateway_zones: [a]}}}
```

Values are written as in [weir.yaml](configuration.md#how-values-are-written). Whatever is a list may be written without
its brackets when there is one. The file must be right on its own, and under each of its variants.

## How variants are merged

A variant's `set` is merged over the file:

- A map is merged setting by setting; anything else replaces what was there.
- A dot leads one level deeper: `a.b: 1` is `a: {b: 1}`.
- In a list, a word is the name of an item or its number from 0: `tiers.web.endpoints.1.count: 8`. A list of one item
  needs neither: `tiers.cluster.policy: maglev`, `clients.rate: 500`.
- A list in `set` replaces the whole list: `faults: []` is a world in which nothing goes wrong.
- Where the file says `service_time: 20ms`, `service_time.distribution: exponential` keeps that mean.

## Limits of size

)";

}  // namespace

std::string scenarios_page() {
  std::string out(kIntroduction);
  out += fmt::format(
      "At most {} tiers, {} sorts of clients, {} variants and {} faults; over all tiers {} gateways, {} endpoints, and "
      "{} "
      "as the sum of each tier's gateways times endpoints, as each such pair takes about 1 KB.\n\n",
      kTiersMax, kClientsMax, kVariantsMax, kFaultsMax, kGatewaysMax, kEndpointsMax, kLanesMax);
  model::add_docs_section<Scenario>(out);
  model::add_docs_section<ClientSpec>(out);
  model::add_docs_section<StageSpec>(out);
  model::add_docs_section<VariateSpec>(out);
  model::add_docs_section<TierSpec>(out);
  model::add_docs_section<EndpointGroupSpec>(out);
  model::add_docs_section<FaultSpec>(out);
  model::add_docs_section<VariantHead>(out);
  model::add_docs_section(out, tier_cluster_section());
  model::add_docs_section(out, tier_route_section());
  model::add_docs_section<model::HealthCheckConfig>(out);
  out.pop_back();
  return out;
}

}  // namespace weir::sim
