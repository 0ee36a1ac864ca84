#pragma once
// The one definition of every setting: its name, shape, documentation, the reason for its default, and the member of
// model/config.h it sets. From this table come the reader (config_reader.h), `weir show` (show.h),
// docs/configuration.md (docs_page.h) and the "did you mean" of every message. The default itself is the member's
// initialiser in config.h, read through the table, so that the two cannot drift apart.
//
// A Section is what may stand in one kind of map (a cluster, a route...). A dot in a setting's name is one map deeper:
// "limits.field" of a listener is written  limits: {field: 16KiB}.
//
// Adding a setting: a member with its default in config.h, one entry here, and WEIR_REGENERATE_DOCS=1 model_test.
// Tables are built once, on first use, and never change: any thread.

#include <concepts>
#include <string_view>
#include <type_traits>
#include <vector>

#include "model/value.h"

namespace weir::model {

struct SettingInfo {
  std::string_view name;
  Shape shape;
  std::string_view doc;
  std::string_view reason;  ///< why this default; for a required setting or a structure, what to know

  /// "field" of "limits.field".
  [[nodiscard]] std::string_view leaf() const { return name.substr(name.rfind('.') + 1); }
  /// A scalar with a member behind it (not a structure, not a setting of a later version).
  [[nodiscard]] bool is_value() const { return shape.type != Type::structure && shape.type != Type::later; }
};

/// `get` and `set` are null exactly when !is_value().
template <class Owner>
struct Setting {
  SettingInfo info;
  Value (*get)(const Owner&) = nullptr;
  void (*set)(Owner&, const Value&) = nullptr;
};

/// A map inside a section. With an off form, `outlier_detection: off` stands for {enabled: false}.
struct Group {
  std::string_view name;
  std::string_view doc;
  std::string_view off_setting{};
  std::string_view off_text{};
};

template <class Owner>
struct Section {
  std::string_view title;
  std::string_view path;  ///< where it stands, for the documentation: "clusters.NAME"
  std::string_view doc;
  std::vector<Group> groups;
  std::vector<Setting<Owner>> settings;

  [[nodiscard]] const Setting<Owner>* find(std::string_view name) const {
    for (const auto& each : settings) {
      if (each.info.name == name) return &each;
    }
    return nullptr;
  }
};

template <class Owner>
const Section<Owner>& section();
template <>
const Section<Config>& section<Config>();
template <>
const Section<ListenerConfig>& section<ListenerConfig>();
template <>
const Section<TlsConfig>& section<TlsConfig>();
template <>
const Section<CertificateConfig>& section<CertificateConfig>();
template <>
const Section<RouteConfig>& section<RouteConfig>();
template <>
const Section<ClusterConfig>& section<ClusterConfig>();
template <>
const Section<EndpointConfig>& section<EndpointConfig>();
template <>
const Section<ResolveConfig>& section<ResolveConfig>();
template <>
const Section<HealthCheckConfig>& section<HealthCheckConfig>();
template <>
const Section<UpstreamTlsConfig>& section<UpstreamTlsConfig>();
template <>
const Section<FixedResponse>& section<FixedResponse>();
template <>
const Section<StickyConfig>& section<StickyConfig>();
template <>
const Section<MirrorConfig>& section<MirrorConfig>();
template <>
const Section<SwitchConfig>& section<SwitchConfig>();

/// Those of a listener that concern TLS (schema_tls.cc).
std::vector<Setting<ListenerConfig>> tls_settings();

/// The shape of a route's share in `to: {a: 95, b: 5}` and of a cluster's name: values that have no member of their
/// own.
extern const Shape kShareShape;
extern const Shape kClusterNameShape;

// ------------------------------------------------------------------------------- from members to entries

template <class Member>
Value to_value(const Member& member) {
  if constexpr (std::same_as<Member, bool> || std::same_as<Member, Duration> || std::same_as<Member, std::string>) {
    return Value{member};
  } else if constexpr (std::same_as<Member, Address> || std::same_as<Member, std::optional<Address>>) {
    return Value{std::optional<Address>{member}};
  } else {
    return Value{static_cast<uint64_t>(member)};
  }
}

template <class Member>
void from_value(Member& member, const Value& value) {
  if constexpr (std::same_as<Member, bool> || std::same_as<Member, Duration> || std::same_as<Member, std::string> ||
                std::same_as<Member, std::optional<Address>>) {
    member = std::get<Member>(value);
  } else if constexpr (std::same_as<Member, Address>) {
    member = std::get<std::optional<Address>>(value).value_or(Address{});
  } else {
    member = static_cast<Member>(std::get<uint64_t>(value));
  }
}

template <class M>
struct OwnerOf;
template <class Owner, class Member>
struct OwnerOf<Member Owner::*> {
  using type = Owner;
};

/// An entry for the member reached by the path of member pointers: field<&ClusterConfig::outlier,
/// &OutlierConfig::window>.
template <auto First, auto... Rest>
auto field(std::string_view name, Shape shape, std::string_view doc, std::string_view reason) {
  using Owner = typename OwnerOf<decltype(First)>::type;
  return Setting<Owner>{{name, shape, doc, reason},
                        [](const Owner& owner) { return to_value(((owner.*First).*....*Rest)); },
                        [](Owner& owner, const Value& value) { from_value(((owner.*First).*....*Rest), value); }};
}

}  // namespace weir::model
