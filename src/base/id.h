#pragma once
// Strong integer ids: an EndpointId is not a ZoneId and is not a number one adds to.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace weir {

template <class Tag, class Rep = uint32_t>
struct Id {
  Rep v{};
  auto operator<=>(const Id&) const = default;
};

}  // namespace weir

template <class Tag, class Rep>
struct std::hash<weir::Id<Tag, Rep>> {
  size_t operator()(const weir::Id<Tag, Rep>& id) const noexcept { return std::hash<Rep>{}(id.v); }
};
