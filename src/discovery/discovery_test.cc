// Files are real and names are those of a hosts file, so that no name server is needed: tests/e2e/discovery_test.py has
// one. Time passes in the loop; nothing here depends on how much.
#include "discovery/discovery.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>

namespace weir::discovery {
namespace {

class DiscoveryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "weir-discovery-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    hosts_ = path("hosts");
    ::setenv("CARES_HOSTS", hosts_.c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("CARES_HOSTS");
    const std::string command = "rm -r '" + directory_ + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
  }

  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  void replace(const std::string& name, const std::string& text) const {
    write(name + ".new", text);
    ASSERT_EQ(std::rename(path(name + ".new").c_str(), path(name).c_str()), 0);
  }

  model::Config& config(std::vector<model::EndpointConfig> endpoints) {
    config_.path = path("weir.yaml");
    config_.clusters.assign(1, {});
    config_.clusters.front().name = "app";
    config_.clusters.front().endpoints = std::move(endpoints);
    config_.clusters.front().resolve.min_ttl = Duration::ms(100);
    // Nobody listens there: what the hosts file does not know must not be asked of the machine's name servers.
    config_.clusters.front().resolve.servers = {{"127.0.0.1", 1}};
    return config_;
  }
  model::ResolveConfig& resolve() { return config_.clusters.front().resolve; }

  [[nodiscard]] std::string known() const {
    std::string text;
    for (const auto& each : discovery_.endpoints(config_.clusters.front())) {
      text += (text.empty() ? "" : " ") + each.address.text();
    }
    return text;
  }
  [[nodiscard]] const SourceStatus& status() const { return *discovery_.sources("app").front(); }

  /// Turns the loop until it is true; gives up after a minute.
  bool until(const std::function<bool()>& condition) {
    const Instant end = net::read_clock() + Duration::s(60);
    while (!condition() && net::read_clock() < end) loop_->run_turn(Duration::ms(10));
    return condition();
  }

