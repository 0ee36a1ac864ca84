#pragma once
// The endpoints in a file (model/endpoints_file.h), read when it was made and whenever it changes. A file that is
// missing or has a mistake leaves the last list in force. What is half written is not read: a file that is written in
// place is read when its writer closes it, and one that was seen to change by looking, when it has come to rest.
//
// Thread rule: the loop's thread; the file is read there.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "discovery/file_watch.h"
#include "discovery/source.h"
#include "net/loop.h"

namespace weir::discovery {

class FileSource final : public Source {
 public:
  /// Reads the file at once. `watch` must outlive the source.
  FileSource(net::Loop& loop, FileWatch& watch, std::string path, const model::ResolveConfig& config,
             std::function<void(const Source&)> changed);
  ~FileSource() override { watch_.remove(this); }

  [[nodiscard]] std::vector<model::EndpointConfig> endpoints(const model::EndpointConfig& entry) const override;

 private:
  /// Which file, and in which state; all 0 when there is none.
  struct Stamp {
    uint64_t device = 0, inode = 0;
    int64_t size = 0, modified_ns = 0;
    bool operator==(const Stamp&) const = default;
    [[nodiscard]] bool same_file(const Stamp& other) const { return device == other.device && inode == other.inode; }
  };
  [[nodiscard]] Stamp look() const;
  void watch_directories();
  void on_event(std::string_view name, bool written);
  void on_timer();
  void read();

  static constexpr Duration kLook = Duration::s(2);

  net::Loop& loop_;
  FileWatch& watch_;
  Stamp read_{};        ///< as it was when it was read
  Stamp seen_{};        ///< as it was at the last look
  std::string target_;  ///< where the path's links lead
  std::vector<model::EndpointConfig> found_;
  net::Timer timer_ = net::Timer::bind<&FileSource::on_timer>(this);
};

}  // namespace weir::discovery
