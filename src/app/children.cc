#include "app/children.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string_view>
#include <utility>

#include "net/fd.h"
#include "net/loop.h"

namespace weir::app {

namespace {

constexpr Duration kGrace = Duration::s(5);
constexpr std::streamoff kLastWordsBytes = 1024;

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

/// The signal that came, or 0.
int wait_for(const sigset_t& signals, Duration limit) {
  const int64_t ns = std::max<int64_t>(limit.ns(), 0);
  const timespec timeout{.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  const int signal = ::sigtimedwait(&signals, nullptr, &timeout);
  return signal < 0 ? 0 : signal;
}

/// The child's side of a fork: only what is safe between fork and exec.
[[noreturn]] void become(char* const* words, int input, int output, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // it died before we could ask to be told
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGTTOU, SIG_IGN);  // `stty tostop` would stop a background group that reports its progress
  const sigset_t none = set_of({});
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(input, STDIN_FILENO);
  if (output >= 0) {
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
  }
  ::execv(words[0], words);
  constexpr std::string_view kComplaint = "cannot be executed\n";
  if (::write(STDERR_FILENO, kComplaint.data(), kComplaint.size()) < 0) ::_exit(126);
  ::_exit(127);
}

bool needs_no_quotes(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::strchr("-_./:=,+@%", c) != nullptr;
}

std::string quoted(const std::string& word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), needs_no_quotes)) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

std::string Command::text() const {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + quoted(word);
  return line;
}

std::string Command::last_words() const {
  std::ifstream file(output, std::ios::binary | std::ios::ate);
  if (!file) return {};
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - kLastWordsBytes));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string Ending::text() const {
  if (WIFSIGNALED(status)) return fmt::format("signal {}, {}", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  return fmt::format("exit status {}", WEXITSTATUS(status));
}

Children::Children() {
  const sigset_t signals = set_of({SIGCHLD, SIGINT, SIGTERM, SIGHUP});
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
}

Result<void, std::string> Children::start(Command command) {
  const auto failure = [&](const char* what) {
    return fail(fmt::format("{}: {}: {}", command.name, what, std::strerror(errno)));
  };
  const net::Fd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!input.valid()) return failure("/dev/null");
  net::Fd output;
  if (!command.output.empty()) {
    output = net::Fd(::open(command.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644));
    if (!output.valid()) return failure(command.output.c_str());
  }
  std::vector<char*> words;
  for (std::string& word : command.words) words.push_back(word.data());
  words.push_back(nullptr);
  const pid_t self = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(words.data(), input.get(), output.get(), self);
  if (pid < 0) return failure("fork");
  ::setpgid(pid, pid);  // on both sides, so that no ctrl-c falls in between
  running_.push_back({.command = std::move(command), .pid = pid});
  return {};
}

pid_t Children::pid_of(std::string_view name) const {
  for (const Child& child : running_) {
    if (child.command.name == name) return child.pid;
  }
  return 0;
}

std::vector<Ending> Children::reap() {
  std::vector<Ending> endings;
  for (size_t i = 0; i < running_.size();) {
    int status = 0;
    if (::waitpid(running_[i].pid, &status, WNOHANG) == running_[i].pid) {
      endings.push_back({.command = std::move(running_[i].command), .status = status});
      running_.erase(running_.begin() + static_cast<ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
  return endings;
}

Wake Children::wait(Duration limit) {
  switch (wait_for(set_of({SIGCHLD, SIGINT, SIGTERM, SIGHUP}), limit)) {
    case 0: return Wake::time;
    case SIGCHLD: return Wake::child;
    default: return Wake::interrupt;
  }
}

void Children::stop() {
  for (const Child& child : running_) ::kill(child.pid, SIGTERM);
  const Instant deadline = net::read_clock() + kGrace;
  for (reap(); !running_.empty(); reap()) {
    const Duration left = deadline - net::read_clock();
    if (left <= Duration{}) break;
    wait_for(set_of({SIGCHLD}), left);
  }
  for (const Child& child : running_) {
    ::kill(child.pid, SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
  }
  running_.clear();
}

}  // namespace weir::app
