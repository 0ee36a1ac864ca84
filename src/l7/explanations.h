#pragma once
// The explanations that one worker keeps: of everything that failed, and of a sample of what did not. Two rings, so
// that neither pushes the other out: a flood of failures keeps the newest of them, and samples stay. Memory is bounded
// by the number of entries and taken as they come.
//
// The refusals that the console shows (refusal_ring.h) stay apart: they also tell of what never became a request.
//
// Threads: sample, draft and keep from the worker; find, newest and state from any. The lock is held for one copy, or
// while one line of hashes is looked through, so that whoever asks holds up no request.

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/prng.h"
#include "l7/explanation.h"
#include "model/config.h"

namespace weir::l7 {

class Explanations {
 public:
  enum class Kind : uint8_t { failure, sample };

  /// This worker's part of what `config` grants. Keeps what is there as far as it fits.
  void configure(const model::ExplainConfig& config, size_t workers);

  /// Is the request that comes now to be explained whatever becomes of it?
  [[nodiscard]] bool sample(Prng& prng) {
    if (until_sample_ == 0 || --until_sample_ != 0) return false;
    until_sample_ = draw_gap(prng);
    return true;
  }
  /// False when nothing is kept.
  [[nodiscard]] bool on() const { return failures_.capacity != 0; }
  /// To be filled in before keep.
  [[nodiscard]] Explanation& draft() { return draft_; }
  void keep();

  /// The newest of that request id: ids may come from clients, and repeat.
  [[nodiscard]] std::optional<Explanation> find(std::string_view id) const;
  /// Appends up to `most`, newest first.
  void newest(Kind kind, size_t most, std::vector<Explanation>& into) const;

  struct State {
    size_t capacity = 0;
    size_t kept = 0;
    Instant oldest{};  ///< start of the oldest that is there; Instant{}: none
  };
  [[nodiscard]] State state(Kind kind) const;

 private:
  struct Ring {
    size_t capacity = 0;
    uint64_t total = 0;
    std::vector<Explanation> entries;
    std::vector<uint64_t> ids;  ///< hashes, apart, so that looking for one does not walk through all that memory

    void resize(size_t wanted);
    void add(const Explanation& explanation);
    [[nodiscard]] size_t kept() const { return entries.size(); }
    /// The n-th of all that were ever added; it must still be there.
    [[nodiscard]] const Explanation& nth(uint64_t n) const { return entries[n % capacity]; }
    [[nodiscard]] const Explanation* find(std::string_view id) const;
  };
  [[nodiscard]] const Ring& ring(Kind kind) const { return kind == Kind::failure ? failures_ : samples_; }
  [[nodiscard]] uint64_t draw_gap(Prng& prng) const;

  uint32_t per_mille_ = 0;
  uint64_t until_sample_ = 0;  ///< requests; 0: none is to come
  Explanation draft_;
  mutable std::mutex mutex_;
  Ring failures_;
  Ring samples_;
};

}  // namespace weir::l7
