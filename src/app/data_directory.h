#pragma once
// Where a stack of `weir up` keeps its database, key, configuration and the instances' output: a temporary directory
// that disappears with this object, or one that the user names and that stays. Any thread; one process at a time per
// directory (a lock in it sees to that).

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/fd.h"

namespace weir::app {

class DataDirectory {
 public:
  /// A fresh directory under $TMPDIR.
  static Result<DataDirectory, std::string> temporary();
  /// Made when absent.
  static Result<DataDirectory, std::string> kept(const std::string& path);
  DataDirectory(DataDirectory&& other) noexcept = default;
  DataDirectory& operator=(DataDirectory&& other) = delete;
  ~DataDirectory();

  [[nodiscard]] std::string file(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  /// Replaces the file, but only one whose first line is that of `text`: whatever else bears the name is not ours.
  Result<void, std::string> write(std::string_view name, const std::string& text) const;

 private:
  DataDirectory(std::string path, bool temporary) : path_(std::move(path)), temporary_(temporary) {}

  std::string path_;
  bool temporary_;
  net::Fd lock_;
};

}  // namespace weir::app
