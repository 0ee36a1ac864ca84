#include "sim/ledger.h"

#include <algorithm>
#include <utility>

namespace weir::sim {

void Ledger::move_to(Instant now) {
  if (now < at_) broken("time went backwards");
  area_ += static_cast<__uint128_t>(number_) * static_cast<uint64_t>((now - at_).ns());
  at_ = now;
}

void Ledger::asked(Instant now) {
  move_to(now);
  ++number_;
  ++result_.laws.arrived;
  ++slice_.arrived;
  if (now >= measured_from_) ++result_.arrived;
}

void Ledger::answered(Instant asked_at, uint16_t status, l7::core::Rule refusal, Instant now) {
  move_to(now);
  if (number_ == 0) broken("more requests answered than asked");
  --number_;
  const Duration stay = now - asked_at;
  stays_ += static_cast<uint64_t>(stay.ns());
  const bool good = status < 500;
  ++(good ? result_.laws.answered : result_.laws.failed);
  ++(good ? slice_.answered : slice_.failed);
  if (good) slice_latency_.record(static_cast<uint64_t>(stay.ns()));
  if (asked_at < measured_from_) return;
  ++result_.refusals[static_cast<size_t>(refusal)];
  if (!good) {
    ++result_.failed;
    return;
  }
  ++result_.answered;
  good_sum_ += static_cast<uint64_t>(stay.ns());
  result_.latency.record(static_cast<uint64_t>(stay.ns()));
}

Slice& Ledger::end_slice() {
  slice_.p50_ns = slice_latency_.percentile(50);
  slice_.p99_ns = slice_latency_.percentile(99);
  slice_latency_.clear();
  result_.slices.push_back(std::exchange(slice_, {}));
  return result_.slices.back();
}

void Ledger::broken(std::string_view what) {
  auto& all = result_.laws.broken;
  if (std::find(all.begin(), all.end(), what) == all.end()) all.emplace_back(what);
}

void Ledger::close(uint64_t open, __uint128_t open_stays, Instant end) {
  move_to(end);
  Laws& laws = result_.laws;
  laws.open = open;
  if (laws.arrived != laws.answered + laws.failed + open || open != number_) {
    broken("conservation: requests asked are not those answered, failed and open");
  }
  if (area_ != stays_ + open_stays) broken("Little's law: the number in the system is not rate times stay");
  const double seconds = (end - Instant{}).seconds();
  if (seconds > 0) {
    laws.mean_number = static_cast<double>(area_) / 1e9 / seconds;
    laws.rate_times_stay = static_cast<double>(stays_ + open_stays) / 1e9 / seconds;
  }
  if (result_.answered > 0) result_.mean_ns = static_cast<double>(good_sum_) / static_cast<double>(result_.answered);
}

}  // namespace weir::sim
