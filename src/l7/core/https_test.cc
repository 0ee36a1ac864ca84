#include "l7/core/https.h"

#include <gtest/gtest.h>

namespace weir::l7::core {
namespace {

TEST(Https, StrictTransportSecurityIsWrittenAsBrowsersReadIt) {
  struct Row {
    const char* message;
    std::string_view expected;
    model::HstsConfig hsts;
  };
  const Row rows[] = {
      {"off", "", {}},
      {"off whatever else is said", "", {.include_subdomains = true, .preload = true}},
      {"an age", "max-age=300", {.max_age = Duration::s(300)}},
      {"a year with all",
       "max-age=31536000; includeSubDomains; preload",
       {.max_age = Duration::s(31536000), .include_subdomains = true, .preload = true}},
  };
  for (const Row& row : rows) EXPECT_EQ(strict_transport_security(row.hsts), row.expected) << row.message;
}

TEST(Https, ARedirectKeepsHostAndTarget) {
  struct Row {
    const char* message;
    std::string_view expected;  ///< empty: none
    std::string_view authority, target;
    proto::http::Method method;
  };
  using proto::http::Method;
  const Row rows[] = {
      {"a path", "https://example.org/a?b=c", "example.org", "/a?b=c", Method::get},
      {"the port goes", "https://example.org/", "example.org:8080", "/", Method::post},
      {"also behind brackets", "https://[::1]/", "[::1]:8080", "/", Method::get},
      {"a target that is no path", "https://example.org/", "example.org", "*", Method::options},
      {"no host", "", "", "/", Method::get},
      {"a tunnel", "", "example.org:443", "example.org:443", Method::connect},
  };
  for (const Row& row : rows) {
    proto::http::RequestHead head;
    head.authority = row.authority;
    head.target = row.target;
    head.method = row.method;
    EXPECT_EQ(https_location(head).value_or(""), row.expected) << row.message;
  }
}

TEST(Https, OnlyChallengesAreChallenges) {
  EXPECT_TRUE(is_acme_challenge("/.well-known/acme-challenge/token"));
  EXPECT_FALSE(is_acme_challenge("/.well-known/acme-challenge"));
  EXPECT_FALSE(is_acme_challenge("/x/.well-known/acme-challenge/token"));
}

}  // namespace
}  // namespace weir::l7::core
