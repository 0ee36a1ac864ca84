// Requests: one row per rule, with the section that it comes from.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/http1/parser.h"
#include "proto/http1/print_bad.h"

namespace weir::proto::http1 {
namespace {

using http::BodyKind;
using http::FieldId;
using http::Method;
using http::RequestHead;
using namespace std::string_literals;

const Limits kLimits;

HeadResult parse(std::string_view bytes, RequestHead& head, const Limits& limits = kLimits) {
  RequestParser parser(limits);
  return parser.parse(bytes, head);
}

struct Refused {
  const char* rule;
  Bad bad;
  size_t at;
  std::string input;
};

void expect_refused(const std::vector<Refused>& rows, const Limits& limits = kLimits) {
  for (const Refused& row : rows) {
    RequestHead head;
    const HeadResult result = parse(row.input, head, limits);
    EXPECT_EQ(result.state, Parse::bad) << row.rule;
    EXPECT_EQ(result.bad, row.bad) << row.rule;
    EXPECT_EQ(result.bad_at, row.at) << row.rule;
    EXPECT_EQ(result.consumed, 0U) << row.rule;
  }
}

/// `line` with a Host and the end of the head.
std::string with_host(std::string_view line) { return std::string(line) + "\r\nHost: h\r\n\r\n"; }
/// A GET with Host at 16..24 and `fields` from 25.
std::string get(std::string_view fields) { return "GET / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n"; }
std::string post(std::string_view fields) { return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n"; }

TEST(RequestParser, ReadsATypicalHead) {
  const std::string bytes =
      "GET /a/b?c=d HTTP/1.1\r\nHost: example.org:8080\r\nUser-Agent: curl/8\r\nAccept:*/*\r\nX-Empty:\r\n"
      "X-Spaces: \t two words \t\r\nX-Obs: gr\xfc\xdf\r\n\r\nrest";
  RequestHead head;
  const HeadResult result = parse(bytes, head);
  ASSERT_EQ(result.state, Parse::done) << name_of(result.bad);
  EXPECT_EQ(result.consumed, bytes.size() - 4);
  EXPECT_EQ(head.method, Method::get);
  EXPECT_EQ(head.method_text, "GET");
  EXPECT_EQ(head.target, "/a/b?c=d");
  EXPECT_EQ(head.path(), "/a/b");
  EXPECT_EQ(head.authority, "example.org:8080");
  EXPECT_EQ(head.scheme, "http");
  EXPECT_EQ(head.version_minor, 1);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.upgrade || head.expect_continue);
  EXPECT_EQ(head.body, BodyKind::none);
  ASSERT_EQ(head.fields.size(), 6U);
  EXPECT_EQ(head.fields[0].id, FieldId::host);
  EXPECT_EQ(head.fields[1].id, FieldId::user_agent);
  EXPECT_EQ(head.fields[2].value, "*/*");
  EXPECT_EQ(head.fields[3].value, "");
  EXPECT_EQ(head.fields[4].value, "two words");
  EXPECT_EQ(head.fields[5].value, "gr\xfc\xdf");
}

TEST(RequestParser, RequestLine) {
  expect_refused({
      {"9110 9.1: a method is a token", Bad::bad_method, 1, with_host("G(T / HTTP/1.1")},
      {"9110 9.1: a method is not empty", Bad::bad_method, 0, with_host(" / HTTP/1.1")},
      {"9112 3: a request line has three parts", Bad::bad_method, 3, with_host("GET")},
      {"9112 3: a version follows (HTTP/0.9 has none)", Bad::bad_version, 5, with_host("GET /")},
      {"9112 3: single spaces, before the target", Bad::bad_target, 4, with_host("GET  / HTTP/1.1")},
      {"9112 3: single spaces, before the version", Bad::bad_version, 6, with_host("GET /  HTTP/1.1")},
      {"9112 3: nothing after the version", Bad::bad_version, 6, with_host("GET / HTTP/1.1 ")},
      {"9112 3: no HTAB as separator", Bad::bad_method, 3, with_host("GET\t/ HTTP/1.1")},
      {"9112 3: no HTAB before the version", Bad::bad_target, 5, with_host("GET /\tHTTP/1.1")},
      {"9112 3.2: no space within the target", Bad::bad_version, 7, with_host("GET /a b HTTP/1.1")},
      {"9112 3.2: no fragment", Bad::bad_target, 6, with_host("GET /a#b HTTP/1.1")},
      {"9112 3.2: bytes from 0x80 come percent-encoded", Bad::bad_target, 6, with_host("GET /a\xc3\xa4 HTTP/1.1")},
      {"9112 2.3: lower case", Bad::bad_version, 6, with_host("GET / http/1.1")},
      {"9112 2.3: another protocol", Bad::bad_version, 6, with_host("GET / ICAP/1.0")},
      {"9112 2.3: a digit too many", Bad::bad_version, 6, with_host("GET / HTTP/1.10")},
      {"9112 2.3: letters for digits", Bad::bad_version, 6, with_host("GET / HTTP/1.x")},
      {"9110 15.6.6: HTTP/2.0", Bad::unsupported_version, 6, with_host("GET / HTTP/2.0")},
      {"9110 15.6.6: HTTP/1.2", Bad::unsupported_version, 6, with_host("GET / HTTP/1.2")},
      {"9113 3.4: the HTTP/2 preface", Bad::unsupported_version, 6, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"9112 2.2: two empty lines", Bad::bad_method, 2, "\r\n\r\n" + with_host("GET / HTTP/1.1")},
      {"9112 2.2: TLS on a plain port", Bad::control_character, 0, "\x16\x03\x01\x02"},
  });
}

TEST(RequestParser, OneEmptyLineBeforeTheRequestLinePasses) {
  const std::string bytes = "\r\n" + with_host("GET / HTTP/1.1");
  RequestHead head;
  const HeadResult result = parse(bytes, head);
  ASSERT_EQ(result.state, Parse::done);
  EXPECT_EQ(result.consumed, bytes.size());
  EXPECT_EQ(head.target, "/");
}

TEST(RequestParser, TargetsThatNoFormOrMethodAllows) {
  expect_refused({
      {"9112 3.2.1: origin-form begins with a slash", Bad::bad_target, 4, with_host("GET a/b HTTP/1.1")},
      {"9112 3.2.1: nor with a query", Bad::bad_target, 4, with_host("GET ?a HTTP/1.1")},
      {"9112 3.2.2: a scheme that is not HTTP's", Bad::bad_target, 4, with_host("GET ftp://h/ HTTP/1.1")},
      {"9110 4.2.1: http without a host", Bad::bad_target, 11, with_host("GET http:///a HTTP/1.1")},
      {"9110 4.2.1: only a port", Bad::bad_target, 11, with_host("GET http://:80/ HTTP/1.1")},
      {"9110 4.2.4: userinfo", Bad::bad_target, 11, with_host("GET http://u:p@h/ HTTP/1.1")},
      {"3986 3.2.2: a space-like host", Bad::bad_target, 11, with_host("GET http://a\\b/ HTTP/1.1")},
      {"9112 3.2.1: a query needs the slash before it", Bad::bad_target, 12, with_host("GET http://h?a HTTP/1.1")},
      {"9112 3.2.4: asterisk-form is for OPTIONS", Bad::bad_target, 4, with_host("GET * HTTP/1.1")},
      {"9112 3.2.4: the asterisk stands alone", Bad::bad_target, 8, with_host("OPTIONS *a HTTP/1.1")},
      {"9112 3.2.3: authority-form is for CONNECT", Bad::bad_target, 4, with_host("GET h:80 HTTP/1.1")},
      {"9110 9.3.6: CONNECT takes authority-form only", Bad::bad_target, 8, with_host("CONNECT / HTTP/1.1")},
      {"9110 9.3.6: and a port", Bad::bad_target, 8, with_host("CONNECT h HTTP/1.1")},
      {"9110 9.3.6: a port that is not empty", Bad::bad_target, 8, with_host("CONNECT h: HTTP/1.1")},
      {"9110 9.3.6: a valid port", Bad::bad_target, 8, with_host("CONNECT h:65536 HTTP/1.1")},
      {"9110 9.3.6: a host", Bad::bad_target, 8, with_host("CONNECT :443 HTTP/1.1")},
      {"9110 9.3.6: the last group of an address is no port", Bad::bad_target, 8, with_host("CONNECT [::1] HTTP/1.1")},
  });
}

struct Resolved {
  const char* rule;
  std::string line;
  const char* scheme;
  const char* authority;
  const char* target;
};

TEST(RequestParser, TargetsResolve) {
  const Resolved rows[] = {
      {"9112 3.2.1: origin-form", "GET /a?b HTTP/1.1", "http", "h", "/a?b"},
      {"9112 3.2.1: lenient bytes in the query", "GET /a?b={\"c\"|d}^`\\ HTTP/1.1", "http", "h", "/a?b={\"c\"|d}^`\\"},
      {"9112 3.2.1: '//' begins a path, not an authority", "GET //x/y HTTP/1.1", "http", "h", "//x/y"},
      {"9112 3.2.2: the target's authority wins", "GET http://other:81/a HTTP/1.1", "http", "other:81", "/a"},
      {"9110 4.2.3: schemes have no case", "GET HTTPS://other/a HTTP/1.1", "https", "other", "/a"},
      {"9112 3.2.2: an empty path is '/'", "GET http://other HTTP/1.1", "http", "other", "/"},
      {"9112 3.2.4: but '*' for OPTIONS", "OPTIONS http://other:8001 HTTP/1.1", "http", "other:8001", "*"},
      {"9112 3.2.4: OPTIONS with a path", "OPTIONS http://other/a HTTP/1.1", "http", "other", "/a"},
      {"3986 3.2.3: an empty port", "GET http://other:/a HTTP/1.1", "http", "other:", "/a"},
      {"3986 3.2.2: an address in brackets", "GET http://[::1]:80/a HTTP/1.1", "http", "[::1]:80", "/a"},
      {"9112 3.2.4: asterisk-form", "OPTIONS * HTTP/1.1", "http", "h", "*"},
      {"9112 3.2.3: authority-form", "CONNECT other:443 HTTP/1.1", "http", "other:443", "other:443"},
      {"9112 3.2.3: with an address", "CONNECT [2001:db8::1]:443 HTTP/1.1", "http", "[2001:db8::1]:443",
       "[2001:db8::1]:443"},
  };
  for (const Resolved& row : rows) {
    RequestHead head;
    const std::string bytes = with_host(row.line);
    const HeadResult result = parse(bytes, head);
    ASSERT_EQ(result.state, Parse::done) << row.rule << ": " << name_of(result.bad);
    EXPECT_EQ(head.scheme, row.scheme) << row.rule;
    EXPECT_EQ(head.authority, row.authority) << row.rule;
    EXPECT_EQ(head.target, row.target) << row.rule;
    EXPECT_EQ(head.find(FieldId::host)->value, row.authority) << row.rule << ": Host says the same as the target";
  }
}

TEST(RequestParser, Lines) {
  expect_refused({
      {"9112 2.2: LF alone ends no request line", Bad::bare_lf, 14, "GET / HTTP/1.1\nHost: h\r\n\r\n"},
      {"9112 2.2: nor a field", Bad::bare_lf, 23, "GET / HTTP/1.1\r\nHost: h\n\r\n"},
      {"9112 2.2: nor the head", Bad::bare_lf, 25, "GET / HTTP/1.1\r\nHost: h\r\n\n"},
      {"9112 2.2: CR alone, in a value", Bad::bare_cr, 29, get("a: b\rc: d\r\n")},
      {"9112 2.2: CR alone, at the end", Bad::bare_cr, 29, get("a: b\r\r\n")},
      {"9112 2.2: CR alone, in the request line", Bad::bare_cr, 5, with_host("GET /\rHTTP/1.1")},
      {"9112 2.2: CR alone, where the head ends", Bad::bare_cr, 25, "GET / HTTP/1.1\r\nHost: h\r\n\rx"},
      {"9110 5.5: NUL in a value", Bad::control_character, 28, get("a: \0\r\n"s)},
      {"9110 5.5: DEL in a value", Bad::control_character, 28, get("a: \x7f\r\n")},
      {"9110 5.5: ESC in a name", Bad::control_character, 25, get("\x1b: b\r\n")},
      {"9110 5.5: NUL in the target", Bad::control_character, 5, with_host("GET /\0 HTTP/1.1"s)},
      {"9112 5.2: a folded value", Bad::obs_fold, 31, get("a: b\r\n c\r\n")},
      {"9112 5.2: folded with HTAB", Bad::obs_fold, 31, get("a: b\r\n\tc\r\n")},
      {"9112 2.2: space before the first field", Bad::obs_fold, 16, "GET / HTTP/1.1\r\n Host: h\r\n\r\n"},
      {"9112 5.2: a line of spaces is no end", Bad::obs_fold, 25, get(" \r\n")},
  });
}

TEST(RequestParser, Names) {
  expect_refused({
      {"9112 5.1: space before the colon", Bad::space_before_colon, 39, get("Content-Length : 5\r\n")},
      {"9112 5.1: HTAB before the colon", Bad::space_before_colon, 26, get("a\t: b\r\n")},
      {"9110 5.1: a space within the name", Bad::bad_field_name, 26, get("a b: c\r\n")},
      {"9110 5.1: an empty name", Bad::bad_field_name, 25, get(": b\r\n")},
      {"9110 5.1: a separator", Bad::bad_field_name, 28, get("abc(d): e\r\n")},
      {"9110 5.1: obs-text", Bad::bad_field_name, 26, get("a\xe4: b\r\n")},
      {"9112 5: no colon", Bad::missing_colon, 28, get("abc\r\n")},
      {"9112 5: no colon after a space", Bad::bad_field_name, 26, get("a b\r\n")},
  });
  RequestHead head;
  EXPECT_EQ(parse(get("!#$%&'*+-.^_`|~09azAZ: all of token\r\n"), head).state, Parse::done);
}

TEST(RequestParser, Host) {
  const auto host = [](std::string_view value) { return "GET / HTTP/1.1\r\nHost: " + std::string(value) + "\r\n\r\n"; };
  expect_refused({
      {"9112 3.2: missing", Bad::missing_host, 0, "GET / HTTP/1.1\r\n\r\n"},
      {"9112 3.2: missing with absolute-form", Bad::missing_host, 0, "GET http://h/ HTTP/1.1\r\n\r\n"},
      {"9112 3.2: twice", Bad::duplicate_host, 25, get("Host: h\r\n")},
      {"9112 3.2: twice, in another case", Bad::duplicate_host, 25, get("hOST: x\r\n")},
      {"9112 3.2: twice in HTTP/1.0", Bad::duplicate_host, 25, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"},
      {"9110 7.2: userinfo", Bad::bad_host, 22, host("u@h")},
      {"9110 7.2: a path", Bad::bad_host, 22, host("h/x")},
      {"9110 7.2: a space", Bad::bad_host, 22, host("a b")},
      {"9110 7.2: two ports", Bad::bad_host, 22, host("h:1:2")},
      {"9110 7.2: a port of letters", Bad::bad_host, 22, host("h:http")},
      {"9110 7.2: a port too large", Bad::bad_host, 22, host("h:65536")},
      {"9110 7.2: only a port", Bad::bad_host, 22, host(":80")},
      {"9110 7.2: obs-text", Bad::bad_host, 22, host("\xe4")},
      {"3986 2.1: half an escape", Bad::bad_host, 22, host("a%4")},
      {"3986 2.1: no hexadecimal escape", Bad::bad_host, 22, host("a%4g")},
      {"3986 3.2.2: an open bracket", Bad::bad_host, 22, host("[::1")},
      {"3986 3.2.2: text after the bracket", Bad::bad_host, 22, host("[::1]x")},
      {"3986 3.2.2: no address", Bad::bad_host, 22, host("[abc]")},
      {"6874 2: a zone", Bad::bad_host, 22, host("[fe80::1%25eth0]")},
      {"9112 3.2.2: bad even when the target replaces it", Bad::bad_host, 30,
       "GET http://h/ HTTP/1.1\r\nHost: a b\r\n\r\n"},
  });
  for (const char* value : {"", "h", "h:", "h:80", "H.Example", "127.0.0.1:65535", "[::1]", "[::ffff:1.2.3.4]:1",
                            "a%20b", "_srv", "a!$&'()*+,;=~b"}) {
    RequestHead head;
    const std::string bytes = host(value);
    const HeadResult result = parse(bytes, head);
    EXPECT_EQ(result.state, Parse::done) << value << ": " << name_of(result.bad);
    EXPECT_EQ(head.authority, value);
  }
  RequestHead head;
  ASSERT_EQ(parse("GET / HTTP/1.0\r\n\r\n", head).state, Parse::done) << "HTTP/1.0 may lack it";
  EXPECT_EQ(head.authority, "");
}

TEST(RequestParser, FramingThatCouldBeReadTwoWays) {
  expect_refused({
      {"9112 6.3: both", Bad::length_with_transfer_encoding, 26,
       post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n")},
      {"9112 6.3: both, length last", Bad::length_with_transfer_encoding, 54,
       post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")},
      {"9112 6.3: two lengths", Bad::conflicting_content_length, 61,
       post("Content-Length: 3\r\nContent-Length: 4\r\n")},
      {"9112 6.3: two lengths in a list", Bad::conflicting_content_length, 44, post("Content-Length: 3, 4\r\n")},
      {"9112 6.3: lists that differ", Bad::conflicting_content_length, 64,
       post("Content-Length: 3, 3\r\nContent-Length: 4, 4\r\n")},
      {"9110 8.6: empty", Bad::bad_content_length, 41, post("Content-Length:\r\n")},
      {"9110 8.6: a sign", Bad::bad_content_length, 42, post("Content-Length: +3\r\n")},
      {"9110 8.6: below zero", Bad::bad_content_length, 42, post("Content-Length: -3\r\n")},
      {"9110 8.6: hexadecimal", Bad::bad_content_length, 42, post("Content-Length: 0x3\r\n")},
      {"9110 8.6: a space within", Bad::bad_content_length, 42, post("Content-Length: 3 3\r\n")},
      {"9110 8.6: an empty element", Bad::bad_content_length, 44, post("Content-Length: 3,\r\n")},
      {"9110 8.6: an empty first element", Bad::bad_content_length, 42, post("Content-Length: ,3\r\n")},
      {"9110 8.6: 2^63", Bad::bad_content_length, 42, post("Content-Length: 9223372036854775808\r\n")},
      {"9110 8.6: 2^64+1", Bad::bad_content_length, 42, post("Content-Length: 18446744073709551617\r\n")},
      {"9112 6.1: in HTTP/1.0", Bad::transfer_encoding_in_http10, 17,
       "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"9112 6.1: another coding", Bad::unsupported_transfer_coding, 45, post("Transfer-Encoding: gzip\r\n")},
      {"9112 6.1: another coding before chunked", Bad::unsupported_transfer_coding, 45,
       post("Transfer-Encoding: gzip, chunked\r\n")},
      {"9112 7: identity is gone", Bad::unsupported_transfer_coding, 45, post("Transfer-Encoding: identity\r\n")},
      {"9112 6.1: an unknown coding", Bad::unsupported_transfer_coding, 45, post("Transfer-Encoding: xchunked\r\n")},
      {"9112 6.1: chunked twice", Bad::bad_transfer_encoding, 45, post("Transfer-Encoding: chunked, chunked\r\n")},
      {"9112 6.1: chunked in two fields", Bad::bad_transfer_encoding, 73,
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
      {"9112 6.1: chunked not last", Bad::bad_transfer_encoding, 45, post("Transfer-Encoding: chunked, gzip\r\n")},
      {"9112 6.1: empty", Bad::bad_transfer_encoding, 44, post("Transfer-Encoding:\r\n")},
      {"9112 6.1: a parameter", Bad::bad_transfer_encoding, 45, post("Transfer-Encoding: chunked;q=1\r\n")},
      {"9112 6.1: quoted", Bad::bad_transfer_encoding, 45, post("Transfer-Encoding: \"chunked\"\r\n")},
      {"9112 6.1: an empty element", Bad::bad_transfer_encoding, 45, post("Transfer-Encoding: , chunked\r\n")},
      {"9110 9.3.6: CONNECT with a length", Bad::bad_content_length, 49,
       "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\nContent-Length: 03\r\n\r\n"},
      {"9110 9.3.6: CONNECT with chunks", Bad::bad_transfer_encoding, 33,
       "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\nTransfer-Encoding: chunked\r\n\r\n"},
  });
}

struct Framed {
  const char* rule;
  std::string fields;
  BodyKind body;
  uint64_t length;
};

TEST(RequestParser, FramingThatIsClear) {
  const Framed rows[] = {
      {"9112 6.3: neither field, no body", "", BodyKind::none, 0},
      {"9112 6.3: a length", "Content-Length: 5\r\n", BodyKind::length, 5},
      {"9112 6.3: of zero", "Content-Length: 0\r\n", BodyKind::length, 0},
      {"9110 8.6: with leading zeros", "Content-Length: 0005\r\n", BodyKind::length, 5},
      {"9110 8.6: 2^63-1", "Content-Length: 9223372036854775807\r\n", BodyKind::length, 9223372036854775807U},
      {"9112 6.3: equal lengths", "Content-Length: 5\r\ncontent-length: 5\r\n", BodyKind::length, 5},
      {"9112 6.3: equal lengths in a list", "Content-Length: 5 ,5\t, 5\r\n", BodyKind::length, 5},
      {"9112 7.1: chunked", "Transfer-Encoding: chunked\r\n", BodyKind::stream, 0},
      {"9112 7: codings have no case", "Transfer-Encoding: CHUNKED\r\n", BodyKind::stream, 0},
  };
  for (const Framed& row : rows) {
    RequestHead head;
    const std::string bytes = post(row.fields);
    const HeadResult result = parse(bytes, head);
    ASSERT_EQ(result.state, Parse::done) << row.rule << ": " << name_of(result.bad);
    EXPECT_EQ(head.body, row.body) << row.rule;
    EXPECT_EQ(head.content_length, row.length) << row.rule;
    size_t lengths = 0;
    for (const http::Field& field : head.fields) {
      if (field.id != FieldId::content_length || field.hop_by_hop) continue;
      ++lengths;
      EXPECT_EQ(field.value.find(','), std::string_view::npos) << row.rule << ": a list does not go on";
    }
    EXPECT_LE(lengths, 1U) << row.rule << ": two lengths do not go on";
  }
}

TEST(RequestParser, Persistence) {
  const std::pair<const char*, bool> rows[] = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: x, CLOSE\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n\r\n", true},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n", false},
  };
  for (const auto& [bytes, keep_alive] : rows) {
    RequestHead head;
    ASSERT_EQ(parse(bytes, head).state, Parse::done) << bytes;
    EXPECT_EQ(head.keep_alive, keep_alive) << "9112 9.3: " << bytes;
  }
}

TEST(RequestParser, HopByHopFields) {
  const std::string bytes = get(
      "Connection: x-mine, Keep-Alive, ,Upgrade, host, content-type, authorization, x-forwarded-for, cache-control,\r\n"
      "Connection: X-Forwarded-Custom, if-match, x-other\r\n"
      "Keep-Alive: 5\r\nProxy-Connection: a\r\nTE: trailers\r\nUpgrade: websocket\r\nTrailer: a\r\n"
      "X-Mine: 1\r\nx-OTHER: 2\r\nx-mine: 3\r\n"
      "X-Kept: 1\r\nContent-Type: a\r\nAuthorization: a\r\nX-Forwarded-For: a\r\nCache-Control: a\r\n"
      "X-Forwarded-Custom: a\r\nIf-Match: a\r\n");
  RequestHead head;
  ASSERT_EQ(parse(bytes, head).state, Parse::done);
  ASSERT_EQ(head.fields.size(), 18U);
  for (size_t i = 0; i < head.fields.size(); ++i) {
    EXPECT_EQ(head.fields[i].hop_by_hop, i >= 1 && i <= 10) << "9110 7.6.1: " << head.fields[i].name;
  }
  EXPECT_TRUE(head.upgrade) << "9110 7.8";

  const std::string trailer = post("Trailer: a\r\nTransfer-Encoding: chunked\r\n");
  ASSERT_EQ(parse(trailer, head).state, Parse::done);
  EXPECT_FALSE(head.find(FieldId::trailer)->hop_by_hop) << "9110 6.6.2: it announces what a stream will carry";
  EXPECT_TRUE(head.find(FieldId::transfer_encoding)->hop_by_hop);
}

TEST(RequestParser, WhatAnEndpointMayTakeForAFieldOfOursIsNotPassedOn) {
  const struct {
    const char* name;
    bool kept;
  } rows[] = {
      {"X_Forwarded_For", false},         {"x-forwarded_proto", false},
      {"X_FORWARDED_CLIENT_CERT", false}, {"X_Request_Id", false},
      {"Content_Length", false},          {"Transfer_Encoding", false},
      {"X_Forwarded_By", true},           {"X_Own", true},
      {"Accept_Encoding", true},
  };
  for (const auto& row : rows) {
    RequestHead head;
    ASSERT_EQ(parse(get(std::string(row.name) + ": 7\r\n"), head).state, Parse::done) << row.name;
    EXPECT_EQ(head.fields.back().hop_by_hop, !row.kept) << row.name;
    EXPECT_EQ(head.body, BodyKind::none) << row.name;
  }
}

TEST(RequestParser, ConnectionOptionsAreLimitedLikeFields) {
  std::string options = "Connection: a";
  for (uint32_t i = 1; i < kLimits.fields; ++i) options += ",a";
  RequestHead head;
  EXPECT_EQ(parse(get(options + "\r\n"), head).state, Parse::done);
  EXPECT_EQ(parse(get(options + ",a\r\n"), head).bad, Bad::too_many_fields);
}

TEST(RequestParser, UpgradeNeedsBothFieldsAndHttp11) {
  const std::pair<std::string, bool> rows[] = {
      {get("Connection: upgrade\r\nUpgrade: websocket\r\n"), true},
      {get("Connection: upgrade\r\n"), false},
      {get("Upgrade: websocket\r\n"), false},
      {"GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", false},
  };
  for (const auto& [bytes, upgrade] : rows) {
    RequestHead head;
    ASSERT_EQ(parse(bytes, head).state, Parse::done);
    EXPECT_EQ(head.upgrade, upgrade) << "9110 7.8: " << bytes;
  }
}

TEST(RequestParser, Expect) {
  expect_refused({
      {"9110 10.1.1: something else", Bad::unsupported_expectation, 33, get("Expect: tea\r\n")},
      {"9110 10.1.1: empty", Bad::unsupported_expectation, 32, get("Expect:\r\n")},
      {"9110 10.1.1: a list", Bad::unsupported_expectation, 33, get("Expect: 100-continue, tea\r\n")},
  });
  const std::pair<std::string, bool> rows[] = {
      {post("Expect: 100-Continue\r\nContent-Length: 1\r\n"), true},
      {post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n"), true},
      {post("Expect: 100-continue\r\nContent-Length: 0\r\n"), false},
      {get("Expect: 100-continue\r\n"), false},
      {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", false},
      {"POST / HTTP/1.0\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n", false},
  };
  for (const auto& [bytes, expected] : rows) {
    RequestHead head;
    ASSERT_EQ(parse(bytes, head).state, Parse::done) << bytes;
    EXPECT_EQ(head.expect_continue, expected) << "9110 10.1.1: " << bytes;
    EXPECT_EQ(head.find(FieldId::expect)->hop_by_hop, head.version_minor == 0) << "what is ignored does not go on";
  }
}

constexpr Limits kSmall{.request_line_bytes = 20, .field_bytes = 12, .head_bytes = 60, .fields = 3};

TEST(RequestParser, LimitsHoldExactly) {
  const std::string line21 = "GET /2345678 HTTP/1.1";
  RequestHead head;
  EXPECT_EQ(parse("GET /234567 HTTP/1.1\r\nHost: h\r\n\r\n", head, kSmall).state, Parse::done);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: 789012\r\n\r\n", head, kSmall).state, Parse::done);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: h\r\na: b\r\na: b\r\n\r\n", head, kSmall).state, Parse::done);
  EXPECT_EQ(parse("GET /234567 HTTP/1.1\r\nHost: 789012\r\nabcdef: 8901\r\na: bcd\r\n\r\n", head, kSmall).consumed,
            60U);
  expect_refused(
      {
          {"9112 3: request line", Bad::request_line_too_long, 20, line21 + "\r\nHost: h\r\n\r\n"},
          {"9112 3: request line without an end", Bad::request_line_too_long, 20, line21},
          {"9112 3: a bare LF beyond the limit is not looked at", Bad::request_line_too_long, 20,
           "GET /23456789012345678\n"},
          {"6585 5: field line", Bad::field_too_long, 28, "GET / HTTP/1.1\r\nHost: 7890123\r\n\r\n"},
          {"6585 5: field line without an end", Bad::field_too_long, 28, "GET / HTTP/1.1\r\nHost: 7890123"},
          {"6585 5: fields", Bad::too_many_fields, 37, "GET / HTTP/1.1\r\nHost: h\r\na: b\r\na: b\r\na: b\r\n\r\n"},
          {"6585 5: fields, before the head ends", Bad::too_many_fields, 37,
           "GET / HTTP/1.1\r\nHost: h\r\na: b\r\na: b\r\na: b\r\n"},
          {"6585 5: head", Bad::head_too_large, 60,
           "GET /234567 HTTP/1.1\r\nHost: 789012\r\nabcdef: 8901\r\na: bcde\r\n\r\n"},
      },
      kSmall);
}

TEST(RequestParser, IsBadAtTheFirstByteTooMany) {
  std::string endless = "GET /234567 HTTP/1.1\r\nHost: 789012\r\nabcdef: 8901\r\na: 4567890";
  ASSERT_EQ(endless.size(), 60U);
  RequestParser parser(kSmall);
  RequestHead head;
  for (size_t size = 0; size < endless.size(); ++size) {
    ASSERT_EQ(parser.parse(std::string_view(endless).substr(0, size), head).state, Parse::need_more) << size;
  }
  EXPECT_EQ(parser.parse(endless, head).bad, Bad::head_too_large) << "no end fits any more";
}

TEST(RequestParser, ParsesAgainAfterReset) {
  const std::string bytes = "GET /first HTTP/1.1\r\nHost: h\r\n\r\nGET /second HTTP/1.1\r\nHost: h\r\n\r\n";
  RequestParser parser(kLimits);
  RequestHead head;
  ASSERT_EQ(parser.parse(std::string_view(bytes).substr(0, 10), head).state, Parse::need_more);
  const HeadResult first = parser.parse(bytes, head);
  ASSERT_EQ(first.state, Parse::done);
  EXPECT_EQ(head.target, "/first");
  EXPECT_EQ(head.fields.size(), 1U);
  parser.reset();
  ASSERT_EQ(parser.parse(std::string_view(bytes).substr(first.consumed), head).state, Parse::done);
  EXPECT_EQ(head.target, "/second");
}

TEST(RequestParser, ViewsPointIntoTheLastCallsBytes) {
  const std::string bytes = get("a: b\r\n");
  RequestParser parser(kLimits);
  RequestHead head;
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string moved = bytes.substr(0, size);  // gone after this turn; a view kept would be seen by ASan
    ASSERT_EQ(parser.parse(moved, head).state, Parse::need_more);
  }
  ASSERT_EQ(parser.parse(bytes, head).state, Parse::done);
  EXPECT_EQ(head.method_text.data(), bytes.data());
  EXPECT_EQ(head.fields[1].value, "b");
}

TEST(Bad, HasNameTextAndStatus) {
  for (int i = 1; i <= static_cast<int>(Bad::space_around_value); ++i) {
    const auto bad = static_cast<Bad>(i);
    EXPECT_FALSE(name_of(bad).empty());
    EXPECT_NE(text_of(bad).find("(RFC "), std::string_view::npos) << name_of(bad);
    EXPECT_GE(status_of(bad), 400) << name_of(bad);
  }
  EXPECT_EQ(status_of(Bad::request_line_too_long), 414);
  EXPECT_EQ(status_of(Bad::field_too_long), 431);
  EXPECT_EQ(status_of(Bad::head_too_large), 431);
  EXPECT_EQ(status_of(Bad::too_many_fields), 431);
  EXPECT_EQ(status_of(Bad::body_too_large), 413);
  EXPECT_EQ(status_of(Bad::unsupported_expectation), 417);
  EXPECT_EQ(status_of(Bad::unsupported_transfer_coding), 501);
  EXPECT_EQ(status_of(Bad::unsupported_version), 505);
  EXPECT_EQ(status_of(Bad::bad_transfer_encoding), 400);
}

}  // namespace
}  // namespace weir::proto::http1
