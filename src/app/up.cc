// weir up: a whole stack on this machine. Rung 1 is Weir in front of one instance of the reference application with its
// embedded database, rung 2 several instances that share the database's file. It ends with ctrl-c and takes everything
// along: instances, temporary directory, ports.
#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/children.h"
#include "app/data_directory.h"
#include "app/service.h"
#include "app/terminal.h"
#include "app/verbs.h"
#include "base/json.h"
#include "drill/stack.h"
#include "model/address.h"
#include "net/acceptor.h"

namespace weir::app {

namespace {

namespace fs = std::filesystem;
using Done = Result<void, std::string>;

constexpr std::string_view kHost = "127.0.0.1";  ///< everybody knows the seeded passwords: not for other machines
constexpr uint16_t kFirstPort = 3001;
constexpr uint16_t kFaultPortOffset = 100;
constexpr std::string_view kDefaultAdmin = "127.0.0.1:9901";
constexpr Duration kStartPatience = Duration::s(10);

struct Options {
  int rung = 2;
  std::optional<int> instances;
  uint16_t port = 8080;
  std::string admin{kDefaultAdmin};
  int64_t users = 10'000;
  std::string data;
  std::string access_log = "off";
};

net::SocketAddress local(uint16_t port) { return *net::SocketAddress::parse(kHost, port); }

/// The ports of one stack. A port is reserved among the stacks of this machine before its instance listens and while it
/// is dead: by the name of an abstract Unix socket (unix(7)), which goes with this process however that ends.
class Ports {
 public:
  /// `flag` is what the user may change.
  Done claim(const net::SocketAddress& address, std::string_view flag) {
    if (auto taken = take(address); !taken) {
      if (taken.error().code != Code::address_in_use) {
        return fail(fmt::format("cannot listen on {} ({}): choose another address with {}", address.text(),
                                std::strerror(taken.error().os_error), flag));
      }
      return fail(fmt::format("port {} is in use ({}): choose another with {}", address.port(), address.text(), flag));
    }
    return {};
  }

  /// The first free port from here on.
  Result<uint16_t, std::string> free_from(int first) {
    for (int port = first; port <= UINT16_MAX; ++port) {
      if (take(local(static_cast<uint16_t>(port)))) return static_cast<uint16_t>(port);
    }
    return fail(fmt::format("no port from {} on is free", first));
  }

 private:
  Result<void> take(const net::SocketAddress& address) {
    const Error in_use{.code = Code::address_in_use, .os_error = EADDRINUSE};
    const std::string name = fmt::format("weir-up-{}", address.port());
    sockaddr_un unix_address{};
    unix_address.sun_family = AF_UNIX;
    std::memcpy(unix_address.sun_path + 1, name.data(), name.size());
    net::Fd reservation(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(reservation.get(), reinterpret_cast<const sockaddr*>(&unix_address),
               static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())) != 0) {
      return fail(in_use);
    }
    // Whoever is no stack has no reservation, but listens.
    if (auto fd = net::Acceptor::open(address, {.reuse_port = false}); !fd) return fail(fd.error());
    reservations_.push_back(std::move(reservation));
    return {};
  }

