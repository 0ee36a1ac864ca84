#pragma once
// The judgement of active health checks: an endpoint turns healthy after `rise` successful probes in a row and
// unhealthy after `fall` failed ones. The very first probe decides at once: nobody should wait several intervals for an
// endpoint that answers, and no endpoint takes traffic before its first check. Pure; the owner runs the probes and
// keeps the time.

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace weir::balance {

enum class ProbeResult : uint8_t { ok, fail };

enum class ActiveState : uint8_t { unknown, healthy, unhealthy };
std::string_view name_of(ActiveState state);

class ActiveHealth {
 public:
  ActiveHealth(uint32_t rise, uint32_t fall) : rise_(std::max(rise, 1u)), fall_(std::max(fall, 1u)) {}

  /// On reload; what is counted so far stays.
  void set_thresholds(uint32_t rise, uint32_t fall) {
    rise_ = std::max(rise, 1u);
    fall_ = std::max(fall, 1u);
  }

  /// True when the state changed.
  bool on_probe(ProbeResult result) {
    const ActiveState wanted = result == ProbeResult::ok ? ActiveState::healthy : ActiveState::unhealthy;
    if (state_ == wanted) {
      against_ = 0;
      return false;
    }
    ++against_;
    const uint32_t needed = state_ == ActiveState::unknown ? 1 : (wanted == ActiveState::healthy ? rise_ : fall_);
    if (against_ < needed) return false;
    state_ = wanted;
    against_ = 0;
    return true;
  }

  [[nodiscard]] ActiveState state() const { return state_; }
  /// Probes in a row that contradict the present state.
  [[nodiscard]] uint32_t against() const { return against_; }

 private:
  uint32_t rise_;
  uint32_t fall_;
  uint32_t against_ = 0;
  ActiveState state_ = ActiveState::unknown;
};

}  // namespace weir::balance
