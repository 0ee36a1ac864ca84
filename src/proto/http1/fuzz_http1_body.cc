// Bodies. The first byte chooses: any bytes read as a body of each kind, cut in two ways; or bytes written as chunks
// and read back.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "proto/http1/transcript.h"
#include "proto/http1/writer.h"

namespace {

using namespace weir;
using namespace weir::proto;
using http::BodyKind;

constexpr http1::Limits kLimits{.field_bytes = 64, .fields = 4, .trailer_bytes = 128, .chunk_line_bytes = 32};
constexpr uint64_t kMaxBody = 4096;

std::string read(std::string_view input, BodyKind kind, uint64_t length, http1::Cuts cuts) {
  std::string out;
  http1::Window window(input, cuts);
  const bool ended = http1::read_body(out, window, kind, length, kMaxBody, kLimits);
  CHECK(window.consumed() <= input.size());
  return out + (ended ? "ended at " + std::to_string(window.consumed()) : "");
}

void read_any(std::string_view input, BodyKind kind, Prng& prng) {
  const uint64_t length = prng.below(2 * kMaxBody);
  const std::string whole = read(input, kind, length, http1::Cuts());
  CHECK(whole == read(input, kind, length, http1::Cuts(prng, 1)));
  CHECK(whole == read(input, kind, length, http1::Cuts(prng, 40)));
}

void write_and_read(std::string_view payload, Prng& prng) {
  payload = payload.substr(0, kMaxBody);
  std::string bytes;
  for (std::string_view rest = payload; !rest.empty();) {
    const std::string_view chunk = rest.substr(0, 1 + prng.below(40));
    http1::append_chunk_size(bytes, chunk.size());
    bytes.append(chunk).append("\r\n");
    rest.remove_prefix(chunk.size());
  }
  http1::append_last_chunk(bytes, http::Fields{{"A", "b"}});
  const std::string expected = "payload " + std::string(payload) + "\n+0 A=b\nended at " + std::to_string(bytes.size());
  CHECK(read(bytes + "GET", BodyKind::stream, 0, http1::Cuts(prng, 30)) == expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  Prng prng(data[1]);
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[0] % 8) {
    case 0: read_any(input, BodyKind::none, prng); break;
    case 1: read_any(input, BodyKind::length, prng); break;
    case 2: read_any(input, BodyKind::until_close, prng); break;
    case 3: write_and_read(input, prng); break;
    default: read_any(input, BodyKind::stream, prng); break;
  }
  return 0;
}
