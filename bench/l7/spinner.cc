// Keeps every CPU that it may use from going idle: one thread per CPU, SCHED_IDLE, so that it runs only when nothing
// else wants to. An idle CPU leaves its clock, its caches and (in a virtual machine) its host core, and coming back is
// charged to whoever is woken: with spinners that noise is gone, and peers that sleep more are not punished for it.

#include <sched.h>

#include <atomic>
#include <thread>
#include <vector>

#include "sockets.h"

namespace {

[[noreturn]] void spin(int cpu) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(cpu, &only);
  bench::require(::sched_setaffinity(0, sizeof only, &only) == 0, "sched_setaffinity");
  const sched_param lowest{};
  bench::require(::sched_setscheduler(0, SCHED_IDLE, &lowest) == 0, "sched_setscheduler");
  // No pause instruction: hypervisors take many of them for a spinning lock and leave the guest.
  for (;;) std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace

int main() {
  cpu_set_t allowed;
  bench::require(::sched_getaffinity(0, sizeof allowed, &allowed) == 0, "sched_getaffinity");
  std::vector<std::jthread> threads;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) threads.emplace_back(spin, cpu);
  }
}
