#include <array>

#include "model/lint_report.h"

namespace weir::model {
namespace {

template <void (*kRule)(LintReport&, const ListenerConfig&, const std::string& path)>
void at_each_listener(LintReport& report) {
  const auto& listeners = report.config().listeners;
  for (size_t i = 0; i < listeners.size(); ++i) kRule(report, listeners[i], join("listeners", i));
}

void port_means_tls(LintReport& report, const ListenerConfig& listener, const std::string& path) {
  if (listener.http.port == 443 && !listener.tls.enabled()) {
    report.warn(join(path, "http"), "clients expect TLS at port 443, and this listener has no certificate (tls)");
  }
  if (listener.http.port == 80 && listener.tls.enabled()) {
    report.warn(join(path, "http"), "clients expect plain HTTP at port 80, and this listener speaks TLS");
  }
}

void hsts_is_sent(LintReport& report, const ListenerConfig& listener, const std::string& path) {
  const HstsConfig& hsts = listener.hsts;
  const bool wanted = hsts.max_age > Duration{};
  if (wanted && !listener.tls.enabled()) {
    report.warn(join(path, "hsts.max_age"), "is never sent without TLS: browsers ignore it in the clear (RFC 6797)");
  }
  if (!wanted && listener.tls.enabled() && report.written(join(path, "tls"))) {
    report.note(join(path, "tls"),
                "without hsts, a browser that is sent to http:// asks in the clear first, where anybody can answer; "
                "hsts: {max_age: 5m} begins carefully");
  }
  if (!wanted && (hsts.include_subdomains || hsts.preload)) {
    report.warn(join(path, "hsts"), "is not sent without max_age");
  }
  constexpr Duration kYear = Duration::s(int64_t{365} * 24 * 3600);
  if (hsts.preload && wanted && (hsts.max_age < kYear || !hsts.include_subdomains)) {
    report.warn(join(path, "hsts.preload"),
                fmt::format("max_age {} {}: browsers' list takes a year at least (8760h), with include_subdomains",
                            text_of(hsts.max_age), hsts.include_subdomains ? "with it" : "without include_subdomains"));
  }
}

void redirects_lead_to_tls(LintReport& report, const ListenerConfig& listener, const std::string& path) {
  if (!listener.redirect_to_https) return;
  if (listener.tls.enabled()) {
    report.warn(join(path, "redirect_to_https"), "this listener speaks TLS, so there is nobody to redirect");
    return;
  }
  const auto& all = report.config().listeners;
  if (std::none_of(all.begin(), all.end(), [](const auto& each) { return each.tls.enabled(); })) {
    report.note(join(path, "redirect_to_https"),
                "no listener of this file speaks TLS: somebody else must, at port 443");
  }
}

constexpr std::array kRules{
    LintRule{"tls-port", "Port 443 speaks TLS, and port 80 does not.", at_each_listener<port_means_tls>},
    LintRule{"hsts", "Strict-Transport-Security is sent where it counts, and as browsers want it.",
             at_each_listener<hsts_is_sent>},
    LintRule{"redirect-to-https", "A redirect to https leads from plain HTTP to TLS.",
             at_each_listener<redirects_lead_to_tls>},
};

}  // namespace

std::span<const LintRule> tls_rules() { return kRules; }

}  // namespace weir::model
