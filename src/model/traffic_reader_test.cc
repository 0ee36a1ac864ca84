// Splits, stickiness, mirrors, switches and fixed responses, as they are read and as their mistakes are told.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "model/config_reader.h"

namespace weir::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A file with these settings of its only route in line 6, from column 5.
std::string with_route(std::string_view settings) {
  return fmt::format(
      "clusters: {{app: [\"127.0.0.1:1\"], b: [\"127.0.0.1:2\"]}}\n"
      "listeners:\n- http: 0.0.0.0:80\n  routes:\n  - to: {{app: 1, b: 1}}\n    {}\n",
      settings);
}

RouteConfig route_of(std::string_view settings) {
  const auto loaded = load_config_text(with_route(settings), "weir.yaml");
  if (loaded) return loaded->config.listeners[0].routes[0];
  for (const Mistake& each : loaded.error()) ADD_FAILURE() << each.text();
  return {};
}

std::vector<std::string> mistakes_of(std::string_view settings) {
  const auto loaded = load_config_text(with_route(settings), "weir.yaml");
  std::vector<std::string> texts;
  if (loaded) return texts;
  for (const Mistake& each : loaded.error()) texts.push_back(each.text());
  return texts;
}

TEST(TrafficReader, WhatNamesAClient) {
  using On = StickyKey::On;
  EXPECT_EQ(route_of("split_by: chance").split_by, (StickyKey{On::none, ""}));
  EXPECT_EQ(route_of("split_by: client_ip").split_by, (StickyKey{On::client_ip, ""}));
  EXPECT_EQ(route_of("split_by: header:X-User").split_by, (StickyKey{On::header, "x-user"}));
  EXPECT_EQ(route_of("split_by: cookie:Uid").split_by, (StickyKey{On::cookie, "Uid"}));
  EXPECT_EQ(route_of("split_by: query:Uid").split_by, (StickyKey{On::query, "Uid"}));
}

TEST(TrafficReader, StickyAndMirror) {
  const StickyConfig sticky = route_of("sticky: {cookie: c}").sticky;
  EXPECT_EQ(sticky, (StickyConfig{.cookie = "c", .ttl = Duration{}, .overflow_percent = 150}));
  const StickyConfig never = route_of("sticky: {cookie: c, ttl: 1h, overflow: never}").sticky;
  EXPECT_EQ(never, (StickyConfig{.cookie = "c", .ttl = Duration::s(3600), .overflow_percent = 0}));
  const MirrorConfig mirror = route_of("mirror: {to: b, percent: 10, max_in_flight: 3, max_body: 1KiB}").mirror;
  EXPECT_EQ(mirror, (MirrorConfig{.to = "b", .percent = 10, .max_in_flight = 3, .max_body_bytes = 1024}));
}

TEST(TrafficReader, Switches) {
  EXPECT_EQ(route_of("switch: reviews").degradation.name, "reviews");
  const SwitchConfig cluster = route_of("switch: {name: search, fallback_to: b}").degradation;
  EXPECT_EQ(cluster.fallback_to, "b");
  const SwitchConfig fixed = route_of("switch: {name: a, fallback: {status: 200, body: '[]'}}").degradation;
  EXPECT_EQ(fixed.fallback.status, 200);
  EXPECT_EQ(fixed.fallback.body, "[]");
}

TEST(TrafficReader, ABodyMayStandInAFile) {
  const auto file = std::filesystem::path(::testing::TempDir()) / "traffic_reader_body.html";
  std::ofstream(file) << "<h1>\nSorry\n";
  const std::string settings = fmt::format("switch: {{name: a, fallback: {{status: 503, file: {}}}}}", file.string());
  const FixedResponse fallback = route_of(settings).degradation.fallback;
  EXPECT_EQ(fallback.body, "<h1>\nSorry\n");
  EXPECT_EQ(fallback.body_file, file.string());
  std::ofstream(file) << std::string(1024 * 1024 + 1, 'x');
  EXPECT_THAT(mistakes_of(settings), ElementsAre(::testing::EndsWith("is longer than 1 MiB")));
  std::filesystem::remove(file);
}

TEST(TrafficReader, ABodysFileIsBesideTheConfiguration) {
  const auto directory = std::filesystem::path(::testing::TempDir()) / "traffic_reader_beside";
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "page.html") << "<h1>";
  std::ofstream(directory / "weir.yaml") << R"(
