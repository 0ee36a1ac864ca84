#include "proto/http1/writer.h"

#include <gtest/gtest.h>

#include "proto/http1/parser.h"

namespace weir::proto::http1 {
namespace {

using http::FieldId;
using http::Fields;

const Limits kLimits;

TEST(Writer, Lines) {
  std::string out;
  append_request_line(out, "GET", "/a?b");
  append_status_line(out, 404);
  append_status_line(out, 200, "Fine");
  append_status_line(out, 299);
  append_field(out, "A", "b c");
  append_field(out, "Content-Length", uint64_t{18446744073709551615U});
  append_field(out, "Zero", uint64_t{0});
  EXPECT_EQ(out,
            "GET /a?b HTTP/1.1\r\nHTTP/1.1 404 Not Found\r\nHTTP/1.1 200 Fine\r\nHTTP/1.1 299 \r\nA: b c\r\n"
            "Content-Length: 18446744073709551615\r\nZero: 0\r\n");
}

TEST(Writer, Chunks) {
  std::string out;
  append_chunk_size(out, 0x1a2b);
  append_chunk_size(out, UINT64_MAX);
  append_last_chunk(out, {});
  append_last_chunk(out, Fields{{"A", "b"}});
  EXPECT_EQ(out, "1a2b\r\nffffffffffffffff\r\n0\r\n\r\n0\r\nA: b\r\n\r\n");
}

std::string forwarded(const std::string& bytes) {
  RequestParser parser(kLimits);
  http::RequestHead head;
  EXPECT_EQ(parser.parse(bytes, head).state, Parse::done);
  std::string out;
  append_end_to_end_fields(out, head.fields);
  return out;
}

TEST(Writer, EndToEndFieldsComeOutAsTheyWere) {
  EXPECT_EQ(forwarded("GET / HTTP/1.1\r\nHost: h\r\naCCept: x\r\nEmpty: \r\nB: c\r\n\r\n"),
            "Host: h\r\naCCept: x\r\nEmpty: \r\nB: c\r\n");
}

TEST(Writer, FieldsThatAreNotVerbatimAreNormalised) {
  EXPECT_EQ(forwarded("GET / HTTP/1.1\r\nHost:h\r\nA:\t b \t\r\nB: c\r\nEmpty:\r\nTail: x \r\nC: d\r\n\r\n"),
            "Host: h\r\nA: b\r\nB: c\r\nEmpty: \r\nTail: x\r\nC: d\r\n");
}

TEST(Writer, HopByHopAndFramingStayBehind) {
  EXPECT_EQ(
      forwarded("POST / HTTP/1.1\r\nHost: h\r\nConnection: x, close\r\nA: 1\r\nX: 2\r\nContent-Length: 3\r\nB: 4\r\n"
                "Content-Length: 3\r\nKeep-Alive: 5\r\n\r\n"),
      "Host: h\r\nA: 1\r\nB: 4\r\n");
  EXPECT_EQ(forwarded("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: h\r\n\r\n"), "Host: h\r\n");
}

TEST(Writer, HostSaysWhatTheTargetSaid) {
  EXPECT_EQ(forwarded("GET http://real/ HTTP/1.1\r\nA: 1\r\nHost: fake\r\nB: 2\r\n\r\n"),
            "A: 1\r\nHost: real\r\nB: 2\r\n");
}

TEST(Writer, FieldsFromSeveralSourcesMix) {
  const std::string one = "A: 1\r\nB: 2\r\n";
  const std::string two = "C; 3\r\nD: 4";
  const std::string_view a(one);
  const std::string_view b(two);
  const Fields fields{
      {a.substr(0, 1), a.substr(3, 1)},                                    // verbatim, and next to
      {a.substr(6, 1), a.substr(9, 1)},                                    // this one
      {b.substr(0, 1), b.substr(3, 1)},                                    // two bytes apart, but they are not ": "
      {b.substr(6, 1), b.substr(9, 1)}, {a.substr(0, 1), b.substr(3, 1)},  // name and value from different places
      {a.substr(6, 1), a.substr(3, 1)},                                    // the value lies before the name
  };
  std::string out;
  append_end_to_end_fields(out, fields);
  EXPECT_EQ(out, "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nA: 3\r\nB: 1\r\n");
}

TEST(Writer, FieldsInAnotherOrderThanTheirBytes) {
  const std::string bytes = "A: 1\r\nB: 2\r\n";
  const std::string_view view(bytes);
  const Fields fields{{view.substr(6, 1), view.substr(9, 1)}, {view.substr(0, 1), view.substr(3, 1)}};
  std::string out;
  append_end_to_end_fields(out, fields);
  EXPECT_EQ(out, "B: 2\r\nA: 1\r\n");
}

}  // namespace
}  // namespace weir::proto::http1
