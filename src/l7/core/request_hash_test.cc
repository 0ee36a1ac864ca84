#include "l7/core/request_hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace weir::l7::core {
namespace {

using proto::http::Field;

model::ClusterConfig cluster(model::HashOn on, model::PolicyKind policy = model::PolicyKind::maglev) {
  model::ClusterConfig made;
  made.policy = policy;
  made.hash_on = on;
  made.hash_name = on == model::HashOn::cookie ? "session" : "X-User";
  return made;
}

proto::http::RequestHead request(std::string_view target, std::string_view user, std::string_view cookie) {
  proto::http::RequestHead head;
  head.target = target;
  head.fields = {{.name = "x-user", .value = user},
                 {.name = "Cookie", .value = cookie, .id = proto::http::FieldId::cookie}};
  return head;
}

TEST(RequestHash, IsOfWhatTheClusterAsksFor) {
  using enum model::HashOn;
  const auto base = request("/a?x=1", "ann", "session=1");
  const struct {
    const char* message;
    model::HashOn on;
    proto::http::RequestHead head;
    const char* client;
    bool same;
  } cases[] = {
      {"another client", client_ip, base, "10.0.0.2", false},
      {"the same client", client_ip, request("/b", "bob", "session=2"), "10.0.0.1", true},
      {"another path", path, request("/b", "ann", "session=1"), "10.0.0.1", false},
      {"another query", path, request("/a?x=2", "bob", "session=2"), "10.0.0.2", true},
      {"another user", header, request("/a?x=1", "bob", "session=1"), "10.0.0.1", false},
      {"the same user", header, request("/b", "ann", "session=2"), "10.0.0.2", true},
      {"another session", cookie, request("/a?x=1", "ann", "session=2"), "10.0.0.1", false},
      {"the same session", cookie, request("/b", "bob", "a=b; session=1"), "10.0.0.2", true},
  };
  for (const auto& row : cases) {
    const uint64_t before = request_hash(cluster(row.on), base, "10.0.0.1");
    EXPECT_EQ(row.same, before == request_hash(cluster(row.on), row.head, row.client)) << row.message;
  }
}

TEST(RequestHash, OtherPoliciesAskForNone) {
  const auto head = request("/a", "ann", "");
  EXPECT_EQ(0u, request_hash(cluster(model::HashOn::path, model::PolicyKind::p2c), head, "10.0.0.1"));
  EXPECT_NE(0u, request_hash(cluster(model::HashOn::path, model::PolicyKind::ring_hash), head, "10.0.0.1"));
}

TEST(RequestHash, ItSpreads) {
  std::set<uint64_t> seen;
  for (int i = 0; i < 100; ++i) {
    seen.insert(request_hash(cluster(model::HashOn::path), request("/" + std::to_string(i), "", ""), "10.0.0.1"));
  }
  EXPECT_EQ(100u, seen.size());
}

}  // namespace
}  // namespace weir::l7::core
