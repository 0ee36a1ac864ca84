#include "app/upgrade.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include "model/units.h"

namespace weir::app {

namespace {

constexpr int kChannelOfChild = STDERR_FILENO + 1;

/// Our environment, and where the channel is.
std::vector<std::string> environment() {
  const std::string variable = fmt::format("{}=", Predecessor::kVariable);
  std::vector<std::string> all;
  for (char** each = environ; *each != nullptr; ++each) {
    if (!std::string_view(*each).starts_with(variable)) all.emplace_back(*each);
  }
  all.push_back(variable + std::to_string(kChannelOfChild));
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& each : words) all.push_back(each.data());
  all.push_back(nullptr);
  return all;
}

std::string text_of_status(int status) {
  if (WIFSIGNALED(status)) return fmt::format("signal {}, {}", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  return fmt::format("exit status {}", WEXITSTATUS(status));
}

}  // namespace

Result<void, std::string> Upgrade::begin(std::vector<std::string> words, Duration ready_timeout) {
  if (under_way()) return fail(std::string("an upgrade is under way"));
  if (phase_ == Phase::handed_over) return fail(fmt::format("process {} has taken over already", successor_));
  words_ = std::move(words);
  ready_timeout_ = ready_timeout;
  phase_ = Phase::collecting;
  failure_.clear();
  hooks_.collect([this](Handover handover) {
    if (phase_ == Phase::collecting) launch(std::move(handover));
  });
  return {};
}

void Upgrade::launch(Handover handover) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail_with(fmt::format("socketpair: {}", std::strerror(errno)));
  }
  channel_ = net::Fd(ends[0]);
  ::fcntl(channel_.get(), F_SETFL, O_NONBLOCK);
  {
    const net::Fd theirs(ends[1]);
    if (auto started = spawn(theirs.get()); !started) return fail_with(started.error());
  }
  phase_ = Phase::starting;
  deadline_ = loop_.now() + ready_timeout_;
  // Who has ended already takes nothing: how it ended says more than that.
  auto sent = send_handover(channel_.get(), handover);
  not_sent_ = sent ? "" : sent.error();
  if (!loop_.add(channel_.get(), *this, EPOLLIN)) return fail_with("the channel to the new process cannot be watched");
  loop_.arm(tick_, kTick);
}

Result<void, std::string> Upgrade::spawn(int channel) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, channel, kChannelOfChild);  // which is then inherited
  sigset_t none;
  sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  auto variables = environment();
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, words_.front().c_str(), &actions, &attributes, pointers(words_).data(),
                                  pointers(variables).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return fail(fmt::format("cannot execute {}: {}", words_.front(), std::strerror(error)));
  successor_ = pid;
  return {};
}

void Upgrade::on_ready(uint32_t /*events*/) { read_channel(); }

void Upgrade::read_channel() {
  if (!channel_.valid()) return;
  std::array<char, 64 * 1024> text{};
  const ssize_t n = ::recv(channel_.get(), text.data(), text.size(), 0);
  if (n < 0) return;
  if (n == 0) return close_channel();  // it ends, or it is not Weir: time will tell
  if (const auto verdict = read_verdict({text.data(), static_cast<size_t>(n)})) on_verdict(*verdict);
}

void Upgrade::on_verdict(const Verdict& verdict) {
  if (!verdict.ready) return fail_with(verdict.failure);
  if (const std::string ended = reap(); !ended.empty()) return fail_with(ended);
  close_channel();
  tick_.cancel();
  phase_ = Phase::handed_over;
  hooks_.handed_over(verdict, successor_);
}

void Upgrade::on_tick() {
  if (const std::string ended = reap(); !ended.empty()) {
    read_channel();  // its last words
    if (phase_ == Phase::starting) fail_with(ended);
    return;
  }
  if (!not_sent_.empty()) return fail_with(not_sent_);
  if (loop_.now() >= deadline_) {
    return fail_with(fmt::format("the new process was not ready within {} (upgrade.ready_timeout)",
                                 model::format_duration(ready_timeout_)));
  }
  loop_.arm(tick_, kTick);
}

std::string Upgrade::reap() {
  int status = 0;
  if (successor_ == 0 || ::waitpid(successor_, &status, WNOHANG) != successor_) return {};
  ::kill(-successor_, SIGKILL);  // what it has started goes with it
  successor_ = 0;
  return fmt::format("{} ended before it was ready ({}): see its messages in the log", words_.front(),
                     text_of_status(status));
}

void Upgrade::abandon(const std::string& why) {
  if (under_way()) fail_with(why);
}

void Upgrade::fail_with(const std::string& why) {
  close_channel();
  tick_.cancel();
  if (successor_ != 0) {
    // It and what it started: a script has children.
    ::kill(-successor_, SIGKILL);
    ::waitpid(successor_, nullptr, 0);
    successor_ = 0;
  }
  phase_ = Phase::idle;
  failure_ = why;
  hooks_.failed(why);
}

void Upgrade::close_channel() {
  if (!channel_.valid()) return;
  loop_.remove(channel_.get());
  channel_.reset();
}

}  // namespace weir::app