  std::vector<net::Fd> reservations_;
};

/// A terminal whose window is closed says so with SIGHUP, which means "reload" to a service. This tells the two apart.
class Hangup final : private net::Pollable {
 public:
  explicit Hangup(net::Loop& loop) : loop_(loop) {
    struct sigaction action {};
    if (::sigaction(SIGHUP, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) return;  // nohup: it shall stay
    terminal_ = net::Fd(::open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    watched_ = terminal_.valid() && loop_.add(terminal_.get(), *this, 0).has_value();  // a hang-up is always reported
  }
  ~Hangup() { unwatch(); }
  Hangup(const Hangup&) = delete;
  Hangup& operator=(const Hangup&) = delete;

 private:
  void on_ready(uint32_t /*events*/) override {
    unwatch();
    ::kill(::getpid(), SIGTERM);
  }
  void unwatch() {
    if (std::exchange(watched_, false)) loop_.remove(terminal_.get());
  }

  net::Loop& loop_;
  net::Fd terminal_;
  bool watched_ = false;
};

struct Instance {
  std::string name;
  uint16_t port = 0;
  uint16_t fault_port = 0;
};

class Stack final : private StackControl {
 public:
  static Done run(const Options& options) {
    auto directory = options.data.empty() ? DataDirectory::temporary() : DataDirectory::kept(options.data);
    if (!directory) return fail(directory.error());
    return Stack(options, std::move(*directory)).run();
  }

 private:
  Stack(const Options& options, DataDirectory directory) : options_(options), directory_(std::move(directory)) {}

  Done run() {
    for (const auto step : {&Stack::find_programs, &Stack::choose_ports, &Stack::write_configuration, &Stack::make_key,
                            &Stack::seed, &Stack::start_instances, &Stack::await_instances}) {
      if (auto done = (this->*step)(); !done) return done;
    }
    return serve();
  }

  Done find_programs();
  Done choose_ports();
  Done write_configuration();
  Done make_key();
  Done seed();
  Done start_instances();
  Done await_instances();
  Done serve();

  [[nodiscard]] std::string stack_json() const override;
  Done restart(const std::string& instance) override;

  [[nodiscard]] Command command_of(const Instance& instance) const;
  Done run_to_end(Command command);
  void announce() const;
  void on_child();

  const Options& options_;
  DataDirectory directory_;
  Ports ports_;
  Children children_;  ///< end before the directory goes
  std::string weir_;
  std::string timeline_;
  std::vector<Instance> instances_;
};

Done Stack::find_programs() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) return fail(fmt::format("/proc/self/exe: {}", error.message()));
  timeline_ = self.parent_path() / "timeline";
  if (::access(timeline_.c_str(), X_OK) != 0) {
    return fail(fmt::format("{}: {}; weir up needs the reference application beside weir (./dev build makes both)",
                            timeline_, std::strerror(errno)));
  }
  const fs::path near = fs::proximate(self, error);
  const bool is_near = !error && !near.native().starts_with("..");
  weir_ = !is_near ? self : near.has_parent_path() ? near : "." / near;
  return {};
}

Done Stack::choose_ports() {
  if (auto claimed = ports_.claim(local(options_.port), "--port"); !claimed) return claimed;
  const auto admin = model::parse_address(options_.admin, 1);
  if (!admin) return fail(fmt::format("--admin {}: an address is host:port, as in {}", options_.admin, kDefaultAdmin));
  const auto address = net::SocketAddress::parse(admin->host, admin->port);
  if (!address) return fail(fmt::format("--admin {}: the host must be numeric", options_.admin));
  if (auto claimed = ports_.claim(*address, "--admin"); !claimed) return claimed;

  const int count = options_.rung == 1 ? 1 : options_.instances.value_or(3);
  for (int i = 1; i <= count; ++i) {
    const auto port = ports_.free_from(instances_.empty() ? kFirstPort : instances_.back().port + 1);
    if (!port) return fail(port.error());
    const auto fault_port = ports_.free_from(*port + kFaultPortOffset);
    if (!fault_port) return fail(fault_port.error());
    instances_.push_back({.name = fmt::format("app-{}", i), .port = *port, .fault_port = *fault_port});
  }
  return {};
}

Done Stack::write_configuration() {
  std::string endpoints;
  for (const Instance& each : instances_) {
    endpoints += fmt::format("{}\"{}\"", endpoints.empty() ? "" : ", ", local(each.port).text());
  }
  std::string access_log;
  const bool is_word = options_.access_log == "off" || options_.access_log == "stdout";
  append_json_string(access_log, is_word ? options_.access_log : fs::absolute(options_.access_log).native());
  std::string admin;
  append_json_string(admin, options_.admin);
  return directory_.write("weir.yaml", fmt::format(R"(# Written by `weir up`, anew at each start.
# A change takes effect with `weir ctl reload`, or when Weir receives SIGHUP.
admin: {}
drain_timeout: 5s        # ctrl-c should not wait for a drill's slowest answer
listeners:
  - name: web
    http: "{}"
    access_log: {}
    to: app
clusters:
  app:
    endpoints: [{}]
    policy: p2c
    health_check: {{http: /healthz, interval: 1s, timeout: 500ms}}
)",
                                                   admin, local(options_.port).text(), access_log, endpoints));
}

