#include "http/http2_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace weir::http {
namespace {

TEST(Http2Memory, GivesABlockOfThatSizeAgain) {
  Http2Memory memory;
  void* block = memory.take(100);
  std::memset(block, 'x', 100);
  memory.give(block);
  EXPECT_EQ(memory.kept(), 1u);
  EXPECT_EQ(memory.take(128), block) << "sizes of 65 to 128 are one class";
  void* another = memory.take(128);
  EXPECT_NE(another, block);
  memory.give(block);
  memory.give(another);
}

TEST(Http2Memory, BlocksAreAsLargeAsAskedFor) {
  Http2Memory memory;
  std::vector<void*> blocks;
  for (size_t size = 0; size < 3000; size += 37) {
    blocks.push_back(memory.take(size));
    std::memset(blocks.back(), 'x', size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(blocks.back()) % alignof(std::max_align_t), 0u);
  }
  for (void* block : blocks) memory.give(block);
  EXPECT_LT(memory.kept(), blocks.size()) << "large ones are not kept";
}

TEST(Http2Memory, ResizingKeepsWhatIsThere) {
  Http2Memory memory;
  auto* block = static_cast<char*>(memory.resize(nullptr, 10));
  size_t before = 10;
  std::memset(block, 'x', before);
  for (const size_t size : {20u, 64u, 65u, 1000u, 1024u, 1025u, 5000u, 9000u, 2000u, 100u, 7u}) {
    block = static_cast<char*>(memory.resize(block, size));
    for (size_t i = 0; i < std::min(before, size); ++i) ASSERT_EQ(block[i], 'x') << size << " at " << i;
    std::memset(block, 'x', size);
    before = size;
  }
  memory.give(block);
}

TEST(Http2Memory, ZeroesWhenAsked) {
  Http2Memory memory;
  nghttp2_mem& calls = *memory.callbacks();
  void* block = calls.malloc(50, calls.mem_user_data);
  std::memset(block, 'x', 50);
  calls.free(block, calls.mem_user_data);
  auto* again = static_cast<char*>(calls.calloc(5, 10, calls.mem_user_data));
  EXPECT_EQ(again, block);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(again[i], 0);
  calls.free(again, calls.mem_user_data);
  EXPECT_EQ(calls.calloc(SIZE_MAX, 2, calls.mem_user_data), nullptr);
}

TEST(Http2Memory, KeepsABoundedNumber) {
  Http2Memory memory;
  std::vector<void*> blocks;
  for (int i = 0; i < 5000; ++i) blocks.push_back(memory.take(64));
  for (void* block : blocks) memory.give(block);
  EXPECT_EQ(memory.kept(), 1024u);
}

}  // namespace
}  // namespace weir::http
