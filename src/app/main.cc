#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>

#include "app/load.h"
#include "app/service.h"
#include "app/sim.h"
#include "app/verbs.h"

int main(int argc, char** argv) {
  // The log of events goes to stderr: stdout belongs to the access log.
  auto logger = spdlog::stderr_logger_mt("weir");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(logger);
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads our stdout may leave

  CLI::App cli("Weir carries a web service from one box to N tiers without a rewrite.", "weir");
  cli.require_subcommand(1);
  cli.set_version_flag("--version", WEIR_VERSION);
  weir::app::raise_file_limit();
  weir::app::Chosen chosen;
  weir::app::add_up(cli, chosen);
  weir::app::add_run(cli, chosen);
  weir::app::add_check(cli, chosen);
  weir::app::add_show(cli, chosen);
  weir::app::add_ctl(cli, chosen);
  weir::app::add_sim(cli, chosen);
  weir::app::add_load(cli, chosen);
  weir::app::add_drill(cli, chosen);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? 0 : 2;  // --help and --version end here too, with 0
  }
  return chosen();
}
