#pragma once
// One worker: an event loop on a thread of its own, with everything a request needs and nothing shared but the snapshot
// and the endpoints' atomics. The control thread talks to it by Loop::post only.
//
// Thread rule: construction and `apply` before `start` on the control thread; afterwards everything but metrics(),
// refusals(), explanations() and loop().post() on the worker's own.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/prng.h"
#include "l7/exchange.h"
#include "l7/explanations.h"
#include "l7/listener.h"
#include "l7/listening_sockets.h"
#include "l7/metrics.h"
#include "l7/mirror.h"
#include "l7/recorder.h"
#include "l7/refusal_ring.h"
#include "l7/snapshot.h"
#include "net/loop.h"
#include "net/wall_clock.h"

namespace weir::l7 {

class Worker {
 public:
  static Result<std::unique_ptr<Worker>> create(size_t index, size_t workers, uint64_t seed);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// `prepare` runs on the worker's thread before anything else; it may be empty.
  void start(std::function<void()> prepare);
  /// Stops the loop and waits for the thread.
  void stop();
  /// `sockets`: for addresses that are new.
  void apply(std::shared_ptr<const Snapshot> snapshot, ListeningSockets sockets);
  /// `elsewhere`: addresses whose sockets another process accepts from.
  void drain(const std::set<std::string>& elsewhere);
  /// Adds a further descriptor of every listening socket.
  void duplicate_sockets(ListeningSockets& into) const;

  // For Listener and Exchange.
  [[nodiscard]] net::Loop& loop() { return *loop_; }
  [[nodiscard]] Prng& prng() { return prng_; }
  [[nodiscard]] WorkerMetrics& metrics() { return *metrics_; }
  [[nodiscard]] const WorkerMetrics& metrics() const { return *metrics_; }
  [[nodiscard]] Recorder& recorder() { return recorder_; }
  [[nodiscard]] Mirror& mirror() { return *mirror_; }
  [[nodiscard]] Explanations& explanations() { return explanations_; }
  [[nodiscard]] const Explanations& explanations() const { return explanations_; }
  [[nodiscard]] RefusalRing& refusals() { return refusals_; }
  [[nodiscard]] const RefusalRing& refusals() const { return refusals_; }
  [[nodiscard]] net::WallClock& clock() { return clock_; }
  [[nodiscard]] http::ServerScratch& server_scratch() { return server_scratch_; }
  /// Scratch for a line of the access log.
  [[nodiscard]] std::string& log_line() { return log_line_; }
  void append_log(const std::shared_ptr<AccessLog>& log, std::string_view line);
  [[nodiscard]] Exchange& take_exchange();
  void recycle(Exchange& exchange, WorkerSnapshot& snapshot);
  void release(WorkerSnapshot& snapshot);
  void on_listener_empty(Listener& listener);

  /// Has drain() been carried out? Then no new connection will be taken.
  [[nodiscard]] bool draining() const { return draining_.load(std::memory_order_acquire); }
  /// Of the snapshot now in force; read by the control thread.
  [[nodiscard]] uint64_t snapshot_edition() const { return snapshot_edition_.load(std::memory_order_acquire); }

 private:
  Worker(size_t index, size_t workers, uint64_t seed, std::unique_ptr<net::Loop> loop);
  std::unique_ptr<WorkerSnapshot> build(std::shared_ptr<const Snapshot> snapshot);
  void update_listeners(ListeningSockets sockets);
  void drop_unused_pools();
  void on_tick();
  void flush_logs();

  static constexpr Duration kTick = Duration::ms(250);
  static constexpr size_t kLogFlushBytes = 32 * 1024;

  size_t index_;
  size_t workers_;
  std::unique_ptr<net::Loop> loop_;
  Prng prng_;
  net::WallClock clock_;
  Recorder recorder_;
  Explanations explanations_;
  RefusalRing refusals_;
  std::unique_ptr<WorkerMetrics> metrics_;
  http::ServerScratch server_scratch_;
  http::ClientScratch client_scratch_;
  proto::http1::Limits upstream_limits_;
  std::string log_line_;
  std::vector<std::pair<std::shared_ptr<AccessLog>, std::string>> logs_;  ///< lines not yet handed to their log
  upstream::PoolMap pools_;
  std::vector<std::unique_ptr<WorkerSnapshot>> snapshots_;  ///< the last is in force
  std::vector<std::unique_ptr<Exchange>> exchanges_;        ///< as many as were ever under way at once
  std::vector<Exchange*> free_exchanges_;
  std::unique_ptr<Mirror> mirror_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  net::Timer tick_ = net::Timer::bind<&Worker::on_tick>(this);
  std::atomic<uint64_t> snapshot_edition_{0};
  std::thread thread_;
  std::atomic<bool> draining_{false};
};

}  // namespace weir::l7
