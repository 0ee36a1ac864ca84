#include "load/series.h"

#include <utility>

#include "load/summary.h"

namespace weir::load {
namespace {

std::unique_ptr<Interval> copy_of(const Interval& interval) {
  auto out = std::make_unique<Interval>();
  out->at = interval.at;
  out->warm_up = interval.warm_up;
  out->add_following(interval);
  return out;
}

}  // namespace

void Series::append(const Interval& interval) {
  const bool joins =
      !kept_.empty() && kept_.back()->warm_up == interval.warm_up && kept_.back()->length + interval.length <= step_;
  if (joins) return kept_.back()->add_following(interval);
  kept_.push_back(copy_of(interval));
  if (kept_.size() > kIntervalsKept) halve();
}

void Series::halve() {
  step_ = step_ * 2;
  auto before = std::exchange(kept_, {});
  for (auto& each : before) {
    const bool joins =
        !kept_.empty() && kept_.back()->warm_up == each->warm_up && kept_.back()->length + each->length <= step_;
    if (joins) {
      kept_.back()->add_following(*each);
    } else {
      kept_.push_back(std::move(each));
    }
  }
}

std::vector<std::unique_ptr<Interval>> Series::copy() const {
  std::vector<std::unique_ptr<Interval>> out;
  for (const auto& each : kept_) out.push_back(copy_of(*each));
  return out;
}

void Backlog::push(std::unique_ptr<Interval> interval) {
  waiting_.push_back(std::move(interval));
  if (waiting_.size() <= kIntervalsKept) return;
  auto oldest = std::move(waiting_.front());
  waiting_.pop_front();
  oldest->add_following(*waiting_.front());
  waiting_.front() = std::move(oldest);
}

std::vector<std::unique_ptr<Interval>> Backlog::take() {
  std::vector<std::unique_ptr<Interval>> out;
  for (auto& each : waiting_) out.push_back(std::move(each));
  waiting_.clear();
  return out;
}

}  // namespace weir::load
