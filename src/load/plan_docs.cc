#include "load/plan_docs.h"

#include <fmt/format.h>

#include "load/plan_reader.h"
#include "load/plan_schema.h"
#include "model/docs_section.h"

namespace weir::load {
namespace {

constexpr std::string_view kIntroduction = R"(# Load plans: every setting

This page is made from the schema in `src/load/plan_schema.cc`; change it there, then run
`WEIR_REGENERATE_DOCS=1 load_test`. [Load](load.md) is the page to begin with.

A plan is what `weir load --plan FILE` reads. The smallest one asks for `/` a hundred times per second for 10 s:

```yaml
target: 127.0.0.1:8080
```

A larger one, with a ramp, people who are logged in, and a mix:

```yaml
target: 127.0.0.1:8080
host: timeline.example
arrivals: poisson
rate: 200
duration: 60s
warm_up: 5s
timeout: 2s
stages:
  - {at: 20s, rate: 1000, over: 10s}
  - {at: 45s, rate: 200}
ids:
  user: {count: 10000, zipf: 100%}
sessions:
  count: 20
  steps: {method: POST, path: /login, body: '{"name": "load{session}", "password": "a load test"}'}
requests:
  - {name: read, weight: 9, path: "/timeline/user{user}"}
  - name: post
    method: POST
    path: /post
    headers: {authorization: "Bearer {token}"}
    body: '{"text": "hello"}'
```

Values are written as in [weir.yaml](configuration.md#how-values-are-written). Whatever is a list may be written without
its brackets when there is one. Options of the command line go before the file; thresholds, logs and reports are given
there only.

## Limits of size

)";

}  // namespace

std::string plan_page() {
  std::string out(kIntroduction);
  out += fmt::format("At most {} requests with {} fields each, {} ids, {} stages, and {} steps of a session.\n\n",
                     kRequestsMax, kFieldsMax, kIdsMax, kStagesMax, kStepsMax);
  model::add_docs_section<Plan>(out);
  model::add_docs_section<StageSpec>(out);
  model::add_docs_section<IdSpec>(out);
  model::add_docs_section<RequestSpec>(out);
  model::add_docs_section<SessionsSpec>(out);
  out.pop_back();
  return out;
}

}  // namespace weir::load
