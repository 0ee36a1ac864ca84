#include "l7/trail.h"

namespace weir::l7 {

void Trail::tell(Explanation& into, Instant now) const {
  into.sampled = sampled_;
  into.queued = queued_from_ == Instant{} ? queued_ : queued_ + (now - queued_from_);
  into.waited = pending_ != 0;
  into.pending = pending_;
  into.in_use = in_use_;
  into.saturated = saturated_;
  into.attempts = attempts_;
  if (attempts_ > 0) into.tried[0] = first_;
  for (uint32_t i = 1; i < into.kept(); ++i) into.tried[i] = more_->attempts[i - 1];
  if (more_ == nullptr) return;
  for (size_t i = 0; i < into.captures.size(); ++i) {
    if (more_->captures[i].count != 0) into.captures[i] = more_->captures[i];
  }
}

}  // namespace weir::l7
