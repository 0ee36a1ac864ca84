#pragma once
// The access log: one JSON object per line. Workers only append to a buffer; a thread of its own writes, because a full
// disk or a stopped reader of our stdout must never hold up a request. What cannot be written in time is dropped and
// counted: the buffer has a limit.
//
// Threads: append from any thread; reopen (for log rotation) from any thread.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.h"
#include "net/fd.h"

namespace weir::l7 {

class AccessLog {
 public:
  /// `target`: a path (appended to, created 0640) or "stdout".
  static Result<std::shared_ptr<AccessLog>> open(const std::string& target);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  /// Takes whole lines. False, and nothing is taken, when the writer is too far behind.
  bool append(std::string_view lines);
  /// Opens the path anew: after a rotation the old name is somebody else's.
  void reopen();
  [[nodiscard]] const std::string& target() const { return target_; }

 private:
  AccessLog(std::string target, net::Fd fd);
  void write_loop();

  static constexpr size_t kMaxPending = 8 * 1024 * 1024;

  std::string target_;
  net::Fd fd_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string pending_;
  bool reopen_ = false;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace weir::l7
