#include "app/ctl_upgrade.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <thread>

#include "app/admin_client.h"
#include "app/query.h"
#include "app/terminal.h"

namespace weir::app {

namespace {

using nlohmann::json;

constexpr int kFailed = 1;
constexpr int kWrongUse = 2;
constexpr Duration kAnswerTimeout = Duration::s(10);
constexpr auto kPollPause = std::chrono::milliseconds(50);

int failed(int status, const std::string& text) {
  complain(fmt::format("weir ctl upgrade: {}\n", text));
  return status;
}

/// What GET /upgrade tells, by whichever process answers.
struct State {
  int64_t pid = 0;
  int64_t successor = 0;
  std::string version, state, failure;
};

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

int64_t number_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

/// When there is no such state, says why and leaves the exit status in `status`.
std::optional<State> read_state(const Result<AdminAnswer, std::string>& answer, int& status) {
  if (!answer) {
    status = failed(kFailed, answer.error());
    return std::nullopt;
  }
  const json said = json::parse(answer->body, nullptr, false);
  if (answer->status == 200 && said.is_object()) {
    return State{.pid = number_at(said, "pid"),
                 .successor = number_at(said, "successor"),
                 .version = text_at(said, "version"),
                 .state = text_at(said, "state"),
                 .failure = text_at(said, "failure")};
  }
  const std::string why = said.is_object() ? text_at(said, "error") : "";
  status = failed(answer->status == 409 || answer->status >= 500 ? kFailed : kWrongUse,
                  why.empty() ? fmt::format("status {}", answer->status) : why);
  return std::nullopt;
}

int done(int64_t from, int64_t to, const std::string& version) {
  const std::string what = version.empty() ? "" : fmt::format(" ({})", version);
  return say(fmt::format("process {}{} serves; process {} ends when its connections have\n", to, what, from));
}

}  // namespace

int upgrade(const AdminAccess& admin, const std::string& binary) {
  std::string target = "/upgrade";
  if (!binary.empty()) {
    // The path is ours to resolve: the process that is asked may be in another directory.
    std::error_code error;
    const auto path = std::filesystem::absolute(binary, error);
    if (error) return failed(kWrongUse, fmt::format("{}: {}", binary, error.message()));
    target += "?binary=" + percent_encode(path.string());
  }
  int status = 0;
  const auto before = read_state(ask_admin(admin, true, target, kAnswerTimeout), status);
  if (!before) return status;
  while (true) {  // the process that was asked ends it: upgrade.ready_timeout
    const auto now = read_state(ask_admin(admin, false, "/upgrade", kAnswerTimeout), status);
    if (!now) return status;
    if (now->pid != before->pid) return done(before->pid, now->pid, now->version);
    if (now->state == "handed_over") return done(now->pid, now->successor, "");
    if (now->state == "none") return failed(kFailed, "the old process goes on: " + now->failure);
    std::this_thread::sleep_for(kPollPause);
  }
}

}  // namespace weir::app
