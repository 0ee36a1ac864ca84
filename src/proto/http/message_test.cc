#include "proto/http/message.h"

#include <gtest/gtest.h>

#include <cctype>

namespace weir::proto::http {
namespace {

constexpr std::pair<std::string_view, FieldId> kKnown[] = {
    {"host", FieldId::host},
    {"connection", FieldId::connection},
    {"content-length", FieldId::content_length},
    {"transfer-encoding", FieldId::transfer_encoding},
    {"expect", FieldId::expect},
    {"upgrade", FieldId::upgrade},
    {"te", FieldId::te},
    {"trailer", FieldId::trailer},
    {"keep-alive", FieldId::keep_alive},
    {"proxy-connection", FieldId::proxy_connection},
    {"x-forwarded-for", FieldId::x_forwarded_for},
    {"x-forwarded-proto", FieldId::x_forwarded_proto},
    {"x-forwarded-host", FieldId::x_forwarded_host},
    {"x-forwarded-client-cert", FieldId::x_forwarded_client_cert},
    {"forwarded", FieldId::forwarded},
    {"x-request-id", FieldId::x_request_id},
    {"traceparent", FieldId::traceparent},
    {"retry-after", FieldId::retry_after},
    {"server", FieldId::server},
    {"date", FieldId::date},
    {"content-type", FieldId::content_type},
    {"user-agent", FieldId::user_agent},
    {"authorization", FieldId::authorization},
    {"cookie", FieldId::cookie},
};

TEST(FieldId, KnowsEveryNameInAnyCase) {
  EXPECT_EQ(std::size(kKnown), static_cast<size_t>(FieldId::cookie)) << "one row per known field";
  for (const auto& [name, id] : kKnown) {
    std::string upper(name);
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    std::string mixed(name);
    for (size_t i = 0; i < mixed.size(); i += 2) mixed[i] = upper[i];
    EXPECT_EQ(field_id_of(name), id) << name;
    EXPECT_EQ(field_id_of(upper), id) << upper;
    EXPECT_EQ(field_id_of(mixed), id) << mixed;
    EXPECT_EQ(name_of(id), name);
  }
  EXPECT_EQ(name_of(FieldId::other), "");
  EXPECT_EQ(name_of(FieldId::lookalike), "");
}

TEST(FieldId, NothingNearAKnownNamePasses) {
  for (const auto& [name, id] : kKnown) {
    for (size_t i = 0; i < name.size(); ++i) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string near(name);
        near[i] = static_cast<char>(byte);
        const bool same = std::tolower(byte) == name[i];
        EXPECT_EQ(field_id_of(near) == id, same) << name << " with byte " << byte << " at " << i;
      }
    }
    EXPECT_NE(field_id_of(std::string(name) + "x"), id);
    EXPECT_NE(field_id_of(name.substr(1)), id);
    EXPECT_NE(field_id_of(name.substr(0, name.size() - 1)), id);
  }
  EXPECT_EQ(field_id_of(""), FieldId::other);
  EXPECT_EQ(field_id_of(std::string(1000, 'a')), FieldId::other);
}

TEST(Method, IsReadCaseSensitively) {
  EXPECT_EQ(method_of("GET"), Method::get);
  EXPECT_EQ(method_of("HEAD"), Method::head);
  EXPECT_EQ(method_of("POST"), Method::post);
  EXPECT_EQ(method_of("PUT"), Method::put);
  EXPECT_EQ(method_of("DELETE"), Method::delete_);
  EXPECT_EQ(method_of("CONNECT"), Method::connect);
  EXPECT_EQ(method_of("OPTIONS"), Method::options);
  EXPECT_EQ(method_of("TRACE"), Method::trace);
  EXPECT_EQ(method_of("PATCH"), Method::patch);
  EXPECT_EQ(method_of("get"), Method::other);
  EXPECT_EQ(method_of("PURGE"), Method::other);
  EXPECT_EQ(method_of(""), Method::other);
}

TEST(Method, IdempotentAreThoseOfRfc9110) {
  for (Method method : {Method::get, Method::head, Method::put, Method::delete_, Method::options, Method::trace}) {
    EXPECT_TRUE(is_idempotent(method));
  }
  for (Method method : {Method::post, Method::patch, Method::connect, Method::other}) {
    EXPECT_FALSE(is_idempotent(method));
  }
}

TEST(Message, ReasonPhraseIsEmptyWhereNoneIsRegistered) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
  EXPECT_EQ(reason_phrase(299), "");
  EXPECT_EQ(reason_phrase(99), "");
  EXPECT_EQ(reason_phrase(600), "");
  EXPECT_EQ(reason_phrase(65535), "");
}

