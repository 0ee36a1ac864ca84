// Any bytes: a request that is accepted keeps the parser's promises, and what is forwarded of it is read back as the
// same request. A difference between the two would be what request smuggling lives on.

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
using http::FieldId;
using http::RequestHead;

const http1::Limits kLimits;

bool parse(std::string_view bytes, RequestHead& head) {
  http1::RequestParser parser(kLimits);
  const http1::HeadResult result = parser.parse(bytes, head);
  CHECK((result.state == http1::Parse::bad) == (result.bad != http1::Bad::none));
  CHECK(result.bad_at <= bytes.size());
  CHECK(result.state != http1::Parse::done || (result.consumed > 0 && result.consumed <= bytes.size()));
  return result.state == http1::Parse::done;
}

void check_promises(const RequestHead& head) {
  namespace scan = http1::scan;
  CHECK(scan::all(head.method_text, scan::kToken) && !head.method_text.empty());
  CHECK(scan::all(head.target, scan::kTarget) && !head.target.empty());
  CHECK(head.fields.size() <= kLimits.fields);
  int hosts = 0;
  int lengths = 0;
  int codings = 0;
  for (const http::Field& field : head.fields) {
    CHECK(scan::all(field.name, scan::kToken) && !field.name.empty());
    CHECK(scan::all(field.value, scan::kText) && scan::trim(field.value) == field.value);
    CHECK(field.id == http::field_id_of(field.name));
    hosts += field.id == FieldId::host ? 1 : 0;
    lengths += field.id == FieldId::content_length && !field.hop_by_hop ? 1 : 0;
    codings += field.id == FieldId::transfer_encoding ? 1 : 0;
  }
  CHECK(hosts == 1 || (hosts == 0 && head.version_minor == 0));
  CHECK(lengths + codings <= 1);
  CHECK((head.body == BodyKind::stream) == (codings == 1));
  CHECK(head.body != BodyKind::until_close);
}

std::string forwarded(const RequestHead& head) {
  std::string out;
  http1::append_request_line(out, head.method_text, head.target);
  if (head.find(FieldId::host) == nullptr) http1::append_field(out, "Host", head.authority);
  http1::append_end_to_end_fields(out, head.fields);
  if (head.body == BodyKind::length) http1::append_field(out, "Content-Length", head.content_length);
  if (head.body == BodyKind::stream) http1::append_field(out, "Transfer-Encoding", "chunked");
  return out.append("\r\n");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  RequestHead head;
  if (!parse(input, head)) return 0;
  check_promises(head);
  const std::string first = forwarded(head);
  if (first.size() > kLimits.head_bytes || head.fields.size() + 1 > kLimits.fields) return 0;
  RequestHead again;
  // A forwarded line may be longer than it came (": " for ":"), so a limit may hold it; nothing else may.
  if (!parse(first, again)) {
    http1::RequestParser parser(kLimits);
    CHECK(parser.parse(first, again).bad == http1::Bad::field_too_long);
    return 0;
  }
  check_promises(again);
  CHECK(again.method_text == head.method_text && again.target == head.target && again.authority == head.authority);
  CHECK(again.body == head.body && again.content_length == head.content_length);
  CHECK(forwarded(again) == first);
  return 0;
}
