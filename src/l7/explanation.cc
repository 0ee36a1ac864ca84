#include "l7/explanation.h"

#include <cstring>

#include "base/check.h"

namespace weir::l7 {

namespace {

constexpr std::string_view kCut = "…";

/// Not in the middle of a character of UTF-8.
size_t cut_before(std::string_view text, size_t most) {
  size_t size = most;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return size;
}

}  // namespace

void Explanation::clear() {
  started = {};
  total = queued = timeout = {};
  bytes_in = bytes_out = 0;
  limit_value = 0;
  route = UINT32_MAX;
  in_use = max_requests = pending = max_pending = saturated = tries = attempts_max = attempts = 0;
  status = 0;
  answer = Answer::endpoint;
  abort_code = Code::ok;
  rule = core::Rule::none;
  split_by = model::StickyKey::On::none;
  failed = sampled = waited = tunnel = diverted = false;
  for (Capture& each : captures) each.count = each.endpoints = 0;
  name_count = 0;
  id = listener = client = protocol = method = host = path = route_name = match = cluster = split = limit =
      switched_off = {};
  text_used = 0;
}

void Explanation::put(Text& which, std::string_view value, size_t most) {
  const bool cut = value.size() > most;
  if (cut) value = value.substr(0, cut_before(value, most - kCut.size()));
  CHECK(text_used + value.size() + kCut.size() <= text.size());
  which.at = text_used;
  if (!value.empty()) std::memcpy(text.data() + text_used, value.data(), value.size());
  text_used = static_cast<uint16_t>(text_used + value.size());
  if (cut) {
    std::memcpy(text.data() + text_used, kCut.data(), kCut.size());
    text_used = static_cast<uint16_t>(text_used + kCut.size());
  }
  which.size = static_cast<uint16_t>(text_used - which.at);
}

void Explanation::put_name(uint32_t endpoint, std::string_view name) {
  if (name_count == kNames || !name_of(endpoint).empty()) return;
  Name& fresh = names[name_count++];
  fresh.endpoint = endpoint;
  put(fresh.text, name, kNameBytes);
}

}  // namespace weir::l7
