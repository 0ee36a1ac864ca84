#include "upstream/endpoint.h"

#include <algorithm>
#include <utility>

namespace weir::upstream {

Endpoint::Endpoint(const model::EndpointConfig& endpoint_config, const net::SocketAddress& socket_address,
                   Duration window, uint32_t max_connections)
    : name(endpoint_config.address.text()),
      address(socket_address),
      member(name, window),
      connections(max_connections),
      config(endpoint_config) {
  for (auto& cell : oldest_) cell.store(Instant::max().ns(), std::memory_order_relaxed);
}

Endpoint::~Endpoint() {
  for (auto& cell : latencies_) delete cell.load(std::memory_order_relaxed);
}

Histogram& Endpoint::latency(size_t worker) {
  Histogram* histogram = latencies_[worker].load(std::memory_order_relaxed);
  if (histogram == nullptr) {
    histogram = new Histogram;
    latencies_[worker].store(histogram, std::memory_order_release);
  }
  return *histogram;
}

void Endpoint::merge_latencies(Histogram& into) const {
  for (const auto& cell : latencies_) {
    if (const Histogram* histogram = cell.load(std::memory_order_acquire)) into.merge(*histogram);
  }
}

void Endpoint::give_spare(SpareConnection spare) {
  const std::lock_guard lock(spare_mutex_);
  if (spare_.size() >= kMaxSpares) {
    connections.release();  // the oldest idea of a spare is as good as a new one: this one is closed
    return;
  }
  spare_.push_back(std::move(spare));
  spare_count_.store(spare_.size(), std::memory_order_relaxed);
}

void Endpoint::drop_spares(Instant idle_before) {
  if (spares() == 0) return;
  const std::lock_guard lock(spare_mutex_);
  const size_t dropped =
      std::erase_if(spare_, [&](const SpareConnection& spare) { return spare.idle_since < idle_before; });
  for (size_t i = 0; i < dropped; ++i) connections.release();
  spare_count_.store(spare_.size(), std::memory_order_relaxed);
}

SpareConnection Endpoint::take_spare() {
  if (spares() == 0) return {};
  const std::lock_guard lock(spare_mutex_);
  if (spare_.empty()) return {};
  SpareConnection taken = std::move(spare_.back());
  spare_.pop_back();
  spare_count_.store(spare_.size(), std::memory_order_relaxed);
  return taken;
}

Instant Endpoint::oldest() const {
  int64_t oldest = Instant::max().ns();
  for (const auto& cell : oldest_) oldest = std::min(oldest, cell.load(std::memory_order_relaxed));
  return Instant::from_ns(oldest);
}

void Endpoint::remember(Instant at, std::string what) {
  auto next = changes ? std::make_shared<std::vector<StandingChange>>(*changes)
                      : std::make_shared<std::vector<StandingChange>>();
  if (next->size() == kRememberedChanges) next->erase(next->begin());
  next->push_back({.at = at, .what = std::move(what)});
  changes = std::move(next);
}

}  // namespace weir::upstream
