#include "net/tls/ticket_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "net/tls/test_certificates.h"

namespace weir::net::tls {
namespace {

using testing::HasSubstr;

std::string bytes_of(char first, size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(first + static_cast<char>(i % 64));
  return bytes;
}

TEST(TicketKeys, AFileHasLongOrShortOnes) {
  const auto one = parse_ticket_keys(bytes_of('a', 80));
  ASSERT_TRUE(one.has_value()) << one.error();
  ASSERT_EQ(one->size(), 1u);
  EXPECT_TRUE(one->front().aes256);
  EXPECT_EQ(one->front().name[0], 'a');
  EXPECT_EQ(one->front().mac[0], 'a' + 16) << "the order is nginx's: name, HMAC, AES";
  EXPECT_EQ(one->front().cipher[0], 'a' + 48);

  const auto small = parse_ticket_keys(bytes_of('a', 48) + bytes_of('b', 48));
  ASSERT_TRUE(small.has_value()) << small.error();
  ASSERT_EQ(small->size(), 2u);
  EXPECT_FALSE(small->front().aes256);
  EXPECT_EQ(small->front().cipher[0], 'a' + 16) << "and with short ones: name, AES, HMAC";
  EXPECT_EQ(small->front().mac[0], 'a' + 32);
  EXPECT_EQ(small->back().name[0], 'b');
}

TEST(TicketKeys, ThoseOfOurOwnMakingComeBackFromTheirBytes) {
  TicketKeys keys;
  keys.rotate();
  keys.rotate();  // three are 240 bytes, which in a file might be five short ones
  const auto set = keys.current();
  const auto again = parse_own_ticket_keys(ticket_keys_bytes(*set));
  ASSERT_TRUE(again.has_value()) << again.error();
  ASSERT_EQ(again->size(), set->size());
  for (size_t i = 0; i < set->size(); ++i) {
    EXPECT_EQ((*again)[i].name, (*set)[i].name);
    EXPECT_EQ((*again)[i].mac, (*set)[i].mac);
    EXPECT_EQ((*again)[i].cipher, (*set)[i].cipher);
    EXPECT_TRUE((*again)[i].aes256);
  }
}

TEST(TicketKeys, WhatIsNoFileOfKeysIsRefusedWithTheReason) {
  struct Row {
    const char* message;
    std::string bytes, expected;
  };
  std::string many;
  for (char i = 0; i < 17; ++i) many += bytes_of(static_cast<char>('A' + i), 80);
  const Row rows[] = {
      {"empty", "", "the file has 0"},
      {"a byte short", bytes_of('a', 79), "the file has 79"},
      {"a byte too many", bytes_of('a', 81), "the file has 81"},
      {"two of one name", bytes_of('a', 80) + bytes_of('a', 80), "key 2 has the name of another"},
      {"three long ones, or five short ones", many.substr(0, 240),
       "240 bytes may be 3 keys of 80 bytes or 5 of 48, which nothing tells apart"},
      {"six or ten", many.substr(0, 480), "480 bytes may be 6 keys of 80 bytes or 10 of 48"},
      {"too many", many, "more than 16"},
  };
  for (const Row& row : rows) {
    const auto keys = parse_ticket_keys(row.bytes);
    ASSERT_FALSE(keys.has_value()) << row.message;
    EXPECT_THAT(keys.error(), HasSubstr(row.expected)) << row.message;
  }
}

TEST(TicketKeys, ManyLongOnesAreNotTakenForTooManyShortOnes) {
  std::string bytes;
  for (char i = 0; i < 12; ++i)
    bytes += bytes_of(static_cast<char>('A' + i), 80);  // 960: 12 long ones or 20 short ones
  const auto keys = parse_ticket_keys(bytes);
  ASSERT_TRUE(keys.has_value()) << keys.error();
  EXPECT_EQ(keys->size(), 12u);
}

TEST(TicketKeys, AFileThatCannotBeReadIsNamed) {
  const auto none = TicketKeys::load("/nowhere/tickets");
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error(), "/nowhere/tickets: cannot be opened: No such file or directory");
  TestCertificates files;
  EXPECT_EQ(TicketKeys::load("/dev/zero").error(), "/dev/zero: is not a regular file");
  const auto bad = TicketKeys::load(files.write_text("tickets", "short"));
  ASSERT_FALSE(bad.has_value());
  EXPECT_THAT(bad.error(), HasSubstr("tickets: ticket keys have"));
}

TEST(TicketKeys, RotationKeepsTwoOldOnes) {
  TicketKeys keys;
  const auto first = keys.current();
  ASSERT_EQ(first->size(), 1u);
  keys.rotate();
  keys.rotate();
  const auto third = keys.current();
  ASSERT_EQ(third->size(), 3u);
  EXPECT_EQ(third->back().name, first->front().name);
  EXPECT_NE(third->front().name, first->front().name);
  EXPECT_NE(third->front().cipher, third->back().cipher);
  keys.rotate();
  ASSERT_EQ(keys.current()->size(), 3u);
  EXPECT_EQ(keys.current()->at(1).name, third->front().name);
  EXPECT_NE(keys.current()->back().name, first->front().name) << "the oldest is gone";
}

}  // namespace
}  // namespace weir::net::tls
