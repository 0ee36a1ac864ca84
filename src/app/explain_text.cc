#include "app/explain_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

namespace weir::app {

namespace {

using nlohmann::json;

const json& at(const json& object, const char* key) {
  static const json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

std::string text(const json& object, const char* key) {
  const json& found = at(object, key);
  std::string text = found.is_string() ? found.get<std::string>() : "";
  // Clients had a hand in it, and it is shown in a terminal.
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

int64_t number(const json& object, const char* key) {
  const json& found = at(object, key);
  return found.is_number() ? found.get<int64_t>() : 0;
}

double real(const json& object, const char* key) {
  const json& found = at(object, key);
  return found.is_number() ? found.get<double>() : 0;
}

bool yes(const json& object, const char* key) { return at(object, key) == json(true); }

std::string span_text(double ms) {
  if (ms >= 1000) return fmt::format("{:.2f} s", ms / 1000);
  return fmt::format("{:.{}f} ms", ms, ms < 10 ? 2 : 1);
}

std::string time_text(int64_t unix_ms) {
  const std::chrono::system_clock::time_point time{std::chrono::milliseconds(unix_ms)};
  return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03} UTC", fmt::gmtime(std::chrono::system_clock::to_time_t(time)),
                     unix_ms % 1000);
}

std::string kept_text(const json& object) {
  return text(object, "kept") == "failure" ? "it went wrong" : "it was sampled";
}

void add_head(std::string& out, const json& all) {
  const json& request = at(all, "request");
  out += fmt::format("request   {}\n", text(all, "id"));
  out += fmt::format("          {}, kept because {}\n", time_text(number(all, "at")), kept_text(all));
  out += fmt::format("          {} {} host {}, {} from {} at listener {}\n", text(request, "method"),
                     text(request, "path"), text(request, "host"), text(request, "protocol"), text(request, "client"),
                     text(request, "listener"));
}

void add_route(std::string& out, const json& all) {
  const json& route = at(all, "route");
  if (!route.is_object()) {
    const std::string rule = text(at(all, "answer"), "rule");
    const bool looked = rule.empty() || rule == "no_route";
    out += looked ? "route     none of the listener's matches\n"
                  : "route     none: it was refused before one was chosen\n";
    return;
  }
  const std::string name = text(route, "name");
  out += fmt::format("route     {}{}: {}; at most {} in {} tries\n", number(route, "index"),
                     name.empty() ? "" : fmt::format(" \"{}\"", name), text(route, "match"),
                     span_text(real(route, "timeout_ms")), number(route, "attempts"));
  const json& target = at(all, "target");
  if (!target.is_object()) return;
  out += fmt::format("cluster   {}", text(target, "cluster"));
  if (const std::string from = text(target, "drawn_from"); !from.empty()) {
    const std::string by = text(target, "drawn_by");
    out += by == "weight" ? fmt::format(", drawn by weight from {}", from)
                          : fmt::format(", one of {}, where the client's {} keeps it", from, by);
  }
  if (yes(target, "shifted")) out += ", to which traffic is being shifted";
  out += "\n";
}

void add_switch(std::string& out, const json& all) {
  const std::string name = text(all, "switched_off");
  if (!name.empty()) out += fmt::format("switch    {} is off: its fallback answers\n", name);
}

void add_admission(std::string& out, const json& all) {
  const json& admission = at(all, "admission");
  if (!admission.is_object()) return;
  const auto in_use =
      fmt::format("{} of {} requests in use", number(admission, "requests_in_use"), number(admission, "max_requests"));
  if (yes(admission, "queued")) {
    out += fmt::format("admitted  after {} in the queue: {}, {} of {} places in the queue taken\n",
                       span_text(real(admission, "queued_ms")), in_use, number(admission, "pending"),
                       number(admission, "max_pending"));
  } else {
    out += fmt::format("admitted  at once: {}\n", in_use);
  }
  if (const auto saturated = number(admission, "saturated"); saturated != 0) {
    out += fmt::format("          {} times an endpoint was chosen whose connections were all taken\n", saturated);
  }
}

std::string choice_text(const json& attempt) {
  const std::string by = text(attempt, "chosen_by");
  const std::string policy = text(attempt, "policy");
  std::string said;
  if (by == "sticky") return "the client's cookie names it";
  if (by == "probation") return "it had been ejected, and this request was to show whether it is well again";
  for (const json& look : at(attempt, "compared")) {
    if (!said.empty()) said += ", ";
    said += fmt::format("{} ({} in flight)", text(look, "endpoint"), number(look, "in_flight"));
  }
  const auto looked = number(attempt, "compared_in_all");
  const auto named = static_cast<int64_t>(at(attempt, "compared").size());
  if (looked > named) said += fmt::format(" and {} more", looked - named);
  said = said.empty() ? fmt::format("{}'s choice", policy) : fmt::format("{} looked at {}", policy, said);
  if (by == "elsewhere") said = "all of the pool drawn had been tried: the least loaded of the others";
  if (by == "repeated") said += "; all had been tried already";
  if (yes(attempt, "panic")) said += "; health was ignored, because too few are healthy (panic)";
  return said;
}

std::string verdict_text(const json& attempt) {
  const std::string verdict = text(attempt, "verdict");
  const auto budget = number(attempt, "budget_left");
  if (verdict == "retried") {
    return fmt::format("tried again after {}; the retry budget has {} left", span_text(real(attempt, "pause_ms")),
                       budget);
  }
  if (verdict == "replayed") return "repeated on a fresh connection: this one had been closed while idle";
  if (verdict == "moved") return "not looked at, because the connection was going: sent again, without charge";
  if (verdict == "asked_next") return "nothing had been sent, so the next endpoint is asked";
  if (verdict == "not_idempotent") return "not tried again: the method is not idempotent";
  if (verdict == "body_gone") return "not tried again: the request's body was too long to keep";
  if (verdict == "no_attempt_left") return "not tried again: retry.attempts is reached";
  if (verdict == "no_time_left") return "not tried again: the route's timeout has passed";
  if (verdict == "budget_empty") return fmt::format("not tried again: the retry budget is spent ({} left)", budget);
  if (verdict == "nobody_left") return "not tried again: every endpoint has been asked";
  if (verdict == "not_asked_for") return "not tried again: retry.on_gateway_status is off";
  return "";
}

std::string outcome_text(const json& attempt) {
  std::string said =
      fmt::format("{} connection, sent at {}", text(attempt, "connection"), span_text(real(attempt, "sent_ms")));
  if (at(attempt, "first_byte_ms").is_number()) {
    said += fmt::format(", first byte at {}", span_text(real(attempt, "first_byte_ms")));
  }
  said += fmt::format(", over at {}", span_text(real(attempt, "end_ms")));
  if (at(attempt, "status").is_number()) said += fmt::format("; status {}", number(attempt, "status"));
  const std::string failure = text(attempt, "failure");
  const std::string detail = text(attempt, "detail");
  if (!failure.empty()) {
    said += fmt::format("; {}{}, the fault lies {}", failure, detail.empty() ? "" : fmt::format(" ({})", detail),
                        text(attempt, "fault"));
  }
  return said;
}

void add_attempts(std::string& out, const json& all) {
  const json& attempts = at(all, "attempts");
  const auto left_out = number(all, "attempts_made") - static_cast<int64_t>(attempts.size());
  int64_t expected = 1;
  for (const json& attempt : attempts) {
    if (number(attempt, "number") != expected) out += fmt::format("          {} more attempts\n", left_out);
    expected = number(attempt, "number") + 1;
    out += fmt::format("attempt {} {}\n", number(attempt, "number"), text(attempt, "endpoint"));
    out += fmt::format("          {}\n          {}\n", choice_text(attempt), outcome_text(attempt));
    if (const std::string verdict = verdict_text(attempt); !verdict.empty()) {
      out += fmt::format("          {}\n", verdict);
    }
  }
}

void add_candidates(std::string& out, const json& all) {
  for (const json& capture : at(all, "candidates")) {
    const json& list = at(capture, "list");
    if (text(capture, "as_of") == "end") {
      out += "candidates, as they were at the request's end (for a first try nobody takes them down before)\n";
    } else {
      out += fmt::format("candidates of attempt {}, when it was chosen\n", number(capture, "attempt"));
    }
    out +=
        fmt::format("          {:<24} {:>9} {:>10} {:>6}  {}\n", "ENDPOINT", "IN-FLIGHT", "LATENCY", "WEIGHT", "STATE");
    for (const json& each : list) {
      const bool measured = at(each, "latency_ms").is_number();
      const std::string why_not = text(each, "why_not");
      out += fmt::format("          {:<24} {:>9} {:>10} {:>6}  {}\n", text(each, "endpoint"), number(each, "in_flight"),
                         measured ? span_text(real(each, "latency_ms")) : "-", number(each, "weight"),
                         why_not.empty() ? text(each, "health") : "not eligible: " + why_not);
    }
    const auto more = number(capture, "endpoints") - static_cast<int64_t>(list.size());
    if (more > 0) out += fmt::format("          and {} more\n", more);
  }
}

std::string answered_by(const json& answer) {
  const std::string by = text(answer, "by");
  if (by == "weir") return fmt::format("by Weir: {}: {}", text(answer, "rule"), text(answer, "text"));
  if (by == "route") return "by Weir, as it is configured";
  if (by == "broken_off") return "by the endpoint, and broken off";
  if (by == "client_left") return "the client left before it was complete";
  return "by the endpoint";
}

void add_answer(std::string& out, const json& all) {
  const json& answer = at(all, "answer");
  const bool answered = at(answer, "status").is_number();
  out += fmt::format("answer    {} {}\n", answered ? std::to_string(number(answer, "status")) : "none,",
                     answered_by(answer));
  if (const std::string limit = text(answer, "limit"); !limit.empty()) {
    out += fmt::format("          the limit {} is {}\n", limit, number(answer, "value"));
  }
  if (const std::string aborted = text(answer, "aborted"); !aborted.empty()) {
    out += fmt::format("          ended early: {}\n", aborted);
  }
  out += fmt::format("          {} bytes in, {} bytes out, {} in all\n", number(answer, "bytes_in"),
                     number(answer, "bytes_out"), span_text(real(answer, "total_ms")));
}

std::string state_text(const json& state) {
  if (number(state, "kept") == 0) return fmt::format("0 of {}", number(state, "capacity"));
  return fmt::format("{} of {}, the oldest {:.0f} s old", number(state, "kept"), number(state, "capacity"),
                     real(state, "oldest_s"));
}

Result<std::string, std::string> foreign() { return fail(std::string("this is not the answer of a Weir")); }

}  // namespace

Result<std::string, std::string> explain_text(std::string_view body) {
  const json all = json::parse(body, nullptr, false);
  if (!at(all, "id").is_string()) return foreign();
  std::string out;
  add_head(out, all);
  add_route(out, all);
  add_switch(out, all);
  add_admission(out, all);
  add_attempts(out, all);
  add_candidates(out, all);
  add_answer(out, all);
  return out;
}

Result<std::string, std::string> explain_list_text(std::string_view body) {
  const json all = json::parse(body, nullptr, false);
  if (!at(all, "requests").is_array()) return foreign();
  std::string out = fmt::format("failures: {}; samples, {} in 1000: {}\n", state_text(at(all, "failures")),
                                number(all, "sample_per_mille"), state_text(at(all, "samples")));
  for (const json& each : at(all, "requests")) {
    const bool answered = at(each, "status").is_number();
    out += fmt::format("{}  {}  {:>4} {:<12} {:>10}  {} {}{}  {}\n", text(each, "id"), time_text(number(each, "at")),
                       answered ? std::to_string(number(each, "status")) : "-",
                       text(each, "rule").empty() ? text(each, "by") : text(each, "rule"),
                       span_text(real(each, "total_ms")), text(each, "method"), text(each, "host"), text(each, "path"),
                       text(each, "cluster"));
  }
  return out;
}

}  // namespace weir::app
