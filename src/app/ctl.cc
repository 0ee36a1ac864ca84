// weir ctl: a running Weir, asked and switched over its admin interface.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>

#include "app/admin_token.h"
#include "app/ctl_ask.h"
#include "app/ctl_explain.h"
#include "app/ctl_record.h"
#include "app/ctl_shift.h"
#include "app/ctl_switch.h"
#include "app/ctl_upgrade.h"
#include "app/endpoints_table.h"
#include "app/explain_text.h"
#include "app/query.h"
#include "app/terminal.h"
#include "app/verbs.h"
#include "model/address.h"
#include "model/units.h"
#include "net/loop.h"

namespace weir::app {

namespace {

using nlohmann::json;

constexpr auto kPollPause = std::chrono::milliseconds(100);

struct Options {
  std::string admin = "127.0.0.1:9901";
  std::string token_file;
  bool as_json = false;
  std::string endpoint;
  std::string cluster;
  uint32_t weight = 0;
  bool wait = false;
  std::string timeout = "60s";
  RecordOptions record;
  SwitchOptions switched;
  ExplainOptions explain;
  std::string binary;
  ShiftOptions shift;
};

int complain(const char* option, const model::Problem& problem) {
  const std::string expected = problem.expected.empty() ? "" : ", expected " + problem.expected;
  return failed(kWrongUse, fmt::format("{}: {}{}", option, problem.message, expected));
}

/// Of --admin and --token-file. The error is the exit status, of what has been told.
Result<CtlAsk, int> asking(const Options& options) {
  const auto address = model::parse_address(options.admin);
  if (!address) return fail(complain("--admin", address.error()));
  if (options.token_file.empty()) return CtlAsk(AdminAccess{*address});
  auto secret = read_secret(options.token_file);
  if (!secret) return fail(failed(kWrongUse, "--token-file: " + secret.error()));
  return CtlAsk(AdminAccess{*address, std::move(*secret)});
}

int print_answer(const CtlAsk& ask, const std::string& target) {
  const auto body = ask(false, target);
  return body ? say(*body) : body.error();
}

int endpoints(const CtlAsk& ask, const Options& options) {
  const auto body = ask(false, "/endpoints");
  if (!body) return body.error();
  if (options.as_json) return say(*body);
  const auto table = endpoints_table(*body);
  if (!table) return ask.puzzled(table.error());
  return say(*table);
}

int explain(const CtlAsk& ask, const Options& options) {
  const auto body = ask(false, explain_target(options.explain));
  if (!body) return body.error();
  if (options.explain.as_json) return say(*body);
  const auto text = options.explain.id.empty() ? explain_list_text(*body) : explain_text(*body);
  if (!text) return ask.puzzled(text.error());
  return say(*text);
}

std::string change_target(const Options& options, std::string_view verb) {
  std::string target = fmt::format("/{}?endpoint={}", verb, percent_encode(options.endpoint));
  if (!options.cluster.empty()) target += "&cluster=" + percent_encode(options.cluster);
  return target;
}

/// Posts the change and says what came of it; the answer names the endpoint as Weir spells it.
int change(const CtlAsk& ask, const std::string& target, std::string_view done, json* answer = nullptr) {
  const auto body = ask(true, target);
  if (!body) return body.error();
  const json said = json::parse(*body, nullptr, false);
  if (answer != nullptr) *answer = said;
  return say(fmt::format("{} {}: {}\n", text_at(said, "cluster"), text_at(said, "endpoint"), done));
}

/// Requests in flight at the endpoint; nothing when it is no longer there.
std::optional<uint64_t> in_flight(const std::string& body, const std::string& cluster, const std::string& endpoint) {
  const json all = json::parse(body, nullptr, false);
  if (!all.is_object() || !all.contains("clusters")) return std::nullopt;
  for (const json& each : all["clusters"]) {
    if (text_at(each, "name") != cluster || !each.contains("endpoints")) continue;
    for (const json& candidate : each["endpoints"]) {
      if (text_at(candidate, "name") != endpoint) continue;
      const auto found = candidate.find("in_flight");
      if (found != candidate.end() && found->is_number_unsigned()) return found->get<uint64_t>();
    }
  }
  return std::nullopt;
}

int await_idle(const CtlAsk& ask, const Options& options, const json& drained, Duration timeout) {
  const std::string cluster = text_at(drained, "cluster");
  const std::string endpoint = text_at(drained, "endpoint");
  const Instant deadline = net::read_clock() + timeout;
  while (true) {
    const auto body = ask(false, "/endpoints");
    if (!body) return body.error();
    const auto left = in_flight(*body, cluster, endpoint);
    if (!left)
      return failed(kFailed, fmt::format("{} {} is no longer there: has a reload removed it?", cluster, endpoint));
    if (*left == 0) return say(fmt::format("{} {}: no request in flight\n", cluster, endpoint));
    if (net::read_clock() >= deadline) {
      return failed(kFailed, fmt::format("{} {}: still in flight after {}: {}; it stays drained", cluster, endpoint,
                                         options.timeout, *left));
    }
    std::this_thread::sleep_for(kPollPause);
  }
}

int drain(const CtlAsk& ask, const Options& options) {
  const auto timeout = model::parse_duration(options.timeout);
  if (!timeout) return complain("--timeout", timeout.error());
  json drained;
  const int status = change(ask, change_target(options, "drain"), "draining, no new requests", &drained);
  if (status != 0 || !options.wait) return status;
  return await_idle(ask, options, drained, *timeout);
}

int undrain(const CtlAsk& ask, const Options& options) {
  return change(ask, change_target(options, "undrain"), "takes requests again");
}

int weight(const CtlAsk& ask, const Options& options) {
  const std::string target = fmt::format("{}&weight={}", change_target(options, "weight"), options.weight);
  return change(ask, target, fmt::format("weight {}", options.weight));
}

int reload(const CtlAsk& ask, const Options& /*options*/) {
  const auto answer = ask.answer(true, "/reload");
  if (!answer) return answer.error();
  if (answer->status == 409) {
    return ask.refused(*answer, "the reload is refused, the old configuration stays in force:\n");
  }
  if (answer->status != 200) return ask.refused(*answer);
  const int64_t number = number_at(json::parse(answer->body, nullptr, false), "number");
  return say(fmt::format("reloaded: configuration {} is in force\n", number));
}

using Shared = std::shared_ptr<Options>;

CLI::App* add_verb(CLI::App& ctl, Chosen& chosen, const Shared& options, const char* name, const char* help,
                   int (*run)(const CtlAsk&, const Options&)) {
  CLI::App* verb = ctl.add_subcommand(name, help);
  verb->fallthrough();  // --admin may stand behind the verb as well
  verb->callback([options, run, &chosen] {
    chosen = [options, run] {
      const auto ask = asking(*options);
      return ask ? run(*ask, *options) : ask.error();
    };
  });
  return verb;
}

void add_endpoint_options(CLI::App* verb, const Shared& options) {
  verb->add_option("endpoint", options->endpoint, "its address, as in 10.0.0.1:3000")->required();
  verb->add_option("--cluster", options->cluster, "where several clusters have it");
}

}  // namespace

void add_ctl(CLI::App& cli, Chosen& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* ctl = cli.add_subcommand("ctl", "look into a running weir, and switch it");
  ctl->require_subcommand(1);
  ctl->add_option("--admin", options->admin, "the admin interface of that weir")->capture_default_str();
  ctl->add_option("--token-file", options->token_file, "the file with its token, if it asks for one")
      ->envname("WEIR_ADMIN_TOKEN_FILE");

  add_verb(*ctl, chosen, options, "endpoints", "every endpoint: state, load, latency, and why", &endpoints)
      ->add_flag("--json", options->as_json, "all that is known, as JSON");
  CLI::App* drains = add_verb(*ctl, chosen, options, "drain", "no new requests to an endpoint", &drain);
  add_endpoint_options(drains, options);
  drains->add_flag("--wait", options->wait, "until no request is in flight there");
  drains->add_option("--timeout", options->timeout, "the longest wait")->capture_default_str();
  add_endpoint_options(
      add_verb(*ctl, chosen, options, "undrain", "let a drained endpoint take requests again", &undrain), options);
  CLI::App* weights = add_verb(*ctl, chosen, options, "weight", "an endpoint's share, relative to the others", &weight);
  add_endpoint_options(weights, options);
  weights->add_option("weight", options->weight, "0 to 1000; 0 takes no new requests")
      ->required()
      ->check(CLI::Range(0u, 1000u));
  add_verb(*ctl, chosen, options, "reload", "read the configuration file again", &reload);
  add_shift_options(*add_verb(*ctl, chosen, options, "shift", "move traffic from a cluster to another",
                              [](const CtlAsk& ask, const Options& o) { return shift(ask, o.shift); }),
                    options->shift);
  add_verb(*ctl, chosen, options, "shifts", "what has moved, and what became of it",
           [](const CtlAsk& ask, const Options& o) { return list_shifts(ask, o.as_json); })
      ->add_flag("--json", options->as_json, "all that is known, as JSON");
  add_verb(*ctl, chosen, options, "upgrade", "start the binary anew, hand over to it, and drain",
           [](const CtlAsk& ask, const Options& o) { return upgrade(ask, o.binary); })
      ->add_option("--binary", options->binary, "another one [the file that runs, as it is now on disk]");
  add_record_options(*add_verb(*ctl, chosen, options, "record", "remember requests for weir sim replay",
                               [](const CtlAsk& ask, const Options& o) { return record(ask, o.record); }),
                     options->record);
  add_switch_options(*add_verb(*ctl, chosen, options, "switch", "throw a degradation switch",
                               [](const CtlAsk& ask, const Options& o) { return throw_switch(ask, o.switched); }),
                     options->switched);
  add_verb(*ctl, chosen, options, "switches", "what can be switched off, and what is",
           [](const CtlAsk& ask, const Options& o) { return list_switches(ask, o.as_json); })
      ->add_flag("--json", options->as_json, "all that is known, as JSON");
  add_maintenance_options(*add_verb(*ctl, chosen, options, "maintenance", "answer everything with a fixed response",
                                    [](const CtlAsk& ask, const Options& o) { return maintain(ask, o.switched); }),
                          options->switched);
  add_explain_options(
      *add_verb(*ctl, chosen, options, "explain", "why a request went as it did, from its request id", &explain),
      options->explain);
  add_verb(*ctl, chosen, options, "config", "every effective value, as weir show prints it",
           [](const CtlAsk& ask, const Options&) { return print_answer(ask, "/config"); });
  add_verb(*ctl, chosen, options, "metrics", "Prometheus text",
           [](const CtlAsk& ask, const Options&) { return print_answer(ask, "/metrics"); });
}

}  // namespace weir::app
