#include "examples/timeline/page.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <string_view>

#include <fmt/format.h>

namespace weir::timeline {

namespace {

constexpr std::string_view kStyle = R"(
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
article { border-top: 1px solid #ccc; padding: .5rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
header { display: flex; gap: .5rem; align-items: baseline; }
small { color: #555; }
)";

constexpr std::string_view kScript = R"(
const posts = document.getElementById('posts'), status = document.getElementById('status');
const element = (name, text) => Object.assign(document.createElement(name), {textContent: text});
async function read(user) {
  const response = await fetch('/timeline/' + encodeURIComponent(user), {headers: {accept: 'application/json'}});
  const body = await response.json();
  posts.replaceChildren();
  if (!response.ok) { status.textContent = body.message; return; }
  status.textContent = body.posts.length + ' posts, served by ' + response.headers.get('x-instance');
  for (const post of body.posts) {
    const article = document.createElement('article'), header = document.createElement('header');
    header.append(element('strong', post.author),
                  element('small', new Date(post.created_unix * 1000).toLocaleString()));
    article.append(header, element('div', post.text));
    posts.append(article);
  }
}
document.getElementById('who').addEventListener('submit', event => {
  event.preventDefault();
  const user = new FormData(event.target).get('user');
  history.replaceState(null, '', '/timeline/' + encodeURIComponent(user));
  read(user).catch(error => { status.textContent = error.message; });
});
const asked = location.pathname.match(/^\/timeline\/([a-z0-9_]+)$/);
if (asked) { document.querySelector('[name=user]').value = asked[1]; read(asked[1]); }
)";

constexpr std::string_view kBody = R"(
<h1>timeline</h1>
<form id="who"><label>whose? <input name="user" value="user1" required pattern="[a-z0-9_]{1,32}"></label>
<button>read</button></form>
<p id="status" role="status"></p><main id="posts"></main>
)";

/// A source expression of Content Security Policy Level 3 section 2.3.1.
std::string hash_source(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1> encoded{};
  const int size = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
  return fmt::format("'sha256-{}'",
                     std::string_view(reinterpret_cast<const char*>(encoded.data()), static_cast<size_t>(size)));
}

Page build() {
  Page page;
  page.html = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>timeline</title>\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<style>{}</style></head>\n<body>{}<script>{}</script>"
      "</body></html>\n",
      kStyle, kBody, kScript);
  page.content_security_policy = fmt::format(
      "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'",
      hash_source(kScript), hash_source(kStyle));
  return page;
}

}  // namespace

const Page& timeline_page() {
  static const Page page = build();
  return page;
}

}  // namespace weir::timeline
