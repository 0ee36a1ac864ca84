#pragma once
// The endpoints of a configuration that are not written as numeric addresses: found, kept up to date, and told to
// whoever puts them in force, for each cluster at most once a second. Sources are shared by clusters that name the
// same, and one that a reload still names keeps what it knows.
//
//   Discovery discovery(loop, seed, [&](const auto& clusters) { put_in_force(clusters); });
//   discovery.follow(config);
//   cluster.endpoints = discovery.endpoints(config.clusters[0]);
//
// Thread rule: the control loop's thread.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/prng.h"
#include "discovery/file_watch.h"
#include "discovery/resolver.h"
#include "discovery/source.h"
#include "model/config.h"
#include "net/loop.h"

namespace weir::discovery {

class Discovery {
 public:
  /// Called from a timer, never from within a call to us: these clusters' endpoints have changed.
  using Changed = std::function<void(const std::vector<std::string>& clusters)>;

  Discovery(net::Loop& loop, uint64_t seed, Changed changed);
  ~Discovery();
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  /// The sources of this configuration from now on, and no others. Files are read before it returns, names are not.
  void follow(const model::Config& config);

  /// What is known now: addresses are numeric, and each is there once (the first to name it counts). Of a cluster that
  /// is not followed, those that are written.
  [[nodiscard]] std::vector<model::EndpointConfig> endpoints(const model::ClusterConfig& cluster) const;

  /// The sources of a cluster, in the order in which it names them.
  [[nodiscard]] std::vector<const SourceStatus*> sources(const std::string& cluster) const;

  /// Did every source have an outcome, of whatever kind, and was the first of each cluster told?
  [[nodiscard]] bool settled() const;

  /// The longest that a name's first answer may take, before nobody waits for it any more.
  [[nodiscard]] Duration patience() const { return patience_; }

 private:
  static constexpr Duration kApart = Duration::s(1);

  struct Followed {
    std::vector<std::pair<model::EndpointConfig, const Source*>> entries;  ///< null: a numeric address
    Instant told{};
    bool dirty = false;
  };
  using Sources = std::map<std::string, std::unique_ptr<Source>>;

  /// The source of an entry: taken from `old` if it is there, or made.
  const Source* source_of(const model::EndpointConfig& entry, const model::ClusterConfig& cluster,
                          const std::string& config_path, Sources& old);
  std::unique_ptr<Source> make(const model::EndpointConfig& entry, const model::ResolveConfig& config,
                               const std::string& path);
  std::shared_ptr<Resolver> resolver_for(const model::ResolveConfig& config);
  void on_change(const Source& source);
  void on_timer();
  void arm();

  net::Loop& loop_;
  Prng prng_;
  Changed changed_;
  std::map<std::string, std::weak_ptr<Resolver>> resolvers_;  ///< by what they ask
  std::unique_ptr<FileWatch> files_;                          ///< made with the first file
  Sources sources_;                                           ///< by all that distinguishes them
  std::map<std::string, Followed> clusters_;
  size_t made_ = 0;  ///< sources made by the call of follow() under way
  Duration patience_{};
  net::Timer timer_ = net::Timer::bind<&Discovery::on_timer>(this);
};

}  // namespace weir::discovery
