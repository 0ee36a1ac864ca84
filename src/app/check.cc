// weir check and weir show: read a configuration without running it.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "app/admin_token.h"
#include "app/service.h"
#include "app/terminal.h"
#include "app/verbs.h"
#include "l7/tls.h"
#include "model/endpoints_file.h"
#include "model/lint.h"
#include "model/show.h"
#include "net/loop.h"
#include "net/wall_clock.h"
#include "upstream/cluster_tls.h"

namespace weir::app {

namespace {

model::Environment environment() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  return {.cores = std::thread::hardware_concurrency(), .files_max = files.rlim_cur};
}

/// Of the files with endpoints that clusters name. Starting with one of them missing is possible; but whoever checks
/// wants to know.
std::vector<model::Mistake> mistakes_in_files(const model::Config& config) {
  std::vector<model::Mistake> all;
  for (const auto& cluster : config.clusters) {
    for (const auto& endpoint : cluster.endpoints) {
      if (endpoint.file.empty()) continue;
      const auto read = model::read_endpoints_file(model::endpoints_path(config.path, endpoint.file));
      if (!read) all.insert(all.end(), read.error().begin(), read.error().end());
    }
  }
  return all;
}

void add_warnings(const std::vector<std::string>& warnings, uint32_t line, const std::string& setting,
                  std::vector<model::Lint>& lints) {
  for (const std::string& warning : warnings) {
    lints.push_back({.severity = model::Severity::warning,
                     .rule = "tls-files",
                     .line = line,
                     .setting = setting,
                     .message = warning});
  }
}

/// What is wrong with the files of certificates, a line each; what is only unwise is added to `lints`.
std::string lint_tls(const model::Loaded& loaded, std::vector<model::Lint>& lints) {
  std::string wrong;
  l7::ListenerTls files;
  net::WallClock clock;
  for (size_t i = 0; i < loaded.config.listeners.size(); ++i) {
    const std::string setting = fmt::format("listeners[{}].tls", i);
    const uint32_t line = loaded.provenance.line_of(setting);
    const auto tls =
        files.load(loaded.config.listeners[i], loaded.config.path, net::read_clock(), clock.unix_ms() / 1000);
    if (!tls) {
      wrong += fmt::format("{}:{}: {}: {}\n", loaded.config.path, line, setting, tls.error());
      continue;
    }
    if (*tls) add_warnings((*tls)->warnings(), line, setting, lints);
  }
  for (const model::ClusterConfig& cluster : loaded.config.clusters) {
    const std::string setting = fmt::format("clusters.{}.tls", cluster.name);
    const auto tls = upstream::ClusterTls::create(cluster, loaded.config.path, nullptr);
    if (tls) {
      if (*tls) add_warnings((*tls)->warnings(), loaded.provenance.line_of(setting), setting, lints);
      continue;
    }
    wrong +=
        fmt::format("{}:{}: {}: {}\n", loaded.config.path, loaded.provenance.line_of(setting), setting, tls.error());
  }
  return wrong;
}

int check(const std::string& path, bool strict) {
  const auto loaded = model::load_config(path);
  if (!loaded) {
    print_mistakes(loaded.error());
    return 2;
  }
  if (const auto mistakes = mistakes_in_files(loaded->config); !mistakes.empty()) {
    print_mistakes(mistakes);
    return 2;
  }
  if (const auto token = admin_token(loaded->config); !token) {
    complain(fmt::format("{}: {}\n", path, token.error()));
    return 2;
  }
  auto lints = model::lint(*loaded, environment());
  if (const auto wrong = lint_tls(*loaded, lints); !wrong.empty()) {
    complain(wrong);
    return 2;
  }
  int said = 0;
  for (const auto& lint : lints) said |= say(lint.text(path) + "\n");
  const auto warnings = std::count_if(lints.begin(), lints.end(),
                                      [](const auto& each) { return each.severity == model::Severity::warning; });
  said |= say(fmt::format("{}: valid, {} warning{}\n", path, warnings, warnings == 1 ? "" : "s"));
  return strict && warnings > 0 ? 1 : said;
}

int show(const std::string& path) {
  const auto loaded = model::load_config(path);
  if (!loaded) {
    print_mistakes(loaded.error());
    return 2;
  }
  return say(model::show(*loaded));
}

}  // namespace

void add_check(CLI::App& cli, Chosen& chosen) {
  auto path = std::make_shared<std::string>("weir.yaml");
  auto strict = std::make_shared<bool>(false);
  CLI::App* verb = cli.add_subcommand("check", "validate a configuration, and lint it with arithmetic");
  verb->add_option("-c,--config", *path, "the configuration")->capture_default_str();
  verb->add_flag("--strict", *strict, "warnings end with status 1");
  verb->callback([path, strict, &chosen] { chosen = [path, strict] { return check(*path, *strict); }; });
}

void add_show(CLI::App& cli, Chosen& chosen) {
  auto path = std::make_shared<std::string>("weir.yaml");
  CLI::App* verb = cli.add_subcommand("show", "print every effective value and where it comes from");
  verb->add_option("-c,--config", *path, "the configuration")->capture_default_str();
  verb->callback([path, &chosen] { chosen = [path] { return show(*path); }; });
}

}  // namespace weir::app
