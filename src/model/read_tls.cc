#include "model/reading.h"

namespace weir::model {
namespace {

void read_certificates(Reading& reading, const SettingInfo& setting, const Entry& entry,
                       std::vector<CertificateConfig>& certificates) {
  constexpr size_t kCertificatesMax = 10'000;
  if (!reading.expect_list(entry.place(), entry.value, entry.path, setting.shape.form)) return;
  const size_t count = entry.value.values.size();
  if (count == 0 || count > kCertificatesMax) {
    return reading.mistake(entry.key, entry.path,
                           {std::to_string(count) + " certificates", "1 to " + std::to_string(kCertificatesMax)});
  }
  for (size_t i = 0; i < count; ++i) {
    const YamlNode& node = entry.value.values[i];
    const std::string path = join(entry.path, i);
    reading.came_from(path, node.line);
    read_section(reading, node, node, path, certificates.emplace_back());
  }
}

/// What one setting alone does not show.
void check_together(Reading& reading, const Entry& entry, const TlsConfig& tls) {
  const auto mistake = [&](std::string_view name, Problem problem) {
    reading.mistake(entry.place(), join(entry.path, name), std::move(problem));
  };
  if (tls.certificates.empty()) {
    mistake("certificate", {"is missing", "certificate and key, or certificates"});
  } else if (tls.certificates.front().certificate.empty()) {
    mistake("certificate", {"is missing", "the PEM file that the key belongs to"});
  } else if (tls.certificates.front().key.empty()) {
    mistake("key", {"is missing", "the PEM file with the certificate's key"});
  }
  const bool asks = tls.client_certificate != TlsConfig::ClientCertificate::off;
  if (asks && tls.client_ca.empty())
    mistake("client_ca", {"is missing", "the PEM file of who signs clients' certificates"});
  if (!asks && !tls.client_ca.empty())
    mistake("client_certificate", {"is off, so that client_ca verifies nobody", "optional or required"});
  if (!tls.session_tickets && !tls.ticket_keys.empty())
    mistake("ticket_keys", {"seals tickets that session_tickets: off does not issue"});
}

}  // namespace

void read_tls(Reading& reading, const Entry& entry, TlsConfig& tls) {
  std::vector<CertificateConfig> list;
  bool listed = false;
  const auto structure = [&](const Setting<TlsConfig>& setting, const Entry& inner) {
    listed = true;
    read_certificates(reading, setting.info, inner, list);
  };
  read_section(reading, entry.place(), entry.value, entry.path, tls, structure);
  if (entry.value.kind != YamlNode::Kind::map) return;
  if (listed && tls.enabled()) {
    return reading.mistake(entry.place(), join(entry.path, "certificates"),
                           {"excludes certificate, key and ocsp", "one of the two forms"});
  }
  if (listed) {
    tls.certificates = std::move(list);
    if (!tls.enabled() || tls.certificates.front().certificate.empty() || tls.certificates.front().key.empty()) return;
  }
  check_together(reading, entry, tls);
}

}  // namespace weir::model
