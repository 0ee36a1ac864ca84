#include "drill/link_faults.h"

#include <algorithm>

namespace weir::drill {

namespace {

constexpr size_t kPieceBytes = 16 * 1024;
constexpr Duration kSplitGap = Duration::ms(1);
/// A piece of a limited link should take no longer than this, or a small answer waits behind a large one's pieces.
constexpr uint64_t kPiecesPerSecond = 100;
constexpr size_t kPieceBytesMin = 64;

}  // namespace

Instant Link::departure(size_t bytes, Instant now, Instant previous, Prng& prng) {
  Instant when = now + faults_.delay;
  if (faults_.jitter > Duration{})
    when = when + Duration::ns(static_cast<int64_t>(prng.below(static_cast<uint64_t>(faults_.jitter.ns()) + 1)));
  if (faults_.split > 0) when = std::max(when, previous + kSplitGap);
  when = std::max(when, previous);
  if (faults_.limit_rate > 0) {
    const double seconds = static_cast<double>(bytes) / static_cast<double>(faults_.limit_rate);
    free_ = std::max(free_, now) + Duration::seconds(seconds);
    when = std::max(when, free_);
  }
  return when;
}

size_t Link::piece_max() const {
  size_t most = kPieceBytes;
  if (faults_.limit_rate > 0) {
    most = std::clamp<size_t>(faults_.limit_rate / kPiecesPerSecond, kPieceBytesMin, kPieceBytes);
  }
  return faults_.split > 0 ? std::min<size_t>(most, faults_.split) : most;
}

void corrupt(std::string& piece, uint32_t percent, Prng& prng) {
  if (piece.empty() || prng.below(100) >= percent) return;
  const size_t at = prng.below(piece.size());
  const auto mask = static_cast<uint8_t>(1 + prng.below(255));  // never 0: a change that changes nothing is none
  piece[at] = static_cast<char>(static_cast<uint8_t>(piece[at]) ^ mask);
}

}  // namespace weir::drill
