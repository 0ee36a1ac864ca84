#include <array>

#include "model/schema.h"
#include "model/shapes.h"

namespace weir::model {
namespace {

constexpr std::array<std::string_view, 2> kVersions{"1.2", "1.3"};  // in the order of TlsVersion

Section<UpstreamTlsConfig> make_upstream_tls() {
  using T = UpstreamTlsConfig;
  constexpr uint64_t kPathMax = 4096;
  return {
      "TLS with endpoints",
      "clusters.NAME.tls",
      "Encryption towards the endpoints, and proof of who they are. Short form: on.",
      {},
      {
          field<&T::verify>("verify", boolean(),
                            "Refuse an endpoint whose certificate is not signed by a trusted authority, has expired or "
                            "is for another name.",
                            "without it, whoever sits on the way reads and changes everything"),
          field<&T::ca>("ca", text(1, kPathMax).or_word("system"),
                        "The authorities that may sign endpoints' certificates: a file of PEM certificates.",
                        "public certificates are signed by those the system trusts"),
          field<&T::server_name>("server_name", host().or_word("auto"),
                                 "The name to ask for (SNI), for which the certificate must be.",
                                 "the endpoint's own name, or its address where it has none"),
          field<&T::certificate>(
              "certificate", text(1, kPathMax).or_word("none"),
              "Our certificate, with those that lead to its authority behind it: a PEM file, shown to "
              "endpoints that ask for one.",
              "most endpoints ask for none"),
          field<&T::key>("key", text(1, kPathMax).or_word("none"), "The certificate's key: a PEM file.",
                         "a certificate alone proves nothing"),
          field<&T::min_version>("min_version", choice(kVersions), "The oldest version of TLS that is spoken.",
                                 "what Mozilla calls intermediate; 1.0 and 1.1 are broken (RFC 8996)"),
      }};
}

}  // namespace

template <>
const Section<UpstreamTlsConfig>& section<UpstreamTlsConfig>() {
  static const Section<UpstreamTlsConfig> made = make_upstream_tls();
  return made;
}

}  // namespace weir::model
