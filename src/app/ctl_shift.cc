#include "app/ctl_shift.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "app/query.h"
#include "app/shift_words.h"
#include "app/terminal.h"

namespace weir::app {

namespace {

using nlohmann::json;

constexpr auto kPollPause = std::chrono::milliseconds(200);

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
int await_end(const CtlAsk& ask, const std::string& from, const std::string& to) {
  std::string told;
  while (true) {
    const auto body = ask(false, "/shifts");
    if (!body) return body.error();
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
    if (state == "complete" || state == "adopted") return 0;
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

int shift(const CtlAsk& ask, const ShiftOptions& options) {
  const auto pair = parse_pair(options.pair);
  if (!pair) return failed(kWrongUse, pair.error());
  const auto& [from, to] = *pair;
  const auto body = ask(true, target_of(options, from, to));
  if (!body) return body.error();
  if (options.cancel) return say(fmt::format("{}->{}: cancelled, all is back at {}\n", from, to, from));
  if (options.wait) return await_end(ask, from, to);
  return say(fmt::format("{}->{}: moving over {}; weir ctl shifts tells how it goes\n", from, to, options.over));
}

int list_shifts(const CtlAsk& ask, bool as_json) {
  const auto body = ask(false, "/shifts");
  if (!body) return body.error();
  if (as_json) return say(*body);
  const auto table = shifts_table(*body);
  return table ? say(*table) : ask.puzzled(table.error());
}

}  // namespace weir::app
