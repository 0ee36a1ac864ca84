#include "load/interval.h"

#include <algorithm>
#include <numeric>

namespace weir::load {

uint64_t Interval::failed() const { return std::accumulate(failures.begin(), failures.end(), uint64_t{0}); }

void Interval::add_counts(const Interval& other) {
  offered += other.offered;
  started += other.started;
  completed += other.completed;
  good += other.good;
  for (size_t i = 0; i < kFailures; ++i) failures[i] += other.failures[i];
  connects += other.connects;
  bytes_read += other.bytes_read;
  response.merge(other.response);
  service.merge(other.service);
  lateness.merge(other.lateness);
}

void Interval::add_worker(const Interval& other) {
  add_counts(other);
  length = std::max(length, other.length);
  in_flight_max += other.in_flight_max;
}

void Interval::add_following(const Interval& next) {
  add_counts(next);
  length = next.end() - at;
  in_flight_max = std::max(in_flight_max, next.in_flight_max);
}

}  // namespace weir::load
