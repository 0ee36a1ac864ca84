#include "proto/proxy/header.h"

#include <gtest/gtest.h>

#include <vector>

#include "proto/proxy/crc32c.h"

namespace weir::proto::proxy {
namespace {

using namespace std::string_literals;

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

IpPort at(std::string_view address, uint16_t port) { return {.address = *IpAddress::parse(address), .port = port}; }

std::string number(size_t n) { return {static_cast<char>(n >> 8), static_cast<char>(n & 0xff)}; }

/// A header of version 2: command, family and what follows them.
std::string v2(uint8_t command, uint8_t family, const std::string& rest) {
  return kSignature + static_cast<char>(command) + static_cast<char>(family) + number(rest.size()) + rest;
}

std::string field(uint8_t type, const std::string& value) {
  return static_cast<char>(type) + number(value.size()) + value;
}

const std::string kInet = "\x0a\0\0\x01\x7f\0\0\x01"s + number(1234) + number(80);
const std::string kInet6 = std::string(15, '\0') + '\x01' + std::string(15, '\0') + '\x02' + number(1) + number(2);

/// With a checksum, wherever it stands among the fields.
std::string with_crc(const std::string& before, const std::string& behind, uint32_t flip = 0) {
  std::string header = v2(0x21, 0x11, kInet + before + field(3, "\0\0\0\0"s) + behind);
  Crc32c crc;
  crc.add(header);
  const uint32_t value = crc.value() ^ flip;
  const size_t place = 16 + kInet.size() + before.size() + 3;
  for (size_t i = 0; i < 4; ++i) header[place + i] = static_cast<char>(value >> (24 - 8 * i) & 0xff);
  return header;
}

TEST(Crc32c, KnownValues) {
  Crc32c crc;
  crc.add("123456789");
  EXPECT_EQ(crc.value(), 0xe3069283u);
  Crc32c zeros;  // RFC 3720 appendix B.4
  zeros.add(std::string(32, '\0'));
  EXPECT_EQ(zeros.value(), 0x8a9136aau);
}

TEST(ProxyHeader, IsRead) {
  struct Row {
    const char* message;
    std::string bytes;
    Header expected;
  };
  const Header v4{at("10.0.0.1", 1234), at("127.0.0.1", 80)}, v6{at("::1", 1), at("::2", 2)};
  const std::vector<Row> rows{
      {"version 1, IPv4", "PROXY TCP4 10.0.0.1 127.0.0.1 1234 80\r\n", v4},
      {"version 1, IPv6", "PROXY TCP6 ::1 ::2 1 2\r\n", v6},
      {"version 1, port 0 and the last",
       "PROXY TCP4 10.0.0.1 127.0.0.1 0 65535\r\n",
       {at("10.0.0.1", 0), at("127.0.0.1", 65535)}},
      {"version 1, unknown", "PROXY UNKNOWN\r\n", {}},
      {"version 1, unknown with whatever", "PROXY UNKNOWN ffff::1 ?  65535\r\n", {}},
      {"version 1, the longest", "PROXY UNKNOWN " + std::string(91, 'x') + "\r\n", {}},
      {"version 2, IPv4", v2(0x21, 0x11, kInet), v4},
      {"version 2, IPv6", v2(0x21, 0x21, kInet6), v6},
      {"version 2, local", v2(0x20, 0x00, ""), {}},
      {"version 2, local with addresses", v2(0x20, 0x11, kInet), {}},
      {"version 2, local, whose family is ignored", v2(0x20, 0xff, "?"), {}},
      {"version 2, unspecified", v2(0x21, 0x00, ""), {}},
      {"version 2, unspecified with whatever", v2(0x21, 0x00, "whatever"), {}},
      {"version 2, datagrams", v2(0x21, 0x12, kInet), {}},
      {"version 2, a unix socket", v2(0x21, 0x31, std::string(216, '/')), {}},
      {"version 2, fields", v2(0x21, 0x11, kInet + field(1, "h2") + field(4, "") + field(0xee, "x")), v4},
      {"version 2, a checksum first", with_crc("", field(1, "h2")), v4},
      {"version 2, a checksum last", with_crc(field(4, "padding"), ""), v4},
      {"version 2, the longest", v2(0x21, 0x11, kInet + field(4, std::string(kMaxBytes - 31, 'x'))), v4},
  };
  for (const Row& row : rows) {
    const std::string stream = row.bytes + "GET / HTTP/1.1\r\n";
    Header header;
    const Parsed parsed = parse(stream, header);
    EXPECT_EQ(parsed.state, Parse::done) << row.message << ": " << name_of(parsed.bad);
    EXPECT_EQ(parsed.consumed, row.bytes.size()) << row.message;
    EXPECT_EQ(header, row.expected) << row.message;
    for (size_t size = 0; size < row.bytes.size(); ++size) {
      EXPECT_EQ(parse(stream.substr(0, size), header).state, Parse::need_more) << row.message << " cut at " << size;
      EXPECT_FALSE(header.claims()) << row.message << " cut at " << size;
    }
  }
}

TEST(ProxyHeader, WhatIsNoneIsRefused) {
  struct Row {
    Bad expected;
    std::string bytes;
  };
  const std::vector<Row> rows{
      {Bad::no_header, "GET / HTTP/1.1\r\n"},
      {Bad::no_header, "PROXY\tTCP4 10.0.0.1 127.0.0.1 1234 80\r\n"},
      {Bad::no_header, "proxy TCP4 10.0.0.1 127.0.0.1 1234 80\r\n"},
      {Bad::no_header, "\r\n\r\n\r\n"},
      {Bad::no_header, "\x16\x03\x01"},
      {Bad::too_long, "PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"},
      {Bad::too_long, "PROXY TCP4 " + std::string(200, '1')},
      {Bad::bad_line, "PROXY TCP4 10.0.0.1 127.0.0.1 1234 80\n"},
      {Bad::bad_line, "PROXY \r\n"},
      {Bad::bad_line, "PROXY UDP4 10.0.0.1 127.0.0.1 1234 80\r\n"},
      {Bad::bad_line, "PROXY UNKNOWNS\r\n"},
      {Bad::bad_line, "PROXY TCP4\r\n"},
      {Bad::bad_line, "PROXY TCP4 10.0.0.1 127.0.0.1 1234\r\n"},
      {Bad::bad_line, "PROXY TCP4 10.0.0.1 127.0.0.1 1234 80 \r\n"},
      {Bad::bad_line, "PROXY TCP4  10.0.0.1 127.0.0.1 1234 80\r\n"},
      {Bad::bad_address, "PROXY TCP4 10.0.0.1  1234 80\r\n"},
      {Bad::bad_address, "PROXY TCP4 ::1 ::2 1 2\r\n"},
      {Bad::bad_address, "PROXY TCP6 10.0.0.1 127.0.0.1 1 2\r\n"},
      {Bad::bad_address, "PROXY TCP4 10.0.0.01 127.0.0.1 1 2\r\n"},
      {Bad::bad_address, "PROXY TCP4 10.0.0.1 localhost 1 2\r\n"},
      {Bad::bad_address, "PROXY TCP4 10.0.0.1\0 127.0.0.1 1 2\r\n"s},
      {Bad::bad_port, "PROXY TCP4 10.0.0.1 127.0.0.1 1234 \r\n"},
      {Bad::bad_port, "PROXY TCP4 10.0.0.1 127.0.0.1 01 2\r\n"},
      {Bad::bad_port, "PROXY TCP4 10.0.0.1 127.0.0.1 1 65536\r\n"},
      {Bad::bad_port, "PROXY TCP4 10.0.0.1 127.0.0.1 -1 2\r\n"},
      {Bad::bad_port, "PROXY TCP4 10.0.0.1 127.0.0.1 +1 2\r\n"},
      {Bad::bad_port, "PROXY TCP4 10.0.0.1 127.0.0.1 1 0x50\r\n"},
      {Bad::bad_port, "PROXY TCP4 10.0.0.1 127.0.0.1 1 80\t\r\n"},
      {Bad::bad_version, v2(0x11, 0x11, kInet)},
      {Bad::bad_version, v2(0x31, 0x11, kInet)},
      {Bad::bad_command, v2(0x22, 0x11, kInet)},
      {Bad::bad_family, v2(0x21, 0x41, kInet)},
      {Bad::bad_family, v2(0x21, 0x13, kInet)},
      {Bad::bad_length, v2(0x21, 0x11, kInet.substr(1))},
      {Bad::bad_length, v2(0x21, 0x21, kInet6.substr(1))},
      {Bad::bad_length, v2(0x21, 0x31, std::string(215, '/'))},
      {Bad::bad_length, v2(0x21, 0x11, "")},
      {Bad::bad_field, v2(0x21, 0x11, kInet + "\x04")},
      {Bad::bad_field, v2(0x21, 0x11, kInet + "\x04\0"s)},
      {Bad::bad_field, v2(0x21, 0x11, kInet + "\x04\0\x01"s)},
      {Bad::bad_field, v2(0x21, 0x11, kInet + field(4, "x") + "\x04\xff\xff")},
      {Bad::bad_field, v2(0x21, 0x11, kInet + field(3, "abc"))},
      {Bad::bad_checksum, with_crc(field(1, "h2"), "", 1)},
      {Bad::bad_checksum, with_crc("", "", 0x80000000)},
      {Bad::too_long, v2(0x21, 0x11, kInet + field(4, std::string(kMaxBytes - 30, 'x')))},
      {Bad::too_long, v2(0x20, 0x00, std::string(0xffff, '\0'))},
  };
  for (const Row& row : rows) {
    Header header;
    const Parsed parsed = parse(row.bytes, header);
    EXPECT_EQ(parsed.state, Parse::bad) << testing::PrintToString(row.bytes.substr(0, 120));
    EXPECT_EQ(parsed.bad, row.expected) << name_of(parsed.bad) << testing::PrintToString(row.bytes.substr(0, 120));
    EXPECT_FALSE(header.claims()) << "what is refused claims nothing";
  }
}

TEST(ProxyHeader, WhatIsTooLongIsRefusedBeforeItIsAllThere) {
  Header header;
  EXPECT_EQ(parse(v2(0x21, 0x11, std::string(0xffff, '\0')).substr(0, 16), header).bad, Bad::too_long);
  EXPECT_EQ(parse(v2(0x31, 0x11, kInet).substr(0, 13), header).bad, Bad::bad_version);
  EXPECT_EQ(parse("PROXZ", header).bad, Bad::no_header);
}

TEST(ProxyHeader, IsWritten) {
  struct Row {
    const char* message;
    Header header;
    std::string v1, v2;
  };
  const std::vector<Row> rows{
      {"nobody's", {}, "PROXY UNKNOWN\r\n", v2(0x20, 0, "")},
      {"IPv4",
       {at("10.0.0.1", 1234), at("127.0.0.1", 80)},
       "PROXY TCP4 10.0.0.1 127.0.0.1 1234 80\r\n",
       v2(0x21, 0x11, kInet)},
      {"IPv6", {at("::1", 1), at("::2", 2)}, "PROXY TCP6 ::1 ::2 1 2\r\n", v2(0x21, 0x21, kInet6)},
      {"one of each",
       {at("10.0.0.1", 1), at("::2", 2)},
       "PROXY TCP6 ::ffff:10.0.0.1 ::2 1 2\r\n",
       v2(0x21, 0x21, std::string(10, '\0') + "\xff\xff\x0a\0\0\x01"s + kInet6.substr(16))},
      {"to nobody knows where",
       {at("10.0.0.1", 1), {}},
       "PROXY TCP4 10.0.0.1 0.0.0.0 1 0\r\n",
       v2(0x21, 0x11, "\x0a\0\0\x01\0\0\0\0\0\x01\0\0"s)},
  };
  for (const Row& row : rows) {
    std::string text = "before", binary = "before";
    append(text, Version::v1, row.header);
    append(binary, Version::v2, row.header);
    EXPECT_EQ(text, "before" + row.v1) << row.message;
    EXPECT_EQ(binary, "before" + row.v2) << row.message;
  }
}

}  // namespace
}  // namespace weir::proto::proxy
