#pragma once
// A recording of the live proxy, from beginning to file: tells the workers to begin, gathers what they have when it is
// over, and keeps it for whoever fetches it. One at a time.
//
//   recording.begin({.length = Duration::s(10), .cluster = "app"});
//   ...  recording.phase() == Phase::ready  ...  recording.csv()    // sim/recording.h says what is in it
//
// A request that arrived in time may end up to a second late and is still recorded; slower ones are missing. A
// recording that was not fetched is given up after five minutes, because it may be large.
//
// Thread rule: the control loop's thread; with the workers it speaks by Loop::post only.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "l7/proxy.h"
#include "l7/recorder.h"
#include "net/loop.h"
#include "sim/recording.h"

namespace weir::app {

class LiveRecording {
 public:
  enum class Phase : uint8_t { none, recording, ready };
  struct Plan {
    Duration length{};
    std::string cluster{};             ///< empty: all
    Duration linger = Duration::s(1);  ///< for the answers to what arrived in time
    Duration keep = Duration::s(300);  ///< once it is ready
  };

  LiveRecording(net::Loop& loop, l7::Proxy& proxy) : loop_(loop), proxy_(proxy) {}

  /// Not while one is under way. A former one is gone.
  void begin(const Plan& plan);
  [[nodiscard]] Phase phase() const { return phase_; }
  /// While recording: until it is ready, at the earliest.
  [[nodiscard]] Duration left() const;
  /// Once it is ready.
  [[nodiscard]] const std::string& csv() const { return csv_; }

  /// Requests remembered by the whole process: at some hundred bytes each, and as much again as text.
  static constexpr size_t kMaxRequests = 200'000;

 private:
  void on_timer();
  void collect();
  void take(uint64_t number, l7::Records records);
  void finish();

  net::Loop& loop_;
  l7::Proxy& proxy_;
  net::Timer timer_ = net::Timer::bind<&LiveRecording::on_timer>(this);
  /// What a worker posts back may arrive when we are gone: it looks here first.
  std::shared_ptr<LiveRecording*> self_ = std::make_shared<LiveRecording*>(this);
  Phase phase_ = Phase::none;
  Plan plan_;
  uint64_t number_ = 0;
  Instant begun_{};
  std::string started_;
  size_t missing_ = 0;  ///< workers that have not handed over yet
  std::vector<l7::Records> gathered_;
  std::string csv_;
};

/// In the names of the configurations that the requests ran under; pure.
sim::Recording recording_of(const std::vector<l7::Records>& gathered, Instant begun);

}  // namespace weir::app
