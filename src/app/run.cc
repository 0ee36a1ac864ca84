// weir run: the tiers that a configuration names.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "app/privileges.h"
#include "app/seccomp.h"
#include "app/service.h"
#include "app/terminal.h"
#include "app/verbs.h"

namespace weir::app {

namespace {

void tell(std::optional<Predecessor>& predecessor, const std::string& failure) {
  if (predecessor) predecessor->say({.ready = false, .failure = failure, .listeners = {}, .admin_address = {}});
}

int run(const std::string& path) {
  auto predecessor = Predecessor::from_environment();
  auto loaded = model::load_config(path);
  if (!loaded) {
    print_mistakes(loaded.error());
    tell(predecessor, text_of(loaded.error()));
    return 2;
  }
  const bool gives_up = !loaded->config.privileges.user.empty();
  if (gives_up) keep_new_privileges_away();
  auto service = Service::create(std::move(*loaded), predecessor);
  if (!service) {
    complain(fmt::format("weir: {}\n", service.error()));
    tell(predecessor, service.error());
    return 1;
  }
  if (auto dropped = drop_privileges((*service)->config(), (*service)->inherits_filter()); !dropped) {
    complain(fmt::format("weir: {}\n", dropped.error()));
    (*service)->refuse_to_take_over(dropped.error());
    return 1;
  }
  if (gives_up && (*service)->config().privileges.seccomp) (*service)->proxy().prepare_workers(filter_worker_thread);
  (*service)->allow_upgrades();
  (*service)->run();
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
