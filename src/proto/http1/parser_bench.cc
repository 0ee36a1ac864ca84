// What parsing costs: whole heads as browsers, tools and proxies send them, and the searches within them against the
// table they replace. Run one at a time with --benchmark_filter=; count instructions with callgrind where times are
// noisy.

#include <benchmark/benchmark.h>

#include <string>

#include "proto/http1/parser.h"
#include "proto/http1/scan.h"
#include "proto/http1/writer.h"

namespace weir::proto::http1 {
namespace {

const Limits kLimits;

/// 40 bytes, one field: the least a load generator sends.
constexpr std::string_view kTiny = "GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";

/// 3 fields.
constexpr std::string_view kCurl =
    "GET /api/users/42 HTTP/1.1\r\nHost: api.example.org\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";

/// 10 fields, as a browser sends behind another proxy.
constexpr std::string_view kBrowser =
    "GET /timeline?user=42&since=1700000000 HTTP/1.1\r\nHost: www.example.org\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\nReferer: https://www.example.org/\r\n"
    "Connection: keep-alive\r\nCookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark\r\n"
    "X-Forwarded-For: 203.0.113.7\r\nUpgrade-Insecure-Requests: 1\r\n\r\n";

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\nServer: example\r\nDate: Tue, 15 Nov 2022 08:12:31 GMT\r\nContent-Type: application/json\r\n"
    "Content-Length: 100\r\nConnection: keep-alive\r\n\r\n";

void parse_request(benchmark::State& state, std::string_view bytes) {
  RequestParser parser(kLimits);
  http::RequestHead head;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parser.parse(bytes, head));
    parser.reset();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes.size()));
}
BENCHMARK_CAPTURE(parse_request, tiny, kTiny);
BENCHMARK_CAPTURE(parse_request, curl, kCurl);
BENCHMARK_CAPTURE(parse_request, browser, kBrowser);

void parse_response(benchmark::State& state) {
  ResponseParser parser(kLimits);
  http::ResponseHead head;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parser.parse(kResponse, http::Method::get, head));
    parser.reset();
  }
}
BENCHMARK(parse_response);

/// The worst way to receive a head: one byte per read.
void parse_request_bytewise(benchmark::State& state) {
  RequestParser parser(kLimits);
  http::RequestHead head;
  for (auto _ : state) {
    for (size_t size = 1; size <= kBrowser.size(); ++size) {
      benchmark::DoNotOptimize(parser.parse(kBrowser.substr(0, size), head));
    }
    parser.reset();
  }
}
BENCHMARK(parse_request_bytewise);

void forward_fields(benchmark::State& state) {
  RequestParser parser(kLimits);
  http::RequestHead head;
  parser.parse(kBrowser, head);
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_end_to_end_fields(out, head.fields);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(forward_fields);

void read_chunked(benchmark::State& state) {
  std::string bytes;
  for (int i = 0; i < 16; ++i) {
    append_chunk_size(bytes, 1024);
    bytes.append(1024, 'x').append("\r\n");
  }
  append_last_chunk(bytes, {});
  BodyReader reader;
  for (auto _ : state) {
    reader.start(http::BodyKind::stream, 0, UINT64_MAX, kLimits);
    std::string_view rest = bytes;
    while (!reader.finished()) {
      const BodyReader::Step step = reader.next(rest);
      rest.remove_prefix(step.consumed);
    }
  }
}
BENCHMARK(read_chunked);

// The searches, each against the byte loop over the table.

using Search = const char* (*)(const char*, const char*);

const char* table_text(const char* at, const char* end) { return scan::skip(at, end, scan::kText); }
const char* table_target(const char* at, const char* end) { return scan::skip(at, end, scan::kTarget); }
const char* table_name(const char* at, const char* end) { return scan::skip(at, end, scan::kToken); }
const char* blocks_text(const char* at, const char* end) { return scan::find_control(at, at, end); }
const char* blocks_name(const char* at, const char* end) { return scan::find_name_end(at, end, scan::kToken); }

void find(benchmark::State& state, Search search, char stop) {
  // As within a head: more bytes follow the one that is found.
  const auto length = static_cast<size_t>(state.range(0));
  const std::string bytes = std::string(length, 'a') + std::string(32, stop);
  for (auto _ : state) {
    const char* begin = bytes.data();
    benchmark::DoNotOptimize(begin);
    benchmark::DoNotOptimize(search(begin, begin + bytes.size()));
  }
}
BENCHMARK_CAPTURE(find, line_table, table_text, '\r')->Arg(12)->Arg(40)->Arg(120);
BENCHMARK_CAPTURE(find, line_blocks, blocks_text, '\r')->Arg(12)->Arg(40)->Arg(120);
BENCHMARK_CAPTURE(find, target_table, table_target, ' ')->Arg(1)->Arg(12)->Arg(40);
BENCHMARK_CAPTURE(find, target_blocks, scan::find_target_end, ' ')->Arg(1)->Arg(12)->Arg(40);
BENCHMARK_CAPTURE(find, name_table, table_name, ':')->Arg(4)->Arg(10)->Arg(15);
BENCHMARK_CAPTURE(find, name_blocks, blocks_name, ':')->Arg(4)->Arg(10)->Arg(15);

}  // namespace
}  // namespace weir::proto::http1
