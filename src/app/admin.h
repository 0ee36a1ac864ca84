#pragma once
// The admin interface: what the process knows, over HTTP on its own address (loopback by default).
//
//   GET  /healthz                                  200 while serving, 503 before and while draining
//   GET  /metrics                                  Prometheus text
//   GET  /endpoints                                every endpoint, with the evidence of ejections, as JSON
//   GET  /config                                   the effective configuration, as `weir show` prints it
//   GET  /explain[?last=…][&errors=true]           requests that are remembered, newest first
//   GET  /explain/REQUEST-ID                       why that request went as it did
//   POST /drain?endpoint=…[&cluster=…]             no new requests; /undrain takes it back
//   POST /weight?endpoint=…&weight=…[&cluster=…]   its share, relative to the others
//   POST /reload                                   reads the configuration file again
//   POST /record?seconds=…[&cluster=…]             remembers requests from now on, for replay
//   GET  /recording                                what was remembered, as CSV; 409 while it is under way
//   POST /switch?name=…&state=on|off               throws a switch; GET /switches lists them
//   GET  /                                         the live console (console/console.h); without gzip, this list
//   GET  /events                                   what the console draws, as server-sent events
//   GET  /marks, POST /marks                       what was done to the system, and when
//   GET  /stack                                    with `weir up`: its processes and addresses, for drills
//   POST /restart?instance=…                       with `weir up`: starts an instance again that has ended
//   POST /upgrade[?binary=…]                       starts the binary anew and hands over to it; changes wait meanwhile
//   POST /shift?from=…&to=…[&over=…][&steps=…][&abort_on=…][&min_requests=…]
//                                                  moves traffic from one cluster to another, bit by bit
//   POST /shift/cancel?from=…&to=…                 all of it back at once
//   GET  /shifts                                   what has moved, and what came of former ones, as JSON
//   GET  /upgrade                                  who answers, and what became of the last upgrade
//
// Who may use it: on the loopback whoever reaches it; with `admin_token_file` whoever knows the token, but for
// /healthz. console/guard.h says how other people's web pages are kept out.
//
// Thread rule: the control loop's thread.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "app/admin_token.h"
#include "app/explain_json.h"
#include "app/live_recording.h"
#include "app/query.h"
#include "base/result.h"
#include "console/console.h"
#include "http/simple_server.h"
#include "l7/proxy.h"
#include "model/config_reader.h"
#include "net/wall_clock.h"

namespace weir::app {

/// What only a process that runs a whole stack can tell and do (`weir up`). Errors are one sentence for people.
class StackControl {
 public:
  [[nodiscard]] virtual std::string stack_json() const = 0;
  /// Succeeds, too, when the instance lives.
  virtual Result<void, std::string> restart(const std::string& instance) = 0;

 protected:
  ~StackControl() = default;
};

/// The upgrade of the binary, for a process that can be upgraded.
class UpgradeControl {
 public:
  /// `binary`: empty for the one that runs. An error is one sentence for people: nothing was begun.
  virtual Result<void, std::string> upgrade(const std::string& binary) = 0;
  [[nodiscard]] virtual std::string upgrade_json() const = 0;
  /// Why nothing may be changed now; empty: it may.
  [[nodiscard]] virtual std::string frozen() const = 0;

 protected:
  ~UpgradeControl() = default;
};

class Admin {
 public:
  using Reload = std::function<Result<void, std::string>()>;
  using Token = std::shared_ptr<const AdminToken>;
  /// The socket of the configured address. An error is one sentence for people.
  static Result<net::Fd, std::string> listen(const model::Config& config);
  /// `loaded` is looked at afresh for every /config. `listening`: of listen(), or that of the process before; without
  /// one it listens itself. An error is one sentence for people.
  static Result<std::unique_ptr<Admin>, std::string> create(net::Loop& loop, l7::Proxy& proxy,
                                                            const model::Loaded& loaded, Reload reload,
                                                            net::Fd listening = {});
  /// Null, or what everybody must know from the next request on.
  void set_token(Token token) { token_ = std::move(token); }
  [[nodiscard]] net::SocketAddress local_address() const { return server_->local_address(); }
  [[nodiscard]] net::Fd duplicate_socket() const { return server_->duplicate_socket(); }
  /// `control` must outlive the requests that are answered.
  void attach(StackControl& control) { stack_control_ = &control; }
  void attach(UpgradeControl& control) { upgrade_control_ = &control; }
  /// Another process answers from now on; `done` runs when what was asked before has been answered.
  void retire(std::function<void()> done);

 private:
  struct Route;
  struct Named;
  struct Call {
    const http::SimpleRequest& request;
    Query query{};  ///< of routes that have parameters
  };
  static const Route kRoutes[];

  Admin(net::Loop& loop, l7::Proxy& proxy, const model::Loaded& loaded, Reload reload);
  [[nodiscard]] bool is_known(const http::SimpleRequest& request);
  http::SimpleResponse handle(const http::SimpleRequest& request);
  http::SimpleResponse answer(const Route& route, const http::SimpleRequest& request);
  static http::SimpleResponse not_found(std::string_view path);

  http::SimpleResponse healthz(const Call& call);
  http::SimpleResponse metrics(const Call& call);
  http::SimpleResponse endpoints(const Call& call);
  http::SimpleResponse config(const Call& call);
  http::SimpleResponse drain(const Call& call) { return set_draining(call.query, true); }
  http::SimpleResponse undrain(const Call& call) { return set_draining(call.query, false); }
  http::SimpleResponse weight(const Call& call);
  http::SimpleResponse reload(const Call& call);
  http::SimpleResponse record(const Call& call);
  http::SimpleResponse recording(const Call& call);
  // admin_switches.cc
  http::SimpleResponse switches(const Call& call);
  http::SimpleResponse throw_switch(const Call& call);
  // admin_explain.cc
  http::SimpleResponse explain(const Call& call);
  http::SimpleResponse explain_one(const Call& call);
  [[nodiscard]] Wall wall();
  // admin_console.cc
  http::SimpleResponse page(const Call& call);
  http::SimpleResponse events(const Call& call);
  http::SimpleResponse marks(const Call& call);
  http::SimpleResponse mark(const Call& call);
  [[nodiscard]] console::RecordingState recording_state() const;
  http::SimpleResponse stack(const Call& call);
  http::SimpleResponse restart(const Call& call);
  // admin_operations.cc
  http::SimpleResponse upgrade(const Call& call);
  http::SimpleResponse upgrade_state(const Call& call);
  http::SimpleResponse shift(const Call& call);
  http::SimpleResponse cancel_shift(const Call& call);
  http::SimpleResponse shifts(const Call& call);
  void mark_shift(const l7::Shifts::Entry& entry);

  [[nodiscard]] http::SimpleResponse under_way() const;
  [[nodiscard]] http::SimpleResponse no_such_cluster(const std::string& name) const;
  http::SimpleResponse set_draining(const Query& query, bool draining);
  [[nodiscard]] Result<Named, http::SimpleResponse> find(const Query& query) const;

  net::Loop& loop_;
  l7::Proxy& proxy_;
  const model::Loaded& loaded_;
  Reload reload_;
  LiveRecording recording_;
  net::WallClock clock_;
  console::Console console_;
  Token token_;
  uint64_t strangers_ = 0;  ///< requests without the token
  Instant told_of_strangers_{};
  StackControl* stack_control_ = nullptr;
  UpgradeControl* upgrade_control_ = nullptr;
  std::unique_ptr<http::SimpleServer> server_;  ///< before the console goes: it holds those who listen
};

}  // namespace weir::app
