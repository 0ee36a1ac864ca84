// However the bytes of a connection are cut, the same messages and the same refusal at the same place come out. The
// corpus below is mutated under a fixed seed; fuzz_http1_split does the same without end.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/http1/transcript.h"

namespace weir::proto::http1 {
namespace {

const Limits kWide;
constexpr Limits kNarrow{.request_line_bytes = 64,
                         .field_bytes = 48,
                         .head_bytes = 160,
                         .fields = 5,
                         .trailer_bytes = 64,
                         .chunk_line_bytes = 16};

const std::vector<std::string> kRequests = {
    "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n",
    "\r\nPOST /a?b HTTP/1.1\r\nHost: h:1\r\nContent-Length: 5\r\n\r\nhello\r\nGET / HTTP/1.0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
    "5;a=\"b\"\r\nhello\r\n1 ; c = d\r\n!\r\n0\r\nX-Sum: 1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET http://other/x HTTP/1.1\r\nHost: h\r\nConnection: x-a, close\r\nX-A: b\r\nExpect: 100-continue\r\n\r\n",
    "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\na: " + std::string(60, 'b') + "\r\n\r\n",
    "GET /" + std::string(80, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 3\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: "
    "h\r\n\r\n",
};

const std::vector<std::string> kResponses = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 204\r\n\r\nHTTP/1.0 200 \r\nServer: x\r\n\r\nuntil "
    "close",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\nA: "
    "b\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\nHTTP/1.1 502 Bad Gateway\r\nContent-Length: "
    "0\r\n\r\n",
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n\r\n",
};

/// Replaces, inserts, deletes or repeats at a few places; bytes come from those that mean something.
std::string mutate(std::string text, Prng& prng) {
  static constexpr std::string_view kBytes("\r\n \t:,;=\"\\#@/?*[]0159aAfFxhHtT\0\x7f\x80", 33);
  for (uint64_t times = 1 + prng.below(3); times > 0; --times) {
    const size_t at = prng.below(text.size());
    const char byte = kBytes[prng.below(kBytes.size())];
    switch (prng.below(4)) {
      case 0: text[at] = byte; break;
      case 1: text.insert(at, 1, byte); break;
      case 2: text.erase(at, 1 + prng.below(3)); break;
      default: text.insert(at, text.substr(at, 1 + prng.below(30))); break;
    }
    if (text.empty()) text = "\r";
  }
  return text;
}

void expect_same_however_cut(const std::string& input, bool request, Prng& prng) {
  const http::Method method = prng.below(4) == 0 ? http::Method::head : http::Method::get;
  const Limits& limits = prng.below(2) == 0 ? kWide : kNarrow;
  const uint64_t max_body = prng.below(2) == 0 ? 1000 : 6;
  const auto read = [&](Cuts cuts) {
    return request ? request_transcript(input, cuts, limits, max_body)
                   : response_transcript(input, method, cuts, limits, max_body);
  };
  const std::string whole = read(Cuts());
  EXPECT_EQ(whole, read(Cuts(prng, 1))) << "byte by byte: " << input;
  EXPECT_EQ(whole, read(Cuts(prng, 9))) << "short pieces: " << input;
  EXPECT_EQ(whole, read(Cuts(prng, 70))) << "long pieces: " << input;
}

TEST(Split, HandwrittenConnections) {
  Prng prng(1);
  for (int round = 0; round < 20; ++round) {
    for (const std::string& input : kRequests) expect_same_however_cut(input, true, prng);
    for (const std::string& input : kResponses) expect_same_however_cut(input, false, prng);
  }
}

TEST(Split, MutatedConnections) {
  Prng prng(2);
  for (int round = 0; round < 800 && !HasFailure(); ++round) {
    for (const std::string& input : kRequests) expect_same_however_cut(mutate(input, prng), true, prng);
    for (const std::string& input : kResponses) expect_same_however_cut(mutate(input, prng), false, prng);
  }
}

TEST(Split, TranscriptTellsWhatWasRead) {
  EXPECT_EQ(request_transcript(kRequests[1], Cuts(), kWide, 1000),
            "request POST http h:1 /a?b 1.1 keep-alive body 1 5\n+1 Host=h:1\n+3 Content-Length=5\npayload hello\n"
            "request GET http  / 1.0 close body 0 0\npayload \nmore");
  EXPECT_EQ(response_transcript("HTTP/1.1 200 OK\r\n\r\nab", http::Method::get, Cuts(), kWide, 1),
            "response 200 OK 1.1 close body 3 0\npayload a\nbad body_too_large at 20\n");
}

}  // namespace
}  // namespace weir::proto::http1
