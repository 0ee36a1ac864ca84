#pragma once
// For tests: an authority and the certificates it signs, made on the spot and written to files of a temporary folder.

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "net/tls/openssl.h"
#include "net/tls/server_context.h"

namespace weir::net::tls {

class TestCertificates {
 public:
  TestCertificates() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir_tls_XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    key_.reset(EVP_EC_gen("P-256"));
    // Each has a name of its own, so that what another one signed is signed by somebody unknown, and not wrongly.
    authority_ = make("authority " + folder_.filename().string(), "", *key_, nullptr, 3600, true);
    write("ca.pem", authority_.get());
  }
  ~TestCertificates() { std::filesystem::remove_all(folder_); }
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;

  struct Wish {
    std::string names = "DNS:localhost,IP:127.0.0.1";  ///< as a SAN is written; empty: none
    bool rsa = false;
    long seconds = 3600;  ///< it is valid for
  };
  /// NAME.pem and NAME.key, signed by the authority.
  CertificateFiles issue(const std::string& name, const Wish& wish) {
    const KeyPtr key(wish.rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
    const CertificatePtr leaf = make(name, wish.names, *key, authority_.get(), wish.seconds, false);
    write(name + ".pem", leaf.get());
    write_key(name + ".key", *key);
    return {.certificate = path(name + ".pem"), .key = path(name + ".key")};
  }
  CertificateFiles issue(const std::string& name) { return issue(name, Wish{}); }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] std::string ca() const { return path("ca.pem"); }
  std::string write_text(const std::string& name, const std::string& text) {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  [[nodiscard]] static std::string read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }

 private:
  CertificatePtr make(const std::string& common_name, const std::string& names, EVP_PKEY& key, X509* issuer,
                      long seconds, bool authority) {
    CertificatePtr made(X509_new());
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -7200);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), seconds);
    X509_set_pubkey(made.get(), &key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer != nullptr ? issuer : made.get()));
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer != nullptr ? issuer : made.get(), made.get(), nullptr, nullptr, 0);
    add(*made, context, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!names.empty()) add(*made, context, NID_subject_alt_name, names.c_str());
    EXPECT_GT(X509_sign(made.get(), key_.get(), EVP_sha256()), 0);
    return made;
  }
  static void add(X509& to, X509V3_CTX& context, int kind, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
    EXPECT_NE(extension, nullptr) << value;
    X509_add_ext(&to, extension, -1);
    X509_EXTENSION_free(extension);
  }
  void write(const std::string& name, X509* certificate) {
    const BioPtr file(BIO_new_file(path(name).c_str(), "w"));
    EXPECT_EQ(PEM_write_bio_X509(file.get(), certificate), 1);
  }
  void write_key(const std::string& name, EVP_PKEY& key) {
    const BioPtr file(BIO_new_file(path(name).c_str(), "w"));
    EXPECT_EQ(PEM_write_bio_PrivateKey(file.get(), &key, nullptr, nullptr, 0, nullptr, nullptr), 1);
    std::filesystem::permissions(path(name), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }

  std::filesystem::path folder_;
  KeyPtr key_;
  CertificatePtr authority_;
  long serial_ = 0;
};

}  // namespace weir::net::tls
