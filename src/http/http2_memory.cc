#include "http/http2_memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace weir::http {

namespace {

Http2Memory& of(void* user) { return *static_cast<Http2Memory*>(user); }

void* take_zeroed(size_t count, size_t bytes, void* user) {
  size_t all = 0;
  if (__builtin_mul_overflow(count, bytes, &all)) return nullptr;
  void* block = of(user).take(all);
  return block == nullptr ? nullptr : std::memset(block, 0, all);
}

}  // namespace

Http2Memory::Http2Memory()
    : callbacks_{.mem_user_data = this,
                 .malloc = [](size_t bytes, void* user) { return of(user).take(bytes); },
                 .free = [](void* block, void* user) { of(user).give(block); },
                 .calloc = take_zeroed,
                 .realloc = [](void* block, size_t bytes, void* user) { return of(user).resize(block, bytes); }} {}

Http2Memory::~Http2Memory() {
  for (List& list : spare_) {
    while (Head* head = list.first) {
      list.first = head->next;
      std::free(head);
    }
  }
}

void* Http2Memory::take(size_t bytes) {
  const size_t size_class = bytes == 0 ? 0 : (bytes - 1) / kStep;
  if (size_class >= kClasses) {
    auto* head = static_cast<Head*>(bytes > SIZE_MAX - sizeof(Head) ? nullptr : std::malloc(sizeof(Head) + bytes));
    if (head == nullptr) return nullptr;
    head->size_class = kClasses;
    return head + 1;
  }
  List& list = spare_[size_class];
  Head* head = list.first;
  if (head != nullptr) {
    list.first = head->next;
    --list.count;
    return head + 1;
  }
  head = static_cast<Head*>(std::malloc(sizeof(Head) + (size_class + 1) * kStep));
  if (head == nullptr) return nullptr;
  head->size_class = static_cast<uint32_t>(size_class);
  return head + 1;
}

void Http2Memory::give(void* block) {
  if (block == nullptr) return;
  Head* head = static_cast<Head*>(block) - 1;
  if (head->size_class == kClasses || spare_[head->size_class].count >= kKept) return std::free(head);
  List& list = spare_[head->size_class];
  head->next = list.first;
  list.first = head;
  ++list.count;
}

void* Http2Memory::resize(void* block, size_t bytes) {
  if (block == nullptr) return take(bytes);
  Head* head = static_cast<Head*>(block) - 1;
  if (head->size_class == kClasses && bytes > kClasses * kStep) {
    head = static_cast<Head*>(bytes > SIZE_MAX - sizeof(Head) ? nullptr : std::realloc(head, sizeof(Head) + bytes));
    return head == nullptr ? nullptr : head + 1;
  }
  const size_t room = (head->size_class + size_t{1}) * kStep;
  if (head->size_class != kClasses && bytes <= room) return block;
  void* larger = take(bytes);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, std::min(bytes, room));
  give(block);
  return larger;
}

size_t Http2Memory::kept() const {
  size_t blocks = 0;
  for (const List& list : spare_) blocks += list.count;
  return blocks;
}

}  // namespace weir::http
