// Any bytes as a file of ticket keys: keys that can be told apart by their names, or a reason.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "net/tls/ticket_keys.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto keys = weir::net::tls::parse_ticket_keys({reinterpret_cast<const char*>(data), size});
  if (!keys) {
    CHECK(!keys.error().empty());
    return 0;
  }
  CHECK(!keys->empty() && keys->size() <= weir::net::tls::TicketKeys::kKeysMax);
  for (size_t i = 0; i < keys->size(); ++i) {
    for (size_t j = 0; j < i; ++j) CHECK((*keys)[i].name != (*keys)[j].name);
  }
  return 0;
}
