#include "model/docs_page.h"

#include <fmt/format.h>

#include "model/docs_section.h"
#include "model/lint.h"

namespace weir::model {
namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

This page is made from the schema in `src/model/schema*.cc`; change it there, then run
`WEIR_REGENERATE_DOCS=1 model_test`.

One YAML file describes all tiers. The smallest one that does something:

```yaml
listeners: [{http: "0.0.0.0:8080", to: app}]
clusters:  {app: ["127.0.0.1:3000", "127.0.0.1:3001"]}
```

Everything else has a default, and every default has its reason below. `weir show -c weir.yaml` prints each effective
value with the line it came from or the reason for its default. `weir check -c weir.yaml` reports all mistakes at once,
each with file, line, column and what was expected, and then does the [arithmetic](#what-weir-check-computes).

A larger one:

```yaml
workers: auto
admin: 127.0.0.1:9901
listeners:
  - name: web
    http: 0.0.0.0:8080
    access_log: /var/log/weir/web.json
    routes:
      - match: {path: /api/*, host: example.org}
        to: {api: 95, api-next: 5}
        timeout: 2s
        retry: {attempts: 2}
      - to: app
clusters:
  app:
    endpoints: ["10.0.0.1:3000", {address: "10.0.0.2:3000", weight: 2, zone: b}]
    policy: p2c
    health_check: {http: /healthz, interval: 2s, timeout: 500ms}
  api: ["10.0.1.1:3000", "10.0.1.2:3000"]
  api-next: ["10.0.2.1:3000"]
```

## How values are written

- **Durations** carry a unit: `ns`, `us`, `ms`, `s`, `m`, `h` or `d`, as in `500ms` or `1.5s`. Only `0` needs none.
- **Sizes** carry a unit: `B`; `KiB`, `MiB`, `GiB` (by 1024); `kB`, `MB`, `GB` (by 1000).
- **Percentages** are whole, with or without the sign: `20%` or `20`.
- **Addresses** are `host:port`, where the host is a numeric IPv4 address, an IPv6 address in brackets, or `localhost`;
  that of an endpoint may also be a name, which is then [resolved](discovery.md).
  Put those with brackets in quotes: `"[::1]:8080"` would otherwise be a YAML list.
- **true** and **false** may also be written `on`, `yes`, `off` and `no`.
- YAML anchors and aliases work for whole values. Merge keys (`<<`) do not.
- A dot in a name below is one map deeper: `limits.field` is written `limits: {field: 16KiB}`.
- A file has at most 1 MiB, 32 levels and, once aliases are followed, 200,000 values.

)";

void add_rules(std::string& out) {
  out +=
      "## What weir check computes\n\nBeyond mistakes, `weir check` says what is valid and still unwise, with the "
      "numbers. "
      "Its rules:\n\n";
  for (const auto rules : {route_rules(), traffic_rules(), cluster_rules(), tls_rules(), transport_rules()}) {
    for (const LintRule& rule : rules) out += fmt::format("- **{}**: {}\n", rule.name, rule.doc);
  }
}

}  // namespace

std::string configuration_page() {
  std::string out(kIntroduction);
  add_docs_section<Config>(out);
  add_docs_section<ListenerConfig>(out);
  add_docs_section<TlsConfig>(out);
  add_docs_section<CertificateConfig>(out);
  add_docs_section<RouteConfig>(out);
  add_docs_section<StickyConfig>(out);
  add_docs_section<MirrorConfig>(out);
  add_docs_section<SwitchConfig>(out);
  add_docs_section<FixedResponse>(out);
  add_docs_section<ClusterConfig>(out);
  add_docs_section<EndpointConfig>(out);
  add_docs_section<ResolveConfig>(out);
  add_docs_section<UpstreamTlsConfig>(out);
  add_docs_section<HealthCheckConfig>(out);
  add_rules(out);
  return out;
}

}  // namespace weir::model
