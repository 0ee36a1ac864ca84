// Any bytes, whole and cut in pieces: the same boundaries must come out, and a Close frame fits at each.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/prng.h"
#include "proto/websocket/frame_tracker.h"

using weir::Prng;
using weir::proto::websocket::FrameTracker;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  FrameTracker whole, cut;
  whole.feed(input);
  Prng prng(size);
  for (std::string_view rest = input; !rest.empty();) {
    const std::string_view piece = rest.substr(0, 1 + prng.below(9));
    rest.remove_prefix(piece.size());
    const size_t followed = cut.feed_to_boundary(piece);
    CHECK(followed <= piece.size());
    CHECK(followed == piece.size() || cut.at_boundary());
    cut.feed(piece.substr(followed));
  }
  CHECK(cut.at_boundary() == whole.at_boundary() && cut.lost() == whole.lost());
  return 0;
}
