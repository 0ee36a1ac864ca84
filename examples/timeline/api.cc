#include "examples/timeline/api.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/json.h"
#include "examples/timeline/page.h"

namespace weir::timeline {

namespace {

constexpr std::string_view kTimelinePrefix = "/timeline/";

ApiResponse refusal(uint16_t status, std::string_view error, std::string_view message) {
  ApiResponse response;
  response.status = status;
  response.body = fmt::format("{{\"error\":\"{}\",\"message\":", error);
  append_json_string(response.body, message);
  response.body += "}\n";
  return response;
}

ApiResponse unauthorized(std::string_view error, std::string_view message) {
  ApiResponse response = refusal(401, error, message);
  response.fields.emplace_back("www-authenticate", "Bearer");
  return response;
}

ApiResponse json_response(uint16_t status, std::string body) {
  ApiResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

/// A busy database is worth another try, soon; anything else is ours to look into.
ApiResponse store_refusal(const Error& error) {
  ApiResponse response = refusal(503, error.code == Code::timeout ? "database_busy" : "database_failed", error.detail);
  response.fields.emplace_back("retry-after", "1");
  return response;
}

bool is_name(std::string_view name) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && name.size() <= Api::kNameBytesMax && std::all_of(name.begin(), name.end(), allowed);
}

/// Of text that is known to be UTF-8: every byte that does not continue a character begins one.
size_t characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xc0) != 0x80; }));
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return (byte < 0x20 && c != '\n') || byte == 0x7f;
  });
}

/// RFC 9110 section 11.4: the scheme is case-insensitive.
std::optional<std::string_view> bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return std::nullopt;
  for (size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != kScheme[i]) return std::nullopt;
  }
  return authorization.substr(kScheme.size());
}

/// Nothing when the query is anything but empty or limit=1..50.
std::optional<size_t> limit_of(std::string_view query) {
  constexpr std::string_view kLimit = "limit=";
  if (query.empty()) return Store::kTimelinePosts;
  if (!query.starts_with(kLimit)) return std::nullopt;
  query.remove_prefix(kLimit.size());
  size_t limit = 0;
  const auto [end, error] = std::from_chars(query.data(), query.data() + query.size(), limit);
  if (error != std::errc() || end != query.data() + query.size()) return std::nullopt;
  if (limit < 1 || limit > Store::kTimelinePosts) return std::nullopt;
  return limit;
}

std::string timeline_json(std::string_view user, const std::vector<Post>& posts) {
  std::string body;
  body.reserve(64 + posts.size() * 160);
  body += "{\"user\":";
  append_json_string(body, user);
  body += ",\"posts\":[";
  for (const Post& post : posts) {
    if (&post != posts.data()) body += ',';
    fmt::format_to(std::back_inserter(body), "{{\"id\":{},\"created_unix\":{},\"author\":", post.id.v,
                   post.created_unix);
    append_json_string(body, post.author);
    body += ",\"text\":";
    append_json_string(body, post.text);
    body += '}';
  }
  body += "]}\n";
  return body;
}

struct Credentials {
  std::string name;
  std::string password;
};

std::optional<Credentials> credentials_of(std::string_view body) {
  const auto object = FlatJson::parse(body);
  if (!object) return std::nullopt;
  const std::string* name = object->string("name");
  const std::string* password = object->string("password");
  if (name == nullptr || password == nullptr) return std::nullopt;
  return Credentials{*name, *password};
}

}  // namespace

const Api::Route Api::kRoutes[] = {
    {"GET", kTimelinePrefix, &Api::timeline},   {"GET", "/healthz", &Api::health},
    {"GET", "/readyz", &Api::readiness},        {"POST", "/post", &Api::post},
    {"POST", "/follow", &Api::follow},          {"POST", "/login", &Api::log_in},
    {"POST", "/register", &Api::register_user}, {"GET", "/", &Api::page},
};

