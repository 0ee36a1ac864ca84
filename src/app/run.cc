// weir run: the tiers that a configuration names.
#include <fmt/format.h>

#include <memory>

#include "app/privileges.h"
#include "app/seccomp.h"
#include "app/service.h"
#include "app/terminal.h"
#include "app/verbs.h"

namespace weir::app {

namespace {

int run(const std::string& path) {
  auto loaded = model::load_config(path);
  if (!loaded) {
    print_mistakes(loaded.error());
    return 2;
  }
  const bool gives_up = !loaded->config.privileges.user.empty();
  if (gives_up) keep_new_privileges_away();
  auto service = Service::create(std::move(*loaded));
  if (!service) {
    complain(fmt::format("weir: {}\n", service.error()));
    return 1;
  }
  if (auto dropped = drop_privileges((*service)->config()); !dropped) {
    complain(fmt::format("weir: {}\n", dropped.error()));
    return 1;
  }
  const bool filters = gives_up && (*service)->config().privileges.seccomp;
  (*service)->run(filters ? filter_worker_thread : std::function<void()>());
  return 0;
}

}  // namespace

void add_run(CLI::App& cli, Chosen& chosen) {
  auto path = std::make_shared<std::string>("weir.yaml");
  CLI::App* verb = cli.add_subcommand("run", "run the tiers that a configuration names");
  verb->add_option("-c,--config", *path, "the configuration")->capture_default_str();
  verb->callback([path, &chosen] { chosen = [path] { return run(*path); }; });
}

}  // namespace weir::app
