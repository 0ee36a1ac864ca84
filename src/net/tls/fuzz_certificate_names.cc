// "name\nhost": what a client asks for among the names of a certificate. Whatever is found is the same but for case and
// the root's dot, or differs in its first label only.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/tls/certificate_names.h"

namespace {

std::string canonical(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = input.find('\n');
  if (line == std::string_view::npos) return 0;
  weir::net::tls::CertificateNames names;
  names.add(input.substr(0, line), 7);
  const std::string name = canonical(input.substr(0, line)), host = canonical(input.substr(line + 1));
  const size_t found = names.find(input.substr(line + 1));
  const size_t dot = host.find('.');
  const bool exact = host == name && name.find('*') == std::string::npos;
  const bool wild = name.starts_with("*.") && name.find('*', 1) == std::string::npos && dot != std::string::npos &&
                    dot != 0 && host.substr(dot) == name.substr(1) && name.size() > 2;
  if (found != weir::net::tls::CertificateNames::kNone) CHECK(found == 7 && (exact || wild));
  if (name.size() <= 255 && host.size() <= 255 && !host.empty()) CHECK((exact || wild) == (found == 7));
  return 0;
}
