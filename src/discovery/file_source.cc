#include "discovery/file_source.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <utility>

#include "model/endpoints_file.h"

namespace weir::discovery {

namespace {

std::string directory_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string_view name_in(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// Where it is without symbolic links; empty when it is nowhere.
std::string real_path(const std::string& path) {
  std::array<char, PATH_MAX> resolved{};
  return ::realpath(path.c_str(), resolved.data()) == nullptr ? std::string() : std::string(resolved.data());
}

}  // namespace

FileSource::FileSource(net::Loop& loop, FileWatch& watch, std::string path, const model::ResolveConfig& config,
                       std::function<void(const Source&)> changed)
    : Source("file", std::move(path), config, std::move(changed)), loop_(loop), watch_(watch) {
  read();
  loop_.arm(timer_, kLook);
}

std::vector<model::EndpointConfig> FileSource::endpoints(const model::EndpointConfig& /*entry*/) const {
  return found_;
}

FileSource::Stamp FileSource::look() const {
  struct stat status {};
  if (::stat(this->status().name.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, status.st_size,
          int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

void FileSource::watch_directories() {
  watch_.remove(this);
  const auto notify = [this](std::string_view name, bool written) { on_event(name, written); };
  const std::string& path = status().name;
  const std::string own = directory_of(path);
  watch_.add(own, this, notify);
  target_ = real_path(path);
  const std::string its = directory_of(target_);
  if (!target_.empty() && its != real_path(own)) watch_.add(its, this, notify);
}

void FileSource::on_event(std::string_view name, bool written) {
  const bool ours = name == name_in(status().name) || name == name_in(target_);
  // A link that leads elsewhere now, a rename onto the file, its removal: the path leads to another file than was read.
  if ((written && ours) || !look().same_file(read_)) read();
}

void FileSource::on_timer() {
  const Stamp now = look();
  const bool rests = now == std::exchange(seen_, now);
  if (now != read_ && rests) read();
  loop_.arm(timer_, kLook);
  next_at(loop_.now() + kLook);
}

void FileSource::read() {
  watch_directories();
  read_ = look();  // before reading: what is written meanwhile is then seen as another state
  const std::string& path = status().name;
  auto list = model::read_endpoints_file(path);
  next_at(loop_.now() + kLook);
  if (!list) return conclude(Outcome::failed, list.error().front().text(), false, found_.size(), loop_.now());
  std::string problem;
  if (list->size() > config().max_endpoints) {
    problem = fmt::format("{} endpoints, of which max_endpoints allows {}", list->size(), config().max_endpoints);
    list->resize(config().max_endpoints);
  }
  if (list->empty()) problem = "the file lists no endpoints";
  const Outcome outcome = list->empty() ? Outcome::empty : Outcome::found;
  const bool changed = accepts(outcome) && *list != found_;
  if (changed) found_ = std::move(*list);
  conclude(outcome, problem, changed, found_.size(), loop_.now());
}

}  // namespace weir::discovery
