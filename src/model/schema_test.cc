#include "model/schema.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace weir::model {
namespace {

template <class Owner>
class SchemaOf : public ::testing::Test {};

using Owners = ::testing::Types<Config, ListenerConfig, TlsConfig, CertificateConfig, RouteConfig, ClusterConfig,
                                EndpointConfig, ResolveConfig, HealthCheckConfig, UpstreamTlsConfig, FixedResponse,
                                StickyConfig, MirrorConfig, SwitchConfig>;
TYPED_TEST_SUITE(SchemaOf, Owners);

TYPED_TEST(SchemaOf, DefaultsAreValuesOfTheirOwnShape) {
  for (const auto& setting : section<TypeParam>().settings) {
    const SettingInfo& info = setting.info;
    if (!info.is_value() || info.shape.required) continue;
    std::string text = format_value(info.shape, setting.get(TypeParam{}));
    if (text.starts_with('"')) text = text.substr(1, text.size() - 2);  // as YAML's reader would; no default has more
    const auto value = parse_value(info.shape, info.leaf(), text);
    ASSERT_TRUE(value) << info.name << ": " << value.error().message;
    EXPECT_EQ(*value, setting.get(TypeParam{})) << info.name << " " << text;
  }
}

TYPED_TEST(SchemaOf, LimitsFitIntoTheirMembers) {
  for (const auto& setting : section<TypeParam>().settings) {
    const Shape& shape = setting.info.shape;
    for (const uint64_t limit : {shape.min, shape.max}) {
      Value value{limit};
      if (shape.type == Type::duration) {
        value = Duration::ns(static_cast<int64_t>(limit));
      } else if (shape.type != Type::count && shape.type != Type::percent && shape.type != Type::bytes) {
        continue;
      }
      TypeParam owner{};
      setting.set(owner, value);
      EXPECT_EQ(setting.get(owner), value) << setting.info.name;
    }
  }
}

TYPED_TEST(SchemaOf, EntriesAreCompleteAndDistinct) {
  std::set<std::string_view> names;
  for (const auto& setting : section<TypeParam>().settings) {
    const SettingInfo& info = setting.info;
    EXPECT_TRUE(names.insert(info.name).second) << info.name << " twice";
    EXPECT_TRUE(info.doc.ends_with('.')) << info.name;
    EXPECT_EQ(info.is_value(), setting.get != nullptr) << info.name;
    EXPECT_EQ(info.is_value(), setting.set != nullptr) << info.name;
    EXPECT_EQ(info.reason.empty(), info.shape.type == Type::later) << info.name << " needs a reason";
    EXPECT_LE(info.shape.min, info.shape.max) << info.name;
    const size_t dot = info.name.find('.');
    if (dot == std::string_view::npos) continue;
    const auto& groups = section<TypeParam>().groups;
    EXPECT_TRUE(std::any_of(groups.begin(), groups.end(), [&](const Group& group) {
      return group.name == info.name.substr(0, dot);
    })) << info.name;
  }
  for (const Group& group : section<TypeParam>().groups) {
    const bool has_off_form = !group.off_setting.empty();
    EXPECT_EQ(section<TypeParam>().find(group.off_setting) != nullptr, has_off_form) << group.name;
  }
}

/// Setting one thing must not change another: every entry leads to a member of its own.
TYPED_TEST(SchemaOf, EntriesDoNotShareMembers) {
  const auto& settings = section<TypeParam>().settings;
  for (const auto& setting : settings) {
    const Shape& shape = setting.info.shape;
    const bool number = shape.type == Type::count || shape.type == Type::percent || shape.type == Type::bytes;
    if (!number && shape.type != Type::duration) continue;
    TypeParam owner{};
    setting.set(owner, number ? Value{shape.max} : Value{Duration::ns(static_cast<int64_t>(shape.max))});
    for (const auto& other : settings) {
      if (!other.info.is_value() || other.info.name == setting.info.name) continue;
      EXPECT_EQ(other.get(owner), other.get(TypeParam{})) << setting.info.name << " changes " << other.info.name;
    }
  }
}

TEST(Schema, ChoicesAreInTheOrderOfTheirEnum) {
  const auto* policy = section<ClusterConfig>().find("policy");
  struct Case {
    PolicyKind expected;
    const char* text;
  };
  for (const Case& each :
       {Case{PolicyKind::round_robin, "round_robin"}, Case{PolicyKind::least_request, "least_request"},
        Case{PolicyKind::p2c, "p2c"}, Case{PolicyKind::peak_ewma, "peak_ewma"},
        Case{PolicyKind::ring_hash, "ring_hash"}, Case{PolicyKind::maglev, "maglev"}}) {
    ClusterConfig cluster;
    policy->set(cluster, *parse_value(policy->info.shape, "policy", each.text));
    EXPECT_EQ(cluster.policy, each.expected) << each.text;
  }
}

TEST(Schema, ScalarsAreQuotedWhereYamlWouldMisreadThem) {
  struct Case {
    const char* expected;
    const char* text;
  };
  for (const Case& each : {Case{"stdout", "stdout"}, Case{"/var/log/x.json", "/var/log/x.json"}, Case{"\"\"", ""},
                           Case{"\"null\"", "null"}, Case{"\"[::1]:80\"", "[::1]:80"}, Case{"\"a: b\"", "a: b"},
                           Case{"\"say \\\"hi\\\" \\\\\"", "say \"hi\" \\"}, Case{"\"x:\"", "x:"}}) {
    EXPECT_EQ(yaml_scalar(each.text), each.expected);
  }
}

}  // namespace
}  // namespace weir::model