TEST(Message, AnUnderscoreForADashLooksAlike) {
  for (const std::string_view name :
       {"x_forwarded_for", "X_Forwarded-Proto", "x-forwarded_host", "X_FORWARDED_CLIENT_CERT",
        "x-forwarded-client_cert", "X_Request_Id", "content_length", "Transfer_Encoding", "content_type", "keep_alive",
        "User_Agent"}) {
    EXPECT_EQ(field_id_of(name), FieldId::lookalike) << name;
  }
  for (const std::string_view name :
       {"x_forwarded_fox", "x_forwarded.for", "_-forwarded-for", "xmforwarded-for", "x__request_id", "x_request_id_",
        "accept_encoding", "_orwarded", "x_user_name", "c_okie", "__", "accept_language"}) {
    EXPECT_EQ(field_id_of(name), FieldId::other) << name;
  }
}

TEST(Message, IequalsFoldsAsciiLettersOnly) {
  EXPECT_TRUE(iequals("Content-Length", "cONTENT-lENGTH"));
  EXPECT_TRUE(iequals("", ""));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_FALSE(iequals("@", "`")) << "these differ in the same bit as letters do";
  EXPECT_FALSE(iequals("[", "{"));
  EXPECT_FALSE(iequals("\xc0", "\xe0"));
}

TEST(Message, FindTakesTheFirstFieldOfThatName) {
  RequestHead head;
  head.fields = {{"Accept", "a"}, {"X-A", "1"}, {"x-a", "2"}, {"Host", "h", FieldId::host}};
  ASSERT_NE(head.find("X-a"), nullptr);
  EXPECT_EQ(head.find("X-a")->value, "1");
  ASSERT_NE(head.find(FieldId::host), nullptr);
  EXPECT_EQ(head.find(FieldId::host)->value, "h");
  EXPECT_EQ(head.find("absent"), nullptr);
  EXPECT_EQ(head.find(FieldId::cookie), nullptr);
}

TEST(Message, PathIsTheTargetWithoutItsQuery) {
  RequestHead head;
  head.target = "/a/b?c=/d?e";
  EXPECT_EQ(head.path(), "/a/b");
  head.target = "*";
  EXPECT_EQ(head.path(), "*");
}

TEST(Message, OwnMovesViewsIntoTheBytesAndLeavesLiterals) {
  std::string bytes = "GET http://h/x HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string_view view(bytes);
  RequestHead head;
  head.clear();
  head.method_text = view.substr(0, 3);
  head.authority = view.substr(11, 1);
  head.target = view.substr(12, 2);
  head.fields = {{view.substr(25, 4), view.substr(31, 1), FieldId::host}};
  std::string storage;
  own(head, bytes, storage);
  bytes.assign(bytes.size(), '#');
  EXPECT_EQ(head.method_text, "GET");
  EXPECT_EQ(head.scheme, "http");
  EXPECT_EQ(head.authority, "h");
  EXPECT_EQ(head.target, "/x");
  EXPECT_EQ(head.fields[0].name, "Host");
  EXPECT_EQ(head.fields[0].value, "h");
  EXPECT_EQ(head.target.data(), storage.data() + 12);

  std::string answer = "HTTP/1.1 200 Fine\r\nA: b\r\n\r\n";
  ResponseHead response;
  response.reason = std::string_view(answer).substr(13, 4);
  response.fields = {{std::string_view(answer).substr(19, 1), std::string_view(answer).substr(22, 1)}};
  own(response, answer, storage);
  answer.assign(answer.size(), '#');
  EXPECT_EQ(response.reason, "Fine");
  EXPECT_EQ(response.fields[0].value, "b");
}

TEST(Message, ClearForgetsEverythingButTheCapacity) {
  RequestHead head;
  head.fields.resize(40);
  head.method = Method::connect;
  head.scheme = "https";
  head.body = BodyKind::stream;
  head.content_length = 7;
  head.expect_continue = head.upgrade = true;
  head.keep_alive = false;
  head.version_minor = 0;
  head.clear();
  EXPECT_TRUE(head.fields.empty());
  EXPECT_GE(head.fields.capacity(), 40U);
  EXPECT_EQ(head.method, Method::get);
  EXPECT_EQ(head.scheme, "http");
  EXPECT_EQ(head.body, BodyKind::none);
  EXPECT_EQ(head.content_length, 0U);
  EXPECT_FALSE(head.expect_continue || head.upgrade);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.version_minor, 1);
}

}  // namespace
}  // namespace weir::proto::http
