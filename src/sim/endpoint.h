#pragma once
// The server of one endpoint: so many places that work, a queue before them, a pool of connections to the next tier,
// and what may be wrong with it. Here is how long work takes and what is counted; who calls whom is the engine's.
//
// A place is held while the request is worked on and while it waits for its calls, as a thread or a worker process
// holds it. Service times stretch with the number at work by the universal scalability law, S (1 + sigma (b-1) + kappa
// b (b-1)) (N. J. Gunther, "Guerrilla Capacity Planning", 2007), after a start by the warm-up curve, and by faults. The
// length is settled when the work begins. One thread.

#include <cstdint>
#include <string>
#include <vector>

#include "base/prng.h"
#include "base/time.h"
#include "sim/job.h"
#include "sim/result.h"
#include "sim/scenario.h"
#include "sim/variate.h"

namespace weir::sim {

class Endpoint {
 public:
  /// `spec` must outlive it. `booted`: false for what the autoscaler may add.
  Endpoint(const EndpointGroupSpec& spec, std::string name, uint32_t zone, uint64_t seed, bool booted);

  [[nodiscard]] const EndpointGroupSpec& spec() const { return *spec_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] uint32_t zone() const { return zone_; }

  /// (Re)starts it: with a warm-up curve it is cold from now on.
  void start(Instant now) { started_at_ = now; }
  /// A place begins or ends to be used; keeps the integral of the busy places.
  void occupy(Instant now);
  void vacate(Instant now);
  void vacate_all(Instant now);
  [[nodiscard]] uint32_t busy() const { return busy_; }
  [[nodiscard]] bool has_place() const { return busy_ < spec_->concurrency; }
  /// Busy places times nanoseconds until now.
  [[nodiscard]] uint64_t busy_area(Instant now) const {
    return busy_area_ + busy_ * static_cast<uint64_t>((now - busy_since_).ns());
  }

  /// How long the work that begins now takes, pauses included. `demand`: the request's own; 0: drawn.
  Duration work(Duration demand, Instant now);
  /// Answers a health check in time, as far as its queue is concerned?
  [[nodiscard]] bool answers_within(Duration timeout, Instant now) const;

  void begin_fault(const FaultSpec& fault);
  void end_fault(const FaultSpec& fault);
  [[nodiscard]] bool dead() const { return dead_ != 0 || !booted; }
  [[nodiscard]] bool half_dead() const { return half_dead_ != 0; }
  [[nodiscard]] bool partitioned() const { return partitioned_ != 0; }
  [[nodiscard]] bool draining() const { return draining_ != 0; }
  /// Does this request meet an injected error?
  bool draws_error() { return error_percent_ != 0 && prng_.below(100) < error_percent_; }

  WaitList waiting;
  InsideList inside;  ///< every job that has arrived and not been answered
  WaitList waiting_for_pool;
  uint32_t pool_used = 0;
  bool booted = true;
  EndpointResult result;                          ///< what is counted at once; the rest is filled in at the end
  uint64_t accepted = 0, finished = 0, lost = 0;  ///< for the checker
  uint64_t measured_from = 0;                     ///< busy_area at the end of the warm-up
  uint64_t scaled_from = 0;                       ///< busy_area at the autoscaler's last look

 private:
  void account(Instant now);
  [[nodiscard]] double stretch(Instant now) const;
  [[nodiscard]] Instant end_of_work(Instant now, int64_t work_ns) const;

  const EndpointGroupSpec* spec_;
  std::string name_;
  uint32_t zone_;
  Prng prng_;
  Variate service_;
  Instant started_at_;
  Duration pause_phase_{};  ///< of the first pause
  uint32_t busy_ = 0;
  Instant busy_since_{};
  uint64_t busy_area_ = 0;
  uint32_t dead_ = 0, half_dead_ = 0, partitioned_ = 0, draining_ = 0;  ///< faults in force
  std::vector<uint32_t> slow_percents_;
  std::vector<uint32_t> error_percents_;
  uint32_t error_percent_ = 0;
};

}  // namespace weir::sim
