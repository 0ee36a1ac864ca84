#include "proto/http2/request_fields.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "proto/http1/print_bad.h"

namespace weir::proto::http2 {
namespace {

using http::BodyKind;
using http::RequestHead;
using http1::Bad;
using List = std::vector<std::pair<std::string, std::string>>;

const List kGet = {{":method", "GET"}, {":scheme", "http"}, {":authority", "a.test"}, {":path", "/x?y"}};

List with(List list, const List& more) {
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

/// One of the pseudo-header fields of kGet with another value, or without it when that is "-".
List but(const std::string& name, const std::string& value) {
  List list;
  for (const auto& [each, old] : kGet) {
    if (each != name) {
      list.emplace_back(each, old);
    } else if (value != "-") {
      list.emplace_back(each, value);
    }
  }
  return list;
}

struct Reading {
  explicit Reading(const List& list, bool end = true, const http1::Limits& limits = {}) {
    fields.begin(limits);
    for (const auto& [name, value] : list) fields.add(name, value);
    bad = fields.finish(end, head);
  }
  /// "name: value" of what goes on, in order.
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const auto& field : head.fields) {
      if (!field.hop_by_hop) all.append(field.name).append(": ").append(field.value).append("\n");
    }
    return all;
  }
  RequestFields fields;
  RequestHead head;
  Bad bad;
};

TEST(RequestFields, MakeAHeadThatHttp1CouldHaveMade) {
  const Reading got(with(kGet, {{"accept", "*/*"}, {"x-a", ""}}));
  EXPECT_EQ(got.bad, Bad::none);
  EXPECT_EQ(got.head.method, http::Method::get);
  EXPECT_EQ(got.head.method_text, "GET");
  EXPECT_EQ(got.head.scheme, "http");
  EXPECT_EQ(got.head.authority, "a.test");
  EXPECT_EQ(got.head.target, "/x?y");
  EXPECT_EQ(got.head.version_major, 2);
  EXPECT_EQ(got.head.body, BodyKind::none);
  EXPECT_EQ(got.text(), "host: a.test\naccept: */*\nx-a: \n");
}

TEST(RequestFields, LieInMemoryAsOnAWire) {
  const Reading got(with(kGet, {{"accept", "*/*"}}));
  const auto& accept = got.head.fields.back();
  EXPECT_EQ(std::string_view(accept.name.data(), 13), "accept: */*\r\n");
  EXPECT_GE(accept.name.data(), got.fields.memory().data());
  EXPECT_LE(accept.value.data(), got.fields.memory().data() + got.fields.memory().size());
}

TEST(RequestFields, GiveCookieCrumbsAsOneField) {
  const Reading got(with(kGet, {{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}, {"cookie", "c=3"}}));
  EXPECT_EQ(got.bad, Bad::none);
  EXPECT_EQ(got.text(), "host: a.test\nx: y\ncookie: a=1; b=2; c=3\n");
}

TEST(RequestFields, TakeTheAuthorityFromHostWhenThatIsAll) {
  const Reading got(with(but(":authority", "-"), {{"host", "b.test:81"}}));
  EXPECT_EQ(got.bad, Bad::none);
  EXPECT_EQ(got.head.authority, "b.test:81");
  const Reading both(with(kGet, {{"host", "A.test"}}));
  EXPECT_EQ(both.bad, Bad::none);
  EXPECT_EQ(both.text(), "host: a.test\n") << "one Host, not two";
}

TEST(RequestFields, KeepWhatGrpcNeeds) {
  const Reading got(with(kGet, {{"te", "trailers"}, {"trailer", "grpc-status"}}), false);
  EXPECT_EQ(got.bad, Bad::none);
  EXPECT_EQ(got.text(), "host: a.test\nte: trailers\ntrailer: grpc-status\n");
}

TEST(RequestFields, TellHowMuchBodyFollows) {
  EXPECT_EQ(Reading(kGet, false).head.body, BodyKind::stream);
  EXPECT_EQ(Reading(kGet, true).head.body, BodyKind::none);
  const Reading declared(with(kGet, {{"content-length", "12"}}), false);
  EXPECT_EQ(declared.head.body, BodyKind::length);
  EXPECT_EQ(declared.head.content_length, 12u);
  EXPECT_EQ(Reading(with(kGet, {{"content-length", "0"}})).head.body, BodyKind::length);
  const Reading announced(with(kGet, {{"content-length", "12"}, {"trailer", "x-sum"}}), false);
  EXPECT_EQ(announced.head.body, BodyKind::stream) << "or HTTP/1 could not carry the trailers";
  EXPECT_EQ(announced.text(), "host: a.test\ncontent-length: 12\ntrailer: x-sum\n");
  EXPECT_TRUE(Reading(with(kGet, {{"expect", "100-continue"}}), false).head.expect_continue);
  EXPECT_FALSE(Reading(with(kGet, {{"expect", "100-continue"}}), true).head.expect_continue);
}

TEST(RequestFields, AllowConnectItsOwnShape) {
  const Reading got({{":method", "CONNECT"}, {":authority", "a.test:443"}}, false);
  EXPECT_EQ(got.bad, Bad::none);
  EXPECT_EQ(got.head.target, "a.test:443");
  EXPECT_EQ(Reading(List{{":method", "CONNECT"}, {":authority", "a.test"}}).bad, Bad::bad_target);
  EXPECT_EQ(Reading(but(":method", "CONNECT")).bad, Bad::bad_pseudo_field);
}

struct Row {
  const char* message;
  Bad expected;
  List list;
};

TEST(RequestFields, RefuseWhatIsMalformed) {
  const Row rows[] = {
      {"no method", Bad::bad_pseudo_field, but(":method", "-")},
      {"no scheme", Bad::bad_pseudo_field, but(":scheme", "-")},
      {"no path", Bad::bad_pseudo_field, but(":path", "-")},
      {"a method twice", Bad::bad_pseudo_field, with(kGet, {{":method", "GET"}})},
      {"a pseudo-field after a field", Bad::bad_pseudo_field, with({{"a", "b"}}, kGet)},
      {"one after a field, with the authority before",
       Bad::bad_pseudo_field,
       {{":method", "GET"}, {":authority", "a"}, {"x", "y"}, {":scheme", "http"}, {":path", "/"}}},
      {"an unknown one", Bad::bad_pseudo_field, with(kGet, {{":protocol", "websocket"}})},
      {"a response's", Bad::bad_pseudo_field, with(kGet, {{":status", "200"}})},
      {"no host at all", Bad::missing_host, but(":authority", "-")},
      {"another scheme", Bad::bad_pseudo_field, but(":scheme", "ftp")},
      {"another host", Bad::host_mismatch, with(kGet, {{"host", "b.test"}})},
      {"two hosts", Bad::duplicate_host, with(but(":authority", "-"), {{"host", "a"}, {"host", "a"}})},
      {"user information", Bad::bad_host, but(":authority", "me@a.test")},
      {"a line end in the authority", Bad::bad_host, but(":authority", "a\r\nb: c")},
  };
  for (const Row& row : rows) EXPECT_EQ(Reading(row.list).bad, row.expected) << row.message;
}

/// What HTTP/2 can carry and HTTP/1 would read as something else.
TEST(RequestFields, LetNothingBeSmuggled) {
  const Row rows[] = {
      {"a space in the method", Bad::bad_method, but(":method", "GET / HTTP/1.1\r\nX: y")},
      {"an empty method", Bad::bad_method, but(":method", "")},
      {"a space in the path", Bad::bad_target, but(":path", "/ HTTP/1.1")},
      {"a line end in the path", Bad::bad_target, but(":path", "/\r\nX: y")},
      {"a NUL in the path", Bad::bad_target, but(":path", std::string("/\0", 2))},
      {"a fragment", Bad::bad_target, but(":path", "/#a")},
      {"an empty path", Bad::bad_target, but(":path", "")},
      {"absolute form", Bad::bad_target, but(":path", "http://b.test/")},
      {"an asterisk with GET", Bad::bad_target, but(":path", "*")},
      {"a line end in a value", Bad::control_character, with(kGet, {{"x", "a\r\nb: c"}})},
      {"white space before a value", Bad::space_around_value, with(kGet, {{"x", "\ta"}})},
      {"nothing but white space", Bad::space_around_value, with(kGet, {{"x", " "}})},
      {"a bare LF in a value", Bad::control_character, with(kGet, {{"x", "a\nb"}})},
      {"a NUL in a value", Bad::control_character, with(kGet, {{"x", std::string("a\0b", 3)}})},
      {"a colon in a name", Bad::bad_field_name, with(kGet, {{"x: y\r\nz", "a"}})},
      {"a space in a name", Bad::bad_field_name, with(kGet, {{"x ", "a"}})},
      {"an empty name", Bad::bad_field_name, with(kGet, {{"", "a"}})},
      {"upper case", Bad::bad_field_name, with(kGet, {{"X", "a"}})},
      {"Transfer-Encoding", Bad::connection_field, with(kGet, {{"transfer-encoding", "chunked"}})},
      {"Connection", Bad::connection_field, with(kGet, {{"connection", "x"}})},
      {"Keep-Alive", Bad::connection_field, with(kGet, {{"keep-alive", "1"}})},
      {"Proxy-Connection", Bad::connection_field, with(kGet, {{"proxy-connection", "x"}})},
      {"Upgrade", Bad::connection_field, with(kGet, {{"upgrade", "h2c"}})},
      {"TE beyond trailers", Bad::connection_field, with(kGet, {{"te", "trailers, gzip"}})},
      {"two lengths", Bad::conflicting_content_length, with(kGet, {{"content-length", "1"}, {"content-length", "2"}})},
      {"a length that is none", Bad::bad_content_length, with(kGet, {{"content-length", "+1"}})},
      {"a length without a body", Bad::bad_content_length, with(kGet, {{"content-length", "5"}})},
      {"an expectation", Bad::unsupported_expectation, with(kGet, {{"expect", "tea"}})},
  };
  for (const Row& row : rows) EXPECT_EQ(Reading(row.list).bad, row.expected) << row.message;
}

TEST(RequestFields, HaveTheLimitsOfEveryHead) {
  http1::Limits limits;
  limits.request_line_bytes = 300;
  limits.field_bytes = 300;
  limits.head_bytes = 1000;
  limits.fields = 5;
  const std::string long_text(301, 'a');
  const List many = {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}};
  EXPECT_EQ(Reading(with(kGet, many), true, limits).bad, Bad::none) << "Host is the fifth";
  EXPECT_EQ(Reading(with(kGet, with(many, {{"e", "5"}})), true, limits).bad, Bad::too_many_fields);
  EXPECT_EQ(Reading(but(":path", "/" + long_text), true, limits).bad, Bad::request_line_too_long);
  EXPECT_EQ(Reading(with(kGet, {{"x", long_text}}), true, limits).bad, Bad::field_too_long);
  const std::string third(290, 'b');
  EXPECT_EQ(Reading(with(kGet, {{"x", third}, {"y", third}, {"z", third}}), true, limits).bad, Bad::head_too_large);
  List crumbs = kGet;
  for (int i = 0; i < 15; ++i) crumbs.emplace_back("cookie", "c=1");
  EXPECT_EQ(Reading(crumbs, true, limits).bad, Bad::none) << "crumbs are one field, and bounded by their bytes";
}

