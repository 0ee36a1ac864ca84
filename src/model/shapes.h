#pragma once
// Short spellings for the schema's tables; included by schema*.cc only.

#include "model/schema.h"

namespace weir::model {

constexpr Shape boolean() { return {.type = Type::boolean}; }
constexpr Shape count(uint64_t min, uint64_t max) { return {.type = Type::count, .min = min, .max = max}; }
constexpr Shape percent(uint64_t min, uint64_t max) { return {.type = Type::percent, .min = min, .max = max}; }
constexpr Shape bytes(uint64_t min, uint64_t max) { return {.type = Type::bytes, .min = min, .max = max}; }
constexpr Shape text(uint64_t min, uint64_t max) { return {.type = Type::text, .min = min, .max = max}; }
constexpr Shape name(uint64_t min = 1) { return {.type = Type::name, .min = min, .max = 64}; }
constexpr Shape host() { return {.type = Type::host, .min = 1, .max = 253}; }
constexpr Shape choice(std::span<const std::string_view> choices) { return {.type = Type::choice, .choices = choices}; }
constexpr Shape address(uint64_t port_min) { return {.type = Type::address, .min = port_min, .max = 65535}; }
constexpr Shape duration(Duration min, Duration max) {
  return {.type = Type::duration, .min = static_cast<uint64_t>(min.ns()), .max = static_cast<uint64_t>(max.ns())};
}
constexpr Shape structure(std::string_view form) { return {.type = Type::structure, .form = form}; }

/// A setting that is read by hand into more than one member.
template <class Owner>
Setting<Owner> custom(std::string_view name, Shape shape, std::string_view doc, std::string_view reason,
                      Value (*get)(const Owner&), void (*set)(Owner&, const Value&)) {
  return {{name, shape, doc, reason}, get, set};
}

template <class Owner>
Setting<Owner> structured(std::string_view name, Shape shape, std::string_view doc, std::string_view reason) {
  return {{name, shape, doc, reason}, nullptr, nullptr};
}

/// A name that is kept for a later version, so that using it is answered with more than "unknown".
template <class Owner>
Setting<Owner> later(std::string_view name, std::string_view doc) {
  return {{name, Shape{.type = Type::later}, doc, ""}, nullptr, nullptr};
}

}  // namespace weir::model
