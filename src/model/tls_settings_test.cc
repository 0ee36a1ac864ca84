// The settings of TLS with clients: read, refused, shown and judged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/config_reader.h"
#include "model/lint.h"
#include "model/show.h"

namespace weir::model {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A file whose only listener has these settings, in line 2 from column 4.
std::string with(std::string_view settings, std::string_view address = "0.0.0.0:8443") {
  return "listeners:\n - {" + std::string(settings) + ", http: \"" + std::string(address) +
         "\", to: app}\nclusters: {app: [\"127.0.0.1:3000\"]}\n";
}

ListenerConfig listener_of(std::string_view settings) {
  auto loaded = load_config_text(with(settings), "weir.yaml");
  if (loaded) return loaded->config.listeners.front();
  for (const Mistake& each : loaded.error()) ADD_FAILURE() << each.text() << "\n" << settings;
  return {};
}

TEST(TlsSettings, TheShortFormIsOneCertificate) {
  const TlsConfig tls = listener_of("tls: {certificate: a.pem, key: a.key, ocsp: a.ocsp}").tls;
  EXPECT_THAT(tls.certificates, ElementsAre(CertificateConfig{"a.pem", "a.key", "a.ocsp"}));
  EXPECT_TRUE(tls.enabled());
  EXPECT_FALSE(listener_of("access_log: off").tls.enabled());
}

TEST(TlsSettings, AreReadIntoTheirMembers) {
  const ListenerConfig listener = listener_of(
      "tls: {certificates: [{certificate: a.pem, key: a.key}, {certificate: b.pem, key: b.key, ocsp: b.ocsp}], "
      "min_version: 1.3, client_certificate: optional, client_ca: ca.pem, ticket_keys: tickets, ticket_rotation: 1h, "
      "handshake_timeout: 3s}, hsts: {max_age: 365d, include_subdomains: on, preload: on}, redirect_to_https: on");
  EXPECT_THAT(listener.tls.certificates,
              ElementsAre(CertificateConfig{"a.pem", "a.key", ""}, CertificateConfig{"b.pem", "b.key", "b.ocsp"}));
  EXPECT_EQ(listener.tls.min_version, TlsVersion::v1_3);
  EXPECT_EQ(listener.tls.client_certificate, TlsConfig::ClientCertificate::optional);
  EXPECT_EQ(listener.tls.client_ca, "ca.pem");
  EXPECT_EQ(listener.tls.ticket_keys, "tickets");
  EXPECT_EQ(listener.tls.ticket_rotation, Duration::s(3600));
  EXPECT_EQ(listener.tls.handshake_timeout, Duration::s(3));
  EXPECT_TRUE(listener.tls.session_tickets);
  EXPECT_EQ(listener.hsts.max_age, Duration::s(31536000));
  EXPECT_TRUE(listener.hsts.include_subdomains && listener.hsts.preload && listener.redirect_to_https);
}

TEST(TlsSettings, MistakesAreToldOnceAndPrecisely) {
  struct Row {
    const char* expected;
    const char* settings;
  };
  const Row rows[] = {
      {"listeners[0].tls.certificate: is missing; expected certificate and key, or certificates",
       "tls: {min_version: 1.3}"},
      {"listeners[0].tls.key: is missing; expected the PEM file with the certificate's key",
       "tls: {certificate: a.pem}"},
      {"listeners[0].tls.certificate: is missing; expected the PEM file that the key belongs to", "tls: {key: a.key}"},
      {"listeners[0].tls.certificates: excludes certificate, key and ocsp; expected one of the two forms",
       "tls: {certificate: a.pem, key: a.key, certificates: [{certificate: b.pem, key: b.key}]}"},
      {"listeners[0].tls.certificates[0].key: is missing; expected 1 to 4096 bytes without control characters",
       "tls: {certificates: [{certificate: a.pem}]}"},
      {"listeners[0].tls.certificates: 0 certificates; expected 1 to 10000", "tls: {certificates: []}"},
      {"listeners[0].tls.min_version: unknown min_version \"1.1\"; expected one of 1.2, 1.3; did you mean \"1.2\"?",
       "tls: {certificate: a.pem, key: a.key, min_version: 1.1}"},
      {"listeners[0].tls.client_ca: is missing; expected the PEM file of who signs clients' certificates",
       "tls: {certificate: a.pem, key: a.key, client_certificate: required}"},
      {"listeners[0].tls.client_certificate: is off, so that client_ca verifies nobody; expected optional or "
       "required",
       "tls: {certificate: a.pem, key: a.key, client_ca: ca.pem}"},
      {"listeners[0].tls.ticket_keys: seals tickets that session_tickets: off does not issue",
       "tls: {certificate: a.pem, key: a.key, session_tickets: off, ticket_keys: t}"},
      {"listeners[0].tls.early_data: not supported yet by this version",
       "tls: {certificate: a.pem, key: a.key, early_data: on}"},
  };
  for (const Row& row : rows) {
    const auto loaded = load_config_text(with(row.settings), "weir.yaml");
    ASSERT_FALSE(loaded) << row.settings;
    ASSERT_EQ(loaded.error().size(), 1u) << row.settings << ": " << loaded.error().back().text();
    const std::string text = loaded.error().front().text();
    EXPECT_TRUE(text.starts_with("weir.yaml:2:")) << text;
    EXPECT_TRUE(text.ends_with(std::string(": ") + row.expected)) << text << "\n" << row.expected;
  }
}

TEST(TlsSettings, AreShownSoThatTheyCanBeReadAgain) {
  for (const char* settings :
       {"tls: {certificate: a.pem, key: a.key}",
        "tls: {certificates: [{certificate: a.pem, key: a.key}, {certificate: b.pem, key: b.key, ocsp: b.ocsp}], "
        "client_certificate: required, client_ca: ca.pem}, hsts: {max_age: 5m}"}) {
    const auto loaded = load_config_text(with(settings), "weir.yaml");
    ASSERT_TRUE(loaded) << settings;
    const std::string shown = show(*loaded);
    const auto again = load_config_text(shown, "weir.yaml");
    ASSERT_TRUE(again) << again.error().front().text() << "\n" << shown;
    EXPECT_EQ(again->config.listeners.front().tls, loaded->config.listeners.front().tls) << shown;
    EXPECT_EQ(again->config.listeners.front().hsts, loaded->config.listeners.front().hsts) << shown;
    EXPECT_THAT(shown, HasSubstr("min_version: 1.2")) << shown;
  }
}

std::vector<std::string> lints_of(const std::string& yaml, std::string_view rule) {
  std::vector<std::string> texts;
  const auto loaded = load_config_text(yaml, "weir.yaml");
  if (!loaded) {
    ADD_FAILURE() << loaded.error().front().text();
    return texts;
  }
  for (const Lint& each : lint(*loaded, {4, 65536})) {
    if (each.rule == rule) texts.push_back(each.text("weir.yaml"));
  }
  return texts;
}

TEST(TlsSettings, WhatIsUnwiseIsSaid) {
  const std::string tls = "tls: {certificate: a.pem, key: a.key}";
  struct Row {
    const char* rule;
    std::string yaml, expected;
  };
  const Row rows[] = {
      {"tls-port", with("access_log: off", "0.0.0.0:443"), "clients expect TLS at port 443"},
      {"tls-port", with(tls, "0.0.0.0:80"), "clients expect plain HTTP at port 80"},
      {"hsts", with("hsts: {max_age: 5m}"), "is never sent without TLS"},
      {"hsts", with(tls), "note: listeners[0].tls: without hsts"},
      {"hsts", with(tls + ", hsts: {preload: on}"), "is not sent without max_age"},
      {"hsts", with(tls + ", hsts: {max_age: 1h, preload: on}"), "max_age 1h without include_subdomains"},
      {"redirect-to-https", with(tls + ", redirect_to_https: on"), "there is nobody to redirect"},
      {"redirect-to-https", with("redirect_to_https: on"), "no listener of this file speaks TLS"},
  };
  for (const Row& row : rows) EXPECT_THAT(lints_of(row.yaml, row.rule), Contains(HasSubstr(row.expected))) << row.yaml;
  const std::string good =
      "listeners:\n - {" + tls +
      ", hsts: {max_age: 365d, include_subdomains: on, preload: on}, http: \"0.0.0.0:443\", to: app}\n"
      " - {redirect_to_https: on, http: \"0.0.0.0:80\", to: app}\nclusters: {app: [\"127.0.0.1:3000\"]}\n";
  for (const char* rule : {"tls-port", "hsts", "redirect-to-https"}) EXPECT_THAT(lints_of(good, rule), IsEmpty());
}

}  // namespace
}  // namespace weir::model
