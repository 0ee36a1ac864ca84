#pragma once
// The admin interface: what the process knows, over HTTP on its own address (loopback by default).
//
//   GET  /healthz                        200 while serving
//   GET  /metrics                        Prometheus text
//   GET  /endpoints                      every endpoint with health, load, latency and the evidence of ejections, as JSON
//   GET  /config                         the effective configuration, as `weir show` prints it
//   POST /drain?endpoint=…[&cluster=…]   no new requests; /undrain takes it back
//   POST /weight?endpoint=…&weight=…[&cluster=…]
//   POST /reload                         reads the configuration file again
//
// Changing requests must carry the field X-Weir-Admin (any value): a browser cannot be tricked into sending that across origins.
// Thread rule: the control loop's thread.

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/simple_server.h"
#include "l7/proxy.h"
#include "model/config_reader.h"

namespace weir::app {

class Admin {
 public:
  using Reload = std::function<Result<void, std::string>()>;
  /// `loaded` is looked at afresh for every /config.
  static Result<std::unique_ptr<Admin>, std::string> create(net::Loop& loop, l7::Proxy& proxy, const model::Loaded& loaded,
                                                            Reload reload);

 private:
  Admin(net::Loop& loop, l7::Proxy& proxy, const model::Loaded& loaded, Reload reload)
      : loop_(loop), proxy_(proxy), loaded_(loaded), reload_(std::move(reload)) {}
  http::SimpleResponse handle(const http::SimpleRequest& request);
  http::SimpleResponse get(std::string_view path);
  http::SimpleResponse post(std::string_view path, std::string_view query);

  net::Loop& loop_;
  l7::Proxy& proxy_;
  const model::Loaded& loaded_;
  Reload reload_;
  std::unique_ptr<http::SimpleServer> server_;
};

}  // namespace weir::app
