#include "app/ctl_shift.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "app/admin_client.h"
#include "app/query.h"
#include "app/shift_words.h"
#include "app/terminal.h"

namespace weir::app {

namespace {

using nlohmann::json;

constexpr int kFailed = 1;
constexpr int kWrongUse = 2;
constexpr Duration kAnswerTimeout = Duration::s(10);
constexpr auto kPollPause = std::chrono::milliseconds(200);

int failed(int status, const std::string& text) {
  complain(fmt::format("weir ctl shift: {}\n", text));
  return status;
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Asks; when the answer is not 200, says why and leaves the exit status in `status`.
std::optional<std::string> ask(const AdminAccess& admin, bool changes, const std::string& target, int& status) {
  auto answer = ask_admin(admin, changes, target, kAnswerTimeout);
  if (!answer) {
    status = failed(kFailed, answer.error());
    return std::nullopt;
  }
  if (answer->status == 200) return std::move(answer->body);
  const json said = json::parse(answer->body, nullptr, false);
  const std::string why = said.is_object() ? text_at(said, "error") : "";
  status = failed(answer->status == 400 || answer->status == 404 ? kWrongUse : kFailed,
                  why.empty() ? fmt::format("status {}", answer->status) : why);
  return std::nullopt;
}

/// That of these clusters; the newest, if there were several.
std::optional<json> find_shift(const std::string& body, const std::string& from, const std::string& to) {
  const json all = json::parse(body, nullptr, false);
  if (!all.is_object() || !all.contains("shifts") || !all["shifts"].is_array()) return std::nullopt;
  std::optional<json> found;
  for (const json& each : all["shifts"]) {
    if (each.is_object() && text_at(each, "from") == from && text_at(each, "to") == to) found = each;
  }
  return found;
}

/// Prints a line when something has changed, until it is over.
int await_end(const AdminAccess& admin, const std::string& from, const std::string& to) {
  std::string told;
  while (true) {
    int status = 0;
    const auto body = ask(admin, false, "/shifts", status);
    if (!body) return status;
    const auto mine = find_shift(*body, from, to);
    if (!mine) return failed(kFailed, "it is not there any more: was weir started anew?");
    const std::string state = text_at(*mine, "state");
    const auto percent = mine->find("share_percent");
    const double share = percent != mine->end() && percent->is_number() ? percent->get<double>() : 0;
    const std::string now = fmt::format("{} {:.0f} %", state, share);
    if (now != told) {
      say(fmt::format("{}->{}: {}\n", from, to, now));
      told = now;
    }
    if (state == "complete") return 0;
    if (state != "moving" && state != "settling") return failed(kFailed, state + ": " + text_at(*mine, "evidence"));
    std::this_thread::sleep_for(kPollPause);
  }
}

std::string target_of(const ShiftOptions& options, const std::string& from, const std::string& to) {
  const std::string pair = fmt::format("from={}&to={}", percent_encode(from), percent_encode(to));
  if (options.cancel) return "/shift/cancel?" + pair;
  return fmt::format("/shift?{}&over={}&abort_on={}&min_requests={}&steps={}", pair, percent_encode(options.over),
                     percent_encode(options.abort_on), options.min_requests, options.steps);
}

}  // namespace

void add_shift_options(CLI::App& verb, ShiftOptions& options) {
  verb.add_option("clusters", options.pair, "from where to where: \"blue->green\", or blue:green")->required();
  verb.add_option("--over", options.over, "how long it takes")->capture_default_str();
  verb.add_option("--abort-on", options.abort_on, "failures beyond the origin's, after which all goes back")
      ->capture_default_str();
  verb.add_option("--min-requests", options.min_requests, "fewer requests than that count as so many")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1'000'000u));
  verb.add_option("--steps", options.steps, "in so many steps [all the time]")->check(CLI::Range(1u, 1000u));
  verb.add_flag("--wait", options.wait, "until it is over, with its progress");
  verb.add_flag("--cancel", options.cancel, "all back at once");
}

int shift(const AdminAccess& admin, const ShiftOptions& options) {
  const auto pair = parse_pair(options.pair);
  if (!pair) return failed(kWrongUse, pair.error());
  const auto& [from, to] = *pair;
  int status = 0;
  const auto body = ask(admin, true, target_of(options, from, to), status);
  if (!body) return status;
  if (options.cancel) return say(fmt::format("{}->{}: cancelled, all is back at {}\n", from, to, from));
  if (options.wait) return await_end(admin, from, to);
  return say(fmt::format("{}->{}: moving over {}; weir ctl shifts tells how it goes\n", from, to, options.over));
}

int list_shifts(const AdminAccess& admin, bool as_json) {
  int status = 0;
  const auto body = ask(admin, false, "/shifts", status);
  if (!body) return status;
  if (as_json) return say(*body);
  const auto table = shifts_table(*body);
  return table ? say(*table) : failed(kFailed, table.error());
}

}  // namespace weir::app
