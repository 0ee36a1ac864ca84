// weir drill: breaks something on purpose, in a stack of `weir up` or in one of its own, and says whether what was
// expected held. What is done is in src/drill; this is the command line around it.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/children.h"
#include "app/data_directory.h"
#include "app/drill_proxy.h"
#include "app/service.h"
#include "app/terminal.h"
#include "app/verbs.h"
#include "drill/drill_reader.h"
#include "drill/embedded.h"
#include "drill/report.h"
#include "drill/run.h"
#include "model/address.h"
#include "model/nearest.h"
#include "net/acceptor.h"

namespace weir::app {

namespace {

constexpr int kWrongUse = 2;
constexpr int kGivenUp = 3;
constexpr std::string_view kDefaultAdmin = "127.0.0.1:9901";
constexpr Duration kStartPatience = Duration::s(60);

struct Options {
  std::string drill;
  std::optional<std::string> on;
  std::string html, json;
  std::optional<uint64_t> seed;
  bool preview = false;
};

int complain(int status, const std::string& text) {
  app::complain(fmt::format("weir drill: {}\n", text));
  return status;
}

/// "-" is the standard output.
int write(const std::string& path, const std::string& text) {
  if (path.empty()) return 0;
  if (path == "-") return say(text);
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file != nullptr) written = std::fclose(file) == 0 && written;
  return written ? 0 : complain(kWrongUse, fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
}

/// A name of those that are built in, or a file.
Result<drill::Drill, int> load(const std::string& wanted) {
  const auto loaded = [](auto result) -> Result<drill::Drill, int> {
    if (result) return std::move(*result);
    print_mistakes(result.error());
    return fail(kWrongUse);
  };
  std::vector<std::string_view> names;
  for (const auto& each : drill::embedded_drills()) {
    if (each.name == wanted) return loaded(drill::load_drill_text(each.text, wanted + ".yaml"));
    names.push_back(each.name);
  }
  if (wanted.find_first_of("./") != std::string::npos) return loaded(drill::load_drill(wanted));
  const std::string near = model::nearest(wanted, names);
  return fail(complain(
      kWrongUse, fmt::format("there is no drill {}: expected a file, or one of {}{}", wanted, fmt::join(names, ", "),
                             near.empty() ? "" : fmt::format("; did you mean {}?", near))));
}

int list() {
  std::string text;
  for (const auto& each : drill::embedded_drills()) {
    const auto drill = drill::load_drill_text(each.text, std::string(each.name));
    text += fmt::format("{:<18} {}\n", each.name, drill ? drill->title : "");
  }
  return say(text + "\nweir drill NAME runs one; weir drill NAME --preview says what it would do.\n");
}

/// A port that nobody has at this moment.
std::string free_address() {
  const auto any = net::SocketAddress::parse("127.0.0.1", 0);
  auto loop = net::Loop::create();
  struct Nobody final : net::Acceptor::Handler {
    void on_accept(net::Fd /*fd*/, const net::SocketAddress& /*peer*/) override {}
  } nobody;
  if (!any || !loop) return {};
  auto acceptor = net::Acceptor::listen(**loop, *any, nobody, {.reuse_port = false});
  return acceptor ? (*acceptor)->local_address().text() : "";
}

/// A stack of our own: `weir up` as a child, which takes its instances and its directory along when it ends.
class OwnStack {
 public:
  Result<drill::StackClient, std::string> start(uint32_t instances) {
    std::error_code error;
    const std::string self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return fail(fmt::format("/proc/self/exe: {}", error.message()));
    auto directory = DataDirectory::temporary();
    if (!directory) return fail(directory.error());
    directory_.emplace(std::move(*directory));
    const std::string admin = free_address();
    const std::string proxy = free_address();
    Command command{.name = "weir up",
                    .words = {self, "up", "--admin", admin, "--port", proxy.substr(proxy.rfind(':') + 1), "--instances",
                              std::to_string(instances), "--users", "1000"},
                    .output = directory_->file("up.log")};
    if (auto started = children_.start(command); !started) return fail(started.error());
    return await(*model::parse_address(admin), command);
  }