Api::Api(Store& store, const TokenKey& key, std::string instance, const PasswordCost& cost)
    : store_(store),
      key_(key),
      instance_(std::move(instance)),
      cost_(cost),
      nobodys_hash_(hash_password("nobody", cost)) {}

ApiResponse Api::handle(const ApiRequest& request) {
  ApiResponse response = route(request);
  response.fields.emplace_back("x-instance", instance_);
  return response;
}

ApiResponse Api::injected_error() const {
  ApiResponse response = refusal(500, "injected", "the fault port asked for this error");
  response.fields.emplace_back("x-instance", instance_);
  return response;
}

ApiResponse Api::route(const ApiRequest& request) {
  if (request.body.size() > kBodyBytesMax) {
    return refusal(413, "body_too_large", fmt::format("the limit is {} bytes", kBodyBytesMax));
  }
  const std::string_view method = request.method == "HEAD" ? "GET" : request.method;
  for (const Route& candidate : kRoutes) {
    const bool matches =
        candidate.path == kTimelinePrefix ? request.path.starts_with(kTimelinePrefix) : request.path == candidate.path;
    if (!matches) continue;
    if (method == candidate.method) return (this->*candidate.handler)(request);
    ApiResponse response = refusal(405, "method_not_allowed", "see the allow field");
    response.fields.emplace_back("allow", candidate.method == "GET" ? "GET, HEAD" : candidate.method);
    return response;
  }
  return refusal(404, "not_found", "there is nothing at this path");
}

ApiResponse Api::register_user(const ApiRequest& request) {
  const auto credentials = credentials_of(request.body);
  if (!credentials) return refusal(400, "bad_body", "send a JSON object with the texts name and password");
  if (!is_name(credentials->name)) return refusal(422, "bad_name", "a name is 1 to 32 of a-z, 0-9 and _");
  if (credentials->password.size() < kPasswordBytesMin || credentials->password.size() > kPasswordBytesMax) {
    return refusal(422, "bad_password", "a password has 8 to 128 bytes");
  }
  const auto existing = store_.find_user(credentials->name);
  if (!existing) return store_refusal(existing.error());
  // Looking first saves the price of a hash; the insert below still decides, since another instance may be as quick.
  if (*existing) return refusal(409, "name_taken", "somebody has this name");
  const std::string hash = hash_password(credentials->password, cost_);
  if (hash.empty()) return refusal(500, "hash_failed", "the password could not be hashed");
  const auto added = store_.add_user(credentials->name, hash, request.now_unix);
  if (!added) return store_refusal(added.error());
  if (!*added) return refusal(409, "name_taken", "somebody has this name");
  return json_response(201, fmt::format("{{\"name\":\"{}\"}}\n", credentials->name));
}

ApiResponse Api::log_in(const ApiRequest& request) {
  const auto credentials = credentials_of(request.body);
  if (!credentials) return refusal(400, "bad_body", "send a JSON object with the texts name and password");
  std::optional<User> user;
  if (is_name(credentials->name)) {
    auto found = store_.find_user(credentials->name);
    if (!found) return store_refusal(found.error());
    user = std::move(*found);
  }
  const bool fits = credentials->password.size() <= kPasswordBytesMax;
  const std::string& stored = user ? user->password_hash : nobodys_hash_;
  const bool right = fits && verify_password(credentials->password, stored) && user.has_value();
  if (!right) return unauthorized("bad_credentials", "the name or the password is wrong");
  const std::string token = key_.issue(user->name, request.now_unix);
  if (token.empty()) return refusal(500, "token_failed", "the token could not be signed");
  return json_response(200, fmt::format("{{\"token\":\"{}\",\"expires_unix\":{}}}\n", token,
                                        request.now_unix + TokenKey::kLifetimeSeconds));
}

