#include "model/config.h"

#include <algorithm>

namespace weir::model {

std::string Address::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool Address::is_name() const {
  // A numeric IPv6 address has a colon, a numeric IPv4 address ends with a digit and has no letter (config_reader made
  // sure that nothing else gets here).
  if (host == "localhost" || host.find(':') != std::string::npos) return false;
  return std::any_of(host.begin(), host.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

bool ClusterConfig::is_discovered() const {
  return std::any_of(endpoints.begin(), endpoints.end(), [](const EndpointConfig& each) { return each.is_source(); });
}

const ClusterConfig* Config::cluster(std::string_view name) const {
  const auto found =
      std::find_if(clusters.begin(), clusters.end(), [&](const ClusterConfig& each) { return each.name == name; });
  return found == clusters.end() ? nullptr : &*found;
}

}  // namespace weir::model
