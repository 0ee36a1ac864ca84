#include "upstream/cluster_tls.h"

#include <fmt/format.h>
#include <xxhash.h>

#include "base/regular_file.h"
#include "model/text_file.h"
#include "net/tls/pem.h"

namespace weir::upstream {

namespace {

/// Files of TLS are shorter: whoever loads one that is not refuses it.
constexpr size_t kFileBytesMax = size_t{4} * 1024 * 1024;

/// Of a file's content; of one that cannot be read, whoever loads it will say more.
std::string digest_of(const std::string& path) {
  const std::string content = read_regular_file(path, kFileBytesMax).value_or("");
  const XXH128_hash_t hash = XXH3_128bits(content.data(), content.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

net::tls::ClientOptions options_of(const model::ClusterConfig& config, const std::string& config_path) {
  const model::UpstreamTlsConfig& tls = config.tls;
  const auto path_of = [&](const std::string& file) {
    return file.empty() ? file : model::path_beside(config_path, file);
  };
  return {.verify = tls.verify,
          .ca = path_of(tls.ca),
          .certificate = path_of(tls.certificate),
          .key = path_of(tls.key),
          .min_version = tls.min_version == model::TlsVersion::v1_3 ? net::tls::Version::v1_3 : net::tls::Version::v1_2,
          .protocols = {config.protocol == model::Protocol::h2 ? "h2" : "http/1.1"}};
}

std::string describe(const net::tls::ClientOptions& options, const std::string& server_name) {
  std::string text = fmt::format("{} {} {} {}", options.verify, static_cast<int>(options.min_version),
                                 options.protocols.front(), server_name);
  for (const std::string* file : {&options.ca, &options.certificate, &options.key}) {
    text += '\n' + *file;
    if (!file->empty()) text += ' ' + digest_of(*file);
  }
  return text;
}

}  // namespace

Result<std::shared_ptr<const ClusterTls>, std::string> ClusterTls::create(
    const model::ClusterConfig& config, const std::string& config_path,
    const std::shared_ptr<const ClusterTls>& previous) {
  if (!config.tls.enabled) return std::shared_ptr<const ClusterTls>();
  const net::tls::ClientOptions options = options_of(config, config_path);
  std::string made_from = describe(options, config.tls.server_name);
  if (previous && previous->made_from_ == made_from) return previous;
  auto context = net::tls::ClientContext::create(options);
  if (!context) return fail(context.error());
  std::shared_ptr<ClusterTls> made(new ClusterTls(std::move(made_from), config.tls.server_name, std::move(*context)));
  if (is_readable_by_all(options.key))
    made->warnings_.push_back(options.key + ": " + std::string(net::tls::kReadableByAll));
  return made;
}

const std::string& ClusterTls::name_of(const model::EndpointConfig& endpoint) const {
  if (!server_name_.empty()) return server_name_;
  return endpoint.origin.empty() ? endpoint.address.host : endpoint.origin;
}

std::shared_ptr<net::tls::Peer> ClusterTls::peer(const model::EndpointConfig& endpoint) const {
  return std::make_shared<net::tls::Peer>(context_, name_of(endpoint));
}

}  // namespace weir::upstream
