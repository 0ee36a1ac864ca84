#pragma once
// Memory for nghttp2, which asks for a dozen small blocks per request and gives them back at its end: blocks by size,
// kept for the next request instead of being returned one by one. One pool per loop, shared by its connections; what is
// kept is bounded. Thread rule: the loop's thread.

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace weir::http {

class Http2Memory {
 public:
  Http2Memory();
  ~Http2Memory();
  Http2Memory(const Http2Memory&) = delete;
  Http2Memory& operator=(const Http2Memory&) = delete;

  [[nodiscard]] void* take(size_t bytes);  ///< null when there is none
  void give(void* block);
  [[nodiscard]] void* resize(void* block, size_t bytes);
  /// For nghttp2_session_server_new3.
  [[nodiscard]] nghttp2_mem* callbacks() { return &callbacks_; }
  [[nodiscard]] size_t kept() const;

 private:
  /// Before every block. Its size keeps what follows aligned for anything.
  struct alignas(std::max_align_t) Head {
    Head* next;
    uint32_t size_class;
  };
  struct List {
    Head* first = nullptr;
    uint32_t count = 0;
  };
  static constexpr size_t kStep = 64;
  static constexpr size_t kClasses = 16;  ///< up to 1 KiB; larger blocks live as long as their connection
  static constexpr uint32_t kKept = 1024;

  nghttp2_mem callbacks_;
  std::array<List, kClasses> spare_;
};

}  // namespace weir::http
