#include "console/console.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "l7/core/refusal.h"

namespace weir::console {

namespace {

std::string hello_json(std::string_view token) {
  return fmt::format(R"({{"token":"{}","version":"{}","heat":{{"lowest_us":{},"rows":{}}},"seconds":{}}})", token,
                     WEIR_VERSION, kHeatLowestUs, kHeatRows, History::Limits{}.seconds);
}

}  // namespace

Console::Console(net::Loop& loop, const l7::Proxy& proxy, std::string token, Recording recording)
    : loop_(loop),
      proxy_(proxy),
      token_(std::move(token)),
      recording_(std::move(recording)),
      feed_(hello_json(token_)),
      next_(loop.now() + kSecond) {
  feed_.tell(Feed::Topic::marks, marks_.json());
  loop_.arm(timer_, kSecond);
}

void Console::mark(Mark mark) {
  mark.unix_ms = clock_.unix_ms();
  marks_.add(std::move(mark));
  feed_.tell(Feed::Topic::marks, marks_.json());
  feed_.publish_told();
}

/// Nobody listened until now, perhaps: what is told first must not be old.
std::shared_ptr<http::LiveBody> Console::subscribe() {
  tell_now();
  tell_refusals();
  return feed_.subscribe();
}

void Console::refresh() {
  if (feed_.subscribers() == 0) return;
  tell_now();
  feed_.publish_told();
}

void Console::on_second() {
  const Instant now = loop_.now();
  // On the beat of the first one, so that a busy loop does not stretch the seconds; what was missed is not made up for.
  next_ = std::max(next_ + kSecond, now + kSecond / 2);
  loop_.arm(timer_, next_ - now);
  const Second second = sampler_.take(proxy_, now, clock_.unix_ms());
  if (seconds_++ % kSecondsPerEstimate == 0) estimate();
  if (feed_.subscribers() != 0) {
    tell_now();
    tell_refusals();
  }
  feed_.publish(tick_json(second));
}

void Console::estimate() {
  headroom_.clear();
  for (const auto& each : proxy_.snapshot().clusters) {
    if (const auto* estimator = sampler_.headroom(each->name())) headroom_[each->name()] = estimator->estimate();
  }
}

void Console::tell_now() {
  for (auto& [cluster, headroom] : headroom_) {
    if (const auto* estimator = sampler_.headroom(cluster)) headroom.rate = estimator->rate();
  }
  feed_.tell(Feed::Topic::now, now_json(proxy_, epoch(), headroom_, recording_()));
}

void Console::tell_refusals() {
  uint64_t total = 0;
  for (const auto& worker : proxy_.workers()) total += worker->refusals().total();
  if (std::exchange(refusals_told_, total) == total) return;
  std::vector<l7::RefusalEntry> entries;
  std::map<std::string_view, uint64_t> by_rule;
  for (const auto& worker : proxy_.workers()) {
    worker->refusals().read(entries);
    const l7::WorkerMetrics& metrics = worker->metrics();
    for (size_t i = 1; i < l7::core::kRules; ++i) {
      by_rule[name_of(static_cast<l7::core::Rule>(i))] += metrics.refusals[i].value();
    }
    by_rule["bad_request"] += metrics.bad_requests.value();
  }
  feed_.tell(Feed::Topic::refusals, refusals_json(std::move(entries), epoch(), kRefusals, by_rule));
}

}  // namespace weir::console
