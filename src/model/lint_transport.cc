#include <algorithm>
#include <array>

#include "base/ip.h"
#include "model/lint_report.h"

namespace weir::model {
namespace {

void senders_are_named(LintReport& report) {
  for (size_t i = 0; i < report.config().listeners.size(); ++i) {
    const ListenerConfig& listener = report.config().listeners[i];
    const std::string path = join("listeners", i);
    const std::string from = join(path, "proxy_protocol_from");
    if (!listener.proxy_protocol) {
      if (!listener.proxy_protocol_from.empty()) report.warn(from, "proxy_protocol is off, so this acts on nobody");
      continue;
    }
    if (listener.proxy_protocol_from.empty()) {
      report.warn(join(path, "proxy_protocol"), fmt::format("whoever reaches {} can claim any client's address; name "
                                                            "your balancers in proxy_protocol_from",
                                                            listener.http.text()));
    }
    for (const std::string& text : listener.proxy_protocol_from) {
      const auto network = IpNetwork::parse(text);
      if (!network || network->bits != 0) continue;
      report.warn(from, fmt::format("{} is everybody, who can then claim any client's address", text));
    }
  }
}

void connections_of_one_client(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  if (cluster.proxy_protocol == ProxyHeader::off) return;
  report.note(join(path, "proxy_protocol"),
              "a connection is reused for its client only: idle ones are not shared among workers, and who comes once "
              "pays for a connection to an endpoint");
  if (cluster.pipeline < 2) return;
  report.warn(join(path, "pipeline"),
              "requests of several clients cannot share a connection that belongs to one: with proxy_protocol this has "
              "no effect");
}

void endpoints_prove_who_they_are(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  const UpstreamTlsConfig& tls = cluster.tls;
  if (!tls.enabled) return;
  if (!tls.verify) {
    report.warn(join(path, "tls.verify"),
                "endpoints need not prove who they are: whoever sits on the way reads and changes everything");
    if (!tls.ca.empty()) report.warn(join(path, "tls.ca"), "nothing is verified, so this acts on nobody");
  } else if (tls.server_name.empty()) {
    const auto named = [](const EndpointConfig& each) { return each.is_source() && each.file.empty(); };
    const auto without = std::count_if(cluster.endpoints.begin(), cluster.endpoints.end(),
                                       [&](const EndpointConfig& each) { return !named(each); });
    if (without == 0) return;
    report.note(join(path, "tls"),
                fmt::format("{} {} no name: the certificate must be for the IP address, or "
                            "server_name must say what it is for",
                            plural(static_cast<size_t>(without), "endpoint"), without == 1 ? "has" : "have"));
  }
}

constexpr std::array kRules{
    LintRule{"proxy-protocol-from", "Who may send PROXY headers is named, and is not everybody.", senders_are_named},
    LintRule{"proxy-protocol-reuse", "Says what PROXY headers to endpoints cost in reuse.",
             at_each_cluster<connections_of_one_client>},
    LintRule{"upstream-tls", "Endpoints that speak TLS prove who they are, by a name that they can have.",
             at_each_cluster<endpoints_prove_who_they_are>},
};

}  // namespace

std::span<const LintRule> transport_rules() { return kRules; }

}  // namespace weir::model
