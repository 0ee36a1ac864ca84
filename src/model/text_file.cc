#include "model/text_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <fmt/format.h>

namespace weir::model {

Result<std::string, std::string> read_text_file(const std::string& path, size_t bytes_max) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (file == nullptr) return fail(fmt::format("cannot be opened: {}", std::strerror(errno)));
  std::string text(bytes_max, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return fail(fmt::format("cannot be read: {}", std::strerror(errno)));
  return text;
}

std::string path_beside(const std::string& config_path, const std::string& file) {
  const size_t slash = config_path.rfind('/');
  if (file.starts_with('/') || slash == std::string::npos) return file;
  return config_path.substr(0, slash + 1) + file;
}

}  // namespace weir::model
