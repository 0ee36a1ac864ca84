// What create() says of files that are wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ctime>
#include <string>

#include "net/tls/client_context.h"
#include "net/tls/server_context.h"
#include "net/tls/test_certificates.h"

namespace weir::net::tls {
namespace {

using testing::HasSubstr;

TEST(ServerContext, SaysWhichFileIsWrongAndHow) {
  TestCertificates files;
  const CertificateFiles good = files.issue("good");
  const CertificateFiles other = files.issue("other");
  const std::string empty = files.write_text("empty.pem", "");
  const std::string huge = files.write_text("huge.pem", std::string(size_t{4} * 1024 * 1024 + 1, '\n'));
  const std::string pipe = files.path("pipe");
  ASSERT_EQ(0, ::mkfifo(pipe.c_str(), 0600));
  const std::string cut = files.write_text("cut.pem", TestCertificates::read(good.certificate).substr(0, 200));
  const std::string cut_chain = files.write_text(
      "cut_chain.pem", TestCertificates::read(good.certificate) + TestCertificates::read(files.ca()).substr(0, 200));
  const std::string locked = files.write_text("locked.key", [] {
    const KeyPtr key(EVP_EC_gen("P-256"));
    const BioPtr memory(BIO_new(BIO_s_mem()));
    char pass[] = "secret";
    PEM_write_bio_PrivateKey(memory.get(), key.get(), EVP_aes_128_cbc(), nullptr, 0, nullptr, pass);
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &text);
    return std::string(text, static_cast<size_t>(size));
  }());
  struct Row {
    const char* message;
    CertificateFiles files;
    std::string client_ca, expected;
  };
  const Row rows[] = {
      {"no such certificate",
       {"/nowhere/a.pem", good.key},
       "",
       "/nowhere/a.pem: cannot be opened: No such file or directory"},
      {"no such key",
       {good.certificate, "/nowhere/a.key"},
       "",
       "/nowhere/a.key: cannot be opened: No such file or directory"},
      {"a folder", {files.path(""), good.key}, "", files.path("")},
      {"a pipe", {pipe, good.key}, "", "pipe: is not a regular file"},
      {"a pipe as key", {good.certificate, pipe}, "", "pipe: is not a regular file"},
      {"a pipe as authority", good, pipe, "pipe: is not a regular file"},
      {"without end", {good.certificate, "/dev/zero"}, "", "/dev/zero: is not a regular file"},
      {"of a size that nobody has", {good.certificate, huge}, "", "huge.pem: is longer than 4 MiB"},
      {"nothing in it", {empty, good.key}, "", "empty.pem: there is no certificate in it (PEM)"},
      {"a key as certificate", {good.key, good.key}, "", "good.key: there is no certificate in it (PEM)"},
      {"a certificate as key",
       {good.certificate, good.certificate},
       "",
       "good.pem: there is no private key in it that can be read"},
      {"cut off", {cut, good.key}, "", "cut.pem: its certificate cannot be read"},
      {"cut off in the chain", {cut_chain, good.key}, "", "cut_chain.pem: a certificate of its chain cannot be read"},
      {"another's key", {good.certificate, other.key}, "", "other.key: this is not the key of the certificate"},
      {"encrypted", {good.certificate, locked}, "", "locked.key: the key is encrypted with a passphrase"},
      {"no such authority", good, "/nowhere/ca.pem", "/nowhere/ca.pem: cannot be opened: No such file or directory"},
      {"an authority without certificate", good, empty, "empty.pem: there is no certificate in it"},
  };
  for (const Row& row : rows) {
    const auto made = ServerContext::create(
        {.certificates = {row.files},
         .client_ca = row.client_ca,
         .client_certificate = row.client_ca.empty() ? ClientCertificate::off : ClientCertificate::required},
        ::time(nullptr));
    ASSERT_FALSE(made.has_value()) << row.message;
    EXPECT_THAT(made.error(), HasSubstr(row.expected)) << row.message;
  }
  EXPECT_TRUE(ServerContext::create({.certificates = {good}}, ::time(nullptr)).has_value());
}

TEST(ServerContext, WarnsOfSecretsThatEverybodyMayRead) {
  TestCertificates files;
  const CertificateFiles good = files.issue("good", {.seconds = 30 * 24 * 3600});
  const std::string tickets = files.write_text("tickets", std::string(80, 't'));
  const auto warnings = [&] {
    const auto made = ServerContext::create({.certificates = {good}, .ticket_keys_file = tickets}, ::time(nullptr));
    return made.has_value() ? (*made)->warnings() : std::vector<std::string>{made.error()};
  };
  ::chmod(tickets.c_str(), 0640);
  EXPECT_THAT(warnings(), ::testing::IsEmpty());
  ::chmod(tickets.c_str(), 0644);
  ::chmod(good.key.c_str(), 0604);
  EXPECT_THAT(warnings(), ::testing::ElementsAre(tickets + ": can be read by everybody on this machine: chmod o-r",
                                                 good.key + ": can be read by everybody on this machine: chmod o-r"));
}

TEST(ClientContext, SaysWhichFileIsWrongAndHow) {
  TestCertificates files;
  const CertificateFiles good = files.issue("good");
  const auto no_ca = ClientContext::create({.ca = "/nowhere/ca.pem"});
  ASSERT_FALSE(no_ca.has_value());
  EXPECT_EQ(no_ca.error(), "/nowhere/ca.pem: cannot be opened: No such file or directory");
  const auto no_key = ClientContext::create({.certificate = good.certificate, .key = files.issue("other").key});
  ASSERT_FALSE(no_key.has_value());
  EXPECT_THAT(no_key.error(), HasSubstr("other.key: this is not the key of the certificate"));
  EXPECT_TRUE(ClientContext::create({.ca = files.ca(), .certificate = good.certificate, .key = good.key}).has_value());
}

}  // namespace
}  // namespace weir::net::tls
