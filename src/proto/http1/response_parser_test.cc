// Responses: one row per rule, with the section that it comes from.

#include <gtest/gtest.h>

#include <string>

#include "proto/http1/parser.h"
#include "proto/http1/print_bad.h"

namespace weir::proto::http1 {
namespace {

using http::BodyKind;
using http::FieldId;
using http::Method;
using http::ResponseHead;

const Limits kLimits;

HeadResult parse(std::string_view bytes, ResponseHead& head, Method request = Method::get) {
  ResponseParser parser(kLimits);
  return parser.parse(bytes, request, head);
}

TEST(ResponseParser, ReadsATypicalHead) {
  const std::string bytes =
      "HTTP/1.1 404 Not  Found\r\nServer: x\r\nContent-Length: 9\r\nConnection: x-a\r\nX-A: b\r\n\r\nnot found";
  ResponseHead head;
  const HeadResult result = parse(bytes, head);
  ASSERT_EQ(result.state, Parse::done) << name_of(result.bad);
  EXPECT_EQ(result.consumed, bytes.size() - 9);
  EXPECT_EQ(head.status, 404);
  EXPECT_EQ(head.reason, "Not  Found");
  EXPECT_EQ(head.version_minor, 1);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.body, BodyKind::length);
  EXPECT_EQ(head.content_length, 9U);
  EXPECT_EQ(head.find(FieldId::server)->value, "x");
  EXPECT_TRUE(head.find("x-a")->hop_by_hop);
}

TEST(ResponseParser, StatusLine) {
  struct Row {
    const char* rule;
    Bad bad;
    const char* line;
  };
  const Row rows[] = {
      {"9112 4: complete", Bad::none, "HTTP/1.1 200 OK"},
      {"9112 4: an empty phrase", Bad::none, "HTTP/1.1 200 "},
      {"9112 4: lenient: no second space", Bad::none, "HTTP/1.1 200"},
      {"9112 4: HTAB and obs-text in the phrase", Bad::none, "HTTP/1.1 200 a\tb\xe4"},
      {"9112 4: HTTP/1.0", Bad::none, "HTTP/1.0 200 OK"},
      {"9110 15: the least status", Bad::none, "HTTP/1.1 100 x"},
      {"9110 15: the greatest status", Bad::none, "HTTP/1.1 599 x"},
      {"9110 15: below", Bad::bad_status_line, "HTTP/1.1 099 x"},
      {"9110 15: beyond", Bad::bad_status_line, "HTTP/1.1 600 x"},
      {"9112 4: two digits", Bad::bad_status_line, "HTTP/1.1 20"},
      {"9112 4: two digits and a phrase", Bad::bad_status_line, "HTTP/1.1 20 OK"},
      {"9112 4: four digits", Bad::bad_status_line, "HTTP/1.1 2000"},
      {"9112 4: phrase without space", Bad::bad_status_line, "HTTP/1.1 200OK"},
      {"9112 4: HTAB", Bad::bad_status_line, "HTTP/1.1 200\tOK"},
      {"9112 4: no status", Bad::bad_status_line, "HTTP/1.1"},
      {"9112 4: two spaces", Bad::bad_status_line, "HTTP/1.1  200 OK"},
      {"9112 4: a sign", Bad::bad_status_line, "HTTP/1.1 +20 OK"},
      {"9112 4: no version", Bad::bad_status_line, "200 OK"},
      {"9112 2.2: no empty line before it", Bad::bad_status_line, ""},
      {"9112 2.3: another protocol", Bad::bad_status_line, "ICY 200 OK"},
      {"9112 2.3: no minor version", Bad::bad_version, "HTTP/2 200 OK"},
      {"9112 2.3: HTTP/2.0", Bad::unsupported_version, "HTTP/2.0 200 OK"},
      {"9110 5.5: ESC in the phrase", Bad::control_character, "HTTP/1.1 200 \x1b[1m"},
  };
  for (const Row& row : rows) {
    ResponseHead head;
    const std::string bytes = std::string(row.line) + "\r\n\r\n";
    const HeadResult result = parse(bytes, head);
    EXPECT_EQ(result.bad, row.bad) << row.rule;
    EXPECT_EQ(result.state, row.bad == Bad::none ? Parse::done : Parse::bad) << row.rule;
  }
}

TEST(ResponseParser, BodyFollowsRfc9112Section63) {
  struct Row {
    const char* rule;
    Method request;
    const char* head;
    Bad bad;
    BodyKind body;
    uint64_t length;
  };
  const Method get = Method::get;
  const Row rows[] = {
      {"rule 1: HEAD has none", Method::head, "200 OK\r\nContent-Length: 5\r\n", Bad::none, BodyKind::none, 5},
      {"rule 1: HEAD with chunked", Method::head, "200 OK\r\nTransfer-Encoding: chunked\r\n", Bad::none, BodyKind::none,
       0},
      {"rule 1: 304", get, "304 x\r\nContent-Length: 5\r\n", Bad::none, BodyKind::none, 5},
      {"rule 1: 304 with chunked", get, "304 x\r\nTransfer-Encoding: chunked\r\n", Bad::none, BodyKind::none, 0},
      {"rule 1: 204", get, "204 x\r\n", Bad::none, BodyKind::none, 0},
      {"rule 1: 204 with zero", get, "204 x\r\nContent-Length: 0\r\n", Bad::none, BodyKind::none, 0},
      {"9110 8.6: 204 with a length", get, "204 x\r\nContent-Length: 5\r\n", Bad::bad_content_length, BodyKind::none,
       0},
      {"9112 6.1: 204 with chunks", get, "204 x\r\nTransfer-Encoding: chunked\r\n", Bad::bad_transfer_encoding,
       BodyKind::none, 0},
      {"rule 1: 100", get, "100 x\r\n", Bad::none, BodyKind::none, 0},
      {"rule 1: 101", get, "101 x\r\nConnection: upgrade\r\nUpgrade: a\r\n", Bad::none, BodyKind::none, 0},
      {"9110 8.6: 103 with a length", get, "103 x\r\nContent-Length: 5\r\n", Bad::bad_content_length, BodyKind::none,
       0},
      {"9112 6.1: 100 with chunks", get, "100 x\r\nTransfer-Encoding: chunked\r\n", Bad::bad_transfer_encoding,
       BodyKind::none, 0},
      {"9110 8.6: 204 with a length, to HEAD", Method::head, "204 x\r\nContent-Length: 5\r\n", Bad::bad_content_length,
       BodyKind::none, 0},
      {"rule 2: a tunnel", Method::connect, "200 x\r\nContent-Length: 5\r\n", Bad::none, BodyKind::tunnel, 0},
      {"rule 2: any 2xx", Method::connect, "204 x\r\nTransfer-Encoding: chunked\r\n", Bad::none, BodyKind::tunnel, 0},
      {"rule 2: no tunnel", Method::connect, "403 x\r\nContent-Length: 5\r\n", Bad::none, BodyKind::length, 5},
      {"rule 3: both", get, "200 x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
       Bad::length_with_transfer_encoding, BodyKind::none, 0},
      {"rule 3: both, to HEAD", Method::head, "200 x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
       Bad::length_with_transfer_encoding, BodyKind::none, 0},
      {"rule 4: chunked", get, "200 x\r\nTransfer-Encoding: chunked\r\n", Bad::none, BodyKind::stream, 0},
      {"rule 4: another coding", get, "200 x\r\nTransfer-Encoding: gzip\r\n", Bad::unsupported_transfer_coding,
       BodyKind::none, 0},
      {"rule 4: two codings", get, "200 x\r\nTransfer-Encoding: gzip, chunked\r\n", Bad::unsupported_transfer_coding,
       BodyKind::none, 0},
      {"rule 5: a bad length", get, "200 x\r\nContent-Length: 5x\r\n", Bad::bad_content_length, BodyKind::none, 0},
      {"rule 5: two lengths", get, "200 x\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
       Bad::conflicting_content_length, BodyKind::none, 0},
      {"rule 5: equal lengths", get, "200 x\r\nContent-Length: 5, 5\r\n", Bad::none, BodyKind::length, 5},
      {"rule 6: a length", get, "200 x\r\nContent-Length: 5\r\n", Bad::none, BodyKind::length, 5},
      {"rule 6: of zero", get, "200 x\r\nContent-Length: 0\r\n", Bad::none, BodyKind::length, 0},
      {"rule 8: neither", get, "200 x\r\n", Bad::none, BodyKind::until_close, 0},
  };
  for (const Row& row : rows) {
    ResponseHead head;
    const std::string bytes = "HTTP/1.1 " + std::string(row.head) + "\r\n";
    EXPECT_EQ(parse(bytes, head, row.request).bad, row.bad) << row.rule;
    if (row.bad != Bad::none) continue;
    EXPECT_EQ(head.body, row.body) << row.rule;
    EXPECT_EQ(head.content_length, row.length) << row.rule;
    EXPECT_EQ(head.keep_alive, row.body != BodyKind::until_close) << row.rule;
  }
}

TEST(ResponseParser, Http10) {
  ResponseHead head;
  EXPECT_EQ(parse("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", head).bad, Bad::transfer_encoding_in_http10);
  ASSERT_EQ(parse("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", head).state, Parse::done);
  EXPECT_FALSE(head.keep_alive);
  ASSERT_EQ(parse("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n", head).state, Parse::done);
  EXPECT_TRUE(head.keep_alive);
  ASSERT_EQ(parse("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", head).state, Parse::done);
  EXPECT_FALSE(head.keep_alive) << "9112 9.3: its end is the connection's";
}

TEST(ResponseParser, LineRulesAreThoseOfRequests) {
  const std::pair<Bad, const char*> rows[] = {
      {Bad::bare_lf, "HTTP/1.1 200 OK\n\n"},
      {Bad::bare_cr, "HTTP/1.1 200 OK\r\na: b\rc\r\n\r\n"},
      {Bad::obs_fold, "HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n"},
      {Bad::space_before_colon, "HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n"},
      {Bad::missing_colon, "HTTP/1.1 200 OK\r\nabc\r\n\r\n"},
  };
  for (const auto& [bad, bytes] : rows) {
    ResponseHead head;
    EXPECT_EQ(parse(bytes, head).bad, bad) << bytes;
  }
}

TEST(ResponseParser, LimitsHold) {
  ResponseHead head;
  EXPECT_EQ(parse("HTTP/1.1 200 " + std::string(kLimits.request_line_bytes, 'x'), head).bad, Bad::bad_status_line);
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\na: " + std::string(kLimits.field_bytes, 'x'), head).bad, Bad::field_too_long);
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (uint32_t i = 0; i <= kLimits.fields; ++i) many += "a: b\r\n";
  EXPECT_EQ(parse(many, head).bad, Bad::too_many_fields);
  std::string large = "HTTP/1.1 200 OK\r\n";
  while (large.size() <= kLimits.head_bytes) large += "a: " + std::string(1000, 'x') + "\r\n";
  EXPECT_EQ(parse(large, head).bad, Bad::head_too_large);
}

}  // namespace
}  // namespace weir::proto::http1
