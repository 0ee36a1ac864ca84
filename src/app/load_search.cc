#include "app/load_search.h"

#include <fmt/format.h>

#include <algorithm>

#include "load/find_max.h"

namespace weir::app {
namespace {

/// Two in a row at one rate: a single one may be a hiccup of the machine.
constexpr int kDiscardedMax = 2;

/// A threshold that a healthy server's answers were too few for; null when there is none.
const load::Held* too_short(const load::Figures& figures) {
  if (figures.completed < figures.offered) return nullptr;
  const auto unknown = std::ranges::find(figures.thresholds, false, &load::Held::known);
  return unknown == figures.thresholds.end() ? nullptr : &*unknown;
}

class Search {
 public:
  explicit Search(const SearchOrders& orders) : orders_(orders), search_(std::max(1.0, orders.from)) {}

  Result<SearchEnd, std::string> run() {
    int discarded = 0;
    while (const auto rate = search_.next()) {
      const auto figures = orders_.ask(*rate);
      if (!figures) return fail(figures.error());
      if (orders_.interrupted()) return ended(fmt::format("interrupted at {:.1f}/s", *rate));
      if (const auto* unknown = too_short(*figures)) {
        return fail(fmt::format("--duration is too short at {:.1f}/s: {}", *rate, unknown->actual));
      }
      const bool held = load::all_held(*figures);
      if (!held && load::is_generators_failure(*figures)) {
        say(*rate, "discarded", *figures);
        if (++discarded < kDiscardedMax) continue;
        return ended(fmt::format("the generator, not the server, was the limit at {:.1f}/s ({}); use more --workers",
                                 *rate, figures->verdict.reason));
      }
      discarded = 0;
      say(*rate, held ? "holds" : "breaks", *figures);
      if (held) {
        best_ = *figures;
        best_rate_ = *rate;
      }
      search_.tell(held);
    }
    return result();
  }

 private:
  /// Before its time: what is known so far.
  SearchEnd ended(const std::string& why) {
    const std::string so_far =
        best_ ? fmt::format("the last that held was {:.1f}/s", best_rate_) : "no rate held before";
    return {.complete = false, .verdict = fmt::format("{}; {}", why, so_far), .best = std::move(best_)};
  }

  SearchEnd result() {
    if (!search_.found() || !best_) return {.complete = false, .verdict = "no rate holds"};
    const std::string broke = search_.broke_at() ? fmt::format("; {:.1f}/s does not", *search_.broke_at()) : "";
    return {.complete = true,
            .verdict = fmt::format("highest rate that held {} times: {:.1f}/s{}", load::RateSearch::kRepeats,
                                   *search_.found(), broke),
            .best = std::move(best_)};
  }

  void say(double rate, std::string_view what, const load::Figures& figures) const {
    std::string why;
    for (const auto& each : figures.thresholds) why += (why.empty() ? "" : ", ") + each.actual;
    orders_.progress(fmt::format("{:>10.1f}/s {:<9} ({}){}\n", rate, what, why,
                                 figures.verdict.limited ? "  generator-limited" : ""));
  }

  const SearchOrders& orders_;
  load::RateSearch search_;
  std::optional<load::Figures> best_;
  double best_rate_ = 0;
};

}  // namespace

Result<SearchEnd, std::string> search_rate(const SearchOrders& orders) { return Search(orders).run(); }

}  // namespace weir::app
