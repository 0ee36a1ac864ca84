#include "drill/proxy_host.h"

#include <fmt/format.h>

#include <cstring>
#include <future>
#include <utility>

namespace weir::drill {

Result<std::unique_ptr<ProxyHost>, std::string> ProxyHost::create() {
  auto loop = net::Loop::create();
  if (!loop) return fail(std::string(text_of(loop.error().code)));
  std::unique_ptr<ProxyHost> host(new ProxyHost(std::move(*loop)));
  host->thread_ = std::thread([&running = *host->loop_] { running.run(); });
  return host;
}

ProxyHost::~ProxyHost() {
  remove_all();
  loop_->stop();
  thread_.join();
}

void ProxyHost::on_thread(const std::function<void(net::Loop& loop)>& task) {
  std::promise<void> done;
  loop_->post([&] {
    task(*loop_);
    done.set_value();
  });
  done.get_future().wait();
}

Result<size_t, std::string> ProxyHost::add(const net::SocketAddress& listen, const net::SocketAddress& to,
                                           uint64_t seed) {
  Result<size_t, std::string> added = fail(std::string());
  on_thread([&](net::Loop& loop) {
    auto proxy = FaultProxy::create(loop, listen, to, seed);
    if (!proxy) {
      const Error& error = proxy.error();
      added = fail(fmt::format("a fault proxy cannot listen on {}: {}", listen.text(),
                               error.os_error == 0 ? text_of(error.code) : std::strerror(error.os_error)));
      return;
    }
    proxies_.push_back(std::move(*proxy));
    added = proxies_.size() - 1;
  });
  return added;
}

net::SocketAddress ProxyHost::address_of(size_t proxy) {
  net::SocketAddress address;
  on_thread([&](net::Loop&) { address = proxies_[proxy]->local_address(); });
  return address;
}

void ProxyHost::set_faults(size_t proxy, const ProxyFaults& faults) {
  on_thread([&](net::Loop&) { proxies_[proxy]->set_faults(faults); });
}

ProxyCounters ProxyHost::counters(size_t proxy) {
  ProxyCounters counters;
  on_thread([&](net::Loop&) { counters = proxies_[proxy]->counters(); });
  return counters;
}

void ProxyHost::remove_all() {
  on_thread([&](net::Loop&) { proxies_.clear(); });
}

}  // namespace weir::drill
