#pragma once
// Faults on request, for drills: the instance misbehaves in one of the ways that instances do. Set as a whole, shown
// and cleared through the fault port; what a given request suffers is decided purely, chance being an argument.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/prng.h"
#include "base/time.h"

namespace weir::timeline {

struct Fault {
  Duration delay{};            ///< added before every answer
  uint64_t error_percent = 0;  ///< of requests answered with 500, 0..100
  bool half_dead = false;      ///< accepts and reads, never answers
  uint64_t slow_body_bps = 0;  ///< bytes of body per second, 0: as fast as it goes
  bool spare_health = false;   ///< /healthz and /readyz stay truthful: the failure that active checks miss

  /// A flat object with any of delay_ms, error_percent, half_dead, slow_body_bps, spare_health. Nothing when a field is
  /// unknown, of the wrong type or out of range: a drill with a typing error must not look like a drill that found
  /// nothing.
  static std::optional<Fault> parse(std::string_view json);
  [[nodiscard]] std::string to_json() const;
};

struct Effect {
  Duration delay{};
  bool error = false;
  bool never = false;
  uint64_t body_bytes_per_second = 0;
};

Effect effect_on(const Fault& fault, std::string_view path, Prng& prng);

}  // namespace weir::timeline
