#include "model/endpoints_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace weir::model {
namespace {

/// The endpoints as "address*weight@zone", or the first mistake.
std::string read(std::string_view text) {
  const auto endpoints = read_endpoints_text(text, "e.yaml");
  if (!endpoints) return endpoints.error().front().text();
  std::string out;
  for (const EndpointConfig& each : *endpoints) {
    out += fmt::format("{}{}*{}@{}", out.empty() ? "" : " ", each.address.text(), each.weight, each.zone);
  }
  return out;
}

TEST(EndpointsFile, ListsAndMistakes) {
  const struct {
    std::string_view message, expected, text;
  } rows[] = {
      {"a list", "10.0.0.1:1*1@ 10.0.0.2:2*3@b", "- 10.0.0.1:1\n- {address: \"10.0.0.2:2\", weight: 3, zone: b}\n"},
      {"JSON", "10.0.0.1:1*1@", R"(["10.0.0.1:1"])"},
      {"JSON with a key", "[::1]:1*0@", R"({"endpoints": [{"address": "[0:0::1]:1", "weight": 0}]})"},
      {"an empty list says so", "", "[]"},
      {"an empty list under the key", "", "endpoints: []"},
      {"an empty file is being written",
       "e.yaml:1:1: the file says nothing; expected a list such as [\"10.0.0.1:3000\"], or [] for no endpoints", ""},
      {"a name", "e.yaml:1:2: [0]: is not an address but has to be found; expected a numeric address",
       "[app.internal:80]"},
      {"a file in a file", "e.yaml:1:2: [0]: is not an address but has to be found; expected a numeric address",
       "[{file: other.yaml}]"},
      {"twice", "e.yaml:1:16: [1]: 127.0.0.1:1 is listed twice, first in line 1", "[127.0.0.1:1,  127.0.0.1:1]"},
      {"another key",
       "e.yaml:1:1: is a map; expected a list such as [\"10.0.0.1:3000\"], which may stand under the key endpoints",
       "hosts: []"},
      {"no YAML", "e.yaml:1:1: not valid YAML: end of sequence flow not found", "[\"10.0.0.1:1\","},
  };
  for (const auto& row : rows) EXPECT_EQ(read(row.text), row.expected) << row.message;
}

TEST(EndpointsFile, HasALimit) {
  std::string text;
  for (size_t i = 0; i <= kFileEndpointsMax; ++i) text += fmt::format("- 10.0.{}.{}:80\n", i / 250, i % 250);
  EXPECT_EQ(read(text), "e.yaml:1:1: 10001 endpoints; expected at most 10000");
  text.resize(text.rfind("- "));
  EXPECT_EQ(read_endpoints_text(text, "e.yaml")->size(), kFileEndpointsMax);
}

TEST(EndpointsFile, RelativePathsBeginAtTheConfiguration) {
  EXPECT_EQ(endpoints_path("/etc/weir/weir.yaml", "e.yaml"), "/etc/weir/e.yaml");
  EXPECT_EQ(endpoints_path("weir.yaml", "e.yaml"), "e.yaml");
  EXPECT_EQ(endpoints_path("/etc/weir/weir.yaml", "/run/e.yaml"), "/run/e.yaml");
}

TEST(EndpointsFile, WhatIsNotThere) {
  const auto read = read_endpoints_file("/nowhere/e.yaml");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().front().text(), "/nowhere/e.yaml: cannot be opened: No such file or directory");
}

}  // namespace
}  // namespace weir::model
