#include "examples/timeline/api.h"

#include <optional>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "examples/timeline/temporary_directory.h"

namespace weir::timeline {
namespace {

constexpr int64_t kNow = 1'800'000'000;
constexpr PasswordCost kCheap{.log2_n = 4, .r = 1, .p = 1};

class ApiTest : public ::testing::Test {
 protected:
  ApiTest() {
    auto store = Store::open(directory_.file("timeline.db"));
    CHECK(store.has_value());
    store_.emplace(std::move(*store));
    CHECK(TokenKey::make_file(directory_.file("key")).has_value());
    auto key = TokenKey::load(directory_.file("key"));
    CHECK(key.has_value());
    key_.emplace(std::move(*key));
    api_.emplace(*store_, *key_, "app-1:3000", kCheap);
  }

  ApiResponse send(std::string_view method, std::string_view path, std::string_view body = {},
                   std::string_view token = {}) {
    const std::string authorization = token.empty() ? std::string() : "Bearer " + std::string(token);
    return api_->handle(
        ApiRequest{.method = method, .path = path, .authorization = authorization, .body = body, .now_unix = kNow});
  }
  std::string join(const std::string& name) {
    const std::string credentials = R"({"name":")" + name + R"(","password":"long enough"})";
    CHECK(send("POST", "/register", credentials).status == 201);
    const auto answer = nlohmann::json::parse(send("POST", "/login", credentials).body);
    return answer.at("token").get<std::string>();
  }
  static std::string error_of(const ApiResponse& response) {
    const auto body = nlohmann::json::parse(response.body, nullptr, false);
    return body.is_object() ? body.value("error", "") : "not JSON: " + response.body;
  }
  static std::string field(const ApiResponse& response, std::string_view name) {
    for (const auto& field : response.fields) {
      if (field.first == name) return field.second;
    }
    return "";
  }

  TemporaryDirectory directory_;
  std::optional<Store> store_;
  std::optional<TokenKey> key_;
  std::optional<Api> api_;
};

TEST_F(ApiTest, FromRegisteringToReading) {
  const std::string alice = join("alice");
  const std::string bob = join("bob");
  EXPECT_EQ(send("POST", "/follow", R"({"user":"bob"})", alice).body, "{\"following\":\"bob\",\"new\":true}\n");
  EXPECT_EQ(send("POST", "/follow", R"({"user":"bob"})", alice).body, "{\"following\":\"bob\",\"new\":false}\n");
  const ApiResponse posted = send("POST", "/post", R"({"text":"<b>hello</b> \"you\""})", bob);
  EXPECT_EQ(posted.status, 201);
  const ApiResponse response = send("GET", "/timeline/alice");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(field(response, "x-instance"), "app-1:3000");
  EXPECT_EQ(nlohmann::json::parse(response.body), nlohmann::json::parse(R"({"user": "alice", "posts": [
      {"id": 1, "created_unix": 1800000000, "author": "bob", "text": "<b>hello</b> \"you\""}]})"));
  EXPECT_EQ(send("GET", "/timeline/bob").body, "{\"user\":\"bob\",\"posts\":[]}\n");
}

