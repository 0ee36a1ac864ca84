#include "base/json.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(Json, NothingBreaksOutOfItsString) {
  EXPECT_EQ(quoted("plain /path?x=1"), "\"plain /path?x=1\"");
  EXPECT_EQ(quoted("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(quoted("x\r\n{\"forged\":1}"), "\"x\\r\\n{\\\"forged\\\":1}\"");
  EXPECT_EQ(quoted(std::string_view("\0\x1b\x7f", 3)), "\"\\u0000\\u001b\\u007f\"");
}

TEST(Json, Utf8PassesAndInvalidBytesAreEscaped) {
  EXPECT_EQ(quoted("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"");
  EXPECT_EQ(quoted("\xff\xc3"), "\"\\u00ff\\u00c3\"");
  EXPECT_EQ(quoted("\xc0\xaf"), "\"\\u00c0\\u00af\"") << "overlong";
  EXPECT_EQ(quoted("\xed\xa0\x80"), "\"\\u00ed\\u00a0\\u0080\"") << "surrogate";
  EXPECT_EQ(quoted("\xf0\x9f\x98\x80"), "\"\xf0\x9f\x98\x80\"");
}

}  // namespace
}  // namespace weir
