// Any bytes, as the answer to a request whose method the first byte chooses: an accepted response keeps the parser's
// promises, and what is forwarded of it is read back with the same framing.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "proto/http1/parser.h"
#include "proto/http1/scan.h"
#include "proto/http1/writer.h"

namespace {

using namespace weir::proto;
using http::BodyKind;
using http::ResponseHead;

const http1::Limits kLimits;

http1::HeadResult parse(std::string_view bytes, http::Method request, ResponseHead& head) {
  http1::ResponseParser parser(kLimits);
  const http1::HeadResult result = parser.parse(bytes, request, head);
  CHECK((result.state == http1::Parse::bad) == (result.bad != http1::Bad::none));
  CHECK(result.bad_at <= bytes.size());
  CHECK(result.state != http1::Parse::done || (result.consumed > 0 && result.consumed <= bytes.size()));
  return result;
}

void check_promises(const ResponseHead& head, http::Method request) {
  namespace scan = http1::scan;
  CHECK(head.status >= 100 && head.status <= 599);
  CHECK(scan::all(head.reason, scan::kText));
  for (const http::Field& field : head.fields) {
    CHECK(scan::all(field.name, scan::kToken) && !field.name.empty());
    CHECK(scan::all(field.value, scan::kText) && scan::trim(field.value) == field.value);
  }
  const bool tunnel = request == http::Method::connect && head.status / 100 == 2;
  CHECK((head.body == BodyKind::tunnel) == tunnel);
  if (tunnel) return;
  const bool bodiless = head.status < 200 || head.status == 204 || head.status == 304 || request == http::Method::head;
  CHECK(!bodiless || head.body == BodyKind::none);
  CHECK(!(head.keep_alive && head.body == BodyKind::until_close));
}

std::string forwarded(const ResponseHead& head) {
  std::string out;
  http1::append_status_line(out, head.status, head.reason);
  http1::append_end_to_end_fields(out, head.fields);
  if (head.body == BodyKind::length) http1::append_field(out, "Content-Length", head.content_length);
  if (head.body == BodyKind::stream) http1::append_field(out, "Transfer-Encoding", "chunked");
  return out.append("\r\n");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr http::Method kMethods[] = {http::Method::get, http::Method::head, http::Method::connect,
                                       http::Method::post};
  const http::Method request = kMethods[data[0] % 4];
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  ResponseHead head;
  if (parse(input, request, head).state != http1::Parse::done) return 0;
  check_promises(head, request);
  const std::string first = forwarded(head);
  ResponseHead again;
  const http1::HeadResult result = parse(first, request, again);
  if (result.state != http1::Parse::done) {
    // What is forwarded may be a little longer than what came, so only limits may refuse it.
    CHECK(http1::status_of(result.bad) == 431 || first.size() > kLimits.request_line_bytes);
    return 0;
  }
  CHECK(again.status == head.status && again.body == head.body);
  CHECK(head.body == BodyKind::none || again.content_length == head.content_length);
  CHECK(forwarded(again) == first);
  return 0;
}
