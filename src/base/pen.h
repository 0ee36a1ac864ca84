#pragma once
// Writing text into room that was measured beforehand: one growth of the string, then plain copies without a check per
// piece. For the few places where a request's text is put together; everywhere else std::string::append is quick
// enough.
//
//   Pen pen(out, most_bytes);   // `out` grows by `most_bytes`
//   pen.put("a: ").put(value);
//   // destruction gives back what was not used
//
// Writing more than was asked for is a broken invariant (checked once, at the end, and on every put in debug builds).

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/check.h"

namespace weir {

class Pen {
 public:
  Pen(std::string& out, size_t most_bytes) : out_(&out) {
    const size_t start = out.size();
    out.resize(start + most_bytes);
    at_ = out.data() + start;
    end_ = at_ + most_bytes;
  }
  /// Into room that stays as large as it is.
  explicit Pen(std::span<char> room) : out_(nullptr), at_(room.data()), end_(room.data() + room.size()) {}
  ~Pen() {
    CHECK(at_ <= end_);
    if (out_ != nullptr) out_->resize(static_cast<size_t>(at_ - out_->data()));
  }
  Pen(const Pen&) = delete;
  Pen& operator=(const Pen&) = delete;

  Pen& put(std::string_view text) {
    DCHECK(text.size() <= static_cast<size_t>(end_ - at_));
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());  // an empty view may point nowhere
    at_ += text.size();
    return *this;
  }
  /// For literals: the length is known, so the copy is a few moves.
  template <size_t N>
  Pen& put(const char (&text)[N]) {
    DCHECK(N - 1 <= static_cast<size_t>(end_ - at_));
    std::memcpy(at_, text, N - 1);
    at_ += N - 1;
    return *this;
  }
  Pen& number(uint64_t value) {
    at_ = std::to_chars(at_, end_, value).ptr;
    return *this;
  }
  /// Sixteen lower-case hexadecimal digits.
  Pen& hex(uint64_t value) {
    DCHECK(end_ - at_ >= 16);
#if defined(__SSE2__)
    const __m128i bytes = _mm_cvtsi64_si128(static_cast<long long>(__builtin_bswap64(value)));
    const __m128i nibble = _mm_set1_epi8(0x0f);
    const __m128i nibbles =
        _mm_unpacklo_epi8(_mm_and_si128(_mm_srli_epi16(bytes, 4), nibble), _mm_and_si128(bytes, nibble));
    const __m128i letters = _mm_and_si128(_mm_cmpgt_epi8(nibbles, _mm_set1_epi8(9)), _mm_set1_epi8('a' - '0' - 10));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(at_), _mm_add_epi8(_mm_add_epi8(nibbles, _mm_set1_epi8('0')), letters));
#else
    const uint64_t high = digits(static_cast<uint32_t>(value >> 32));
    const uint64_t low = digits(static_cast<uint32_t>(value));
    std::memcpy(at_, &high, 8);
    std::memcpy(at_ + 8, &low, 8);
#endif
    at_ += 16;
    return *this;
  }
  [[nodiscard]] char* at() const { return at_; }

 private:
#if !defined(__SSE2__)
  /// Eight digits at once: nibbles are spread to bytes, then each byte becomes '0'+n or 'a'+n-10 (carry of n+6 tells).
  static uint64_t digits(uint32_t value) {
    uint64_t x = __builtin_bswap32(value);
    x = (x | x << 16) & 0x0000ffff0000ffffULL;
    x = (x | x << 8) & 0x00ff00ff00ff00ffULL;
    x = ((x >> 4) & 0x000f000f000f000fULL) | ((x & 0x000f000f000f000fULL) << 8);
    const uint64_t letters = ((x + 0x0606060606060606ULL) >> 4) & 0x0101010101010101ULL;
    return x + 0x3030303030303030ULL + letters * ('a' - '0' - 10);
  }
#endif

  std::string* out_;
  char* at_;
  char* end_;
};

}  // namespace weir
