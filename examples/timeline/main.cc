// timeline: the reference application. Three things in one binary: serve, --seed, --make-key.

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "examples/timeline/seed.h"
#include "examples/timeline/service.h"
#include "net/signals.h"

namespace weir::timeline {
namespace {

/// How long a request in progress may hold up the end of the process.
constexpr Duration kGrace = Duration::s(10);

struct Arguments {
  std::string listen = "127.0.0.1:3000";
  std::string fault_listen;
  std::string database;
  std::string key;
  std::string name = "timeline";
  std::string make_key;
  bool seed = false;
  int64_t users = 10'000;
  int64_t posts_per_user = 10;
  std::string password = "timeline";
};

int complain(std::string_view what, const Error& error) {
  const std::string_view why = *error.detail == '\0' ? text_of(error.code) : error.detail;
  const std::string system = error.os_error == 0 ? "" : fmt::format(" ({})", std::strerror(error.os_error));
  fmt::print(stderr, "timeline: {}: {}{}\n", what, why, system);
  return 1;
}

/// "127.0.0.1:3000" or "[::1]:3000".
std::optional<net::SocketAddress> address_of(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc() || end != port_text.data() + port_text.size()) return std::nullopt;
  const auto address = net::SocketAddress::parse(host, port);
  return address ? std::optional(*address) : std::nullopt;
}

int make_key(const Arguments& arguments) {
  if (const auto made = TokenKey::make_file(arguments.make_key); !made)
    return complain(arguments.make_key, made.error());
  return 0;
}

int seed_database(const Arguments& arguments) {
  auto store = Store::open(arguments.database);
  if (!store) return complain(arguments.database, store.error());
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const SeedPlan plan{.users = arguments.users,
                      .posts_per_user = arguments.posts_per_user,
                      .password_hash = hash_password(arguments.password, PasswordCost{}),
                      .now_unix = std::chrono::duration_cast<std::chrono::seconds>(now).count()};
  const auto result = seed(*store, plan, [](std::string_view stage, int64_t done, int64_t total) {
    fmt::print(stderr, "timeline: {} {} of {}\n", stage, done, total);
  });
  if (!result) return complain("seeding", result.error());
  if (result->already_seeded) {
    fmt::print(stderr, "timeline: already seeded, nothing to do\n");
  } else {
    fmt::print(stderr, "timeline: seeded {} users, {} follows, {} posts; everybody's password is \"{}\"\n",
               result->users, result->follows, result->posts, arguments.password);
  }
  return 0;
}

int serve(const Arguments& arguments) {
  const auto listen = address_of(arguments.listen);
  std::optional<net::SocketAddress> fault_listen;
  if (!arguments.fault_listen.empty()) fault_listen = address_of(arguments.fault_listen);
  if (!listen || (!arguments.fault_listen.empty() && !fault_listen)) {
    fmt::print(stderr, "timeline: an address is host:port, as in 127.0.0.1:3000\n");
    return 1;
  }
  auto key = TokenKey::load(arguments.key);
  if (!key) return complain(arguments.key, key.error());
  auto store = Store::open(arguments.database);
  if (!store) return complain(arguments.database, store.error());

  ::signal(SIGPIPE, SIG_IGN);
  auto loop = net::Loop::create();
  if (!loop) return complain("event loop", loop.error());
  net::Loop& running = **loop;
  auto service = Service::create(
      running, *store, *key,
      Service::Options{.listen = *listen, .fault_listen = fault_listen, .name = arguments.name, .password_cost = {}});
  if (!service) return complain("listening", service.error());
  fmt::print(stderr, "timeline: {} serves http://{}/{}\n", arguments.name, (*service)->address().text(),
             fault_listen ? ", faults at http://" + (*service)->fault_address()->text() + "/fault" : "");

  net::Timer grace([](void* context) { static_cast<net::Loop*>(context)->stop(); }, &running);
  bool ending = false;
  const net::Signals signals(running, {SIGTERM, SIGINT}, [&](int /*signal*/) {
    if (std::exchange(ending, true)) return running.stop();  // whoever asks twice is in a hurry
    running.arm(grace, kGrace);
    (*service)->drain([&] { running.stop(); });
  });
  running.run();
  return 0;
}

int run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("The reference application of Weir: users follow users, post, and read a timeline.");
  app.add_option("--listen", arguments.listen, "address to serve on")->capture_default_str();
  app.add_option("--fault", arguments.fault_listen, "address of the fault port (none without)");
  auto* database = app.add_option("--db", arguments.database, "SQLite file, made when absent, shared by all instances");
  auto* key = app.add_option("--key", arguments.key, "key that signs sessions, shared by all instances");
  app.add_option("--name", arguments.name, "what x-instance says, with the port")->capture_default_str();
  auto* seeding = app.add_flag("--seed", arguments.seed, "populate the database and exit");
  app.add_option("--users", arguments.users, "users to seed")->capture_default_str()->check(CLI::Range(1, 1'000'000));
  app.add_option("--posts-per-user", arguments.posts_per_user, "posts to seed per user, on average")
      ->capture_default_str()
      ->check(CLI::Range(0, 10'000));
  app.add_option("--password", arguments.password, "password of every seeded user")->capture_default_str();
  auto* making = app.add_option("--make-key", arguments.make_key, "write a fresh key to this file and exit");
  CLI11_PARSE(app, argc, argv);

  if (making->count() > 0) return make_key(arguments);
  if (database->count() == 0 || (seeding->count() == 0 && key->count() == 0)) {
    fmt::print(stderr, "timeline: serving needs --db and --key, seeding needs --db (see --help)\n");
    return 1;
  }
  return arguments.seed ? seed_database(arguments) : serve(arguments);
}

}  // namespace
}  // namespace weir::timeline

int main(int argc, char** argv) { return weir::timeline::run(argc, argv); }
