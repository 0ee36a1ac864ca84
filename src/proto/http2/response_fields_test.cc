#include "proto/http2/response_fields.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "proto/http1/print_bad.h"

namespace weir::proto::http2 {
namespace {

using http::BodyKind;
using http::Method;
using http::ResponseHead;
using http1::Bad;
using List = std::vector<std::pair<std::string, std::string>>;

struct Reading {
  explicit Reading(const List& list, bool end = false, Method method = Method::get, const http1::Limits& limits = {}) {
    fields.begin(limits);
    for (const auto& [name, value] : list) fields.add(name, value);
    bad = fields.finish(method, end, head);
  }
  /// "name: value" of what goes on, in order.
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const auto& field : head.fields) {
      if (!field.hop_by_hop) all.append(field.name).append(": ").append(field.value).append("\n");
    }
    return all;
  }
  ResponseFields fields;
  ResponseHead head;
  Bad bad;
};

TEST(ResponseFields, MakeAHeadThatHttp1CouldHaveMade) {
  const Reading got({{":status", "404"}, {"server", "x"}, {"set-cookie", "a=1"}, {"set-cookie", "b=2"}});
  EXPECT_EQ(got.bad, Bad::none);
  EXPECT_EQ(got.head.status, 404);
  EXPECT_EQ(got.head.reason, "");
  EXPECT_TRUE(got.head.keep_alive);
  EXPECT_EQ(got.text(), "server: x\nset-cookie: a=1\nset-cookie: b=2\n");
  EXPECT_EQ(got.fields.memory(), "server: x\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n") << "as HTTP/1 would write it";
}

TEST(ResponseFields, TheBodyIsWhatFramesAndLengthSay) {
  const std::pair<std::string, std::string> ok{":status", "200"}, five{"content-length", "5"},
      zero{"content-length", "0"};
  const struct {
    const char* message;
    List list;
    bool end;
    Method method;
    BodyKind body;
    uint64_t length;
  } cases[] = {
      {"of unknown length", {ok}, false, Method::get, BodyKind::stream, 0},
      {"of known length", {ok, five}, false, Method::get, BodyKind::length, 5},
      {"none, and the frames say so", {ok}, true, Method::get, BodyKind::none, 0},
      {"none, and the field says so, too", {ok, zero}, true, Method::get, BodyKind::length, 0},
      {"trailers need a stream", {ok, five, {"trailer", "x-sum"}}, false, Method::get, BodyKind::stream, 5},
      {"HEAD", {ok, five}, true, Method::head, BodyKind::none, 5},
      {"HEAD whose end comes later", {ok, five}, false, Method::head, BodyKind::none, 5},
      {"204", {{":status", "204"}}, true, Method::get, BodyKind::none, 0},
      {"304", {{":status", "304"}, five}, true, Method::get, BodyKind::none, 5},
      {"informational", {{":status", "103"}}, false, Method::get, BodyKind::none, 0},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    const Reading got(c.list, c.end, c.method);
    EXPECT_EQ(got.bad, Bad::none);
    EXPECT_EQ(got.head.body, c.body);
    EXPECT_EQ(got.head.content_length, c.length);
  }
}

TEST(ResponseFields, AnnouncedTrailersPassWithAStreamOnly) {
  const List list = {{":status", "200"}, {"trailer", "grpc-status"}};
  EXPECT_EQ(Reading(list).text(), "trailer: grpc-status\n");
  EXPECT_EQ(Reading(list, true).text(), "");
}