TEST_F(ApiTest, Refusals) {
  const std::string token = join("alice");
  const std::string large(Api::kBodyBytesMax + 1, ' ');
  const struct {
    const char* message;
    uint16_t status;
    const char* error;
    const char* method;
    std::string path;
    std::string body;
    std::string token;
  } cases[] = {
      {"no such path", 404, "not_found", "GET", "/nothing", "", ""},
      {"a prefix of a path", 404, "not_found", "GET", "/healthz/", "", ""},
      {"wrong method", 405, "method_not_allowed", "GET", "/login", "", ""},
      {"wrong method for reading", 405, "method_not_allowed", "POST", "/timeline/alice", "", ""},
      {"methods are case-sensitive", 405, "method_not_allowed", "get", "/healthz", "", ""},
      {"large body", 413, "body_too_large", "POST", "/login", large, ""},
      {"no such user", 404, "no_such_user", "GET", "/timeline/nobody", "", ""},
      {"no user", 404, "no_such_user", "GET", "/timeline/", "", ""},
      {"a name that no one can have", 404, "no_such_user", "GET", "/timeline/../x", "", ""},
      {"register: no body", 400, "bad_body", "POST", "/register", "", ""},
      {"register: nested", 400, "bad_body", "POST", "/register", R"({"name":{},"password":"x"})", ""},
      {"register: number", 400, "bad_body", "POST", "/register", R"({"name":1,"password":"long enough"})", ""},
      {"register: upper case", 422, "bad_name", "POST", "/register", R"({"name":"Al","password":"long enough"})", ""},
      {"register: empty name", 422, "bad_name", "POST", "/register", R"({"name":"","password":"long enough"})", ""},
      {"register: NUL in name", 422, "bad_name", "POST", "/register", R"({"name":"a\u0000","password":"long enough"})",
       ""},
      {"register: long name", 422, "bad_name", "POST", "/register",
       R"({"name":")" + std::string(33, 'a') + R"(","password":"long enough"})", ""},
      {"register: short password", 422, "bad_password", "POST", "/register", R"({"name":"al","password":"short"})", ""},
      {"register: long password", 422, "bad_password", "POST", "/register",
       R"({"name":"al","password":")" + std::string(129, 'a') + R"("})", ""},
      {"register: taken", 409, "name_taken", "POST", "/register", R"({"name":"alice","password":"long enough"})", ""},
      {"login: wrong password", 401, "bad_credentials", "POST", "/login",
       R"({"name":"alice","password":"long enougH"})", ""},
      {"login: nobody", 401, "bad_credentials", "POST", "/login", R"({"name":"zed","password":"long enough"})", ""},
      {"login: the hash for nobody opens nothing", 401, "bad_credentials", "POST", "/login",
       R"({"name":"zed","password":"nobody"})", ""},
      {"post: no token", 401, "no_token", "POST", "/post", R"({"text":"x"})", ""},
      {"post: bad token", 401, "bad_token", "POST", "/post", R"({"text":"x"})", "a.b.c"},
      {"post: token of a user who is not here", 401, "bad_token", "POST", "/post", R"({"text":"x"})",
       key_->issue("ghost", kNow)},
      {"post: expired", 401, "bad_token", "POST", "/post", R"({"text":"x"})",
       key_->issue("alice", kNow - TokenKey::kLifetimeSeconds)},
      {"post: no text", 400, "bad_body", "POST", "/post", R"({"words":"x"})", token},
      {"post: empty", 422, "bad_text", "POST", "/post", R"({"text":""})", token},
      {"post: control character", 422, "bad_text", "POST", "/post", R"({"text":"a\u001bb"})", token},
      {"post: too long", 422, "bad_text", "POST", "/post", R"({"text":")" + std::string(501, 'x') + R"("})", token},
      {"post: bad UTF-8", 400, "bad_body", "POST", "/post", "{\"text\":\"\xff\"}", token},
      {"follow: no token", 401, "no_token", "POST", "/follow", R"({"user":"alice"})", ""},
      {"follow: nobody", 404, "no_such_user", "POST", "/follow", R"({"user":"zed"})", token},
      {"follow: oneself", 422, "bad_name", "POST", "/follow", R"({"user":"alice"})", token},
      {"follow: no name", 422, "bad_name", "POST", "/follow", R"({"user":"' OR 1=1 --"})", token},
  };
  for (const auto& c : cases) {
    const ApiResponse response = send(c.method, c.path, c.body, c.token);
    EXPECT_EQ(response.status, c.status) << c.message << ": " << response.body;
    EXPECT_EQ(error_of(response), c.error) << c.message;
    EXPECT_EQ(field(response, "x-instance"), "app-1:3000") << c.message;
    EXPECT_EQ(field(response, "www-authenticate").empty(), c.status != 401) << c.message;
    EXPECT_EQ(field(response, "allow").empty(), c.status != 405) << c.message;
  }
}

TEST_F(ApiTest, TextIsCountedInCharacters) {
  const std::string token = join("alice");
  std::string umlauts;
  for (size_t i = 0; i < Api::kTextCharactersMax; ++i) umlauts += "\xc3\xbc";
  EXPECT_EQ(send("POST", "/post", R"({"text":")" + umlauts + R"("})", token).status, 201);
  EXPECT_EQ(send("POST", "/post", R"({"text":")" + umlauts + R"(x"})", token).status, 422);
}

TEST_F(ApiTest, TheBearerSchemeIsCaseInsensitive) {
  const std::string token = join("alice");
  const struct {
    std::string authorization;
    uint16_t status;
  } cases[] = {{"bearer " + token, 201}, {"BEARER " + token, 201}, {"Basic " + token, 401},
               {"Bearer", 401},          {"Bearer ", 401},         {token, 401}};
  for (const auto& c : cases) {
    const ApiResponse response = api_->handle(ApiRequest{.method = "POST",
                                                         .path = "/post",
                                                         .authorization = c.authorization,
                                                         .body = R"({"text":"x"})",
                                                         .now_unix = kNow});
    EXPECT_EQ(response.status, c.status) << c.authorization;
  }
}

TEST_F(ApiTest, TheLimitIsCheckedAndKept) {
  const std::string alice = join("alice");
  const std::string bob = join("bob");
  ASSERT_EQ(send("POST", "/follow", R"({"user":"bob"})", alice).status, 200);
  for (int i = 0; i < 60; ++i) ASSERT_EQ(send("POST", "/post", R"({"text":"x"})", bob).status, 201);
  const struct {
    const char* query;
    uint16_t status;
    size_t posts;
  } cases[] = {{"", 200, 50},         {"limit=1", 200, 1},
               {"limit=50", 200, 50}, {"limit=51", 422, 0},
               {"limit=0", 422, 0},   {"limit=-1", 422, 0},
               {"limit=", 422, 0},    {"limit=5x", 422, 0},
               {"offset=5", 422, 0},  {"limit=99999999999999999999", 422, 0}};
  for (const auto& c : cases) {
    const ApiResponse response =
        api_->handle(ApiRequest{.method = "GET", .path = "/timeline/alice", .query = c.query, .now_unix = kNow});
    EXPECT_EQ(response.status, c.status) << c.query;
    const auto body = nlohmann::json::parse(response.body);
    EXPECT_EQ(body.value("posts", nlohmann::json::array()).size(), c.posts) << c.query;
  }
}

TEST_F(ApiTest, PeopleGetAPageThatCannotRunStrangersScripts) {
  join("alice");
  for (const char* path : {"/", "/timeline/alice"}) {
    const ApiResponse response = api_->handle(
        ApiRequest{.method = "GET", .path = path, .accept = "text/html,application/xhtml+xml", .now_unix = kNow});
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_EQ(response.content_type, "text/html; charset=utf-8") << path;
    const std::string policy = field(response, "content-security-policy");
    EXPECT_NE(policy.find("default-src 'none'; script-src 'sha256-"), std::string::npos) << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
    EXPECT_EQ(field(response, "vary"), "accept") << path;
  }
}

TEST_F(ApiTest, HealthIsTheProcessReadinessTheDatabase) {
  EXPECT_EQ(send("GET", "/healthz").status, 200);
  EXPECT_EQ(send("HEAD", "/readyz").status, 200);
  ASSERT_TRUE(store_->database().execute("ALTER TABLE users RENAME TO gone"));
  EXPECT_EQ(send("GET", "/healthz").status, 200);
  const ApiResponse response = send("GET", "/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(error_of(response), "database_failed");
  EXPECT_EQ(field(response, "retry-after"), "1");
}

}  // namespace
}  // namespace weir::timeline
