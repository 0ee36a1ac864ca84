#pragma once
// What this process uses of the machine, read from the kernel at the moment of asking. Any thread.

#include <cstdint>

namespace weir::app {

struct ProcessUsage {
  double cpu_seconds = 0;  ///< user and system, all threads
  uint64_t resident_bytes = 0;
  uint64_t open_fds = 0;
  uint64_t max_fds = 0;
};

ProcessUsage process_usage();

}  // namespace weir::app
