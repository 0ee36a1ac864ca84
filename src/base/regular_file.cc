#include "base/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace weir {

namespace {

auto because(const char* what, int error) { return fail(std::string(what) + ": " + std::strerror(error)); }

}  // namespace

Result<std::string, std::string> read_regular_file(const std::string& path, size_t bytes_max) {
  // O_NONBLOCK: or opening a pipe waits until somebody writes into it.
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  // A socket cannot be opened at all.
  if (fd < 0 && errno == ENXIO) return fail(std::string("is not a regular file"));
  if (fd < 0) return because("cannot be opened", errno);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(::fdopen(fd, "rb"), &std::fclose);
  if (file == nullptr) return because("cannot be opened", errno);
  std::setvbuf(file.get(), nullptr, _IONBF, 0);  // no copy of a secret stays behind
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return because("cannot be read", errno);
  if (!S_ISREG(facts.st_mode)) return fail(std::string("is not a regular file"));
  std::string text;
  // One byte more than it has: whoever reads beyond the end learns that it is the end.
  const auto size = static_cast<size_t>(facts.st_size < 0 ? 0 : facts.st_size);
  text.resize(size < bytes_max ? size + 1 : bytes_max);
  size_t read = 0;
  while (read < text.size()) {
    const size_t n = std::fread(text.data() + read, 1, text.size() - read, file.get());
    read += n;
    if (n == 0) break;
    // It grows while it is read, or it is one of those of /proc that say they are empty.
    if (read == text.size() && read < bytes_max) text.resize(read * 2 < bytes_max ? read * 2 : bytes_max);
  }
  if (std::ferror(file.get()) != 0) return because("cannot be read", errno);
  text.resize(read);
  return text;
}

bool is_readable_by_all(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && (facts.st_mode & S_IROTH) != 0;
}

}  // namespace weir
