#include "app/seccomp.h"

#include <fmt/format.h>
#include <sched.h>
#include <seccomp.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <span>

namespace weir::app {

namespace {

// By subject. Names that an architecture does not have are left out there.
constexpr const char* kAllowed[] = {
    // bytes
    "read",
    "write",
    "readv",
    "writev",
    "pread64",
    "pwrite64",
    "preadv",
    "pwritev",
    "preadv2",
    "pwritev2",
    "lseek",
    "sendfile",
    "splice",
    "copy_file_range",
    // files
    "open",
    "openat",
    "openat2",
    "close",
    "close_range",
    "dup",
    "dup2",
    "dup3",
    "fcntl",
    "flock",
    "ioctl",
    "stat",
    "fstat",
    "lstat",
    "newfstatat",
    "fstatat64",
    "statx",
    "statfs",
    "fstatfs",
    "access",
    "faccessat",
    "faccessat2",
    "readlink",
    "readlinkat",
    "getdents",
    "getdents64",
    "getcwd",
    "chdir",
    "mkdir",
    "mkdirat",
    "rmdir",
    "unlink",
    "unlinkat",
    "rename",
    "renameat",
    "renameat2",
    "ftruncate",
    "fallocate",
    "fadvise64",
    "fsync",
    "fdatasync",
    "umask",
    "chmod",
    "fchmod",
    "fchmodat",
    // waiting for events
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "eventfd",
    "eventfd2",
    "timerfd_create",
    "timerfd_settime",
    "timerfd_gettime",
    "signalfd",
    "signalfd4",
    "inotify_init",
    "inotify_init1",
    "inotify_add_watch",
    "inotify_rm_watch",
    "pipe",
    "pipe2",
    // the network; socket() is below
    "socketpair",
    "bind",
    "listen",
    "accept",
    "accept4",
    "connect",
    "getsockname",
    "getpeername",
    "getsockopt",
    "setsockopt",
    "sendto",
    "recvfrom",
    "sendmsg",
    "recvmsg",
    "sendmmsg",
    "recvmmsg",
    "shutdown",
    // memory
    "mmap",
    "munmap",
    "mprotect",
    "mremap",
    "madvise",
    "mincore",
    "msync",
    "mlock",
    "munlock",
    "brk",
    "membarrier",
    "memfd_create",
    // threads and their scheduling; clone() is below
    "futex",
    "futex_waitv",
    "rseq",
    "set_robust_list",
    "get_robust_list",
    "set_tid_address",
    "sched_yield",
    "sched_getaffinity",
    "sched_setaffinity",
    "sched_getparam",
    "sched_getscheduler",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "getcpu",
    "getpriority",
    "arch_prctl",
    // time
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "nanosleep",
    "gettimeofday",
    "time",
    "times",
    "getitimer",
    "setitimer",
    // signals
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "rt_sigpending",
    "sigaltstack",
    "kill",
    "tgkill",
    "restart_syscall",
    // processes: an upgrade starts one
    "fork",
    "vfork",
    "execve",
    "wait4",
    "waitid",
    "pidfd_open",
    "pidfd_send_signal",
    "exit",
    "exit_group",
    "setsid",
    "setpgid",
    // who and what we are
    "getpid",
    "getppid",
    "gettid",
    "getpgrp",
    "getpgid",
    "getsid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getresuid",
    "getresgid",
    "getgroups",
    "getrlimit",
    "setrlimit",
    "prlimit64",
    "getrusage",
    "uname",
    "sysinfo",
    "getrandom",
    // giving up more
    "prctl",
    "capget",
    "capset",
    "seccomp",
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    // LeakSanitizer stops the world by tracing it. A build for production has none of this.
    "ptrace",
    "process_vm_readv",
    "personality",
#endif
};

/// Written before there is a second thread that looks.
bool filtered = false;

constexpr int kFamilies[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

constexpr const char* kNotForWorkers[] = {"execve", "execveat", "fork", "vfork", "listen", "ptrace", "seccomp", "kill"};

constexpr unsigned long kNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

class Rules {
 public:
  explicit Rules(uint32_t otherwise) : filter_(seccomp_init(otherwise)) {
    if (filter_ == nullptr) problem_ = -ENOMEM;
  }

  void add(uint32_t action, const char* name) { add(action, name, {}); }
  void add(uint32_t action, const char* name, std::span<const scmp_arg_cmp> conditions) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || problem_ != 0) return;
    problem_ = seccomp_rule_add_array(filter_.get(), action, number, static_cast<unsigned>(conditions.size()),
                                      conditions.data());
    // What another architecture calls otherwise has no rule here.
    if (problem_ == -EDOM || problem_ == -EFAULT) problem_ = 0;
  }
  void set(scmp_filter_attr attribute, uint32_t value) {
    if (problem_ == 0) problem_ = seccomp_attr_set(filter_.get(), attribute, value);
  }
  Result<void, std::string> load() {
    if (problem_ == 0) problem_ = seccomp_load(filter_.get());
    if (problem_ == 0) return {};
    return fail(fmt::format("the filter of system calls cannot be installed: {}", std::strerror(-problem_)));
  }

 private:
  Filter filter_;
  int problem_ = 0;
};

}  // namespace

Result<void, std::string> filter_system_calls() {
  Rules rules(SCMP_ACT_ERRNO(EPERM));
  for (const char* name : kAllowed) rules.add(SCMP_ACT_ALLOW, name);
  for (const int family : kFamilies) {
    const scmp_arg_cmp is_family = SCMP_A0_32(SCMP_CMP_EQ, static_cast<uint32_t>(family));
    rules.add(SCMP_ACT_ALLOW, "socket", {&is_family, 1});
  }
  const scmp_arg_cmp no_namespaces = SCMP_A0_64(SCMP_CMP_MASKED_EQ, kNamespaces, 0);
  rules.add(SCMP_ACT_ALLOW, "clone", {&no_namespaces, 1});
  // Its flags are behind a pointer, where no filter can look; told that there is none, glibc takes clone.
  rules.add(SCMP_ACT_ERRNO(ENOSYS), "clone3");
  rules.set(SCMP_FLTATR_CTL_TSYNC, 1);
  rules.set(SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a binary search instead of a walk
  auto loaded = rules.load();
  filtered = loaded.has_value();
  return loaded;
}

void keep_inherited_filter() { filtered = true; }

bool system_calls_are_filtered() { return filtered; }

void filter_worker_thread() {
  Rules rules(SCMP_ACT_ALLOW);
  for (const char* name : kNotForWorkers) rules.add(SCMP_ACT_ERRNO(EPERM), name);
  const scmp_arg_cmp is_process = SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
  rules.add(SCMP_ACT_ERRNO(EPERM), "clone", {&is_process, 1});
  if (auto done = rules.load(); !done) spdlog::warn("privileges.seccomp: workers: {}", done.error());
}

}  // namespace weir::app