  /// Until so long has passed; false: somebody wants us to end.
  static bool wait(Duration duration) {
    const Instant deadline = net::read_clock() + duration;
    while (true) {
      const Duration left = deadline - net::read_clock();
      if (left <= Duration{}) return true;
      if (Children::wait(left) == Wake::interrupt) return false;
    }
  }

 private:
  Result<drill::StackClient, std::string> await(const model::Address& admin, const Command& command) {
    const Instant deadline = net::read_clock() + kStartPatience;
    while (net::read_clock() < deadline) {
      if (auto found = drill::StackClient::find(admin)) return found;
      if (!children_.reap().empty()) return fail("weir up ended: " + command.last_words());
      if (!wait(Duration::ms(50))) return fail(std::string("interrupted"));
    }
    return fail("weir up did not begin to serve: " + command.last_words());
  }

  std::optional<DataDirectory> directory_;
  Children children_;
};

/// The stack to use: the one at the admin address, or one of our own where nobody asked for a certain one.
Result<drill::StackClient, int> find_stack(const Options& options, const drill::Drill& drill, OwnStack& own) {
  const auto address = model::parse_address(options.on.value_or(std::string(kDefaultAdmin)));
  if (!address) {
    return fail(
        complain(kWrongUse, fmt::format("--on: {}, expected {}", address.error().message, address.error().expected)));
  }
  auto found = drill::StackClient::find(*address);
  if (found) return std::move(*found);
  if (options.on) return fail(complain(kWrongUse, fmt::format("no stack of weir up there: {}", found.error())));
  auto started = own.start(drill.instances);
  if (!started) return fail(complain(kGivenUp, started.error()));
  return std::move(*started);
}

int run(const Options& options) {
  if (options.drill.empty()) return list();
  auto drill = load(options.drill);
  if (!drill) return drill.error();
  OwnStack own;  // before any other thread: it blocks the signals that we wait for
  auto stack = find_stack(options, *drill, own);
  if (!stack) return stack.error();
  const bool quiet = options.json == "-" || options.html == "-";
  const auto tell = [&](const std::string& text) {
    if (quiet) {
      app::complain(text);
    } else {
      (void)say(text);
    }
  };
  tell(drill::preview(*drill, stack->stack()));
  if (options.preview) return 0;
  const drill::Outcome outcome = drill::run(*drill, *stack,
                                            {.seed = options.seed.value_or(drill->seed),
                                             .wait = &OwnStack::wait,
                                             .say = [&](const std::string& line) { tell(line + "\n"); }});
  tell(drill::text_of(*drill, outcome));
  if (const int status = write(options.json, drill::json_of(*drill, outcome))) return status;
  if (const int status = write(options.html, drill::html_of(*drill, outcome, WEIR_VERSION))) return status;
  return static_cast<int>(outcome.status);
}

}  // namespace

void add_drill(CLI::App& cli, Chosen& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = cli.add_subcommand("drill", "break something on purpose, and see whether the remedy holds");
  verb->add_option("drill", options->drill, "a name from the list, or a file");
  verb->add_option("--on", options->on, "admin address of a weir up [127.0.0.1:9901, or a stack of its own]");
  verb->add_option("--html", options->html, "write a page with plots");
  verb->add_option("--json", options->json, "write all that was measured; - is the standard output");
  verb->add_option("--seed", options->seed, "of arrivals, ids and faults, instead of the file's");
  verb->add_flag("--preview", options->preview, "say what would be done, and to whom");
  verb->callback([options, &chosen] {
    if (!chosen) chosen = [options] { return run(*options); };
  });
  verb->add_subcommand("list", "the drills that are built in")->callback([&chosen] { chosen = [] { return list(); }; });
  add_drill_proxy(*verb, chosen);
}

}  // namespace weir::app
