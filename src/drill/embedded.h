#pragma once
// The drills of drills/, as they were when Weir was built: `weir drill NAME` works anywhere. Any thread.

#include <span>
#include <string_view>

namespace weir::drill {

struct EmbeddedDrill {
  std::string_view name;  ///< "kill-instance"
  std::string_view text;
};

std::span<const EmbeddedDrill> embedded_drills();

}  // namespace weir::drill
