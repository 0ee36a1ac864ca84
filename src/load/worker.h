#pragma once
// One thread of the load: walks its share of the schedule, sends each request at its intended start or as soon after as
// a connection is free, and counts what comes of it. In a closed loop it keeps so many requests in flight instead.
//
// Requests that wait for a connection stay in the schedule, undrawn: waiting costs no memory, and the clock runs from
// the intended start all the same. Nothing can hold a worker up: what is not answered in time fails, and so does what
// was not sent in time.
//
// Thread rule: run() is the thread; post() from anywhere; what the Sink is told is told on the worker's thread.

#include <atomic>
#include <memory>
#include <vector>

#include "base/histogram.h"
#include "load/alarm.h"
#include "load/connections.h"
#include "load/exchange.h"
#include "load/interval.h"
#include "load/mix.h"
#include "load/schedule.h"
#include "load/summary.h"
#include "net/loop.h"

namespace weir::load {

class Worker final : public Exchange::Owner {
 public:
  /// Where the worker's intervals go, in order; the last one with `last`.
  class Sink {
   public:
    virtual void on_interval(uint32_t worker, std::unique_ptr<Interval> interval, bool last) = 0;

   protected:
    ~Sink() = default;
  };

  struct Share {
    uint32_t worker = 0, workers = 1;
    /// This worker's part of a number of connections.
    [[nodiscard]] uint32_t of(uint32_t count) const { return count / workers + (worker < count % workers ? 1 : 0); }
  };

  static Result<std::unique_ptr<Worker>> create(const Plan& plan, const Mix& mix, const net::SocketAddress& target,
                                                Share share, Sink& sink);

  /// Until the work is done or cut off. `began` is the run's zero, the same for all workers.
  void run(Instant began);

  // From any thread.
  void set_rate(Duration at, double rate);
  void end_schedule();  ///< no more arrivals
  void cut_off();       ///< leave at once
  [[nodiscard]] const std::vector<std::unique_ptr<RouteTally>>& routes() const { return routes_; }
  [[nodiscard]] const Histogram& schedule_lateness() const { return schedule_lateness_; }
  /// Processor time of the thread, as of its last interval.
  [[nodiscard]] Duration cpu() const { return Duration::ns(cpu_ns_.load(std::memory_order_relaxed)); }
  [[nodiscard]] uint64_t unfinished() const { return unfinished_.load(std::memory_order_relaxed); }

 private:
  Worker(const Plan& plan, const Mix& mix, const net::SocketAddress& target, Share share, Sink& sink,
         std::unique_ptr<net::Loop> loop);

  // sending
  void pump();
  void pump_closed();
  void send(Instant intended, uint64_t number, Instant now);
  Exchange& take_exchange();

  // ending
  void on_answered(Exchange& exchange) override;
  void on_failed(Exchange& exchange, Failure failure) override;
  void finish(Exchange& exchange);
  void on_deadline();
  void on_rested();
  void expire(Exchange& exchange);
  void set_deadline(Instant when);
  void after_one();
  void leave_when_done();
  void leave();

  // counting
  Interval& interval_at(Instant now);
  /// Null for what belongs to the warm-up and ended after it: it counts nowhere.
  Interval* interval_of(Instant intended, Instant now);
  void count_failure(Failure failure, uint32_t route, Instant intended, Instant now);
  void open_interval(Instant at);
  void close_interval(Instant end, bool last);
  void on_tick();
  [[nodiscard]] Instant ends_at() const { return began_ + schedule_.ends_at(); }
  void link(Exchange& exchange);
  void unlink(Exchange& exchange);

  const Plan& plan_;
  const Mix& mix_;
  Share share_;
  Sink& sink_;
  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<Alarm> alarm_;
  Connections connections_;
  Schedule schedule_;
  Schedule offered_;  ///< a second walk, which counts arrivals when they are due and not when they are sent
  Message message_;

  Instant began_{};
  bool left_ = false;
  bool waiting_ = false;    ///< the next arrival is due and has no connection
  Instant waited_until_{};  ///< when last an arrival had to wait for a connection
  uint64_t closed_number_;
  uint32_t closed_resting_ = 0;  ///< of a closed loop's connections, those that pause after a failure

  std::vector<std::unique_ptr<Exchange>> all_;
  std::vector<Exchange*> spare_;
  Exchange* oldest_ = nullptr;
  Exchange* newest_ = nullptr;
  uint32_t in_flight_ = 0;

  std::unique_ptr<Interval> interval_;
  Instant interval_ends_{};
  std::vector<std::unique_ptr<RouteTally>> routes_;
  Histogram schedule_lateness_;
  std::atomic<int64_t> cpu_ns_{0};
  std::atomic<uint64_t> unfinished_{0};

  net::Timer deadline_timer_ = net::Timer::bind<&Worker::on_deadline>(this);
  net::Timer rest_timer_ = net::Timer::bind<&Worker::on_rested>(this);
  net::Timer tick_timer_ = net::Timer::bind<&Worker::on_tick>(this);
};

}  // namespace weir::load
