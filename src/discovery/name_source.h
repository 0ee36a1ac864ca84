#pragma once
// The addresses of one host name, asked for again when their time to live is over.
//
// Thread rule: the loop's thread.

#include <memory>
#include <string>
#include <vector>

#include "base/prng.h"
#include "discovery/resolver.h"
#include "discovery/schedule.h"
#include "discovery/source.h"
#include "net/loop.h"

namespace weir::discovery {

class NameSource final : public Source {
 public:
  /// The first question goes out after `delay`. `prng` must outlive the source.
  NameSource(net::Loop& loop, std::shared_ptr<Resolver> resolver, std::string host, const model::ResolveConfig& config,
             Duration delay, Prng& prng, std::function<void(const Source&)> changed);

  [[nodiscard]] std::vector<model::EndpointConfig> endpoints(const model::EndpointConfig& entry) const override {
    return endpoints_of(addresses_, entry);
  }

 private:
  void ask();
  void on_round(const Round& round);

  net::Loop& loop_;
  std::shared_ptr<Resolver> resolver_;  ///< shared by all sources that ask the same servers
  Prng& prng_;
  Schedule schedule_;
  Addresses addresses_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  ///< what outlives us must not answer us
  net::Timer timer_ = net::Timer::bind<&NameSource::ask>(this);
};

}  // namespace weir::discovery