/// With its output among ours: what it does is progress that somebody waits for.
Done Stack::run_to_end(Command command) {
  const std::string name = command.name;
  if (auto started = children_.start(std::move(command)); !started) return started;
  while (true) {
    if (Children::wait(Duration::s(60)) == Wake::interrupt) return fail(fmt::format("interrupted while {}", name));
    for (const Ending& each : children_.reap()) {
      if (each.succeeded()) return {};
      return fail(fmt::format("{}: timeline ended with {}", name, each.text()));
    }
  }
}

Done Stack::make_key() {
  if (directory_.has("timeline.key")) return {};
  return run_to_end(
      {.name = "making a key", .words = {timeline_, "--make-key", directory_.file("timeline.key")}, .output = {}});
}

Done Stack::seed() {
  return run_to_end({.name = "seeding",
                     .words = {timeline_, "--seed", "--db", directory_.file("timeline.db"), "--users",
                               std::to_string(options_.users)},
                     .output = {}});
}

Command Stack::command_of(const Instance& instance) const {
  return {.name = instance.name,
          .words = {timeline_, "--name", instance.name, "--listen", local(instance.port).text(), "--fault",
                    local(instance.fault_port).text(), "--db", directory_.file("timeline.db"), "--key",
                    directory_.file("timeline.key")},
          .output = directory_.file(instance.name + ".log")};
}

Done Stack::start_instances() {
  for (const Instance& each : instances_) {
    if (auto started = children_.start(command_of(each)); !started) return started;
  }
  return {};
}

/// An instance says so when it listens. A connection would prove less: a stranger may have been quicker at the port.
Done Stack::await_instances() {
  const Instant deadline = net::read_clock() + kStartPatience;
  for (auto next = instances_.begin(); next != instances_.end();) {
    for (const Ending& each : children_.reap()) {
      return fail(
          fmt::format("{} ended before it served ({}): {}", each.command.name, each.text(), each.command.last_words()));
    }
    const std::string said = command_of(*next).last_words();
    if (said.find("serves http://") != std::string::npos) {
      ++next;
      continue;
    }
    if (net::read_clock() >= deadline) {
      return fail(fmt::format("{} did not listen on {} within {} s: {}", next->name, local(next->port).text(),
                              kStartPatience.seconds(), said));
    }
    if (Children::wait(Duration::ms(20)) == Wake::interrupt) return fail(std::string("interrupted"));
  }
  return {};
}

void Stack::announce() const {
  const std::string proxy = "http://" + local(options_.port).text();
  const std::string ctl =
      fmt::format("{} ctl{}", weir_, options_.admin == kDefaultAdmin ? "" : " --admin " + options_.admin);
  std::string text;
  for (const Instance& each : instances_) {
    text += fmt::format("timeline {:<7} http://{}   faults http://{}/fault\n", each.name, local(each.port).text(),
                        local(each.fault_port).text());
  }
  text += fmt::format("weir     proxy   {}   → app ({} endpoint{}, p2c)\n", proxy, instances_.size(),
                      instances_.size() == 1 ? "" : "s");
  text += fmt::format("weir     admin   http://{}   {} endpoints\n", options_.admin, ctl);
  text += fmt::format("weir     config  {}   {} reload\n", directory_.file("weir.yaml"), ctl);
  // The second user follows the first, as everybody does, so there is something to read.
  text += fmt::format("try: curl {0}/timeline/user{1} or a browser at {0}/; ctrl-c ends everything\n", proxy,
                      std::min<int64_t>(options_.users, 2));
  say(text);
}