listeners:
- http: 127.0.0.1:8080
  maintenance: {status: 503, file: page.html}
  routes:
  - {match: {path: /a}, respond: {status: 200, file: page.html}}
  - {to: app, switch: {name: s, fallback: {status: 200, file: ./page.html}}}
clusters: {app: ["127.0.0.1:1"]}
)";
  const auto loaded = load_config((directory / "weir.yaml").string());
  ASSERT_TRUE(loaded.has_value()) << loaded.error().front().text();
  const ListenerConfig& listener = loaded->config.listeners.front();
  EXPECT_EQ("<h1>", listener.maintenance.body);
  EXPECT_EQ("<h1>", listener.routes[0].respond.body);
  EXPECT_EQ("<h1>", listener.routes[1].degradation.fallback.body);
  EXPECT_EQ("page.html", listener.maintenance.body_file) << "as it is written";
  std::filesystem::remove_all(directory);
}

struct Row {
  const char* expected;
  const char* settings;
};

TEST(TrafficReader, MistakesAreToldOnceAndPrecisely) {
  const Row rows[] = {
      {"weir.yaml:6:15: listeners[0].routes[0].split_by: \"cookie:\" is not valid; expected client_ip, header:NAME, "
       "cookie:NAME or query:NAME, or chance",
       "split_by: 'cookie:'"},
      {"weir.yaml:6:15: listeners[0].routes[0].split_by: \"client-ip\" is not valid; expected client_ip, header:NAME, "
       "cookie:NAME or query:NAME, or chance; did you mean \"client_ip\"?",
       "split_by: client-ip"},
      {"weir.yaml:6:13: listeners[0].routes[0].sticky.cookie: is missing; expected 1 to 64 letters, digits, or any of "
       "- _ .",
       "sticky: {ttl: 1h}"},
      {"weir.yaml:6:35: listeners[0].routes[0].sticky.overflow: 99% is out of range; expected a percentage from "
       "100% to 10000%, or never",
       "sticky: {cookie: c, overflow: 99%}"},
      {"weir.yaml:6:18: listeners[0].routes[0].mirror.to: unknown cluster \"ap\"; expected one of app, b; did you mean "
       "\"app\"?",
       "mirror: {to: ap}"},
      {"weir.yaml:6:36: listeners[0].routes[0].switch.fallback_to: unknown cluster \"c\"; expected one of app, b; did "
       "you mean \"b\"?",
       "switch: {name: s, fallback_to: c}"},
      {"weir.yaml:6:5: listeners[0].routes[0].switch: fallback and fallback_to exclude each other; expected one of "
       "them",
       "switch: {name: s, fallback_to: b, fallback: {status: 204}}"},
      {"weir.yaml:6:23: listeners[0].routes[0].switch.fallback: body and file exclude each other; expected one of them",
       "switch: {name: s, fallback: {status: 200, body: x, file: /dev/null}}"},
      {"weir.yaml:6:23: listeners[0].routes[0].switch.fallback: an answer of status 204 has no body (RFC 9110); "
       "expected another status",
       "switch: {name: s, fallback: {status: 204, body: x}}"},
      {"weir.yaml:6:33: listeners[0].routes[0].switch.fallback.status: is missing; expected a whole number from 200 to "
       "599",
       "switch: {name: s, fallback: {body: x}}"},
      {"weir.yaml:6:53: listeners[0].routes[0].switch.fallback.file: \"/no/such/file\" cannot be opened: No such file "
       "or directory",
       "switch: {name: s, fallback: {status: 200, file: /no/such/file}}"},
      {"weir.yaml:6:53: listeners[0].routes[0].switch.fallback.file: \"/dev/zero\" is not a regular file",
       "switch: {name: s, fallback: {status: 200, file: /dev/zero}}"},
      {"weir.yaml:6:13: listeners[0].routes[0].switch: \"two words\" is not valid; expected 1 to 64 letters, digits, "
       "or "
       "any of - _ .",
       "switch: two words"},
  };
  for (const Row& row : rows) EXPECT_THAT(mistakes_of(row.settings), ElementsAre(row.expected)) << row.settings;
  EXPECT_THAT(mistakes_of("split_by: client_ip"), IsEmpty());
}

}  // namespace
}  // namespace weir::model
