#include "app/sim_fuzz.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/terminal.h"
#include "sim/fuzz.h"

namespace weir::app {

namespace {

constexpr int kFailed = 1;

struct Options {
  uint64_t seeds = 200;
  uint64_t from = 1;
  unsigned jobs = 1;
};

/// Threads take the next seed that nobody has; what they find is told at once, so that a search may be ended early.
class Search {
 public:
  explicit Search(const Options& options) : options_(options) {}

  int run() {
    {
      std::vector<std::jthread> workers;
      for (unsigned i = 1; i < options_.jobs; ++i) workers.emplace_back([this] { work(); });
      work();
    }
    clear_line();
    const int said = say(fmt::format("{} seeds from {}: {}\n", options_.seeds, options_.from,
                                     failed_ == 0 ? "every invariant held" : fmt::format("{} failed", failed_)));
    return failed_ == 0 ? said : kFailed;
  }

 private:
  void work() {
    for (uint64_t i = taken_.fetch_add(1); i < options_.seeds; i = taken_.fetch_add(1)) {
      const std::vector<sim::Violation> violations = sim::fuzz_one(options_.from + i);
      const std::scoped_lock lock(mutex_);
      ++done_;
      if (!violations.empty()) tell(options_.from + i, violations);
      show_progress();
    }
  }

  void tell(uint64_t seed, const std::vector<sim::Violation>& violations) {
    ++failed_;
    clear_line();
    std::string text = fmt::format("weir sim fuzz --seeds 1 --from {}\n", seed);
    for (const sim::Violation& each : violations) text += "  " + sim::describe(each) + "\n";
    (void)say(text);
  }

  void show_progress() const {
    if (terminal_) complain(fmt::format("\r{} of {} seeds, {} failed ", done_, options_.seeds, failed_));
  }
  void clear_line() const {
    if (terminal_) complain("\r\033[K");
  }

  const Options& options_;
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
  std::atomic<uint64_t> taken_{0};
  std::mutex mutex_;  ///< guards what follows, and the terminal
  uint64_t done_ = 0, failed_ = 0;
};

}  // namespace

void add_sim_fuzz(CLI::App& sim, Chosen& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = sim.add_subcommand("fuzz", "random worlds and faults, and what must hold in all of them");
  verb->add_option("--seeds", options->seeds, "how many worlds")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000'000}));
  verb->add_option("--from", options->from, "the first seed")->capture_default_str();
  verb->add_option("--jobs", options->jobs, "threads")->capture_default_str()->check(CLI::Range(1U, 256U));
  verb->callback([options, &chosen] { chosen = [options] { return Search(*options).run(); }; });
}

}  // namespace weir::app
