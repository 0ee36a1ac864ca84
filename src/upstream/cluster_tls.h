#pragma once
// TLS with a cluster's endpoints, made from its settings: whom it trusts and what it shows, and for each endpoint the
// name that it has to prove. Made anew by a reload whose settings or files differ; one that changes neither keeps it,
// and with it the connections and the sessions to resume.
//
// Threads: immutable, any.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/config.h"
#include "net/tls/client_context.h"

namespace weir::upstream {

class ClusterTls {
 public:
  /// Null without TLS. `config_path`: where relative paths begin. `previous`: that of before a reload, or null.
  /// An error names the file.
  static Result<std::shared_ptr<const ClusterTls>, std::string> create(
      const model::ClusterConfig& config, const std::string& config_path,
      const std::shared_ptr<const ClusterTls>& previous);

  /// What an endpoint's connections begin with.
  [[nodiscard]] std::shared_ptr<net::tls::Peer> peer(const model::EndpointConfig& endpoint) const;
  /// The name that an endpoint's certificate has to be for.
  [[nodiscard]] const std::string& name_of(const model::EndpointConfig& endpoint) const;
  [[nodiscard]] const net::tls::ClientContext& context() const { return *context_; }
  /// What is in force and yet not as its owner may think.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  ClusterTls(std::string made_from, std::string server_name, std::shared_ptr<const net::tls::ClientContext> context)
      : made_from_(std::move(made_from)), server_name_(std::move(server_name)), context_(std::move(context)) {}

  std::string made_from_;  ///< settings and digests of files
  std::string server_name_;
  std::shared_ptr<const net::tls::ClientContext> context_;
  std::vector<std::string> warnings_;
};

}  // namespace weir::upstream
