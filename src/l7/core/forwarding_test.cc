#include "l7/core/forwarding.h"

#include <gtest/gtest.h>

#include <map>

namespace weir::l7::core {
namespace {

using proto::http::Field;

struct Passed {
  std::map<std::string, std::string> added;
  std::map<std::string, bool> dropped;
};

Passed pass(std::vector<Field> fields, bool trust, std::string_view client = "192.0.2.7") {
  proto::http::RequestHead head;
  head.scheme = "http";
  head.authority = "example.org:8080";
  for (Field& field : fields) field.id = proto::http::field_id_of(field.name);
  head.fields = std::move(fields);
  Prng prng(1);
  ForwardingFields forwarding;
  forwarding.build(head, {.client = client, .trust_forwarded = trust}, prng);
  Passed passed;
  for (const Field& field : forwarding.fields()) passed.added[std::string(field.name)] = field.value;
  for (const Field& field : head.fields) passed.dropped[std::string(field.name)] = field.hop_by_hop;
  return passed;
}

constexpr std::string_view kTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(Forwarding, AnUntrustedClientsClaimsAreReplaced) {
  const auto passed = pass({{.name = "Host", .value = "example.org:8080"},
                            {.name = "X-Forwarded-For", .value = "10.0.0.1"},
                            {.name = "Forwarded", .value = "for=10.0.0.1"},
                            {.name = "X-Request-Id", .value = "mine"},
                            {.name = "X-Forwarded-Host", .value = "evil"}},
                           false);
  EXPECT_EQ(passed.added.at("X-Forwarded-For"), "192.0.2.7");
  EXPECT_EQ(passed.added.at("X-Forwarded-Proto"), "http");
  EXPECT_EQ(passed.added.at("Forwarded"), "for=192.0.2.7;host=\"example.org:8080\";proto=http");
  EXPECT_EQ(passed.added.at("Via"), "1.1 weir");
  EXPECT_EQ(passed.added.at("X-Request-Id").size(), 32u);
  EXPECT_TRUE(is_valid_traceparent(passed.added.at("traceparent")));
  EXPECT_EQ(passed.added.at("traceparent").substr(3, 32), passed.added.at("X-Request-Id"));
  EXPECT_TRUE(passed.dropped.at("X-Forwarded-For"));
  EXPECT_TRUE(passed.dropped.at("X-Forwarded-Host"));
  EXPECT_FALSE(passed.dropped.at("Host"));
}

TEST(Forwarding, ATrustedClientsClaimsAreExtended) {
  const auto passed = pass({{.name = "X-Forwarded-For", .value = "10.0.0.1"},
                            {.name = "Forwarded", .value = "for=10.0.0.1"},
                            {.name = "X-Forwarded-Proto", .value = "https"},
                            {.name = "X-Request-Id", .value = "abc-1"},
                            {.name = "traceparent", .value = kTrace}},
                           true);
  EXPECT_EQ(passed.added.at("X-Forwarded-For"), "10.0.0.1, 192.0.2.7");
  EXPECT_EQ(passed.added.at("X-Forwarded-Proto"), "https");
  EXPECT_EQ(passed.added.at("Forwarded"), "for=10.0.0.1, for=192.0.2.7;host=\"example.org:8080\";proto=http");
  EXPECT_EQ(passed.added.at("X-Request-Id"), "abc-1");
  EXPECT_EQ(passed.added.at("traceparent"), kTrace);
}

TEST(Forwarding, AHostThatTheTargetOverrulesIsDropped) {
  const auto passed = pass({{.name = "Host", .value = "other"}}, false);
  EXPECT_TRUE(passed.dropped.at("Host"));
}

TEST(Forwarding, IPv6IsQuoted) {
  EXPECT_TRUE(pass({}, false, "2001:db8::1").added.at("Forwarded").starts_with("for=\"[2001:db8::1]\";"));
}

TEST(Forwarding, IdsAreValidated) {
  EXPECT_TRUE(is_valid_traceparent(kTrace));
  EXPECT_FALSE(is_valid_traceparent("00-00000000000000000000000000000000-b7ad6b7169203331-01"));
  EXPECT_FALSE(is_valid_traceparent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  EXPECT_FALSE(is_valid_traceparent("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  EXPECT_FALSE(is_valid_request_id("a b"));
  EXPECT_FALSE(is_valid_request_id(std::string(129, 'a')));
  EXPECT_FALSE(is_valid_request_id(""));
}

}  // namespace
}  // namespace weir::l7::core
