#pragma once
// Which files changed, by inotify. Directories are watched and not files, since a file is replaced far more often than
// written in place: by rename, or, in a ConfigMap of Kubernetes, by turning a symbolic link of its directory. One
// descriptor serves all, for a user may have only 128 of them. Where inotify is not to be had or says nothing (network
// file systems), whoever asked looks for himself every now and then.
//
// Thread rule: the loop's thread.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/fd.h"
#include "net/loop.h"

namespace weir::discovery {

class FileWatch final : private net::Pollable {
 public:
  /// `written`: the file of this name in the directory was written and closed; otherwise something there was renamed or
  /// deleted.
  using Notify = std::function<void(std::string_view name, bool written)>;

  explicit FileWatch(net::Loop& loop);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  /// Tells `owner` of the directory from now on. Nothing happens when it cannot be watched.
  void add(const std::string& directory, const void* owner, const Notify& notify);
  void remove(const void* owner);

 private:
  struct Listener {
    const void* owner;
    Notify notify;
  };
  void on_ready(uint32_t events) override;
  void tell(int directory, std::string_view name, bool written);

  net::Loop& loop_;
  net::Fd fd_;
  std::map<int, std::vector<Listener>> listeners_;  ///< by inotify's number of the directory
};

}  // namespace weir::discovery
