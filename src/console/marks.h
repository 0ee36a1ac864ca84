#pragma once
// What somebody did to the system and when: a drill began, a fault was put in, it was taken back. The console draws
// them as vertical lines on every chart, so that cause and effect are seen together. `weir drill` posts them, and
// anybody may:
//
//   curl -X POST -H 'X-Weir-Admin: 1' -d '{"label": "app-2 killed", "kind": "fault"}' http://127.0.0.1:9901/marks
//
// Pure; not thread-safe.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::console {

enum class MarkKind : uint8_t { drill, fault, recover };
std::string_view name_of(MarkKind kind);

struct Mark {
  int64_t unix_ms = 0;
  MarkKind kind = MarkKind::drill;
  std::string label;
};

inline constexpr size_t kMarkLabelBytes = 120;

/// From {"label": "…", "kind": "drill|fault|recover"}; without a kind it is a drill's. The time is the caller's affair.
/// An error is one sentence for people.
Result<Mark, std::string> read_mark(std::string_view json);

class Marks {
 public:
  static constexpr size_t kMost = 200;  ///< then the oldest goes

  void add(Mark mark);
  [[nodiscard]] const std::deque<Mark>& all() const { return marks_; }
  /// {"marks": [{"at": 1764000000000, "kind": "fault", "label": "…"}]}, oldest first.
  [[nodiscard]] std::string json() const;

 private:
  std::deque<Mark> marks_;
};

}  // namespace weir::console
