#pragma once
// A running Weir: the control loop with its signals, the proxy and the admin interface, from a configuration file.
// `weir run` is little more than this; `weir up` runs it in front of the instances that it started.
//
// Thread rule: made, run and destroyed on the main thread, before any other thread exists.

#include <functional>
#include <memory>
#include <string>

#include "app/admin.h"
#include "l7/proxy.h"
#include "model/config_reader.h"
#include "net/loop.h"
#include "net/signals.h"

namespace weir::app {

class Service {
 public:
  /// An error is one sentence for people.
  static Result<std::unique_ptr<Service>, std::string> create(model::Loaded loaded);

  /// Serves until SIGTERM or SIGINT have been obeyed: drains, then returns. A second one ends at once.
  /// `prepare_worker` runs on the thread of each worker before it serves.
  void run(std::function<void()> prepare_worker = {});
  [[nodiscard]] const model::Config& config() const { return loaded_.config; }
  [[nodiscard]] net::Loop& loop() { return *loop_; }
  [[nodiscard]] l7::Proxy& proxy() { return *proxy_; }
  /// Lets the admin interface, if there is one, tell of the stack that this process runs.
  void attach(StackControl& control) {
    if (admin_) admin_->attach(control);
  }

 private:
  Service() = default;
  void on_signal(int signal);
  /// Reads the file again; an error leaves everything as it was and says why.
  Result<void, std::string> reload();
  void begin_drain();

  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<net::Signals> signals_;
  std::unique_ptr<l7::Proxy> proxy_;
  std::unique_ptr<Admin> admin_;
  model::Loaded loaded_;
  bool draining_ = false;
};

/// Raises the limit of file descriptors to what the system allows: a proxy's connections are descriptors, two a
/// request.
void raise_file_limit();

/// Prints every mistake to stderr.
void print_mistakes(const std::vector<model::Mistake>& mistakes);

}  // namespace weir::app