void Stack::on_child() {
  for (const Ending& each : children_.reap()) {
    spdlog::warn("{} ended ({}); to start it again, and to end it yourself: {}", each.command.name, each.text(),
                 each.command.text());
  }
}

/// Process ids come with the time at which their processes began, so that nobody signals a stranger (drill/stack.h).
std::string Stack::stack_json() const {
  std::string instances;
  for (const Instance& each : instances_) {
    const pid_t pid = children_.pid_of(each.name);
    const uint64_t started = pid == 0 ? 0 : drill::start_of(pid).value_or(0);
    instances += fmt::format(R"({}{{"name":"{}","pid":{},"started":{},"address":"{}","fault":"{}"}})",
                             instances.empty() ? "" : ",", each.name, started == 0 ? 0 : pid, started,
                             local(each.port).text(), local(each.fault_port).text());
  }
  std::string config;
  append_json_string(config, directory_.file("weir.yaml"));
  std::string admin;
  append_json_string(admin, options_.admin);
  return fmt::format(R"({{"pid":{},"admin":{},"proxy":"{}","config":{},"instances":[{}]}})", ::getpid(), admin,
                     local(options_.port).text(), config, instances) +
         "\n";
}

Done Stack::restart(const std::string& name) {
  on_child();  // it may have ended in this turn
  for (const Instance& each : instances_) {
    if (each.name != name) continue;
    return children_.pid_of(name) == 0 ? children_.start(command_of(each)) : Done();
  }
  return fail(fmt::format("there is no instance {}", name));
}

Done Stack::serve() {
  auto loaded = model::load_config(directory_.file("weir.yaml"));
  if (!loaded) {
    print_mistakes(loaded.error());
    return fail(std::string("the configuration for these options is not valid"));
  }
  std::optional<Predecessor> nobody;
  auto service = Service::create(std::move(*loaded), nobody);
  if (!service) return fail(service.error());
  (*service)->attach(*this);
  net::Loop& loop = (*service)->loop();
  const net::Signals signals(loop, {SIGCHLD}, [this](int) { on_child(); });
  const Hangup hangup(loop);
  loop.post([this] { announce(); });  // below what the service logs when it begins
  (*service)->run();
  return {};
}

int up(const Options& options) {
  if (options.rung == 1 && options.instances.value_or(1) != 1) {
    complain("weir: --instances: rung 1 has one; --rung 2 takes as many as you like\n");
    return 2;
  }
  if (auto done = Stack::run(options); !done) {
    complain(fmt::format("weir: {}\n", done.error()));
    return 1;
  }
  return 0;
}

}  // namespace

void add_up(CLI::App& cli, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = cli.add_subcommand("up", "a whole stack on this machine, until ctrl-c");
  verb->add_option("--rung", options->rung, "1: one instance; 2: several on one database")
      ->capture_default_str()
      ->check(CLI::Range(1, 2));
  verb->add_option("--instances", options->instances, "instances of the application [3; rung 1 has one]")
      ->check(CLI::Range(1, 64));
  verb->add_option("--port", options->port, "where Weir serves, on 127.0.0.1")
      ->capture_default_str()
      ->check(CLI::Range(1, 65535));
  verb->add_option("--admin", options->admin, "address of the admin interface")->capture_default_str();
  verb->add_option("--users", options->users, "users to seed")->capture_default_str()->check(CLI::Range(1, 1'000'000));
  verb->add_option("--data", options->data, "directory to keep [a temporary one that is removed at the end]");
  verb->add_option("--access-log", options->access_log, "off, stdout or a file")->capture_default_str();
  verb->callback([options, &chosen] { chosen = [options] { return up(*options); }; });
}

}  // namespace weir::app
