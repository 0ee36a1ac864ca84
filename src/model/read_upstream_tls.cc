#include <fmt/format.h>

#include "model/reading.h"

namespace weir::model {

/// A map of settings, or on, or off.
void read_upstream_tls(Reading& reading, const SettingInfo& setting, const Entry& entry, UpstreamTlsConfig& tls) {
  if (entry.value.kind == YamlNode::Kind::scalar) {
    const std::string& word = entry.value.text;
    if (word == "on" || word == "true" || word == "yes") {
      tls.enabled = true;
      return;
    }
    if (word == "off" || word == "false" || word == "no") return;
  }
  if (!reading.expect_map(entry.place(), entry.value, entry.path, setting.shape.form)) return;
  tls.enabled = true;
  read_section(reading, entry.place(), entry.value, entry.path, tls);
  if (tls.certificate.empty() != tls.key.empty()) {
    reading.mistake(
        entry.key, entry.path,
        {fmt::format("{} without {}", tls.key.empty() ? "certificate" : "key", tls.key.empty() ? "key" : "certificate"),
         "both of them, or neither"});
  }
}

}  // namespace weir::model
