#include "examples/timeline/password.h"

#include <gtest/gtest.h>

namespace weir::timeline {
namespace {

constexpr PasswordCost kCheap{.log2_n = 4, .r = 1, .p = 1};

TEST(Password, OnlyTheRightOneVerifies) {
  const std::string stored = hash_password("correct horse", kCheap);
  EXPECT_TRUE(verify_password("correct horse", stored));
  EXPECT_FALSE(verify_password("correct horsf", stored));
  EXPECT_FALSE(verify_password("correct hors", stored));
  EXPECT_FALSE(verify_password("", stored));
}

TEST(Password, TheSaltMakesEqualPasswordsDiffer) {
  EXPECT_NE(hash_password("same", kCheap), hash_password("same", kCheap));
}

TEST(Password, TheCostTravelsWithTheHash) {
  const std::string stored = hash_password("x", PasswordCost{.log2_n = 5, .r = 2, .p = 3});
  EXPECT_TRUE(stored.starts_with("scrypt$5$2$3$")) << stored;
  EXPECT_TRUE(verify_password("x", stored));
}

// Made with Python's hashlib.scrypt(b"password", salt=bytes(range(16)), n=16, r=1, p=1, dklen=32).
TEST(Password, AgreesWithAnotherImplementation) {
  const std::string stored =
      "scrypt$4$1$1$000102030405060708090a0b0c0d0e0f$"
      "94512e33c45a0549991de97375b4d1b1ec4a19d25def29220d10f314459dacc1";
  EXPECT_TRUE(verify_password("password", stored));
}

TEST(Password, StoredTextThatIsNoHashVerifiesNothing) {
  const std::string good = hash_password("x", kCheap);
  const std::string cases[] = {
      "",
      "x",
      "scrypt$",
      "scrypt$4$1$1$$",
      good + "$",
      good.substr(0, good.size() - 1),
      good + "00",
      "bcrypt" + good.substr(6),
      "scrypt$64" + good.substr(8),
  };
  ASSERT_TRUE(verify_password("x", good));
  for (const std::string& stored : cases) EXPECT_FALSE(verify_password("x", stored)) << stored;
}

}  // namespace
}  // namespace weir::timeline
