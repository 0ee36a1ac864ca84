#pragma once
// The proxy of a process: the control thread's side. It turns a configuration into a snapshot, hands it to the workers,
// keeps endpoints' state across reloads, runs health checks and outlier sweeps, and drains everything at the end.
//
// Thread rule: the control loop's thread.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "discovery/discovery.h"
#include "l7/shifts.h"
#include "l7/snapshot.h"
#include "l7/tls.h"
#include "l7/worker.h"
#include "model/config.h"
#include "net/loop.h"
#include "net/wall_clock.h"
#include "upstream/health_checker.h"

namespace weir::l7 {

class Proxy {
 public:
  /// `workers`: threads to run; fixed for the life of the process. `inherited`: listening sockets of the process before
  /// this one; those for addresses that nobody names any more are closed.
  static Result<std::unique_ptr<Proxy>, std::string> create(net::Loop& control, const model::Config& config,
                                                            size_t workers, uint64_t seed,
                                                            ListeningSockets inherited = {});
  ~Proxy();

  /// Starts the workers once every endpoint with active checks has been probed, or at the latest after their timeout;
  /// `ready` is called right before.
  void start(std::function<void()> ready = {});
  /// Before start: `prepare` will run on the thread of each worker before it serves.
  void prepare_workers(std::function<void()> prepare) { prepare_worker_ = std::move(prepare); }
  /// Puts `config` in force. An error says why and leaves everything as it was.
  Result<void, std::string> reload(const model::Config& config);
  /// Stops accepting, lets requests in flight finish, then calls `done`; at the latest after config.drain_timeout.
  /// `elsewhere`: addresses from whose sockets another process accepts by now.
  void drain(std::set<std::string> elsewhere, std::function<void()> done);
  /// Calls `done` with further descriptors of all listening sockets, for a process that takes over. The workers run.
  void collect_sockets(std::function<void(ListeningSockets)> done);
  /// Begins to move what routes send to `entry.from` to `entry.to`. An error is one sentence for people.
  Result<void, std::string> shift(Shifts::Entry entry);
  /// All back at once.
  Result<void, std::string> cancel_shift(const std::string& from, const std::string& to);
  [[nodiscard]] Shifts& shifts() { return shifts_; }
  [[nodiscard]] ListenerTls& tls() { return tls_; }
  [[nodiscard]] const ListenerTls& tls() const { return tls_; }
  [[nodiscard]] const Shifts& shifts() const { return shifts_; }
  /// Opens log files anew.
  void reopen_logs();

  [[nodiscard]] const Snapshot& snapshot() const { return *snapshot_; }
  [[nodiscard]] const discovery::Discovery& discovery() const { return discovery_; }
  [[nodiscard]] const Switches& switches() const { return switches_; }
  /// Throws a switch, for all workers at once. False: there is none of that name.
  /// See Switches.
  bool recall_switch_off(const std::string& name) { return switches_.recall_off(name, control_.now()); }
  bool set_switch(std::string_view name, bool off) { return switches_.set(name, off, control_.now()); }
  [[nodiscard]] const std::vector<std::unique_ptr<Worker>>& workers() const { return workers_; }
  [[nodiscard]] uint64_t reloads() const { return snapshot_->number - 1; }
  /// Have all workers taken over the newest snapshot?
  [[nodiscard]] bool settled() const;
  [[nodiscard]] Instant started_at() const { return started_at_; }
  /// Workers run and nobody asked for a drain.
  [[nodiscard]] bool serving() const { return running_ && !drained_; }

 private:
  Proxy(net::Loop& control, uint64_t seed)
      : control_(control),
        checker_(control, seed),
        discovery_(control, seed, [this](const auto& clusters) { rediscover(clusters); }),
        seed_(seed) {}
  /// Puts what discovery knows of these clusters in force, and leaves everything else as it is.
  void rediscover(const std::vector<std::string>& clusters);
  /// The cluster with the endpoints that are known now; the one in force when nothing about it differs.
  Result<std::shared_ptr<upstream::Cluster>, std::string> make_cluster(const model::ClusterConfig& config,
                                                                       uint64_t edition,
                                                                       std::shared_ptr<const upstream::ClusterTls> tls);
  Result<void, std::string> put_in_force(const model::Config& config, ListeningSockets inherited);
  void put_in_force(std::shared_ptr<const Snapshot> snapshot, std::vector<ListeningSockets> sockets);
  Result<std::shared_ptr<Snapshot>, std::string> build(const model::Config& config);
  void follow_switches(Snapshot& built);
  [[nodiscard]] std::shared_ptr<balance::CircuitLimit> mirror_places_of(const model::ListenerConfig& listener,
                                                                        const model::RouteConfig& route) const;
  Result<std::vector<ListeningSockets>, std::string> open_sockets(const model::Config& config,
                                                                  ListeningSockets inherited);
  Result<std::shared_ptr<AccessLog>, std::string> log_for(const std::string& target);
  [[nodiscard]] ListenerCounters counters_of(const model::ListenerConfig& listener,
                                             const std::vector<Diversion>& diversions) const;
  void update_diversions();
  void note_leaving(const Snapshot& next);
  [[nodiscard]] core::ShiftReading read_shift(const Shifts::Entry& entry) const;
  void warn_of_tls() const;
  void on_tick();
  void forget_retired();
  void sweep(Instant now);
  void on_drain_tick();
  void start_workers();

  static constexpr Duration kTick = Duration::ms(100);

  net::Loop& control_;
  upstream::HealthChecker checker_;
  discovery::Discovery discovery_;
  Switches switches_;
  ListenerTls tls_;
  net::WallClock clock_;
  Shifts shifts_;
  uint64_t seed_;
  std::shared_ptr<const Snapshot> snapshot_;
  /// Those that workers still use. They end here: it may take a while, and a log waits for its writer.
  std::vector<std::shared_ptr<const Snapshot>> retired_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::map<std::string, Instant> swept_;  ///< by cluster
  Instant sweep_due_{};                   ///< of the next of them
  std::set<std::string> leaving_;         ///< addresses that were served until a while ago
  net::Timer tick_ = net::Timer::bind<&Proxy::on_tick>(this);
  net::Timer drain_tick_ = net::Timer::bind<&Proxy::on_drain_tick>(this);
  Instant started_at_{};
  Instant drain_until_{};
  std::function<void()> ready_;
  std::function<void()> drained_;
  std::function<void()> prepare_worker_;
  bool running_ = false;
};

}  // namespace weir::l7
