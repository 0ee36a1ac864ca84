#include "app/data_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "app/terminal.h"

namespace weir::app {

namespace fs = std::filesystem;

Result<DataDirectory, std::string> DataDirectory::temporary() {
  std::error_code error;
  const fs::path parent = fs::temp_directory_path(error);
  if (error) return fail(fmt::format("temporary directory: {} (TMPDIR names another)", error.message()));
  std::string path = parent / "weir-up-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    return fail(fmt::format("{}: {} (TMPDIR names another place)", path, std::strerror(errno)));
  }
  return DataDirectory(std::move(path), true);
}

Result<DataDirectory, std::string> DataDirectory::kept(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  if (!error) fs::create_directories(absolute, error);
  if (error) return fail(fmt::format("--data {}: {}", path, error.message()));
  DataDirectory directory(absolute, false);
  directory.lock_ = net::Fd(::open(directory.file("lock").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!directory.lock_.valid()) return fail(fmt::format("--data {}: {}", path, std::strerror(errno)));
  if (::flock(directory.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(fmt::format("--data {}: another weir up uses this directory", path));
  }
  return directory;
}

DataDirectory::~DataDirectory() {
  if (!temporary_ || path_.empty()) return;  // empty: moved from
  std::error_code error;
  fs::remove_all(path_, error);
  if (error) complain(fmt::format("weir: {} stays behind: {}\n", path_, error.message()));
}

std::string DataDirectory::file(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

bool DataDirectory::has(std::string_view name) const {
  std::error_code error;
  return fs::exists(file(name), error);
}

Result<void, std::string> DataDirectory::write(std::string_view name, const std::string& text) const {
  const std::string path = file(name);
  if (has(name)) {
    std::string first;
    std::getline(std::ifstream(path), first);
    if (first != text.substr(0, text.find('\n'))) {
      return fail(fmt::format("{} was not written by weir up: name another directory", path));
    }
  }
  std::ofstream out(path, std::ios::trunc);
  out << text << std::flush;
  if (!out) return fail(fmt::format("{}: cannot be written", path));
  return {};
}

}  // namespace weir::app
