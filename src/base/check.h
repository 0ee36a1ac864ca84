#pragma once
// Assertions. CHECK stays on in every build: a broken invariant of ours ends the process, because going on
// would serve wrong answers. DCHECK is for debug, fuzz and sanitizer builds. Errors of the outside world
// (peers, files, limits) are values (base/result.h), never assertions.

#include <cstdio>
#include <cstdlib>

namespace weir {

[[noreturn]] inline void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "weir: broken invariant: %s at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace weir

#define CHECK(expression) \
  (__builtin_expect(!!(expression), 1) ? (void)0 : ::weir::check_failed(#expression, __FILE__, __LINE__))

#ifdef NDEBUG
#define DCHECK(expression) ((void)sizeof(!(expression)))
#else
#define DCHECK(expression) CHECK(expression)
#endif

#define UNREACHABLE() ::weir::check_failed("unreachable", __FILE__, __LINE__)
