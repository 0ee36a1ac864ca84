// A plan's file becomes a Plan, or every mistake in it with its place; and what the plan says is what is asked for.
#include "load/plan_reader.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "load/mix.h"
#include "load/plan_docs.h"
#include "model/text_file.h"

namespace weir::load {
namespace {

Plan read(std::string_view text) {
  auto plan = load_plan_text(text, "plan.yaml");
  if (!plan) {
    for (const auto& each : plan.error()) ADD_FAILURE() << each.text();
    return {};
  }
  return *plan;
}

TEST(PlanReader, ReadsAllThereIs) {
  const Plan plan = read(R"(
target: 127.0.0.1:8080
arrivals: poisson
rate: 250
duration: 30s
warm_up: 5s
stages: [{at: 10s, rate: 500, over: 5s}]
ids: {user: {count: 10000, zipf: 100%}}
sessions:
  count: 3
  steps:
    - {method: POST, path: /login, body: '{"name": "load{session}"}'}
requests:
  - {name: read, weight: 9, path: "/timeline/{user}"}
  - {name: post, method: POST, path: /post, headers: {authorization: "Bearer {token}"}, body: '{"text": "hi"}'}
)");
  EXPECT_EQ(Arrivals::poisson, plan.arrivals);
  EXPECT_EQ(250, plan.rate);
  EXPECT_EQ((std::vector<StageSpec>{{Duration::s(10), 500, Duration::s(5)}}), plan.stages);
  EXPECT_EQ((std::vector<IdSpec>{{"user", 10'000, 100}}), plan.ids);
  ASSERT_EQ(2u, plan.requests.size());
  EXPECT_EQ((std::vector<FieldSpec>{{"authorization", "Bearer {token}"}}), plan.requests[1].fields);
  EXPECT_EQ(3u, plan.sessions.count);
  EXPECT_EQ("{\"name\": \"load{session}\"}", plan.sessions.steps.at(0).body);
}

TEST(PlanReader, MistakesSayWhatAndWhere) {
  struct Row {
    const char* expected;
    const char* text;
  };
  const Row rows[] = {
      {"plan.yaml:1:1: rat: unknown setting", "rat: 5"},
      {"warm_up: of 20s leaves nothing of a duration of 10s", "warm_up: 20s"},
      {"requests[0]: {user} stands for nothing; expected a name under ids", "requests: {path: '/{user}'}"},
      {"requests[0]: {token} stands for nothing", "requests: {path: '/a', headers: {x: '{token}'}}"},
      {"requests[0].path: \"a\" is no path", "requests: {path: a}"},
      {"requests[0].method: is no method", "requests: {method: 'GET /'}"},
      {"\"content-length\" cannot be set", "requests: {path: /, headers: {content-length: 5}}"},
      {"\"a b\" cannot be set", "requests: {path: /, headers: {'a b': 5}}"},
      {"all have weight 0", "requests: {path: /, weight: 0}"},
      {"ids.token: already stands for who is logged in", "ids: {token: {count: 1}}"},
      {"sessions.count: is missing", "sessions: {steps: {path: /}}"},
      {"stages[0].at: is missing", "stages: {rate: 5}"},
      // What is wrong with the plan as a whole points at the line to be changed.
      {"plan.yaml:3:1: warm_up: of 20s", "rate: 5\nduration: 10s\nwarm_up: 20s"},
      {"plan.yaml:2:1: requests: all have weight 0", "rate: 5\nrequests:\n  - {weight: 0}\n  - {weight: 0}"},
      {"plan.yaml:3:5: requests[1]: {user} stands for", "requests:\n  - {path: /a}\n  - path: '/{user}'"},
      {"plan.yaml:4:5: requests[1].path: \"b\" is no path", "requests:\n  - {path: /a}\n  - name: b\n    path: b"},
      {"plan.yaml:2:12: requests[0].method: is no method", "rate: 5\nrequests: {method: 'GET /'}"},
      {"plan.yaml:3:12: sessions.steps[0].path: \"c\"", "sessions:\n  count: 1\n  steps: [{path: c}]"},
      {"plan.yaml:2:1: stages: means nothing in a closed loop", "arrivals: closed\nstages: {at: 1s, rate: 5}"},
      {"plan.yaml:1:1: rate: means nothing in a closed loop", "rate: 5\narrivals: closed"},
      {"plan.yaml:2:1: connections: is the number of a closed loop", "rate: 5\nconnections: 10"},
  };
  for (const Row& row : rows) {
    const auto plan = load_plan_text(row.text, "plan.yaml");
    ASSERT_FALSE(plan.has_value()) << row.text;
    std::string all;
    for (const auto& each : plan.error()) all += each.text() + "\n";
    EXPECT_NE(std::string::npos, all.find(row.expected)) << row.expected << "\n" << all;
  }
}

TEST(PlanDocs, TheFileIsWhatTheSchemaSays) {
  const std::string page = plan_page();
  if (std::getenv("WEIR_REGENERATE_DOCS") != nullptr) std::ofstream(WEIR_LOAD_PAGE) << page;
  EXPECT_TRUE(model::read_text_file(WEIR_LOAD_PAGE, 1 << 20).value_or("") == page)
      << "docs/load-reference.md differs from the schema; to write it anew:\n"
         "  WEIR_REGENERATE_DOCS=1 load_test --gtest_filter='PlanDocs.*'";
}

TEST(PlanDocs, ItsExamplesAreRight) {
  const std::string page = plan_page();
  constexpr std::string_view kBegin = "```yaml\n";
  size_t examples = 0;
  for (size_t at = page.find(kBegin); at != std::string::npos; at = page.find(kBegin, at + 1), ++examples) {
    const size_t begin = at + kBegin.size();
    read(page.substr(begin, page.find("```", begin) - begin));
  }
  EXPECT_EQ(2u, examples);
}

TEST(Mix, DrawsByWeightAndLeavesForeignBracesAlone) {
  Plan plan;
  plan.target = {"127.0.0.1", 80};
  plan.ids = {{"user", 5, 100}};
  plan.requests = {{.name = "a", .weight = 3, .path = "/a"},
                   {.name = "b", .weight = 1, .method = "POST", .path = "/b/{user}", .body = "{\"x\": {user}, {y}}"}};
  const Mix mix(plan);
  Message message;
  std::map<uint32_t, int> routes;
  std::map<std::string, int> paths;
  for (uint64_t k = 0; k < 10'000; ++k) {
    mix.make(k, message);
    ++routes[message.route];
    if (message.route == 1) ++paths[std::string(message.head.target)];
  }
  EXPECT_NEAR(7500, routes[0], 200);
  EXPECT_EQ(5u, paths.size());
  // Zipf's law over five: the first is 1 / (1 + 1/2 + 1/3 + 1/4 + 1/5) = 43.8 %, the last a fifth of it.
  EXPECT_NEAR(0.438, static_cast<double>(paths["/b/1"]) / routes[1], 0.04);
  EXPECT_NEAR(0.088, static_cast<double>(paths["/b/5"]) / routes[1], 0.03);
  while (message.route != 1) mix.make(++routes[7], message);
  EXPECT_EQ("{\"x\": " + std::string(message.head.target.substr(3)) + ", {y}}", message.body);
  EXPECT_EQ("POST", message.head.method_text);
  EXPECT_EQ("127.0.0.1:80", message.head.authority);
}

TEST(Mix, ArrivalKAsksForTheSameInEveryWorker) {
  Plan plan;
  plan.ids = {{"id", 1'000'000, 0}};
  plan.requests = {{.path = "/{id}"}};
  const Mix one(plan), other(plan);
  Message a, b;
  one.make(12, a);  // whatever came before
  for (uint64_t k = 0; k < 100; ++k) {
    one.make(99 - k, a);
    other.make(99 - k, b);
    EXPECT_EQ(a.head.target, b.head.target);
  }
}

TEST(Mix, ALogIsRepeatedAsItStands) {
  Plan plan;
  plan.arrivals = Arrivals::log;
  plan.log = {{Duration{}, "GET", "/a?b={user}"}, {Duration{}, "HEAD", "/c"}};
  const Mix mix(plan);
  Message message;
  mix.make(0, message);
  EXPECT_EQ("/a?b={user}", message.head.target);
  mix.make(1, message);
  EXPECT_EQ("HEAD", message.head.method_text);
  EXPECT_EQ(proto::http::Method::head, message.head.method);
}

}  // namespace
}  // namespace weir::load
