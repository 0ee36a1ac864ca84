#pragma once
// Result<T>: a value or an Error. Functions that can fail return it; nothing of ours throws.

#include <tl/expected.hpp>
#include <utility>

#include "base/error.h"

namespace weir {

template <class T, class E = Error>
using Result = tl::expected<T, E>;

template <class E>
auto fail(E error) {
  return tl::unexpected<E>(std::move(error));
}

}  // namespace weir
