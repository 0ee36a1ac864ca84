#include "l7/refusal_ring.h"

#include <algorithm>

namespace weir::l7 {

namespace {

/// Keeps the memory of what stood there before.
void assign(std::string& to, std::string_view text) {
  to.assign(text.substr(0, RefusalRing::kTextBytes));
  if (text.size() > RefusalRing::kTextBytes) to += "…";
}

}  // namespace

void RefusalRing::note(const RefusalNote& note) {
  const std::lock_guard lock(mutex_);
  RefusalEntry& entry = entries_[total_++ % kEntries];
  entry.at = note.at;
  entry.waited = note.waited;
  entry.status = note.status;
  entry.value = note.value;
  assign(entry.rule, note.rule);
  assign(entry.limit, note.limit);
  assign(entry.listener, note.listener);
  assign(entry.cluster, note.cluster);
  assign(entry.method, note.method);
  assign(entry.host, note.host);
  assign(entry.target, note.target);
  assign(entry.tried, note.tried);
  assign(entry.request_id, note.request_id);
}

uint64_t RefusalRing::total() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

void RefusalRing::read(std::vector<RefusalEntry>& into) const {
  const std::lock_guard lock(mutex_);
  const uint64_t first = total_ - std::min<uint64_t>(total_, kEntries);
  for (uint64_t i = first; i < total_; ++i) into.push_back(entries_[i % kEntries]);
}

}  // namespace weir::l7
