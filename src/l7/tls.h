#pragma once
// From a listener's `tls` to what its connections are spoken to with (net/tls/server_context.h), and the keys of its
// session tickets, which outlive reloads. Whatever is wrong with a file is said before anything changes.
//
// Thread rule: the control thread.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/config.h"
#include "net/tls/server_context.h"

namespace weir::l7 {

using TlsContext = std::shared_ptr<const net::tls::ServerContext>;

class ListenerTls {
 public:
  /// Null for a listener without TLS. `unix_now`: seconds since 1970. The error names the file.
  Result<TlsContext, std::string> load(const model::ListenerConfig& listener, const std::string& config_path,
                                       Instant now, int64_t unix_now);
  /// The keys of a listener that are in no file, for the process that takes over.
  struct Remembered {
    std::string listener;  ///< its name
    net::tls::TicketKeys::Set keys;
    Instant made{};
  };
  [[nodiscard]] std::vector<Remembered> remembered() const;
  /// Passed over when there is no such listener, or its keys are in a file.
  void recall(const Remembered& remembered);
  /// New keys where they are due. Call it every now and then.
  void rotate(const model::Config& config, Instant now);

 private:
  /// Of a listener, by its name, whose keys are not in a file.
  struct Keys {
    std::shared_ptr<net::tls::TicketKeys> keys;
    Instant made{};
  };
  Result<std::shared_ptr<net::tls::TicketKeys>, std::string> keys_of(const model::ListenerConfig& listener,
                                                                     const std::string& config_path, Instant now);

  std::map<std::string, Keys> keys_;
};

}  // namespace weir::l7
