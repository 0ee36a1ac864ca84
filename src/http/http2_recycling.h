#pragma once
// What the HTTP/2 connections of a loop share, so that a request allocates next to nothing: spent streams of one side,
// room for the fields of a message, memory for nghttp2. Bounded; thread rule: the loop's thread.

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "http/http2_memory.h"

namespace weir::http {

template <class Stream>
class Http2Recycling {
 public:
  std::unique_ptr<Stream> take() {
    if (spare_.empty()) return std::make_unique<Stream>();
    auto stream = std::move(spare_.back());
    spare_.pop_back();
    return stream;
  }
  void give(std::unique_ptr<Stream> stream) {
    stream->clear();
    if (spare_.size() < kKept) spare_.push_back(std::move(stream));
  }

  std::vector<nghttp2_nv> fields;  ///< scratch
  Http2Memory memory;

 private:
  static constexpr size_t kKept = 1024;
  std::vector<std::unique_ptr<Stream>> spare_;
};

}  // namespace weir::http
