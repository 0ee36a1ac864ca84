#include "model/config.h"

#include <algorithm>

namespace weir::model {

std::string Address::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

const ClusterConfig* Config::cluster(std::string_view name) const {
  const auto found =
      std::find_if(clusters.begin(), clusters.end(), [&](const ClusterConfig& each) { return each.name == name; });
  return found == clusters.end() ? nullptr : &*found;
}

}  // namespace weir::model
