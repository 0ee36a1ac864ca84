#pragma once
// The live console's server side: once a second it looks at the proxy, remembers the second for a quarter of an hour,
// and tells everybody who listens. The page that draws it is in console/, and is served from assets.h.
//
//   Console console(loop, proxy, token, [] { return RecordingState{...}; });
//   response.live = console.subscribe();      // GET /events; null: too many listen already
//   console.mark(mark);                       // POST /marks
//
// Thread rule: the control loop's thread. Must outlive the server that holds subscribers.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "console/feed.h"
#include "console/frames.h"
#include "console/marks.h"
#include "console/sampler.h"
#include "l7/proxy.h"
#include "net/loop.h"
#include "net/wall_clock.h"

namespace weir::console {

class Console {
 public:
  using Recording = std::function<RecordingState()>;
  static constexpr size_t kRefusals = 50;

  /// `token`: what a browser must send with a change (guard.h).
  Console(net::Loop& loop, const l7::Proxy& proxy, std::string token, Recording recording);

  /// Null: too many listen already.
  std::shared_ptr<http::LiveBody> subscribe();
  /// Another process answers from now on.
  void dismiss_all() { feed_.dismiss_all(); }
  [[nodiscard]] const std::string& token() const { return token_; }
  [[nodiscard]] const Marks& marks() const { return marks_; }
  /// With the time of now. Those who listen are told at once.
  void mark(Mark mark);
  /// Something was changed by a request: whoever asked for it wants to see it before the second is over.
  void refresh();

 private:
  void on_second();
  void tell_now();
  void tell_refusals();
  void estimate();
  [[nodiscard]] Epoch epoch() { return {.now = loop_.now(), .unix_ms = clock_.unix_ms()}; }

  static constexpr Duration kSecond = Duration::s(1);
  static constexpr uint64_t kSecondsPerEstimate = 5;

  net::Loop& loop_;
  const l7::Proxy& proxy_;
  std::string token_;
  Recording recording_;
  net::WallClock clock_;
  Sampler sampler_;
  Feed feed_;
  Marks marks_;
  HeadroomOf headroom_;
  uint64_t refusals_told_ = UINT64_MAX;
  uint64_t seconds_ = 0;
  Instant next_{};
  net::Timer timer_ = net::Timer::bind<&Console::on_second>(this);
};

}  // namespace weir::console