  std::string directory_, hosts_;
  model::Config config_;
  std::unique_ptr<net::Loop> loop_ = net::Loop::create().value();
  size_t told_ = 0;
  Discovery discovery_{*loop_, 1, [this](const std::vector<std::string>& clusters) { told_ += clusters.size(); }};
};

model::EndpointConfig file(const std::string& name) { return {.address = {}, .zone = {}, .file = name}; }
model::EndpointConfig name(const std::string& host) { return {.address = {host, 80}, .zone = {}}; }

TEST_F(DiscoveryTest, AFileIsReadAtOnceAndWhenItChanges) {
  write("e.yaml", "- 10.0.0.1:80\n");
  discovery_.follow(config({file("e.yaml"), {.address = {"10.0.0.9", 80}, .zone = {}}}));
  EXPECT_EQ(known(), "10.0.0.1:80 10.0.0.9:80") << "before the loop has turned";
  EXPECT_TRUE(discovery_.settled());
  const struct {
    std::string_view message, expected;
    std::function<void()> change;
  } rows[] = {
      {"written in place", "10.0.0.2:80 10.0.0.9:80", [&] { write("e.yaml", "- 10.0.0.2:80\n"); }},
      {"replaced by a rename", "10.0.0.3:80 10.0.0.9:80", [&] { replace("e.yaml", "- 10.0.0.3:80\n"); }},
      {"the address of another entry is there once", "10.0.0.9:80", [&] { replace("e.yaml", "- 10.0.0.9:80\n"); }},
      {"replaced once more", "10.0.0.4:80 10.0.0.9:80", [&] { replace("e.yaml", "- 10.0.0.4:80\n"); }},
  };
  for (const auto& row : rows) {
    const size_t told = told_;
    row.change();
    EXPECT_TRUE(until([&] { return known() == row.expected; })) << row.message << ": " << known();
    EXPECT_TRUE(until([&] { return told_ > told; })) << row.message;
  }
}

TEST_F(DiscoveryTest, ABadFileLeavesTheLastListInForce) {
  write("e.yaml", "- 10.0.0.1:80\n");
  discovery_.follow(config({file("e.yaml")}));
  const struct {
    std::string_view message, problem;
    std::function<void()> change;
  } rows[] = {
      {"a mistake", ":1:3: [0]: \"10.0.0.256:80\" is not an address", [&] { replace("e.yaml", "- 10.0.0.256:80\n"); }},
      {"nothing", "says nothing", [&] { write("e.yaml", ""); }},
      {"no endpoints", "lists no endpoints", [&] { write("e.yaml", "[]"); }},
      {"gone", "No such file", [&] { ::unlink(path("e.yaml").c_str()); }},
  };
  for (const auto& row : rows) {
    row.change();
    EXPECT_TRUE(until([&] { return status().problem.find(row.problem) != std::string::npos; }))
        << row.message << ": " << status().problem;
    EXPECT_TRUE(status().stale) << row.message;
    EXPECT_EQ(known(), "10.0.0.1:80") << row.message;
  }
  replace("e.yaml", "- 10.0.0.2:80\n");
  EXPECT_TRUE(until([&] { return known() == "10.0.0.2:80"; }));
  EXPECT_FALSE(status().stale);
  EXPECT_EQ(status().problem, "");
}

TEST_F(DiscoveryTest, AnEmptyFileEmptiesTheClusterWhenConfigured) {
  write("e.yaml", "- 10.0.0.1:80\n");
  config({file("e.yaml")});
  resolve().keep_on_empty = false;
  discovery_.follow(config_);
  write("e.yaml", "");
  EXPECT_TRUE(until([&] { return status().stale; })) << "a file that says nothing is a mistake all the same";
  EXPECT_EQ(known(), "10.0.0.1:80");
  write("e.yaml", "[]");
  EXPECT_TRUE(until([&] { return known().empty(); }));
  EXPECT_FALSE(status().stale);
}

TEST_F(DiscoveryTest, AConfigMapTurnsALink) {
  for (const char* each : {"v1", "v2"}) {
    ASSERT_EQ(::mkdir(path(each).c_str(), 0755), 0);
    write(std::string(each) + "/e.yaml", each[1] == '1' ? "- 10.0.0.1:80\n" : "- 10.0.0.2:80\n");
  }
  ASSERT_EQ(::symlink("v1", path("..data").c_str()), 0);
  ASSERT_EQ(::symlink("..data/e.yaml", path("e.yaml").c_str()), 0);
  discovery_.follow(config({file("e.yaml")}));
  EXPECT_EQ(known(), "10.0.0.1:80");
  ASSERT_EQ(::symlink("v2", path("..data_tmp").c_str()), 0);
  ASSERT_EQ(std::rename(path("..data_tmp").c_str(), path("..data").c_str()), 0);
  EXPECT_TRUE(until([&] { return known() == "10.0.0.2:80"; }));
}

TEST_F(DiscoveryTest, NoMoreThanTheLimit) {
  write("e.yaml", "[10.0.0.1:80, 10.0.0.2:80, 10.0.0.3:80]");
  config({file("e.yaml")});
  resolve().max_endpoints = 2;
  discovery_.follow(config_);
  EXPECT_EQ(known(), "10.0.0.1:80 10.0.0.2:80");
  EXPECT_EQ(status().problem, "3 endpoints, of which max_endpoints allows 2");
  EXPECT_FALSE(status().stale);
}

TEST_F(DiscoveryTest, TheHostsFileIsHonoured) {
  write("hosts", "10.0.0.2 app.test\n10.0.0.1 app.test\n");
  discovery_.follow(config({name("app.test")}));
  EXPECT_EQ(known(), "") << "names are not asked within the call";
  EXPECT_FALSE(discovery_.settled());
  ASSERT_TRUE(until([&] { return discovery_.settled(); }));
  EXPECT_EQ(known(), "10.0.0.1:80 10.0.0.2:80");
  EXPECT_EQ(told_, 1u);
  replace("hosts", "10.0.0.3 app.test\n");
  EXPECT_TRUE(until([&] { return known() == "10.0.0.3:80"; }));
}

TEST_F(DiscoveryTest, AServerThatIsNotThereIsAFailure) {
  write("hosts", "");
  config({name("app.test")});
  resolve().timeout = Duration::ms(50);
  discovery_.follow(config_);
  ASSERT_TRUE(until([&] { return discovery_.settled(); }));
  EXPECT_TRUE(status().stale);
  EXPECT_NE(status().problem, "");
  EXPECT_EQ(told_, 0u);
  EXPECT_TRUE(until([&] { return status().outcomes[static_cast<size_t>(Outcome::failed)] >= 3; })) << "asked again";
}

TEST_F(DiscoveryTest, AReloadKeepsWhatItStillNames) {
  write("e.yaml", "- 10.0.0.1:80\n");
  write("hosts", "10.0.0.2 app.test\n");
  discovery_.follow(config({file("e.yaml"), name("app.test")}));
  ASSERT_TRUE(until([&] { return known() == "10.0.0.1:80 10.0.0.2:80"; }));
  discovery_.follow(config({name("app.test")}));
  EXPECT_EQ(known(), "10.0.0.2:80") << "known, and not asked for anew";
  discovery_.follow(config({}));
  EXPECT_EQ(known(), "");
  EXPECT_TRUE(discovery_.sources("app").empty());
}

TEST_F(DiscoveryTest, AClusterChangesOncePerSecond) {
  write("e.yaml", "- 10.0.0.1:80\n");
  discovery_.follow(config({file("e.yaml")}));
  const Instant begin = net::read_clock();
  for (int i = 2; told_ < 3; ++i) {
    replace("e.yaml", fmt::format("- 10.0.{}.{}:80\n", i / 250, i % 250));
    loop_->run_turn(Duration::ms(5));
    ASSERT_LT(net::read_clock() - begin, Duration::s(60));
  }
  EXPECT_GE(net::read_clock() - begin, Duration::s(2)) << "the first at once, then two more seconds";
}

TEST_F(DiscoveryTest, EndsWhileAQuestionIsOpen) {
  write("hosts", "");
  Discovery brief(*loop_, 1, [](const auto&) {});
  brief.follow(config({name("app.test"), {.address = {}, .zone = {}, .srv = "_x._tcp.app.test"}}));
  loop_->run_turn(Duration::ms(1));
  brief.follow(config({}));
}

}  // namespace
}  // namespace weir::discovery
