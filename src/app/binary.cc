#include "app/binary.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

namespace weir::app {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDeleted = " (deleted)";

/// Nobody but root and our user may have changed what is there.
Result<void, std::string> check_owner(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return fail(fmt::format("{}: {}", path.string(), std::strerror(errno)));
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return fail(
        fmt::format("{} belongs to another user: what may be executed must be root's, or of the user that weir "
                    "runs as",
                    path.string()));
  }
  const bool is_sticky = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !is_sticky) {
    return fail(fmt::format("{} can be written by others: what may be executed must not be", path.string()));
  }
  return {};
}

}  // namespace

Result<std::string, std::string> own_binary() {
  std::error_code error;
  std::string path = fs::read_symlink("/proc/self/exe", error).string();
  if (error) return fail(fmt::format("/proc/self/exe: {}", error.message()));
  if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return path;
}

Result<std::string, std::string> trusted_binary(const std::string& path) {
  if (!path.starts_with('/')) return fail(fmt::format("{}: an absolute path is needed", path));
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return fail(fmt::format("{}: {}", path, error.message()));
  for (fs::path each = real; each != each.root_path(); each = each.parent_path()) {
    if (auto safe = check_owner(each); !safe) return fail(safe.error());
  }
  if (!fs::is_regular_file(real, error)) return fail(fmt::format("{} is no file", path));
  if (::access(real.c_str(), X_OK) != 0) return fail(fmt::format("{}: {}", path, std::strerror(errno)));
  return real.string();
}

Result<std::vector<std::string>, std::string> own_arguments(const std::string& binary) {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    words.emplace_back(text.c_str() + at);
    at += words.back().size() + 1;
  }
  if (words.empty()) return fail(std::string("/proc/self/cmdline cannot be read"));
  words.front() = binary;
  return words;
}

}  // namespace weir::app
