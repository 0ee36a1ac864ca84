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
  const Search search = [](const char* at, const char* end) { return find_control(at, at, end); };
  compare(search, kText, 'a');
  compare(search, kText, '\t');
  compare(search, kText, '\xff');
}

TEST(Scan, FindControlIgnoresWhatLiesBeforeItsStart) {
  const std::string bytes = std::string(20, '\r') + "value";
  for (size_t start = 20; start <= bytes.size(); ++start) {
    const char* const end = bytes.data() + bytes.size();
    EXPECT_EQ(find_control(bytes.data(), bytes.data() + start, end), end) << start;
  }
  EXPECT_EQ(find_control(bytes.data(), bytes.data() + 19, bytes.data() + 25), bytes.data() + 19);
}

TEST(Scan, FindTargetEndAgreesWithTheTable) {
  compare(find_target_end, kTarget, '/');
  compare(find_target_end, kTarget, '~');
}

TEST(Scan, FindNameEndAgreesWithTheTable) {
  const Search token = [](const char* at, const char* end) { return find_name_end(at, end, kToken); };
  const Search reg_name = [](const char* at, const char* end) { return find_name_end(at, end, kRegName); };
  for (char filler : {'a', 'Z', '-', '_', '0', '.'}) {
    compare(token, kToken, filler);
    compare(reg_name, kRegName, filler);
  }
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
