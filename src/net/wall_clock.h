#pragma once
// Calendar time for people: the Date field and the log. Formatting costs more than a request, so texts are kept for as
// long as their second lasts. One per loop; not thread-safe. Deadlines and latencies never use it.

#include <time.h>

#include <cstdint>
#include <cstdio>
#include <string_view>

namespace weir::net {

class WallClock {
 public:
  /// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7).
  std::string_view http_date() {
    refresh();
    return {date_, 29};
  }
  /// "2026-11-24T01:40:22.123Z"
  std::string_view timestamp() {
    refresh();
    const auto ms = static_cast<unsigned>(now_.tv_nsec / 1'000'000);
    stamp_[20] = static_cast<char>('0' + ms / 100);
    stamp_[21] = static_cast<char>('0' + ms / 10 % 10);
    stamp_[22] = static_cast<char>('0' + ms % 10);
    return {stamp_, 24};
  }
  /// Milliseconds since 1970 (UTC), as JavaScript counts them.
  int64_t unix_ms() {
    refresh();
    return int64_t{now_.tv_sec} * 1000 + now_.tv_nsec / 1'000'000;
  }

 private:
  void refresh() {
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now_);
    if (now_.tv_sec == second_) return;
    second_ = now_.tv_sec;
    tm utc{};
    ::gmtime_r(&second_, &utc);
    ::strftime(date_, sizeof date_, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    ::strftime(stamp_, sizeof stamp_, "%Y-%m-%dT%H:%M:%S.000Z", &utc);
  }

  timespec now_{};
  time_t second_ = -1;
  char date_[40] = "";
  char stamp_[40] = "";
};

}  // namespace weir::net
