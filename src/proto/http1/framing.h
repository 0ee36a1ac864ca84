#pragma once
// What the fields of a complete head say about the connection and about the body that follows: RFC 9112 sections 6, 9
// and RFC 9110 sections 7.2, 7.6.1, 10.1.1. A head that two readers could frame differently is refused.
//
// Safe rules where the RFCs leave room:
// - Content-Length with Transfer-Encoding is refused in both directions, as is Transfer-Encoding in HTTP/1.0.
// - 1xx and 204 with Transfer-Encoding or a Content-Length other than 0 are refused: a reader that believes the field
//   would take the next response for a body. "Content-Length: 0" says the same as the status and passes.
// - "Content-Length: 0" gives BodyKind::length, not none: a sender who says it must be forwarded as saying it.
// - CONNECT with a body is refused; a successful response to CONNECT has none, whatever its fields say.
// - The fields that Connection names become hop-by-hop, except essential ones (`is_essential`): a client must not be
//   able to make us drop what another hop set or what framing needs.
// - Where the target carries the authority, Host is made to say the same (RFC 9112 section 3.2.2), so forwarding the
//   fields as they are forwards no second opinion. Pure.

#include "proto/http/message.h"
#include "proto/http1/fields.h"

namespace weir::proto::http1 {

Fault settle(http::RequestHead& head, const Limits& limits);
Fault settle(http::ResponseHead& head, http::Method request, const Limits& limits);

}  // namespace weir::proto::http1
