#include "l7/tls.h"

#include <utility>

#include "model/text_file.h"

namespace weir::l7 {

namespace {

net::tls::Version version_of(model::TlsVersion version) {
  return version == model::TlsVersion::v1_3 ? net::tls::Version::v1_3 : net::tls::Version::v1_2;
}

net::tls::ClientCertificate wish_of(model::TlsConfig::ClientCertificate wish) {
  switch (wish) {
    case model::TlsConfig::ClientCertificate::off: return net::tls::ClientCertificate::off;
    case model::TlsConfig::ClientCertificate::optional: return net::tls::ClientCertificate::optional;
    case model::TlsConfig::ClientCertificate::required: return net::tls::ClientCertificate::required;
  }
  return net::tls::ClientCertificate::required;
}

}  // namespace

Result<TlsContext, std::string> ListenerTls::load(const model::ListenerConfig& listener, const std::string& config_path,
                                                  Instant now, int64_t unix_now) {
  const model::TlsConfig& tls = listener.tls;
  if (!tls.enabled()) return TlsContext{};
  const auto place = [&](const std::string& file) {
    return file.empty() ? file : model::path_beside(config_path, file);
  };
  net::tls::ServerOptions options;
  for (const auto& each : tls.certificates) {
    options.certificates.push_back(
        {.certificate = place(each.certificate), .key = place(each.key), .ocsp = place(each.ocsp)});
  }
  options.min_version = version_of(tls.min_version);
  if (listener.http2.enabled) options.protocols.emplace_back("h2");
  options.protocols.emplace_back("http/1.1");
  options.client_ca = place(tls.client_ca);
  options.client_certificate = wish_of(tls.client_certificate);
  options.session_tickets = tls.session_tickets;
  options.ticket_lifetime = tls.ticket_rotation * 2;
  // With a shared file, sessions also resume at another machine, where the listener may have another address.
  options.scope = tls.ticket_keys.empty() ? listener.name : std::string();
  if (tls.session_tickets) {
    auto keys = keys_of(listener, config_path, now);
    if (!keys) return fail(std::move(keys.error()));
    options.ticket_keys = std::move(*keys);
    options.ticket_keys_file = place(tls.ticket_keys);
  }
  return net::tls::ServerContext::create(options, unix_now);
}

Result<std::shared_ptr<net::tls::TicketKeys>, std::string> ListenerTls::keys_of(const model::ListenerConfig& listener,
                                                                                const std::string& config_path,
                                                                                Instant now) {
  if (!listener.tls.ticket_keys.empty()) {
    auto loaded = net::tls::TicketKeys::load(model::path_beside(config_path, listener.tls.ticket_keys));
    if (!loaded) return fail(std::move(loaded.error()));
    return std::make_shared<net::tls::TicketKeys>(std::move(*loaded));
  }
  Keys& mine = keys_[listener.name];
  if (!mine.keys) mine = {.keys = std::make_shared<net::tls::TicketKeys>(), .made = now};
  return mine.keys;
}

std::vector<ListenerTls::Remembered> ListenerTls::remembered() const {
  std::vector<Remembered> all;
  for (const auto& [listener, mine] : keys_) {
    all.push_back({.listener = listener, .keys = *mine.keys->current(), .made = mine.made});
  }
  return all;
}

void ListenerTls::recall(const Remembered& remembered) {
  const auto found = keys_.find(remembered.listener);
  if (found == keys_.end() || remembered.keys.empty()) return;
  found->second.keys->replace(remembered.keys);
  found->second.made = remembered.made;
}

void ListenerTls::rotate(const model::Config& config, Instant now) {
  for (const auto& listener : config.listeners) {
    const auto found = keys_.find(listener.name);
    if (found == keys_.end() || now - found->second.made < listener.tls.ticket_rotation) continue;
    found->second.made = now;
    found->second.keys->rotate();
  }
}

}  // namespace weir::l7
