#pragma once
// The hosts, ports, weights and priorities that SRV records give for a service (RFC 2782), and the addresses of those
// hosts. Asked for again as a whole when the shortest time to live among them is over. A host whose addresses cannot be
// found keeps those it had.
//
// Thread rule: the loop's thread.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/prng.h"
#include "discovery/resolver.h"
#include "discovery/schedule.h"
#include "discovery/source.h"
#include "net/loop.h"

namespace weir::discovery {

class ServiceSource final : public Source {
 public:
  ServiceSource(net::Loop& loop, std::shared_ptr<Resolver> resolver, std::string name,
                const model::ResolveConfig& config, Duration delay, Prng& prng,
                std::function<void(const Source&)> changed);

  [[nodiscard]] std::vector<model::EndpointConfig> endpoints(const model::EndpointConfig& entry) const override;

 private:
  /// One pass over the service and its hosts.
  struct Pass {
    ServiceAnswer service;
    std::map<std::string, Addresses> hosts;
    size_t open = 0;  ///< hosts whose answer is outstanding
    Duration ttl{};
    std::string problem;
  };

  void ask();
  void on_service(const ServiceAnswer& answer);
  void on_host(Pass& pass, const std::string& host, const Round& round);
  void finish(Pass& pass);

  net::Loop& loop_;
  std::shared_ptr<Resolver> resolver_;
  Prng& prng_;
  Schedule schedule_;
  std::vector<ServiceRecord> records_;
  std::map<std::string, Addresses> hosts_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  net::Timer timer_ = net::Timer::bind<&ServiceSource::ask>(this);
};

}  // namespace weir::discovery
