#include "console/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::console {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kToken = "0123456789abcdef0123456789abcdef";
constexpr std::string_view kHost = "127.0.0.1:9901";

TEST(Guard, WhoMayAskWhat) {
  const struct {
    const char* message;
    uint16_t expected;  ///< 0: may
    Asker asker;
  } cases[] = {
      {"a scraper reads", 0, {.host = kHost}},
      {"a name of its own", 421, {.host = "evil.example:9901"}},
      {"a re-bound name, with everything else right",
       421,
       {.purpose = Purpose::change, .host = "evil.example", .origin = "http://evil.example", .token = kToken}},
      {"another page's image reads: its page cannot see the answer",
       0,
       {.host = kHost, .origin = "http://evil.example", .fetch_site = "cross-site"}},
      {"a program listens", 0, {.purpose = Purpose::listen, .host = kHost}},
      {"the console listens", 0, {.purpose = Purpose::listen, .host = kHost, .fetch_site = "same-origin"}},
      {"another page listens", 403, {.purpose = Purpose::listen, .host = kHost, .fetch_site = "cross-site"}},
      {"a page on another port of this machine listens",
       403,
       {.purpose = Purpose::listen, .host = kHost, .fetch_site = "same-site"}},
      {"another page listens, in an old browser",
       403,
       {.purpose = Purpose::listen, .host = kHost, .origin = "http://evil.example"}},
      {"weir ctl changes", 0, {.purpose = Purpose::change, .host = kHost, .has_admin_field = true}},
      {"a program without the field", 403, {.purpose = Purpose::change, .host = kHost}},
      {"the token alone is not the field", 403, {.purpose = Purpose::change, .host = kHost, .token = kToken}},
      {"the console changes",
       0,
       {.purpose = Purpose::change,
        .host = kHost,
        .origin = "http://127.0.0.1:9901",
        .fetch_site = "same-origin",
        .token = kToken}},
      {"by another name of the loopback",
       0,
       {.purpose = Purpose::change,
        .host = "localhost:9901",
        .origin = "http://localhost:9901",
        .fetch_site = "same-origin",
        .token = kToken}},
      {"the console of a former process",
       403,
       {.purpose = Purpose::change,
        .host = kHost,
        .origin = "http://127.0.0.1:9901",
        .fetch_site = "same-origin",
        .token = "f123456789abcdef0123456789abcdef",
        .has_admin_field = true}},
      {"a browser without a token",
       403,
       {.purpose = Purpose::change, .host = kHost, .fetch_site = "same-origin", .has_admin_field = true}},
      {"an empty token", 403, {.purpose = Purpose::change, .host = kHost, .fetch_site = "same-origin", .token = ""}},
      {"another origin with the token",
       403,
       {.purpose = Purpose::change, .host = kHost, .origin = "http://127.0.0.1:8080", .token = kToken}},
      {"the same host by https",
       403,
       {.purpose = Purpose::change, .host = kHost, .origin = "https://127.0.0.1:9901", .token = kToken}},
      {"a sandboxed frame", 403, {.purpose = Purpose::change, .host = kHost, .origin = "null", .token = kToken}},
      {"an origin that only begins alike",
       403,
       {.purpose = Purpose::change, .host = kHost, .origin = "http://127.0.0.1:9901.evil", .token = kToken}},
      {"a form on another page",
       403,
       {.purpose = Purpose::change, .host = kHost, .fetch_site = "cross-site", .token = kToken}},
      {"typed into the address bar",
       403,
       {.purpose = Purpose::change, .host = kHost, .fetch_site = "none", .token = kToken}},
  };
  for (const auto& c : cases) {
    const auto denial = judge(c.asker, kToken);
    EXPECT_EQ(denial ? denial->status : 0, c.expected) << c.message;
    EXPECT_FALSE(denial && denial->text.empty()) << c.message;
  }
}

TEST(Guard, WithoutATokenNoBrowserChangesAnything) {
  const Asker asker{.purpose = Purpose::change, .host = kHost, .fetch_site = "same-origin", .token = ""};
  EXPECT_THAT(judge(asker, "").value().text, HasSubstr("token"));
}

TEST(GuardHost, OnlyNumbersAndLocalhost) {
  const struct {
    bool expected;
    std::string_view input;
  } cases[] = {
      {true, "127.0.0.1:9901"},    {true, "127.0.0.1"},  {true, "[::1]:9901"},       {true, "[::1]"},
      {true, "localhost:9901"},    {true, "localhost"},  {true, "10.1.2.3:80"},      {false, ""},
      {false, "evil.example"},     {false, "evil:9901"}, {false, "127.0.0.1.evil"},  {false, "127.0.0.1:9901.evil"},
      {false, "localhost.evil:1"}, {false, ":9901"},     {false, "127.0.0.1:99999"}, {false, "127.0.0.1@evil:80"},
  };
  for (const auto& c : cases) EXPECT_EQ(is_numeric_host(c.input), c.expected) << c.input;
}

}  // namespace
}  // namespace weir::console
