#pragma once
// Fault proxies on a thread of their own, for callers that wait and sleep: each call is carried out on that thread and
// returns when it is done. Destroying the host closes every connection. Thread rule: any thread.

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "drill/fault_proxy.h"

namespace weir::drill {

class ProxyHost {
 public:
  static Result<std::unique_ptr<ProxyHost>, std::string> create();
  ~ProxyHost();
  ProxyHost(const ProxyHost&) = delete;
  ProxyHost& operator=(const ProxyHost&) = delete;

  /// The index by which the other calls name it. An error is a sentence.
  Result<size_t, std::string> add(const net::SocketAddress& listen, const net::SocketAddress& to, uint64_t seed);
  [[nodiscard]] net::SocketAddress address_of(size_t proxy);
  void set_faults(size_t proxy, const ProxyFaults& faults);
  [[nodiscard]] ProxyCounters counters(size_t proxy);
  void remove_all();
  /// Runs `task` on the thread and waits for its end.
  void on_thread(const std::function<void(net::Loop& loop)>& task);

 private:
  explicit ProxyHost(std::unique_ptr<net::Loop> loop) : loop_(std::move(loop)) {}

  std::unique_ptr<net::Loop> loop_;
  std::vector<std::unique_ptr<FaultProxy>> proxies_;  ///< of the thread
  std::thread thread_;
};

}  // namespace weir::drill