TEST(RequestFields, BeginAgainWithoutAMemory) {
  Reading first(with(kGet, {{"cookie", "a"}, {"cookie", "b"}, {"connection", "x"}}));
  EXPECT_EQ(first.bad, Bad::connection_field);
  const http1::Limits limits;
  first.fields.begin(limits);
  for (const auto& [name, value] : kGet) first.fields.add(name, value);
  EXPECT_EQ(first.fields.finish(true, first.head), Bad::none);
  EXPECT_EQ(first.text(), "host: a.test\n");
}

TEST(TrailerFields, DropWhatMayNotTrail) {
  const http1::Limits limits;
  TrailerFields trailers;
  for (const auto& [name, value] : List{{"grpc-status", "0"}, {"content-length", "5"}, {"te", "trailers"}, {"x", "y"}})
    EXPECT_EQ(trailers.add(name, value, limits), Bad::none);
  std::string text;
  for (const auto& field : trailers.finish()) text.append(field.name).append("=").append(field.value).append(" ");
  EXPECT_EQ(text, "grpc-status=0 x=y ");
  trailers.clear();
  EXPECT_TRUE(trailers.finish().empty());
}

TEST(TrailerFields, AreCheckedAsOthersAre) {
  http1::Limits limits;
  limits.trailer_bytes = 120;
  TrailerFields trailers;
  EXPECT_EQ(trailers.add("a", "b\r\nc: d", limits), Bad::control_character);
  EXPECT_EQ(trailers.add("a", "b ", limits), Bad::space_around_value);
  EXPECT_EQ(trailers.add(":status", "1", limits), Bad::bad_field_name);
  EXPECT_EQ(trailers.add("x", std::string(60, 'y'), limits), Bad::trailer_too_large);
}

}  // namespace
}  // namespace weir::proto::http2
