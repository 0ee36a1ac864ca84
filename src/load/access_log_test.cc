// Lines of access logs as arrivals; what is no request is counted and named, whatever it is.
#include "load/access_log.h"

#include <gtest/gtest.h>

namespace weir::load {
namespace {

std::string line(std::string_view time, std::string_view request, std::string_view rest = " 200 5") {
  return "127.0.0.1 - - [" + std::string(time) + "] \"" + std::string(request) + "\"" + std::string(rest) + "\n";
}

TEST(AccessLog, BothFormatsAndZones) {
  const auto log = parse_access_log(
      line("10/Oct/2026:13:55:36 -0700", "GET /a?b=1 HTTP/1.1") +
      line("10/Oct/2026:22:55:38 +0200", "HEAD /c HTTP/1.0", " 200 2326 \"http://x/\" \"agent [1] \\\"x\\\"\"\r"));
  ASSERT_TRUE(log.has_value()) << log.error();
  ASSERT_EQ(2u, log->entries.size());
  EXPECT_EQ((LogEntry{Duration{}, "GET", "/a?b=1"}), log->entries[0]);
  EXPECT_EQ((LogEntry{Duration::s(2), "HEAD", "/c"}), log->entries[1]);
  EXPECT_EQ(3, log->length.seconds());
  EXPECT_EQ(0u, log->malformed);
}

TEST(AccessLog, ASecondIsSpreadAndOrderRestored) {
  const auto log = parse_access_log(
      line("28/Feb/2028:23:59:59 +0000", "GET /2 HTTP/1.1") + line("28/Feb/2028:23:59:59 +0000", "GET /3 HTTP/1.1") +
      line("29/Feb/2028:00:00:00 +0000", "GET /4 HTTP/1.1") + line("28/Feb/2028:23:59:58 +0000", "GET /1 HTTP/1.1"));
  ASSERT_TRUE(log.has_value());
  std::vector<std::pair<int64_t, std::string>> seen;
  for (const LogEntry& each : log->entries) seen.emplace_back(each.at.ms(), each.path);
  EXPECT_EQ((std::vector<std::pair<int64_t, std::string>>{{0, "/1"}, {1000, "/2"}, {1500, "/3"}, {2000, "/4"}}), seen);
}

TEST(AccessLog, WhatIsNoRequestIsCountedAndNamed) {
  struct Row {
    const char* expected;
    std::string text;
  };
  const std::string good = line("10/Oct/2026:13:55:36 -0700", "GET / HTTP/1.1");
  const Row rows[] = {
      {"line 2 has no [time]", "hello\n"},
      {"line 2 has a time that is not like [10/Oct/2026:13:55:36 -0700]",
       line("10/Okt/2026:13:55:36 -0700", "GET / HTTP/1.1")},
      {"line 2 has a time that is not like [10/Oct/2026:13:55:36 -0700]",
       line("10/Oct/2026:25:55:36 -0700", "GET / HTTP/1.1")},
      {"line 2 has no request in quotes", "a [10/Oct/2026:13:55:36 -0700] GET /\n"},
      {"line 2 has a request that is not like \"GET / HTTP/1.1\"", line("10/Oct/2026:13:55:36 -0700", "-")},
      {"line 2 has a path that does not begin with / or holds what no path may",
       line("10/Oct/2026:13:55:36 -0700", "GET http://x/ HTTP/1.1")},
      {"line 2 has a path that does not begin with / or holds what no path may",
       line("10/Oct/2026:13:55:36 -0700", "GET /\x01 HTTP/1.1")},
      {"line 2 is longer than 16 KiB", std::string(20'000, 'x') + "\n"},
  };
  for (const Row& row : rows) {
    const auto log = parse_access_log(good + row.text);
    ASSERT_TRUE(log.has_value());
    EXPECT_EQ(1u, log->malformed) << row.expected;
    EXPECT_EQ(row.expected, log->first_malformed);
    EXPECT_EQ(1u, log->entries.size());
  }
}

TEST(AccessLog, NothingToRepeat) {
  const auto posts = parse_access_log(line("10/Oct/2026:13:55:36 -0700", "POST / HTTP/1.1"));
  ASSERT_FALSE(posts.has_value());
  EXPECT_EQ("holds no request that can be repeated (GET, HEAD or OPTIONS)", posts.error());
  EXPECT_EQ("line 1 has no [time]", parse_access_log("x").error());
  EXPECT_FALSE(parse_access_log(line("10/Oct/0455:13:55:36 -0720", "GET / HTTP/1.1")).has_value());
  EXPECT_EQ("spans more than a year; cut it", parse_access_log(line("10/Oct/2020:13:55:36 +0000", "GET / HTTP/1.1") +
                                                               line("10/Oct/2026:13:55:36 +0000", "GET / HTTP/1.1"))
                                                  .error());
}

}  // namespace
}  // namespace weir::load
