#include "app/ctl_upgrade.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>

#include "app/query.h"
#include "app/terminal.h"

namespace weir::app {

namespace {

using nlohmann::json;

constexpr auto kPollPause = std::chrono::milliseconds(50);

/// What GET /upgrade tells, by whichever process answers.
struct State {
  int64_t pid = 0;
  int64_t successor = 0;
  std::string version, state, failure;
};

/// The error is the exit status, of what has been told.
Result<State, int> read_state(const CtlAsk& ask, bool changes, const std::string& target) {
  const auto body = ask(changes, target);
  if (!body) return fail(body.error());
  const json said = json::parse(*body, nullptr, false);
  if (!said.is_object()) return fail(ask.puzzled("this is no state of an upgrade"));
  return State{.pid = number_at(said, "pid"),
               .successor = number_at(said, "successor"),
               .version = text_at(said, "version"),
               .state = text_at(said, "state"),
               .failure = text_at(said, "failure")};
}

int done(int64_t from, int64_t to, const std::string& version) {
  const std::string what = version.empty() ? "" : fmt::format(" ({})", version);
  return say(fmt::format("process {}{} serves; process {} ends when its connections have\n", to, what, from));
}

}  // namespace

int upgrade(const CtlAsk& ask, const std::string& binary) {
  std::string target = "/upgrade";
  if (!binary.empty()) {
    // The path is ours to resolve: the process that is asked may be in another directory.
    std::error_code error;
    const auto path = std::filesystem::absolute(binary, error);
    if (error) return failed(kWrongUse, fmt::format("{}: {}", binary, error.message()));
    target += "?binary=" + percent_encode(path.string());
  }
  const auto before = read_state(ask, true, target);
  if (!before) return before.error();
  while (true) {  // the process that was asked ends it: upgrade.ready_timeout
    const auto now = read_state(ask, false, "/upgrade");
    if (!now) return now.error();
    if (now->pid != before->pid) return done(before->pid, now->pid, now->version);
    if (now->state == "handed_over") return done(now->pid, now->successor, "");
    if (now->state == "none") return failed(kFailed, "the old process goes on: " + now->failure);
    std::this_thread::sleep_for(kPollPause);
  }
}

}  // namespace weir::app
