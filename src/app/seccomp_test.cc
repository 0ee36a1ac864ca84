// Filters cannot be taken off again: each is tried in a process of its own.
#include "app/seccomp.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <thread>

namespace weir::app {
namespace {

/// The errno that `call` leaves, or 0.
int error_of(const std::function<long()>& call) {
  errno = 0;
  return call() < 0 ? errno : 0;
}

/// Its result when it ran in a child, behind the filter.
int behind(void (*install)(), const std::function<int()>& probe) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(255);
    install();
    ::_exit(probe());
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  return WEXITSTATUS(status);
}

void for_all() {
  if (!filter_system_calls()) ::_exit(254);
}
void for_workers() {
  for_all();
  filter_worker_thread();
}
void none() {}

struct Row {
  const char* name;
  std::function<long()> call;
  int expected;  ///< errno behind the filter of all
  int worker;    ///< and behind that of workers
};

const Row kRows[] = {
    {"unshare nothing", [] { return ::syscall(SYS_unshare, 0); }, EPERM, EPERM},
    {"setresuid to nobody new", [] { return ::syscall(SYS_setresuid, -1, -1, -1); }, EPERM, EPERM},
    {"chroot to where nothing is", [] { return ::syscall(SYS_chroot, "/no/such/directory"); }, EPERM, EPERM},
    {"mount nothing", [] { return ::syscall(SYS_mount, nullptr, nullptr, nullptr, 0, nullptr); }, EPERM, EPERM},
    {"io_uring", [] { return ::syscall(SYS_io_uring_setup, 0, nullptr); }, EPERM, EPERM},
    {"bpf", [] { return ::syscall(SYS_bpf, 9999, nullptr, 0); }, EPERM, EPERM},
    {"perf events", [] { return ::syscall(SYS_perf_event_open, nullptr, 0, 0, 0, 0); }, EPERM, EPERM},
    {"user faults", [] { return ::syscall(SYS_userfaultfd, -1); }, EPERM, EPERM},
    {"keys", [] { return ::syscall(SYS_keyctl, 9999); }, EPERM, EPERM},
    {"modules", [] { return ::syscall(SYS_init_module, nullptr, 0, nullptr); }, EPERM, EPERM},
    {"execveat", [] { return ::syscall(SYS_execveat, -1, "none", nullptr, nullptr, 0); }, EPERM, EPERM},
    {"clone3", [] { return ::syscall(SYS_clone3, nullptr, 0); }, ENOSYS, ENOSYS},
    {"a raw socket", [] { return long{::socket(AF_PACKET, SOCK_RAW, 0)}; }, EPERM, EPERM},
    {"a socket", [] { return long{::socket(AF_INET, SOCK_STREAM, 0)}; }, 0, 0},
    {"a file", [] { return long{::open("/proc/self/status", O_RDONLY)}; }, 0, 0},
    {"a program that is not there", [] { return ::syscall(SYS_execve, "/no/such", nullptr, nullptr); }, ENOENT, EPERM},
    {"a child",
     [] {
       const pid_t child = ::fork();
       if (child == 0) ::_exit(0);
       return long{child};
     },
     0, EPERM},
    {"listening to nothing", [] { return long{::listen(-1, 1)}; }, EBADF, EPERM},
};

TEST(Seccomp, DeniesWhatNoProxyAsksFor) {
  for (const Row& row : kRows) {
    const auto probe = [&] { return error_of(row.call); };
    EXPECT_EQ(behind(for_all, probe), row.expected) << row.name;
    EXPECT_EQ(behind(for_workers, probe), row.worker) << row.name << ", a worker";
    if (row.expected == EPERM && ::geteuid() == 0) {
      EXPECT_NE(behind(none, probe), EPERM) << row.name << ": nobody else denies it to root";
    }
  }
}

TEST(Seccomp, ThreadsCanStillBeStarted) {
  const auto probe = [] {
    int seen = 1;
    std::thread([&seen] { seen = 0; }).join();
    return seen;
  };
  EXPECT_EQ(behind(for_all, probe), 0);
  EXPECT_EQ(behind(for_workers, probe), 0);
}

/// A worker's own filter is that of its thread alone.
TEST(Seccomp, OneWorkersFilterIsNotTheOthers) {
  const auto probe = [] {
    int worker = 0;
    std::thread([&worker] {
      filter_worker_thread();
      worker = error_of([] { return long{::listen(-1, 1)}; });
    }).join();
    if (worker != EPERM) return worker == 0 ? 1 : worker;
    return error_of([] { return long{::listen(-1, 1)}; });
  };
  EXPECT_EQ(behind(for_all, probe), EBADF);
}

}  // namespace
}  // namespace weir::app
