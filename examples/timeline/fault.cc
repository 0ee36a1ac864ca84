#include "examples/timeline/fault.h"

#include <fmt/format.h>

#include "examples/timeline/flat_json.h"

namespace weir::timeline {

namespace {

constexpr uint64_t kDelayMsMax = 600'000;
constexpr uint64_t kRateMax = 1'000'000'000;

bool read_up_to(const FlatJson::Value& value, uint64_t max, uint64_t& out) {
  const int64_t* number = std::get_if<int64_t>(&value);
  if (number == nullptr || *number < 0 || static_cast<uint64_t>(*number) > max) return false;
  out = static_cast<uint64_t>(*number);
  return true;
}

bool read_flag(const FlatJson::Value& value, bool& out) {
  const bool* flag = std::get_if<bool>(&value);
  if (flag == nullptr) return false;
  out = *flag;
  return true;
}

bool read_field(std::string_view name, const FlatJson::Value& value, Fault& fault) {
  if (name == "delay_ms") {
    uint64_t delay_ms = 0;
    if (!read_up_to(value, kDelayMsMax, delay_ms)) return false;
    fault.delay = Duration::ms(static_cast<int64_t>(delay_ms));
    return true;
  }
  if (name == "error_percent") return read_up_to(value, 100, fault.error_percent);
  if (name == "half_dead") return read_flag(value, fault.half_dead);
  if (name == "slow_body_bps") return read_up_to(value, kRateMax, fault.slow_body_bps);
  if (name == "spare_health") return read_flag(value, fault.spare_health);
  return false;
}

}  // namespace

std::optional<Fault> Fault::parse(std::string_view json) {
  const auto object = FlatJson::parse(json);
  if (!object) return std::nullopt;
  Fault fault;
  for (const auto& field : object->fields()) {
    if (!read_field(field.first, field.second, fault)) return std::nullopt;
  }
  return fault;
}

std::string Fault::to_json() const {
  return fmt::format(R"({{"delay_ms":{},"error_percent":{},"half_dead":{},"slow_body_bps":{},"spare_health":{}}})",
                     delay.ms(), error_percent, half_dead, slow_body_bps, spare_health);
}

Effect effect_on(const Fault& fault, std::string_view path, Prng& prng) {
  if (fault.spare_health && (path == "/healthz" || path == "/readyz")) return {};
  return Effect{.delay = fault.delay,
                .error = prng.below(100) < fault.error_percent,
                .never = fault.half_dead,
                .body_bytes_per_second = fault.slow_body_bps};
}

}  // namespace weir::timeline
