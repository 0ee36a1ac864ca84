#include "drill/drill_docs.h"

#include "drill/schema.h"
#include "model/docs_section.h"

namespace weir::drill {
namespace {

constexpr std::string_view kIntroduction = R"(# Drills: every setting

This page is made from the schema in `src/drill/schema.cc`; change it there, then run
`WEIR_REGENERATE_DOCS=1 drill_test`. [Drill](drill.md) is the page to begin with; there are the figures that `hypothesis`
and `expect` compare.

The smallest drill, which kills one of three instances under 200 requests a second:

```yaml
title: An instance is killed
hypothesis: [errors < 0.5%]
faults: {kind: kill}
arms: [{name: with}]
expect: [with.during.errors < 1%]
```

A larger one:

```yaml
title: Two of four instances have a bad link
about: A link that loses time loses requests as soon as somebody's patience ends.
remedy: tries of 100 ms found an instance with a good link
instances: 4
hypothesis: [errors < 0.5%, p99 < 100ms]
load:
  rate: 120
  arrivals: poisson
  ids: {user: {count: 500, zipf: 100%}}
  requests:
    - {weight: 9, path: "/timeline/user{user}"}
    - {weight: 1, path: /healthz}
phases: {warm_up: 2s, before: 6s, during: 10s, after: 8s}
blast_radius: {instances: 2, failed: 40%}
abort: {errors: 70%, for: 3s}
faults:
  - {kind: network, instances: 2, downstream: {delay: 300ms, jitter: 200ms}, for: 2s, every: 4s}
  - {kind: reload, every: 1s, at: 3s, for: 5s}
arms:
  - {name: without, cluster: {outlier_detection: off}, route: {retry: off}}
  - {name: with, about: short tries, route: {timeout: 1s, retry: {attempts: 3, per_try_timeout: 100ms}}}
expect:
  - without.during.p90 > 200ms
  - with.during.p90 < 0.8 * without.during.p90
```

Values are written as in [weir.yaml](configuration.md#how-values-are-written). Whatever is a list may be written without
its brackets when there is one.

)";

constexpr std::string_view kLoadSections =
    "`ids`, `requests` and `sessions` are written as in [a load plan](load.md). A load that says nothing of `requests` "
    "reads `/timeline/user{user}`.\n\n";

}  // namespace

std::string drill_page() {
  std::string out(kIntroduction);
  model::add_docs_section<Drill>(out);
  model::add_docs_section(out, load_section());
  out += kLoadSections;
  model::add_docs_section<FaultSpec>(out);
  model::add_docs_section<Arm>(out);
  out +=
      "`cluster`, `route` and `listener` are written as in [weir.yaml](configuration.md), without `endpoints`; "
      "`match`, "
      "`to` and `rate_limit`; `name`, `http`, `to`, `routes`, `access_log` and `tls`: those are the stack's.\n";
  return out;
}

}  // namespace weir::drill
