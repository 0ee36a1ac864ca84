#include "l7/core/sticky_cookie.h"

#include <gtest/gtest.h>

namespace weir::l7::core {
namespace {

using proto::http::FieldId;

proto::http::RequestHead with_cookies(std::string_view cookies) {
  proto::http::RequestHead head;
  head.scheme = "http";
  head.fields.push_back({.name = "Cookie", .value = cookies, .id = FieldId::cookie});
  return head;
}

TEST(StickyCookie, OnlyWhatWeWroteIsRead) {
  struct Row {
    const char* message;
    std::optional<uint64_t> expected;
    const char* cookies;
  };
  const Row rows[] = {
      {"ours", 0x0123456789abcdefULL, "a=1; weir=0123456789abcdef; b=2"},
      {"leading zeros", 1, "weir=0000000000000001"},
      {"the largest", UINT64_MAX, "weir=ffffffffffffffff"},
      {"none", std::nullopt, "a=0123456789abcdef"},
      {"empty", std::nullopt, "weir="},
      {"too short", std::nullopt, "weir=123456789abcdef"},
      {"too long", std::nullopt, "weir=00123456789abcdef"},
      {"upper case", std::nullopt, "weir=0123456789ABCDEF"},
      {"no digits", std::nullopt, "weir=0123456789abcdeg"},
      {"a sign", std::nullopt, "weir=-123456789abcdef"},
      {"quoted", std::nullopt, "weir=\"23456789abcdef\""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(read_sticky_cookie(with_cookies(row.cookies), {.cookie = "weir"}), row.expected) << row.message;
  }
}

TEST(StickyCookie, IsWrittenAsItIsRead) {
  const model::StickyConfig session{.cookie = "weir"};
  EXPECT_EQ(make_sticky_cookie(0xab, session, false), "weir=00000000000000ab; Path=/; HttpOnly; SameSite=Lax");
  const model::StickyConfig hour{.cookie = "weir", .ttl = Duration::s(3600)};
  EXPECT_EQ(make_sticky_cookie(0xab, hour, true),
            "weir=00000000000000ab; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure");
}

TEST(StickyCookie, SecureIsWhatCameOverTls) {
  auto head = with_cookies("");
  EXPECT_FALSE(is_secure(head, true));
  head.fields.push_back({.name = "X-Forwarded-Proto", .value = "HTTPS", .id = FieldId::x_forwarded_proto});
  EXPECT_TRUE(is_secure(head, true)) << "a proxy in front has ended TLS";
  EXPECT_FALSE(is_secure(head, false)) << "anybody can say so";
  head.scheme = "https";
  EXPECT_TRUE(is_secure(head, false));
}

}  // namespace
}  // namespace weir::l7::core