Result<User, ApiResponse> Api::authenticate(const ApiRequest& request) {
  const auto token = bearer_token(request.authorization);
  if (!token) return fail(unauthorized("no_token", "send authorization: Bearer with the token that /login gave"));
  const auto name = key_.verify(*token, request.now_unix);
  if (!name) return fail(unauthorized("bad_token", text_of(name.error())));
  auto user = store_.find_user(*name);
  if (!user) return fail(store_refusal(user.error()));
  if (!*user) return fail(unauthorized("bad_token", "the token names nobody in this database"));
  return std::move(**user);
}

ApiResponse Api::follow(const ApiRequest& request) {
  const auto user = authenticate(request);
  if (!user) return user.error();
  const auto object = FlatJson::parse(request.body);
  const std::string* name = object ? object->string("user") : nullptr;
  if (name == nullptr) return refusal(400, "bad_body", "send a JSON object with the text user");
  if (!is_name(*name)) return refusal(422, "bad_name", "a name is 1 to 32 of a-z, 0-9 and _");
  if (*name == user->name) return refusal(422, "bad_name", "following oneself is not for this service");
  const auto followed = store_.find_user(*name);
  if (!followed) return store_refusal(followed.error());
  if (!*followed) return refusal(404, "no_such_user", "nobody has this name");
  const auto is_new = store_.follow(user->id, (*followed)->id);
  if (!is_new && is_new.error().code == Code::limit_reached) {
    return refusal(422, "follows_too_many", fmt::format("one may follow {} users", Store::kFollowedMax));
  }
  if (!is_new) return store_refusal(is_new.error());
  return json_response(200, fmt::format("{{\"following\":\"{}\",\"new\":{}}}\n", *name, *is_new));
}

ApiResponse Api::post(const ApiRequest& request) {
  const auto user = authenticate(request);
  if (!user) return user.error();
  const auto object = FlatJson::parse(request.body);
  const std::string* text = object ? object->string("text") : nullptr;
  if (text == nullptr) return refusal(400, "bad_body", "send a JSON object with the text text");
  const size_t length = characters(*text);
  if (length == 0 || length > kTextCharactersMax) return refusal(422, "bad_text", "a post has 1 to 500 characters");
  if (has_control(*text)) return refusal(422, "bad_text", "a post has no control characters but the line feed");
  const auto id = store_.add_post(user->id, *text, request.now_unix);
  if (!id) return store_refusal(id.error());
  return json_response(201, fmt::format("{{\"id\":{}}}\n", id->v));
}

ApiResponse Api::timeline(const ApiRequest& request) {
  const std::string_view name = request.path.substr(kTimelinePrefix.size());
  if (!is_name(name)) return refusal(404, "no_such_user", "nobody has this name");
  // The page fetches the same address as JSON, hence Vary.
  if (request.accept.find("text/html") != std::string_view::npos) return page(request);
  const auto limit = limit_of(request.query);
  if (!limit) return refusal(422, "bad_query", "the only parameter is limit, 1 to 50");
  const auto user = store_.find_user(name);
  if (!user) return store_refusal(user.error());
  if (!*user) return refusal(404, "no_such_user", "nobody has this name");
  const auto posts = store_.timeline((*user)->id, *limit);
  if (!posts) return store_refusal(posts.error());
  ApiResponse response = json_response(200, timeline_json(name, *posts));
  response.fields.emplace_back("vary", "accept");
  return response;
}

ApiResponse Api::page(const ApiRequest& /*request*/) {
  const Page& page = timeline_page();
  ApiResponse response;
  response.content_type = "text/html; charset=utf-8";
  response.body = page.html;
  response.fields = {{"content-security-policy", page.content_security_policy},
                     {"x-content-type-options", "nosniff"},
                     {"vary", "accept"}};
  return response;
}

ApiResponse Api::health(const ApiRequest& /*request*/) { return json_response(200, "{\"status\":\"alive\"}\n"); }

ApiResponse Api::readiness(const ApiRequest& /*request*/) {
  if (const auto answered = store_.ping(); !answered) return store_refusal(answered.error());
  return json_response(200, "{\"status\":\"ready\"}\n");
}

}  // namespace weir::timeline
