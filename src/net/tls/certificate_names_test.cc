#include "net/tls/certificate_names.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::net::tls {
namespace {

TEST(CertificateNames, AreFoundAsClientsAskForThem) {
  CertificateNames names;
  EXPECT_TRUE(names.add("example.org", 0));
  EXPECT_TRUE(names.add("*.example.org", 1));
  EXPECT_TRUE(names.add("www.example.org", 2));
  EXPECT_TRUE(names.add("*.Shop.Example.ORG", 3));
  EXPECT_TRUE(names.add("a*.example.net", 4));
  EXPECT_TRUE(names.add("*", 5));
  EXPECT_TRUE(names.add("localhost", 6));
  constexpr size_t kNone = CertificateNames::kNone;
  struct Row {
    const char* message;
    size_t expected;
    std::string host;
  };
  const Row rows[] = {
      {"exact", 0, "example.org"},
      {"in any case", 0, "eXample.ORG"},
      {"with the root's dot", 0, "example.org."},
      {"a wildcard is one label", 1, "api.example.org"},
      {"and not two", kNone, "a.b.example.org"},
      {"and not none", kNone, ".example.org"},
      {"exact before wildcard", 2, "www.example.org"},
      {"a wildcard below a wildcard", 3, "x.shop.example.org"},
      {"which itself is one label of the one above", 1, "shop.example.org"},
      {"a star within a label stands for nothing", kNone, "ab.example.net"},
      {"nor does a lonely one", kNone, "org"},
      {"a client's star is no label of ours", 1, "*.example.org"},
      {"a single label", 6, "localhost"},
      {"nothing", kNone, ""},
      {"a dot", kNone, "."},
      {"too long for a name", kNone, std::string(300, 'a') + ".example.org"},
      {"bytes that are no name", kNone, std::string("\0\xff.", 3)},
  };
  for (const Row& row : rows) EXPECT_EQ(names.find(row.host), row.expected) << row.message << ": " << row.host;
}

TEST(CertificateNames, TheFirstKeepsANameThatTwoHave) {
  CertificateNames names;
  EXPECT_TRUE(names.add("example.org", 0));
  EXPECT_FALSE(names.add("EXAMPLE.org", 1));
  EXPECT_TRUE(names.add("*.example.org", 2)) << "the wildcard is another name";
  EXPECT_FALSE(names.add("*.example.org", 3));
  EXPECT_EQ(names.find("example.org"), 0u);
  EXPECT_EQ(names.find("x.example.org"), 2u);
}

}  // namespace
}  // namespace weir::net::tls
