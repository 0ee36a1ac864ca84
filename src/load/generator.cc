#include "load/generator.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "load/open_sessions.h"
#include "load/series.h"
#include "load/worker.h"

namespace weir::load {
namespace {

/// A little ahead of now, so that all workers have started, or heard, before it is due.
constexpr Duration kLead = Duration::ms(5);

class ThreadedGenerator final : public Generator, private Worker::Sink {
 public:
  ThreadedGenerator(const Plan& plan, std::vector<Session> sessions)
      : plan_(plan), mix_(plan_, std::move(sessions)), series_(plan_.interval) {}

  ~ThreadedGenerator() override {
    for (auto& each : workers_) each->cut_off();
    for (auto& each : threads_) each.join();
  }

  Result<void> begin(const net::SocketAddress& target, uint32_t workers) {
    for (uint32_t i = 0; i < workers; ++i) {
      auto worker = Worker::create(plan_, mix_, target, {.worker = i, .workers = workers}, *this);
      if (!worker) return fail(worker.error());
      workers_.push_back(std::move(*worker));
    }
    ended_.resize(workers, false);
    delivered_.resize(workers, 0);
    began_ = net::read_clock() + kLead;
    for (auto& each : workers_) threads_.emplace_back([this, &each] { each->run(began_); });
    return {};
  }

  std::vector<std::unique_ptr<Interval>> take_intervals() override {
    const std::lock_guard lock(mutex_);
    return untaken_.take();
  }

  [[nodiscard]] bool finished() const override {
    const std::lock_guard lock(mutex_);
    return all_ended();
  }

  bool wait(Duration at_most) override {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::nanoseconds(at_most.ns()), [this] { return all_ended(); });
  }

  void set_rate(double per_second) override {
    const Duration at = elapsed() + kLead;
    for (auto& each : workers_) each->set_rate(at, per_second);
  }

  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      if (!stopped_at_ && !all_ended()) stopped_at_ = elapsed();
    }
    for (auto& each : workers_) each->end_schedule();
  }

  [[nodiscard]] Summary summary() const override;
  [[nodiscard]] Duration elapsed() const override { return std::max(Duration{}, net::read_clock() - began_); }
  [[nodiscard]] Instant began() const override { return began_; }

 private:
  [[nodiscard]] bool all_ended() const {
    return std::ranges::all_of(ended_, [](bool ended) { return ended; });
  }

  void on_interval(uint32_t worker, std::unique_ptr<Interval> interval, bool last) override {
    const std::lock_guard lock(mutex_);
    const uint64_t index = delivered_[worker]++;
    if (last) {
      ended_[worker] = true;
      ended_at_ = std::max(ended_at_, interval->end());
    }
    // Those of an index below have been merged by all who had one.
    if (index - merged_ < merging_.size()) {
      merging_[index - merged_]->add_worker(*interval);
    } else {
      merging_.push_back(std::move(interval));
    }
    while (!merging_.empty() && nobody_owes(merged_)) {
      series_.append(*merging_.front());
      untaken_.push(std::move(merging_.front()));
      merging_.pop_front();
      ++merged_;
    }
    if (all_ended()) changed_.notify_all();
  }

  [[nodiscard]] bool nobody_owes(uint64_t index) const {
    for (size_t i = 0; i < workers_.size(); ++i) {
      if (!ended_[i] && delivered_[i] <= index) return false;
    }
    return true;
  }

  const Plan plan_;
  const Mix mix_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  Instant began_{};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> ended_;
  std::vector<uint64_t> delivered_;
  uint64_t merged_ = 0;                            ///< index of the front of merging_
  std::deque<std::unique_ptr<Interval>> merging_;  ///< that some workers have yet to add to
  Series series_;
  Backlog untaken_;
  Duration ended_at_{};
  std::optional<Duration> stopped_at_;
};

Summary ThreadedGenerator::summary() const {
  Summary out;
  out.total = std::make_unique<Interval>();
  Duration cpu;
  Histogram lateness;
  for (const auto& worker : workers_) {
    cpu = cpu + worker->cpu();
    out.unfinished += worker->unfinished();
    lateness.merge(worker->schedule_lateness());
    for (size_t i = 0; i < worker->routes().size(); ++i) {
      if (out.routes.size() <= i) out.routes.push_back(std::make_unique<RouteTally>());
      out.routes[i]->add(*worker->routes()[i]);
    }
  }
  const std::lock_guard lock(mutex_);
  out.intervals = series_.copy();
  out.total->at = plan_.warm_up;
  for (const auto& each : out.intervals) {
    if (!each->warm_up) out.total->add_following(*each);
  }
  const Duration so_far = all_ended() ? ended_at_ : elapsed();
  out.aborted = stopped_at_.has_value();
  const Duration planned = std::min(plan_.duration, stopped_at_.value_or(plan_.duration));
  out.measured = std::max(Duration{}, std::min(planned, so_far) - plan_.warm_up);
  const auto cores = std::min<size_t>(workers_.size(), std::max(1u, std::thread::hardware_concurrency()));
  const double could = so_far.seconds() * static_cast<double>(cores);
  out.verdict = judge(lateness, out.total->response, could > 0 ? 100 * cpu.seconds() / could : 0);
  return out;
}

}  // namespace

Result<std::unique_ptr<Generator>, std::string> Generator::start(const Plan& plan, uint32_t workers) {
  const auto target = net::SocketAddress::parse(plan.target.host, plan.target.port);
  if (!target) return fail(fmt::format("{} is not an address to send to", plan.target.text()));
  auto sessions = open_sessions(plan, *target);
  if (!sessions) return fail(sessions.error());
  auto generator = std::make_unique<ThreadedGenerator>(plan, std::move(*sessions));
  if (auto begun = generator->begin(*target, std::max<uint32_t>(1, workers)); !begun) {
    return fail(fmt::format("the workers cannot start: {} ({})", text_of(begun.error().code), begun.error().detail));
  }
  return generator;
}

}  // namespace weir::load
