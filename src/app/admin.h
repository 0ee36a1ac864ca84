#pragma once
// The admin interface: what the process knows, over HTTP on its own address (loopback by default).
//
//   GET  /healthz                                  200 while serving, 503 before and while draining
//   GET  /metrics                                  Prometheus text
//   GET  /endpoints                                every endpoint, with the evidence of ejections, as JSON
//   GET  /config                                   the effective configuration, as `weir show` prints it
//   POST /drain?endpoint=…[&cluster=…]             no new requests; /undrain takes it back
//   POST /weight?endpoint=…&weight=…[&cluster=…]   its share, relative to the others
//   POST /reload                                   reads the configuration file again
//   POST /record?seconds=…[&cluster=…]             remembers requests from now on, for replay
//   GET  /recording                                what was remembered, as CSV; 409 while it is under way
//   GET  /stack                                    with `weir up`: its processes and addresses, for drills
//   POST /restart?instance=…                       with `weir up`: starts an instance again that has ended
//
// There is no login, so two doors stay shut for browsers. Changing requests must carry the field X-Weir-Admin (any
// value), which a page cannot send across origins without a preflight that we never grant. And Host must be a numeric
// address or localhost: a page whose name was re-bound to our address (DNS rebinding) still sends that name.
//
// Thread rule: the control loop's thread.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/live_recording.h"
#include "app/query.h"
#include "base/result.h"
#include "http/simple_server.h"
#include "l7/proxy.h"
#include "model/config_reader.h"

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

class Admin {
 public:
  using Reload = std::function<Result<void, std::string>()>;
  /// `loaded` is looked at afresh for every /config. An error is one sentence for people.
  static Result<std::unique_ptr<Admin>, std::string> create(net::Loop& loop, l7::Proxy& proxy,
                                                            const model::Loaded& loaded, Reload reload);
  [[nodiscard]] net::SocketAddress local_address() const { return server_->local_address(); }
  /// `control` must outlive the requests that are answered.
  void attach(StackControl& control) { stack_control_ = &control; }

 private:
  struct Route;
  struct Named;
  static const Route kRoutes[];

  Admin(net::Loop& loop, l7::Proxy& proxy, const model::Loaded& loaded, Reload reload)
      : loop_(loop), proxy_(proxy), loaded_(loaded), reload_(std::move(reload)), recording_(loop, proxy) {}
  http::SimpleResponse handle(const http::SimpleRequest& request);
  static http::SimpleResponse not_found(std::string_view path);

  http::SimpleResponse healthz(const Query& query);
  http::SimpleResponse metrics(const Query& query);
  http::SimpleResponse endpoints(const Query& query);
  http::SimpleResponse config(const Query& query);
  http::SimpleResponse drain(const Query& query) { return set_draining(query, true); }
  http::SimpleResponse undrain(const Query& query) { return set_draining(query, false); }
  http::SimpleResponse weight(const Query& query);
  http::SimpleResponse reload(const Query& query);
  http::SimpleResponse record(const Query& query);
  http::SimpleResponse recording(const Query& query);
  http::SimpleResponse stack(const Query& query);
  http::SimpleResponse restart(const Query& query);

  [[nodiscard]] http::SimpleResponse under_way() const;
  [[nodiscard]] http::SimpleResponse no_such_cluster(const std::string& name) const;
  http::SimpleResponse set_draining(const Query& query, bool draining);
  [[nodiscard]] Result<Named, http::SimpleResponse> find(const Query& query) const;

  net::Loop& loop_;
  l7::Proxy& proxy_;
  const model::Loaded& loaded_;
  Reload reload_;
  LiveRecording recording_;
  StackControl* stack_control_ = nullptr;
  std::unique_ptr<http::SimpleServer> server_;
};

/// Whether `authority` (of a Host field) is a numeric address or localhost, with or without a port.
bool is_numeric_host(std::string_view authority);

}  // namespace weir::app
