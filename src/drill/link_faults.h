#pragma once
// What a fault proxy does to the bytes of one direction, as a value, and when a piece of them may leave, decided
// purely: time and chance are arguments. `Link` is one direction of the whole proxy, so that `limit_rate` is a capacity
// that all connections share, as those through one network interface do. Thread rule: a value; a Link belongs to one
// loop.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/prng.h"
#include "base/time.h"

namespace weir::drill {

/// Of a connection that the proxy is told to end: an orderly end (FIN), or RST.
enum class CloseBy : uint8_t { nothing, fin, reset };

struct LinkFaults {
  Duration delay{};                  ///< every byte is so late
  Duration jitter{};                 ///< and by up to so much more, drawn for each piece; the order of bytes stays
  bool drop = false;                 ///< bytes vanish: sent, acknowledged, never delivered
  CloseBy close = CloseBy::nothing;  ///< the connection ends as soon as a byte comes
  uint32_t corrupt_percent = 0;      ///< of the pieces have one byte changed
  uint64_t limit_rate = 0;           ///< bytes per second of all connections together; 0: no limit
  uint32_t split = 0;                ///< pieces of at most so many bytes, a millisecond apart; 0: as they come
  bool half_open = false;            ///< whoever sends here is cut off, and whoever receives is not told
  bool operator==(const LinkFaults&) const = default;
};

class Link {
 public:
  void set(const LinkFaults& faults) {
    faults_ = faults;
    free_ = Instant();
  }
  [[nodiscard]] const LinkFaults& faults() const { return faults_; }

  /// When a piece that came now may leave, not before `previous` of the same connection; takes its share of the rate.
  Instant departure(size_t bytes, Instant now, Instant previous, Prng& prng);
  /// The most bytes of one piece: small where the rate is, so that connections take turns.
  [[nodiscard]] size_t piece_max() const;

 private:
  LinkFaults faults_;
  Instant free_;  ///< when what was accepted so far has passed
};

/// Changes one byte of `piece`, for as many pieces in a hundred as `percent` says.
void corrupt(std::string& piece, uint32_t percent, Prng& prng);

}  // namespace weir::drill
