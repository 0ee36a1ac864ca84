#include "l7/core/split.h"

#include <xxhash.h>

#include "base/exact_math.h"
#include "proto/http/cookie.h"
#include "proto/http/query.h"

namespace weir::l7::core {

namespace {

/// Uniform in (0, 1], from the leading 53 bits: all that a double tells apart.
double unit_of(uint64_t hash) { return (static_cast<double>(hash >> 11) + 1.0) * 0x1.0p-53; }

}  // namespace

std::optional<std::string_view> sticky_value(const model::StickyKey& key, const proto::http::RequestHead& head,
                                             std::string_view client) {
  using On = model::StickyKey::On;
  std::optional<std::string_view> value;
  switch (key.on) {
    case On::none: return std::nullopt;
    case On::client_ip: value = client; break;
    case On::header:
      if (const auto* field = head.find(key.name)) value = field->value;
      break;
    case On::cookie: value = proto::http::find_cookie(head.fields, key.name); break;
    case On::query: value = proto::http::find_query_parameter(head.target, key.name); break;
  }
  if (value && value->empty()) return std::nullopt;
  return value;
}

size_t find_sticky_target(const std::vector<model::RouteTarget>& targets, std::string_view value) {
  const uint64_t client = XXH3_64bits(value.data(), value.size());
  size_t best = 0;
  double least = -1;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].weight == 0) continue;
    const std::string& name = targets[i].cluster;
    const double variate = -exact::log(unit_of(XXH3_64bits_withSeed(name.data(), name.size(), client)));
    const double time = variate / targets[i].weight;
    if (least >= 0 && time >= least) continue;
    least = time;
    best = i;
  }
  return best;
}

uint64_t sticky_draw(std::string_view value, uint64_t below) {
  constexpr uint64_t kSeed = 0x9e3779b97f4a7c15;
  return XXH3_64bits_withSeed(value.data(), value.size(), kSeed) % below;
}

}  // namespace weir::l7::core
