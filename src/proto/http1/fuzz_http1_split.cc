// A whole connection's bytes, in one piece and cut at places that a Prng seeded from the input chooses: the same
// messages and the same refusal at the same place must come out. The first two bytes choose direction, limits and seed.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "proto/http1/transcript.h"

namespace {

using namespace weir;
using namespace weir::proto;

const http1::Limits kWide;
constexpr http1::Limits kNarrow{.request_line_bytes = 64,
                                .field_bytes = 48,
                                .head_bytes = 160,
                                .fields = 5,
                                .trailer_bytes = 64,
                                .chunk_line_bytes = 16};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const uint8_t choice = data[0];
  const bool request = (choice & 1) != 0;
  const http1::Limits& limits = (choice & 2) != 0 ? kWide : kNarrow;
  const uint64_t max_body = (choice & 4) != 0 ? 1000 : 6;
  const http::Method method = (choice & 8) != 0 ? http::Method::head : http::Method::get;
  Prng prng(data[1]);
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto read = [&](http1::Cuts cuts) {
    return request ? http1::request_transcript(input, cuts, limits, max_body)
                   : http1::response_transcript(input, method, cuts, limits, max_body);
  };
  const std::string whole = read(http1::Cuts());
  CHECK(whole == read(http1::Cuts(prng, 1)));
  CHECK(whole == read(http1::Cuts(prng, 1 + prng.below(100))));
  return 0;
}
