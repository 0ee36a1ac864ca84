#include "discovery/discovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "discovery/file_source.h"
#include "discovery/name_source.h"
#include "discovery/schedule.h"
#include "discovery/service_source.h"
#include "model/endpoints_file.h"

namespace weir::discovery {

namespace {

std::string servers_text(const model::ResolveConfig& config) {
  std::string text = fmt::format("{}", config.timeout.ns());
  for (const model::Address& each : config.servers) text += " " + each.text();
  return text;
}

/// Sources with the same key find the same.
std::string key_of(const model::EndpointConfig& entry, const model::ResolveConfig& config, const std::string& path) {
  const std::string rules =
      fmt::format("{} {} {} {} {} {}", static_cast<int>(config.family), config.min_ttl.ns(), config.max_ttl.ns(),
                  config.keep_on_empty, config.max_endpoints, servers_text(config));
  if (!entry.file.empty()) return fmt::format("file {}\n{}", path, rules);
  if (!entry.srv.empty()) return fmt::format("srv {}\n{}", entry.srv, rules);
  return fmt::format("dns {}\n{}", entry.address.host, rules);
}

}  // namespace

Discovery::Discovery(net::Loop& loop, uint64_t seed, Changed changed)
    : loop_(loop), prng_(seed), changed_(std::move(changed)) {}

Discovery::~Discovery() {
  clusters_.clear();
  sources_.clear();  // before what they use
}

void Discovery::follow(const model::Config& config) {
  Sources old = std::exchange(sources_, {});
  std::map<std::string, Followed> before = std::exchange(clusters_, {});
  made_ = 0;
  patience_ = {};
  for (const model::ClusterConfig& cluster : config.clusters) {
    if (!cluster.is_discovered()) continue;
    Followed followed;
    // What is found during this call is used by the caller at once; what comes right after waits its second.
    const auto known = before.find(cluster.name);
    if (known != before.end()) followed.told = known->second.told;
    for (const model::EndpointConfig& entry : cluster.endpoints) {
      const Source* source = entry.is_source() ? source_of(entry, cluster, config.path, old) : nullptr;
      followed.entries.emplace_back(entry, source);
    }
    clusters_.emplace(cluster.name, std::move(followed));
    patience_ = std::max(patience_, cluster.resolve.timeout * 2);
  }
}

const Source* Discovery::source_of(const model::EndpointConfig& entry, const model::ClusterConfig& cluster,
                                   const std::string& config_path, Sources& old) {
  const std::string path = entry.file.empty() ? std::string() : model::endpoints_path(config_path, entry.file);
  std::string key = key_of(entry, cluster.resolve, path);
  const auto here = sources_.find(key);
  if (here != sources_.end()) return here->second.get();
  const auto kept = old.find(key);
  std::unique_ptr<Source> source = kept != old.end() ? std::move(kept->second) : make(entry, cluster.resolve, path);
  if (kept != old.end()) old.erase(kept);
  return sources_.emplace(std::move(key), std::move(source)).first->second.get();
}

std::unique_ptr<Source> Discovery::make(const model::EndpointConfig& entry, const model::ResolveConfig& config,
                                        const std::string& path) {
  const auto changed = [this](const Source& source) { on_change(source); };
  if (!entry.file.empty()) {
    if (!files_) files_ = std::make_unique<FileWatch>(loop_);
    return std::make_unique<FileSource>(loop_, *files_, path, config, changed);
  }
  const Duration delay = Schedule::first(made_++);
  if (!entry.srv.empty()) {
    return std::make_unique<ServiceSource>(loop_, resolver_for(config), entry.srv, config, delay, prng_, changed);
  }
  return std::make_unique<NameSource>(loop_, resolver_for(config), entry.address.host, config, delay, prng_, changed);
}

std::shared_ptr<Resolver> Discovery::resolver_for(const model::ResolveConfig& config) {
  auto& known = resolvers_[servers_text(config)];
  if (auto resolver = known.lock()) return resolver;
  auto resolver =
      std::make_shared<Resolver>(loop_, Resolver::Options{.servers = config.servers, .timeout = config.timeout});
  known = resolver;
  return resolver;
}

std::vector<model::EndpointConfig> Discovery::endpoints(const model::ClusterConfig& cluster) const {
  std::vector<model::EndpointConfig> out;
  std::unordered_set<std::string> there;
  const auto add = [&](const model::EndpointConfig& endpoint) {
    if (there.insert(endpoint.address.text()).second) out.push_back(endpoint);
  };
  const auto followed = clusters_.find(cluster.name);
  if (followed == clusters_.end()) {
    for (const auto& each : cluster.endpoints) {
      if (!each.is_source()) add(each);
    }
    return out;
  }
  for (const auto& [entry, source] : followed->second.entries) {
    if (source == nullptr) {
      add(entry);
      continue;
    }
    for (const auto& each : source->endpoints(entry)) add(each);
  }
  return out;
}

std::vector<const SourceStatus*> Discovery::sources(const std::string& cluster) const {
  std::vector<const SourceStatus*> out;
  const auto followed = clusters_.find(cluster);
  if (followed == clusters_.end()) return out;
  for (const auto& [entry, source] : followed->second.entries) {
    const bool listed = source == nullptr || std::find(out.begin(), out.end(), &source->status()) != out.end();
    if (!listed) out.push_back(&source->status());
  }
  return out;
}

bool Discovery::settled() const {
  const bool told = std::none_of(clusters_.begin(), clusters_.end(), [](const auto& entry) {
    return entry.second.dirty && entry.second.told == Instant{};
  });
  return told &&
         std::all_of(sources_.begin(), sources_.end(), [](const auto& entry) { return entry.second->status().asked; });
}

void Discovery::on_change(const Source& source) {
  for (auto& [name, followed] : clusters_) {
    for (const auto& [entry, its] : followed.entries) followed.dirty = followed.dirty || its == &source;
  }
  arm();
}

/// At the first moment at which one of the changed clusters may change again.
void Discovery::arm() {
  Instant first = Instant::max();
  for (const auto& [name, followed] : clusters_) {
    if (followed.dirty) first = std::min(first, followed.told == Instant{} ? loop_.now() : followed.told + kApart);
  }
  if (first == Instant::max()) return;
  if (timer_.armed() && timer_.due() <= first + Duration::ms(1)) return;  // a stream of changes must not put it off
  loop_.arm(timer_, std::max(first - loop_.now(), Duration{}));
}

void Discovery::on_timer() {
  const Instant now = loop_.now();
  std::vector<std::string> names;
  for (auto& [name, followed] : clusters_) {
    if (!followed.dirty || (followed.told != Instant{} && now - followed.told < kApart)) continue;
    followed.dirty = false;
    followed.told = now;
    names.push_back(name);
  }
  arm();
  if (!names.empty()) changed_(names);
}

}  // namespace weir::discovery