TEST(ResponseFields, WhatIsRefused) {
  const std::pair<std::string, std::string> ok{":status", "200"};
  const struct {
    const char* message;
    Bad expected;
    List list;
    bool end = false;
  } cases[] = {
      {"no status", Bad::bad_pseudo_field, {{"server", "x"}}},
      {"two of them", Bad::bad_pseudo_field, {ok, ok}},
      {"a late one", Bad::bad_pseudo_field, {{"server", "x"}, ok}},
      {"a pseudo-header field of requests", Bad::bad_pseudo_field, {ok, {":path", "/"}}},
      {"a status of two digits", Bad::bad_status_line, {{":status", "99"}}},
      {"of four", Bad::bad_status_line, {{":status", "2000"}}},
      {"of letters", Bad::bad_status_line, {{":status", "2x0"}}},
      {"beyond 599", Bad::bad_status_line, {{":status", "600"}}},
      {"switching protocols", Bad::bad_status_line, {{":status", "101"}}},
      {"informational, and that is all", Bad::bad_status_line, {{":status", "103"}}, true},
      {"a name in upper case", Bad::bad_field_name, {ok, {"Server", "x"}}},
      {"an empty name", Bad::bad_field_name, {ok, {"", "x"}}},
      {"a name with a line end", Bad::bad_field_name, {ok, {"a\r\nb", "x"}}},
      {"a value with CR LF", Bad::control_character, {ok, {"a", "1\r\nSet-Cookie: x"}}},
      {"a value with LF", Bad::control_character, {ok, {"a", "1\nb"}}},
      {"a value with NUL", Bad::control_character, {ok, {"a", std::string("1\0", 2)}}},
      {"white space before a value", Bad::space_around_value, {ok, {"a", " 1"}}},
      {"white space behind a value", Bad::space_around_value, {ok, {"a", "1\t"}}},
      {"Connection", Bad::connection_field, {ok, {"connection", "close"}}},
      {"Keep-Alive", Bad::connection_field, {ok, {"keep-alive", "timeout=5"}}},
      {"Proxy-Connection", Bad::connection_field, {ok, {"proxy-connection", "close"}}},
      {"Transfer-Encoding", Bad::connection_field, {ok, {"transfer-encoding", "chunked"}}},
      {"Upgrade", Bad::connection_field, {ok, {"upgrade", "h2c"}}},
      {"TE", Bad::connection_field, {ok, {"te", "trailers"}}},
      {"a length that is no number", Bad::bad_content_length, {ok, {"content-length", "5x"}}},
      {"two lengths", Bad::conflicting_content_length, {ok, {"content-length", "5"}, {"content-length", "6"}}},
      {"a length, and no body", Bad::bad_content_length, {ok, {"content-length", "5"}}, true},
      {"204 with a length", Bad::bad_content_length, {{":status", "204"}, {"content-length", "5"}}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    EXPECT_EQ(Reading(c.list, c.end).bad, c.expected);
  }
}

TEST(ResponseFields, LimitsHold) {
  const List list = {{":status", "200"}, {"a", std::string(100, 'x')}, {"b", std::string(100, 'x')}};
  EXPECT_EQ(Reading(list, true, Method::get, {.head_bytes = 308}).bad, Bad::none) << "7+3+32 and twice 1+100+32";
  EXPECT_EQ(Reading(list, true, Method::get, {.head_bytes = 307}).bad, Bad::head_too_large);
  EXPECT_EQ(Reading(list, true, Method::get, {.field_bytes = 100}).bad, Bad::field_too_long);
  EXPECT_EQ(Reading(list, true, Method::get, {.fields = 1}).bad, Bad::too_many_fields);
}

TEST(ResponseFields, SayHowLongTheContentHasToBe) {
  const std::pair<std::string, std::string> ok = {":status", "200"}, five = {"content-length", "5"};
  EXPECT_EQ(Reading({ok}, false).fields.content_bytes(), ResponseFields::kAnyLength);
  EXPECT_EQ(Reading({ok, five}, false).fields.content_bytes(), 5u);
  EXPECT_EQ(Reading({ok, five, {"trailer", "x"}}, false).fields.content_bytes(), 5u);
  EXPECT_EQ(Reading({ok, five}, false, Method::head).fields.content_bytes(), 0u);
  EXPECT_EQ(Reading({{":status", "204"}}, false).fields.content_bytes(), 0u);
}

TEST(ResponseFields, AreReadiedForTheNext) {
  Reading got({{":status", "200"}, {"connection", "close"}});
  EXPECT_NE(got.bad, Bad::none);
  const http1::Limits limits;
  got.fields.begin(limits);
  got.fields.add(":status", "204");
  EXPECT_EQ(got.fields.finish(Method::get, true, got.head), Bad::none);
  EXPECT_EQ(got.head.status, 204);
  EXPECT_EQ(got.text(), "");
}

}  // namespace
}  // namespace weir::proto::http2
