// The settings of TLS with clients: see docs/tls.md.
#include <array>

#include "model/shapes.h"

namespace weir::model {
namespace {

constexpr Duration kSecond = Duration::s(1);
constexpr Duration kHour = Duration::s(3600);
constexpr Duration kDay = Duration::s(24 * 3600);
constexpr std::array<std::string_view, 2> kVersions{"1.2", "1.3"};
constexpr std::array<std::string_view, 3> kClientCertificate{"off", "optional", "required"};

constexpr Shape path_of_file() { return text(1, 4096).or_word("none"); }

/// The short form's settings are those of the first certificate.
template <std::string CertificateConfig::*Member>
Setting<TlsConfig> of_first(std::string_view name, std::string_view doc, std::string_view reason) {
  return custom<TlsConfig>(
      name, path_of_file(), doc, reason,
      [](const TlsConfig& tls) { return Value{tls.certificates.empty() ? "" : tls.certificates.front().*Member}; },
      [](TlsConfig& tls, const Value& value) {
        if (tls.certificates.empty()) tls.certificates.emplace_back();
        tls.certificates.front().*Member = std::get<std::string>(value);
      });
}

std::vector<Setting<TlsConfig>> certificates() {
  return {
      of_first<&CertificateConfig::certificate>(
          "certificate", "PEM file: the certificate, and behind it those that lead to its authority.",
          "certificates are made for a name, and belong to nobody else"),
      of_first<&CertificateConfig::key>("key", "PEM file: its private key, without a passphrase.",
                                        "a key belongs to its certificate"),
      of_first<&CertificateConfig::ocsp>("ocsp",
                                         "File: the OCSP response (DER) to staple; not sent once it has expired.",
                                         "short-lived certificates need none, and an old response is worse than none"),
      structured<TlsConfig>("certificates",
                            structure("a list of certificates, such as [{certificate: a.pem, key: a.key}]"),
                            "Several, chosen by the names in them (SNI); see Certificates. Instead of the three above.",
                            "most listeners serve one name, or one certificate for all of them"),
  };
}

std::vector<Setting<TlsConfig>> clients() {
  return {
      field<&TlsConfig::min_version>("min_version", choice(kVersions), "The oldest version that is spoken.",
                                     "Mozilla's intermediate profile: all clients of the last ten years"),
      field<&TlsConfig::client_certificate>(
          "client_certificate", choice(kClientCertificate),
          "Whether clients show a certificate; what is shown must verify, and is passed on to endpoints in "
          "X-Forwarded-Client-Cert.",
          "people have none"),
      field<&TlsConfig::client_ca>("client_ca", path_of_file(), "PEM file: who may sign clients' certificates.",
                                   "only you know whom you trust with that"),
      field<&TlsConfig::handshake_timeout>("handshake_timeout", duration(Duration::ms(100), kHour),
                                           "How long a handshake may take before the connection is closed.",
                                           "some round trips on the worst of networks, and no more"),
  };
}

std::vector<Setting<TlsConfig>> resumption() {
  return {
      field<&TlsConfig::session_tickets>(
          "session_tickets", boolean(),
          "Let clients resume sessions, at any worker, with tickets that only Weir reads.",
          "a resumed handshake costs a fraction of a full one"),
      field<&TlsConfig::ticket_keys>(
          "ticket_keys", path_of_file(),
          "File: keys of 80 or 48 bytes each, shared among machines; the first issues, the others are accepted. Read "
          "again with every reload.",
          "the keys of one process never leave it"),
      field<&TlsConfig::ticket_rotation>(
          "ticket_rotation", duration(kSecond, kDay * 7),
          "How often a new key issues tickets; two old ones are accepted on, and tickets live for two rotations. Not "
          "with ticket_keys.",
          "whoever steals a key reads a day of recorded traffic at most"),
      later<TlsConfig>("early_data", "Requests within the handshake (0-RTT)."),
  };
}

Section<TlsConfig> make_tls() {
  Section<TlsConfig> made{
      "TLS",
      "listeners[].tls",
      "With a certificate, a listener speaks TLS 1.2 and 1.3 by Mozilla's intermediate profile: see "
      "[tls.md](tls.md). Relative paths begin in the directory of this file.",
      {},
      certificates()};
  for (auto& each : clients()) made.settings.push_back(each);
  for (auto& each : resumption()) made.settings.push_back(each);
  return made;
}

Section<CertificateConfig> make_certificate() {
  return {
      "Certificates",
      "listeners[].tls.certificates[]",
      "A certificate is for the names in it (subjectAltName): exact ones, and wildcards for one label. The first of "
      "the list is for clients that ask for none of them. Two with the same names and different kinds of keys serve "
      "together.",
      {},
      {
          field<&CertificateConfig::certificate>("certificate", text(1, 4096).and_required(),
                                                 "PEM file: the certificate and its chain.", "as above"),
          field<&CertificateConfig::key>("key", text(1, 4096).and_required(), "PEM file: its private key.", "as above"),
          field<&CertificateConfig::ocsp>("ocsp", path_of_file(), "File: the OCSP response (DER) to staple.",
                                          "as above"),
      }};
}

}  // namespace

std::vector<Setting<ListenerConfig>> tls_settings() {
  constexpr Duration kLongest = Duration::s(int64_t{10} * 365 * 24 * 3600);
  return {
      structured<ListenerConfig>("tls", structure("a map of settings"),
                                 "Speak TLS with clients; see TLS. The short form: {certificate: a.pem, key: a.key}.",
                                 "a certificate is needed"),
      field<&ListenerConfig::redirect_to_https>(
          "redirect_to_https", boolean(),
          "Answer every request with a redirect to https (308), on the same host without its port; "
          "/.well-known/acme-challenge/ is served as usual.",
          "what must not be served in the clear is known to you only"),
      field<&ListenerConfig::hsts, &HstsConfig::max_age>(
          "hsts.max_age", duration(Duration{}, kLongest).or_word("off"),
          "For how long browsers come by TLS only, whatever they are asked to do.",
          "it cannot be taken back before that: begin with minutes"),
      field<&ListenerConfig::hsts, &HstsConfig::include_subdomains>("hsts.include_subdomains", boolean(),
                                                                    "This also holds for all names below the host's.",
                                                                    "some of them may not speak TLS yet"),
      field<&ListenerConfig::hsts, &HstsConfig::preload>(
          "hsts.preload", boolean(), "Allow browsers to ship with this knowledge (hstspreload.org).",
          "leaving that list takes months"),
  };
}

template <>
const Section<TlsConfig>& section<TlsConfig>() {
  static const Section<TlsConfig> made = make_tls();
  return made;
}

template <>
const Section<CertificateConfig>& section<CertificateConfig>() {
  static const Section<CertificateConfig> made = make_certificate();
  return made;
}

}  // namespace weir::model
