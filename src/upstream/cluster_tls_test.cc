// What a cluster's endpoints have to prove, and which connections a reload leaves in use.
#include "upstream/cluster_tls.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "net/tls/test_certificates.h"
#include "upstream/cluster.h"

namespace weir::upstream {
namespace {

using T = model::UpstreamTlsConfig;

model::EndpointConfig endpoint(const char* host, const char* origin = "") {
  model::EndpointConfig made;
  made.address = {host, 443};
  made.origin = origin;
  return made;
}

model::ClusterConfig config_of(const model::UpstreamTlsConfig& tls) {
  model::ClusterConfig config;
  config.name = "app";
  config.tls = tls;
  config.tls.enabled = true;
  config.endpoints = {endpoint("10.0.0.1"), endpoint("10.0.0.2", "app.test")};
  return config;
}

model::UpstreamTlsConfig with(auto member, auto value) {
  model::UpstreamTlsConfig tls;
  tls.*member = value;
  return tls;
}

std::shared_ptr<const ClusterTls> make(const model::ClusterConfig& config,
                                       const std::shared_ptr<const ClusterTls>& previous = nullptr) {
  auto made = ClusterTls::create(config, "", previous);
  EXPECT_TRUE(made) << made.error();
  return made.value_or(nullptr);
}

TEST(ClusterTls, NothingWithoutTls) {
  model::ClusterConfig config = config_of({});
  config.tls.enabled = false;
  EXPECT_EQ(make(config), nullptr);
}

TEST(ClusterTls, AnEndpointProvesTheNameItHas) {
  const model::ClusterConfig config = config_of({});
  const auto tls = make(config);
  EXPECT_EQ(tls->peer(config.endpoints[0])->name(), "10.0.0.1");
  EXPECT_TRUE(tls->peer(config.endpoints[0])->is_address());
  EXPECT_EQ(tls->peer(config.endpoints[1])->name(), "app.test") << "under which it was found";
  const auto named = make(config_of(with(&T::server_name, "other.test")));
  EXPECT_EQ(named->peer(config.endpoints[1])->name(), "other.test");
  EXPECT_TRUE(tls->context().verifies());
  EXPECT_FALSE(make(config_of(with(&T::verify, false)))->context().verifies());
}

TEST(ClusterTls, AFileThatCannotBeReadIsNamed) {
  const auto made = ClusterTls::create(config_of(with(&T::ca, "missing.pem")), "/nowhere/weir.yaml", nullptr);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().find("/nowhere/missing.pem"), std::string::npos) << made.error();
}

TEST(ClusterTls, WhatDidNotChangeStays) {
  const model::ClusterConfig config = config_of({});
  const auto tls = make(config);
  EXPECT_EQ(make(config, tls), tls);
  EXPECT_NE(make(config_of(with(&T::min_version, model::TlsVersion::v1_3)), tls), tls);
  EXPECT_NE(make(config_of(with(&T::verify, false)), tls), tls);
  EXPECT_NE(make(config_of(with(&T::server_name, "other.test")), tls), tls);
}

TEST(ClusterTls, ClustersKeepThePeersOfTheirEndpointsWhileTlsStays) {
  model::ClusterConfig config = config_of({});
  const auto tls = make(config);
  const auto before = Cluster::create(config, nullptr, {}, 1, tls).value();
  config.policy = model::PolicyKind::round_robin;
  config.endpoints[1].origin = "renamed.test";
  config.endpoints.push_back(endpoint("10.0.0.3"));
  const auto after = Cluster::create(config, before.get(), {}, 1, tls).value();
  EXPECT_EQ(after->peer(0), before->peer(0)) << "its sessions are resumed and its connections reused";
  EXPECT_NE(after->peer(1), before->peer(1)) << "it has to prove another name";
  EXPECT_EQ(after->peer(2)->name(), "10.0.0.3");
  const auto changed =
      Cluster::create(config, after.get(), {}, 1, make(config_of(with(&T::verify, false)), tls)).value();
  EXPECT_NE(changed->peer(0), after->peer(0));
  config.tls.enabled = false;
  EXPECT_EQ(Cluster::create(config, changed.get(), {}, 1).value()->peer(0), nullptr);
}

TEST(ClusterTls, WarnsOfAKeyThatEverybodyMayRead) {
  net::tls::TestCertificates files;
  const auto shown = files.issue("shown");
  model::ClusterConfig config;
  config.tls.enabled = true;
  config.tls.ca = files.ca();
  config.tls.certificate = shown.certificate;
  config.tls.key = shown.key;
  EXPECT_TRUE((*ClusterTls::create(config, "", nullptr))->warnings().empty());
  std::filesystem::permissions(shown.key, std::filesystem::perms::others_read, std::filesystem::perm_options::add);
  const auto warnings = (*ClusterTls::create(config, "", nullptr))->warnings();
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings.front(), shown.key + ": can be read by everybody on this machine: chmod o-r");
}

}  // namespace
}  // namespace weir::upstream
