#include "proto/http1/scan.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace weir::proto::http1::scan {
namespace {

/// The obvious way, to compare with.
size_t slow(std::string_view text, uint8_t wanted) {
  size_t at = 0;
  while (at < text.size() && is(text[at], wanted)) ++at;
  return at;
}

using Search = const char* (*)(const char*, const char*);

/// Every byte value at every place of every length around the block size, in a buffer with nothing readable behind it
/// (a sanitizer sees a read too far).
void compare(Search search, uint8_t wanted, char filler) {
  for (size_t size = 0; size <= 40; ++size) {
    const auto buffer = std::make_unique<char[]>(size);
    for (size_t place = 0; place <= size; ++place) {
      for (int byte = 0; byte < 256; ++byte) {
        std::fill_n(buffer.get(), size, filler);
        if (place < size) buffer[place] = static_cast<char>(byte);
        const char* const hit = search(buffer.get(), buffer.get() + size);
        ASSERT_EQ(static_cast<size_t>(hit - buffer.get()), slow({buffer.get(), size}, wanted))
            << "byte " << byte << " at " << place << " of " << size;
      }
    }
  }
}

TEST(Scan, FindControlAgreesWithTheTable) {
  compare(find_control, kText, 'a');
  compare(find_control, kText, '\t');
  compare(find_control, kText, '\xff');
}

TEST(Scan, FindTargetEndAgreesWithTheTable) {
  compare(find_target_end, kTarget, '/');
  compare(find_target_end, kTarget, '~');
}

TEST(Scan, FindTokenEndAgreesWithTheTable) {
  compare(find_token_end, kToken, 'a');
  compare(find_token_end, kToken, 'Z');
  compare(find_token_end, kToken, '-');
  compare(find_token_end, kToken, '_');
  compare(find_token_end, kToken, '0');
}

TEST(Scan, TableIsTheGrammar) {
  EXPECT_TRUE(all("!#$%&'*+-.^_`|~09azAZ", kToken)) << "RFC 9110 section 5.6.2";
  for (char c : std::string_view("\"(),/:;<=>?@[\\]{} \t\x7f\x80")) EXPECT_FALSE(is(c, kToken)) << c;
  EXPECT_FALSE(is('\0', kToken) || is('\0', kText) || is('\0', kTarget));
  EXPECT_TRUE(all("\t ~\x80\xff", kText)) << "RFC 9110 section 5.5";
  EXPECT_FALSE(is('\r', kText) || is('\n', kText) || is('\x7f', kText));
  EXPECT_FALSE(is('#', kTarget) || is(' ', kTarget) || is('\x80', kTarget));
  EXPECT_FALSE(is('@', kRegName) || is(':', kRegName) || is('%', kRegName) || is('/', kRegName));
}

}  // namespace
}  // namespace weir::proto::http1::scan
