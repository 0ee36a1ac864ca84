#include "base/ip.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir {
namespace {

using namespace std::string_view_literals;

TEST(IpAddress, IsReadAndPrinted) {
  struct Row {
    std::string_view text, printed;
  };
  for (const Row& row :
       {Row{"10.0.0.1", "10.0.0.1"}, Row{"0.0.0.0", "0.0.0.0"}, Row{"255.255.255.255", "255.255.255.255"},
        Row{"::", "::"}, Row{"2001:DB8:0:0::1", "2001:db8::1"}, Row{"::ffff:10.0.0.1", "::ffff:10.0.0.1"},
        Row{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}}) {
    const auto parsed = IpAddress::parse(row.text);
    ASSERT_TRUE(parsed) << row.text;
    EXPECT_EQ(parsed->text(), row.printed);
    EXPECT_EQ(IpAddress::from_bytes(parsed->data()), *parsed) << row.text;
  }
  EXPECT_EQ(IpAddress{}.text(), "");
}

TEST(IpAddress, WhatIsNoneIsRefused) {
  for (const std::string_view text : {""sv, "10.0.0"sv, "10.0.0.256"sv, "10.0.0.01"sv, "10.0.0.1 "sv, " 10.0.0.1"sv,
                                      "10.0.0.1\0"sv, "10.0.0.1/8"sv, "::1%lo"sv, "[::1]"sv, ":::"sv, "1::2::3"sv,
                                      "localhost"sv, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"sv}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(IpNetwork, Contains) {
  struct Row {
    std::string_view network, address;
    bool inside;
  };
  for (const Row& row :
       {Row{"10.0.0.0/8", "10.255.1.2", true}, Row{"10.0.0.0/8", "11.0.0.0", false},
        Row{"10.0.0.0/9", "10.127.0.1", true}, Row{"10.0.0.0/9", "10.128.0.1", false},
        Row{"0.0.0.0/0", "1.2.3.4", true}, Row{"0.0.0.0/0", "::1", false}, Row{"10.0.0.1", "10.0.0.1", true},
        Row{"10.0.0.1", "10.0.0.2", false}, Row{"10.0.0.1/32", "10.0.0.1", true},
        Row{"10.0.0.0/8", "::ffff:10.1.2.3", true}, Row{"::/0", "::1", true}, Row{"::/0", "10.0.0.1", false},
        Row{"2001:db8::/33", "2001:db8:7fff::1", true}, Row{"2001:db8::/33", "2001:db8:8000::1", false}}) {
    const auto network = IpNetwork::parse(row.network);
    ASSERT_TRUE(network) << row.network;
    EXPECT_EQ(network->contains(*IpAddress::parse(row.address)), row.inside) << row.network << " " << row.address;
  }
  EXPECT_FALSE(IpNetwork::parse("0.0.0.0/0")->contains(IpAddress{})) << "nobody is in no network";
}

TEST(IpNetwork, WhatIsNoneIsRefused) {
  for (const std::string_view text :
       {""sv, "/8"sv, "10.0.0.0/"sv, "10.0.0.0/33"sv, "::/129"sv, "10.0.0.0/8 "sv, "10.0.0.0/-1"sv, "10.0.0.0/+8"sv,
        "10.0.0.0/256"sv, "10.0.0.0/8/8"sv, "10.1.2.3/8"sv, "2001:db8::1/32"sv, "everybody"sv}) {
    EXPECT_FALSE(IpNetwork::parse(text)) << text;
  }
}

}  // namespace
}  // namespace weir
