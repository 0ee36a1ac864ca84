#include "app/drill_proxy.h"

#include <fmt/format.h>

#include <array>
#include <csignal>
#include <cstring>
#include <memory>
#include <string>

#include "app/terminal.h"
#include "drill/fault_proxy.h"
#include "model/address.h"
#include "model/units.h"
#include "net/signals.h"

namespace weir::app {

namespace {

constexpr int kWrongUse = 2;

struct Options {
  std::string listen = "127.0.0.1:0", to, direction = "both";
  std::string delay, jitter, close, limit_rate;
  bool drop = false, half_open = false;
  uint32_t corrupt = 0, split = 0, connection_limit = 0;
  uint64_t seed = 1;
};

int complain(int status, const std::string& text) {
  app::complain(fmt::format("weir drill proxy: {}\n", text));
  return status;
}

/// Reads `text`, where it is given, with `parse` into `out`; a sentence when it is no value.
template <class Parse, class Out>
std::string read(std::string_view option, const std::string& text, const Parse& parse, Out& out) {
  if (text.empty()) return {};
  const auto value = parse(text);
  if (!value) return fmt::format("{}: {}, expected {}", option, value.error().message, value.error().expected);
  out = *value;
  return {};
}

Result<net::SocketAddress, std::string> address_of(std::string_view option, const std::string& text) {
  const auto parsed = model::parse_address(text, 0);
  if (!parsed) return fail(fmt::format("{}: {}, expected {}", option, parsed.error().message, parsed.error().expected));
  const auto address = net::SocketAddress::parse(parsed->host, parsed->port);
  if (!address) return fail(fmt::format("{}: the host must be numeric", option));
  return *address;
}

Result<drill::ProxyFaults, std::string> faults_of(const Options& options) {
  drill::LinkFaults link{
      .drop = options.drop, .corrupt_percent = options.corrupt, .split = options.split, .half_open = options.half_open};
  if (options.close == "fin") link.close = drill::CloseBy::fin;
  if (options.close == "reset") link.close = drill::CloseBy::reset;
  for (const std::string& problem : {read("--delay", options.delay, model::parse_duration, link.delay),
                                     read("--jitter", options.jitter, model::parse_duration, link.jitter),
                                     read("--limit-rate", options.limit_rate, model::parse_bytes, link.limit_rate)}) {
    if (!problem.empty()) return fail(problem);
  }
  drill::ProxyFaults faults{.upstream = {}, .downstream = {}, .connection_limit = options.connection_limit};
  if (options.direction != "downstream") faults.upstream = link;
  if (options.direction != "upstream") faults.downstream = link;
  return faults;
}

int run(const Options& options) {
  const auto listen = address_of("--listen", options.listen);
  const auto to = address_of("--to", options.to);
  const auto faults = faults_of(options);
  for (const std::string& problem :
       {listen ? "" : listen.error(), to ? "" : to.error(), faults ? "" : faults.error()}) {
    if (!problem.empty()) return complain(kWrongUse, problem);
  }
  auto loop = net::Loop::create();
  if (!loop) return complain(1, std::string(text_of(loop.error().code)));
  auto proxy = drill::FaultProxy::create(**loop, *listen, *to, options.seed);
  if (!proxy) {
    return complain(1, fmt::format("cannot listen on {}: {}", listen->text(), std::strerror(proxy.error().os_error)));
  }
  (*proxy)->set_faults(*faults);
  const net::Signals signals(**loop, {SIGINT, SIGTERM}, [&](int) { (*loop)->stop(); });
  (void)say(fmt::format("fault proxy on {}, to {}; ctrl-c ends it\n", (*proxy)->local_address().text(), to->text()));
  (*loop)->run();
  const drill::ProxyCounters& counters = (*proxy)->counters();
  return say(fmt::format("{} connections, {} refused, at most {} at once\n", counters.accepted, counters.refused,
                         counters.open_max));
}

}  // namespace

void add_drill_proxy(CLI::App& drill, Chosen& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = drill.add_subcommand("proxy", "a TCP proxy that misbehaves, until ctrl-c");
  verb->add_option("--listen", options->listen, "where; port 0 takes a free one")->capture_default_str();
  verb->add_option("--to", options->to, "the server")->required();
  verb->add_option("--direction", options->direction, "upstream: to the server; downstream: from it")
      ->capture_default_str()
      ->check(CLI::IsMember({"both", "upstream", "downstream"}));
  verb->add_option("--delay", options->delay, "every byte is so late, as in 50ms");
  verb->add_option("--jitter", options->jitter, "and by up to so much more");
  verb->add_flag("--drop", options->drop, "bytes vanish");
  verb->add_option("--close", options->close, "end a connection as soon as a byte comes")
      ->check(CLI::IsMember({"fin", "reset"}));
  verb->add_option("--corrupt", options->corrupt, "percent of pieces with a byte changed")->check(CLI::Range(0, 100));
  verb->add_option("--limit-rate", options->limit_rate, "bytes per second of all connections, as in 100kB");
  verb->add_option("--split", options->split, "pieces of at most so many bytes")->check(CLI::Range(0, 65'536));
  verb->add_flag("--half-open", options->half_open, "cut off whoever sends, and tell nobody");
  verb->add_option("--connection-limit", options->connection_limit, "reset connections beyond")
      ->check(CLI::Range(0, 8'192));
  verb->add_option("--seed", options->seed, "of jitter and corruption")->capture_default_str();
  verb->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace weir::app
