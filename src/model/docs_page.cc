#include "model/docs_page.h"

#include <fmt/format.h>

#include "model/lint.h"
#include "model/schema.h"

namespace weir::model {
namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

This page is made from the schema in `src/model/schema.cc` and `schema_cluster.cc`; change it there, then run
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

- **Durations** carry a unit: `ns`, `us`, `ms`, `s`, `m` or `h`, as in `500ms` or `1.5s`. Only `0` needs none.
- **Sizes** carry a unit: `B`; `KiB`, `MiB`, `GiB` (by 1024); `kB`, `MB`, `GB` (by 1000).
- **Percentages** are whole, with or without the sign: `20%` or `20`.
- **Addresses** are `host:port`, where the host is a numeric IPv4 address, an IPv6 address in brackets, or `localhost`.
  Put those with brackets in quotes: `"[::1]:8080"` would otherwise be a YAML list.
- **true** and **false** may also be written `on`, `yes`, `off` and `no`.
- YAML anchors and aliases work for whole values. Merge keys (`<<`) do not.
- A dot in a name below is one map deeper: `limits.field` is written `limits: {field: 16KiB}`.
- A file has at most 1 MiB, 32 levels and, once aliases are followed, 200,000 values.

)";

/// Text for a cell of a table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

template <class Owner>
std::string default_of(const Setting<Owner>& setting) {
  const Shape& shape = setting.info.shape;
  if (shape.required) return "required";
  if (!setting.info.is_value()) return "-";
  std::string text = format_value(shape, setting.get(Owner{}));
  return text == "\"\"" ? "-" : fmt::format("`{}`", text);
}

template <class Owner>
void add_section(std::string& out) {
  const Section<Owner>& its = section<Owner>();
  out += fmt::format("## {}\n\n", its.title);
  if (!its.path.empty()) out += fmt::format("`{}`\n\n", its.path);
  out += fmt::format("{}\n\n", its.doc);
  for (const Group& group : its.groups) out += fmt::format("- `{}`: {}\n", group.name, group.doc);
  if (!its.groups.empty()) out += "\n";
  out += "| setting | meaning | value | default | why this default |\n|---|---|---|---|---|\n";
  std::string later;
  for (const auto& setting : its.settings) {
    const SettingInfo& info = setting.info;
    if (info.shape.type == Type::later) {
      later += fmt::format("{}`{}`", later.empty() ? "" : ", ", info.name);
      continue;
    }
    out += fmt::format("| `{}` | {} | {} | {} | {} |\n", info.name, cell(info.doc), cell(describe(info.shape)),
                       default_of(setting), cell(info.reason));
  }
  if (!later.empty()) out += fmt::format("\nKept for later versions, and refused by this one: {}.\n", later);
  out += "\n";
}

void add_rules(std::string& out) {
  out +=
      "## What weir check computes\n\nBeyond mistakes, `weir check` says what is valid and still unwise, with the "
      "numbers. "
      "Its rules:\n\n";
  for (const auto rules : {route_rules(), cluster_rules()}) {
    for (const LintRule& rule : rules) out += fmt::format("- **{}**: {}\n", rule.name, rule.doc);
  }
}

}  // namespace

std::string configuration_page() {
  std::string out(kIntroduction);
  add_section<Config>(out);
  add_section<ListenerConfig>(out);
  add_section<RouteConfig>(out);
  add_section<ClusterConfig>(out);
  add_section<EndpointConfig>(out);
  add_section<HealthCheckConfig>(out);
  add_rules(out);
  return out;
}

}  // namespace weir::model
