// What a stack says of itself, and who may be signalled.
#include "drill/stack.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace weir::drill {
namespace {

constexpr const char* kStack = R"({"pid":7,"admin":"127.0.0.1:9901","proxy":"127.0.0.1:8080","config":"/a/weir.yaml",
  "instances":[{"name":"app-1","pid":11,"started":100,"address":"127.0.0.1:3001","fault":"127.0.0.1:3101"},
               {"name":"app-2","pid":0,"started":0,"address":"127.0.0.1:3002","fault":"127.0.0.1:3102"}]})";

TEST(Stack, WhatItSaysIsRead) {
  const auto stack = parse_stack(kStack);
  ASSERT_TRUE(stack.has_value()) << stack.error();
  EXPECT_EQ(stack->admin.text(), "127.0.0.1:9901");
  EXPECT_EQ(stack->proxy.text(), "127.0.0.1:8080");
  EXPECT_EQ(stack->config, "/a/weir.yaml");
  ASSERT_EQ(stack->instances.size(), 2u);
  EXPECT_EQ(stack->instances[0].name, "app-1");
  EXPECT_EQ(stack->instances[0].pid, 11);
  EXPECT_EQ(stack->instances[0].started, 100u);
  EXPECT_EQ(stack->instances[1].pid, 0) << "it has ended";
  EXPECT_EQ(stack->instances[1].fault.text(), "127.0.0.1:3102");
}

TEST(Stack, AnswersThatMakeNoSenseAreRefused) {
  const struct {
    const char* message;
    const char* expected;
    const char* text;
  } cases[] = {
      {"nothing", "cannot be read", ""},
      {"no JSON", "cannot be read", "<html>"},
      {"not an object", "cannot be read", "[]"},
      {"no proxy", "cannot be read", R"({"admin":"127.0.0.1:1","instances":[]})"},
      {"an admin address that is none", "cannot be read", R"({"admin":"x","proxy":"127.0.0.1:2","instances":[]})"},
      {"instances that are no list", "cannot be read",
       R"({"admin":"127.0.0.1:1","proxy":"127.0.0.1:2","instances":{"name":"a"}})"},
      {"an instance without fault port", "an instance without address",
       R"({"admin":"127.0.0.1:1","proxy":"127.0.0.1:2","instances":[{"name":"a","address":"127.0.0.1:3"}]})"},
      {"an instance that is a number", "an instance without address",
       R"({"admin":"127.0.0.1:1","proxy":"127.0.0.1:2","instances":[7]})"},
  };
  for (const auto& c : cases) {
    const auto stack = parse_stack(c.text);
    ASSERT_FALSE(stack.has_value()) << c.message;
    EXPECT_NE(stack.error().find(c.expected), std::string::npos) << c.message << ": " << stack.error();
  }
}

TEST(Stack, OnlyTheClusterAppIsLookedAt) {
  const auto sample = parse_endpoints(R"({"config":12,"clusters":[{"name":"other","endpoints":[{"name":"x"}]},
    {"name":"app","endpoints":[{"name":"127.0.0.1:3001","state":"ejected","why":"w","in_flight":2,"requests":9,
                                "failures":3,"connect_failures":4}]}]})");
  ASSERT_TRUE(sample.has_value()) << sample.error();
  EXPECT_EQ(sample->config, 12u);
  const EndpointSample expected{
      .name = "127.0.0.1:3001", .state = "ejected", .why = "w", .in_flight = 2, .requests = 9, .failures = 7};
  EXPECT_EQ(sample->endpoints, std::vector<EndpointSample>{expected});
  EXPECT_TRUE(sample->endpoints[0].out());
  EXPECT_FALSE(parse_endpoints(R"({"clusters":7})").has_value());
}

TEST(Stack, ALargerOneHasItsFirstInstancesOnly) {
  StackClient client(*parse_stack(kStack));
  client.keep_first(5);
  EXPECT_EQ(client.stack().instances.size(), 2u);
  client.keep_first(1);
  ASSERT_EQ(client.stack().instances.size(), 1u);
  EXPECT_EQ(client.stack().instances[0].name, "app-1");
}

/// A process that waits to be killed.
class Victim {
 public:
  Victim() : pid_(::fork()) {
    if (pid_ == 0) {
      ::pause();
      ::_exit(0);
    }
  }
  ~Victim() {
    ::kill(pid_, SIGKILL);
    if (!reaped_) ::waitpid(pid_, nullptr, 0);
  }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// The signal that ended it.
  int wait_for_end() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    reaped_ = true;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

 private:
  pid_t pid_;
  bool reaped_ = false;
};

StackClient client_of(pid_t pid, uint64_t started) {
  return StackClient(
      Stack{.admin = {}, .proxy = {}, .config = {}, .instances = {{.name = "app-1", .pid = pid, .started = started}}});
}

TEST(Stack, AProcessThatBeganAtAnotherTimeIsLeftAlone) {
  Victim victim;
  const auto started = start_of(victim.pid());
  ASSERT_TRUE(started.has_value());
  const auto refused = client_of(victim.pid(), *started + 1).signal("app-1", SIGKILL);
  ASSERT_FALSE(refused.has_value()) << "the number may be somebody else's by now";
  EXPECT_EQ(refused.error(), "app-1 has ended");
  EXPECT_EQ(::waitpid(victim.pid(), nullptr, WNOHANG), 0) << "it lives";
  ASSERT_TRUE(client_of(victim.pid(), *started).signal("app-1", SIGTERM).has_value());
  EXPECT_EQ(victim.wait_for_end(), SIGTERM);
}

TEST(Stack, WhoeverHasEndedOrIsUnknownGetsNoSignal) {
  Victim victim;
  const uint64_t started = start_of(victim.pid()).value_or(0);
  const pid_t pid = victim.pid();
  ::kill(pid, SIGKILL);
  EXPECT_EQ(victim.wait_for_end(), SIGKILL);
  EXPECT_EQ(start_of(pid), std::nullopt);
  EXPECT_FALSE(client_of(pid, started).signal("app-1", SIGTERM).has_value());
  EXPECT_FALSE(client_of(0, 0).signal("app-1", SIGTERM).has_value()) << "0 would be our own process group";
  const auto unknown = client_of(::getpid(), start_of(::getpid()).value_or(0)).signal("app-9", SIGTERM);
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error(), "there is no instance app-9");
}

}  // namespace
}  // namespace weir::drill
