// Any bytes as the beginning of a connection: what is decided does not depend on how they are cut, and what was read is
// written and read again as the same.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "proto/proxy/header.h"

using namespace weir::proto::proxy;

namespace {

void check_written(Version version, const Header& header) {
  std::string written;
  append(written, version, header);
  Header again;
  const Parsed parsed = parse(written, again);
  CHECK(parsed.state == Parse::done && parsed.consumed == written.size() && again == header);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Header header;
  const Parsed whole = parse(input, header);
  CHECK(whole.consumed <= size && (whole.state == Parse::done) == (whole.consumed != 0));
  CHECK((whole.state == Parse::bad) == (whole.bad != Bad::none));
  CHECK(whole.state == Parse::done || !header.claims());
  CHECK(whole.state != Parse::need_more || size < kMaxBytes);
  // As it arrives byte by byte: undecided until the same is known.
  const size_t last = whole.state == Parse::done ? whole.consumed : size;
  for (size_t cut = 0; cut < last; cut += 1 + cut / 8) {
    Header part;
    const Parsed parsed = parse(input.substr(0, cut), part);
    CHECK(parsed.state == Parse::need_more || (parsed.state == Parse::bad && parsed.bad == whole.bad));
    CHECK(!part.claims());
  }
  if (whole.state != Parse::done) return 0;
  check_written(Version::v1, header);
  check_written(Version::v2, header);
  return 0;
}
