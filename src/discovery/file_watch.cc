#include "discovery/file_watch.h"

#include <spdlog/spdlog.h>
#include <sys/inotify.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace weir::discovery {

FileWatch::FileWatch(net::Loop& loop) : loop_(loop), fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (fd_.valid() && loop_.add(fd_.get(), *this, EPOLLIN).has_value()) return;
  spdlog::warn("discovery: files are looked at every few seconds only, as inotify cannot be had: {}",
               std::strerror(errno));
  fd_.reset();
}

FileWatch::~FileWatch() {
  if (fd_.valid()) loop_.remove(fd_.get());
}

void FileWatch::add(const std::string& directory, const void* owner, const Notify& notify) {
  if (!fd_.valid()) return;
  constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR;
  const int number = ::inotify_add_watch(fd_.get(), directory.empty() ? "." : directory.c_str(), kEvents);
  if (number >= 0) listeners_[number].push_back({owner, notify});
}

void FileWatch::remove(const void* owner) {
  for (auto entry = listeners_.begin(); entry != listeners_.end();) {
    std::erase_if(entry->second, [&](const Listener& each) { return each.owner == owner; });
    if (!entry->second.empty()) {
      ++entry;
      continue;
    }
    ::inotify_rm_watch(fd_.get(), entry->first);
    entry = listeners_.erase(entry);
  }
}

void FileWatch::on_ready(uint32_t /*events*/) {
  alignas(inotify_event) char buffer[16 * 1024];
  for (;;) {
    const ssize_t length = ::read(fd_.get(), buffer, sizeof buffer);
    if (length <= 0) return;
    for (ssize_t at = 0; at < length;) {
      inotify_event event{};
      std::memcpy(&event, buffer + at, sizeof event);
      const char* name = buffer + at + sizeof event;
      at += static_cast<ssize_t>(sizeof event + event.len);
      if ((event.mask & IN_IGNORED) != 0) {
        listeners_.erase(event.wd);  // the directory is gone
      } else {
        tell(event.wd, event.len == 0 ? std::string_view() : name, (event.mask & IN_CLOSE_WRITE) != 0);
      }
    }
  }
}

void FileWatch::tell(int directory, std::string_view name, bool written) {
  const auto found = listeners_.find(directory);
  if (found == listeners_.end()) return;
  const std::vector<Listener> told = found->second;  // whoever is told may watch other directories from then on
  for (const Listener& each : told) each.notify(name, written);
}

}  // namespace weir::discovery
