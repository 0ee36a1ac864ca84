#pragma once
// A running Weir: the control loop with its signals, the proxy and the admin interface, from a configuration file.
// `weir run` is little more than this; `weir up` runs it in front of the instances that it started.
//
// A process that was started to take over from another (app/handover.h) begins with that one's sockets, and says so
// once it serves; one that hands over drains and ends.
//
// Thread rule: made, run and destroyed on the main thread, before any other thread exists.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/admin.h"
#include "app/carried_state.h"
#include "app/handover.h"
#include "app/notify.h"
#include "app/upgrade.h"
#include "l7/proxy.h"
#include "model/config_reader.h"
#include "net/loop.h"
#include "net/signals.h"

namespace weir::app {

class Service final : private UpgradeControl {
 public:
  /// `predecessor`: the process to take over from. An error is one sentence for people.
  static Result<std::unique_ptr<Service>, std::string> create(model::Loaded loaded,
                                                              std::optional<Predecessor>& predecessor);

  /// Serves until SIGTERM or SIGINT have been obeyed, or another process has taken over: drains, then returns. A
  /// (second) signal ends it at once.
  void run();
  [[nodiscard]] const model::Config& config() const { return loaded_.config; }
  [[nodiscard]] net::Loop& loop() { return *loop_; }
  [[nodiscard]] l7::Proxy& proxy() { return *proxy_; }
  /// Lets the admin interface, if there is one, tell of the stack that this process runs.
  void attach(StackControl& control) {
    if (admin_) admin_->attach(control);
  }
  /// Tells the process before, if there is one, that it goes on.
  void refuse_to_take_over(const std::string& why);
  /// The process before had its system calls filtered, and so has this one.
  [[nodiscard]] bool inherits_filter() const { return takes_over_ && says_filtered(inherited_.state); }
  /// This process may be replaced by another one while it runs.
  void allow_upgrades() { upgradable_ = true; }

 private:
  Service() = default;
  Result<void, std::string> start_proxy();
  Result<void, std::string> prepare_admin();
  Result<void, std::string> open_admin();
  void on_signal(int signal);
  /// Reads the file again; an error leaves everything as it was and says why.
  Result<void, std::string> reload();
  void begin_drain();
  // service_upgrade.cc
  Result<void, std::string> upgrade(const std::string& binary) override;
  [[nodiscard]] std::string upgrade_json() const override;
  [[nodiscard]] std::string frozen() const override;
  void prepare_upgrades();
  void collect(std::function<void(Handover)> done);
  void before_serving();
  void on_serving();
  void hand_over(const Verdict& verdict, pid_t successor);
  void stop_when_left();
  void on_last_answers() { loop_->stop(); }

  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<net::Signals> signals_;
  std::unique_ptr<l7::Proxy> proxy_;
  std::unique_ptr<Admin> admin_;
  model::Loaded loaded_;
  Admin::Token admin_token_;
  bool admin_is_private_ = true;  ///< it listens where only this machine can reach it, whatever the file says by now
  Notify notify_ = Notify::from_environment();
  std::optional<Predecessor> predecessor_;  ///< until this process serves
  Handover inherited_;                      ///< the same
  net::Fd admin_socket_;                    ///< the same
  bool takes_over_ = false;                 ///< was started to
  bool upgradable_ = false;
  bool draining_ = false;
  bool left_by_admin_ = false, left_by_clients_ = false;  ///< after a handover
  std::unique_ptr<Upgrade> upgrade_;
  net::Timer last_answers_ = net::Timer::bind<&Service::on_last_answers>(this);
};

/// Raises the limit of file descriptors to what the system allows: a proxy's connections are descriptors, two a
/// request.
void raise_file_limit();

/// All of them, one a line.
std::string text_of(const std::vector<model::Mistake>& mistakes);

/// Prints every mistake to stderr.
void print_mistakes(const std::vector<model::Mistake>& mistakes);

}  // namespace weir::app
