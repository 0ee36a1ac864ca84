#pragma once
// Time as values. Duration is a signed count of nanoseconds, Instant a point on a monotonic line whose origin
// means nothing. Nothing here reads a clock: only net (and the simulator) make Instants, everything below
// receives them as arguments, which is what makes the policies replayable.

#include <compare>
#include <cstdint>

namespace weir {

class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration ns(int64_t n) { return Duration(n); }
  static constexpr Duration us(int64_t n) { return Duration(n * 1'000); }
  static constexpr Duration ms(int64_t n) { return Duration(n * 1'000'000); }
  static constexpr Duration s(int64_t n) { return Duration(n * 1'000'000'000); }
  static constexpr Duration seconds(double n) { return Duration(static_cast<int64_t>(n * 1e9)); }
  static constexpr Duration max() { return Duration(INT64_MAX); }

  [[nodiscard]] constexpr int64_t ns() const { return ns_; }
  [[nodiscard]] constexpr int64_t us() const { return ns_ / 1'000; }
  [[nodiscard]] constexpr int64_t ms() const { return ns_ / 1'000'000; }
  [[nodiscard]] constexpr double seconds() const { return static_cast<double>(ns_) / 1e9; }

  constexpr auto operator<=>(const Duration&) const = default;
  constexpr Duration operator+(Duration o) const { return Duration(ns_ + o.ns_); }
  constexpr Duration operator-(Duration o) const { return Duration(ns_ - o.ns_); }
  constexpr Duration operator*(int64_t k) const { return Duration(ns_ * k); }
  constexpr Duration operator/(int64_t k) const { return Duration(ns_ / k); }

 private:
  constexpr explicit Duration(int64_t n) : ns_(n) {}
  int64_t ns_ = 0;
};

class Instant {
 public:
  constexpr Instant() = default;
  static constexpr Instant from_ns(int64_t n) { return Instant(n); }
  static constexpr Instant max() { return Instant(INT64_MAX); }
  [[nodiscard]] constexpr int64_t ns() const { return ns_; }

  constexpr auto operator<=>(const Instant&) const = default;
  constexpr Instant operator+(Duration d) const { return Instant(ns_ + d.ns()); }
  constexpr Instant operator-(Duration d) const { return Instant(ns_ - d.ns()); }
  constexpr Duration operator-(Instant o) const { return Duration::ns(ns_ - o.ns_); }

 private:
  constexpr explicit Instant(int64_t n) : ns_(n) {}
  int64_t ns_ = 0;
};

}  // namespace weir
