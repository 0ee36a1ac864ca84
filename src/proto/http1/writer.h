#pragma once
// The HTTP/1.1 codec's writing side: appends bytes to a caller's string. Field names and values that come from a parsed
// message are clean by construction; the caller's own are checked with DCHECK. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/http/message.h"

namespace weir::proto::http1 {

void append_field(std::string& out, std::string_view name, std::string_view value);
void append_field(std::string& out, std::string_view name, uint64_t value);
/// "METHOD target HTTP/1.1\r\n" with the origin-form target.
void append_request_line(std::string& out, std::string_view method, std::string_view target);
/// "HTTP/1.1 200 OK\r\n"; the phrase falls back to reason_phrase(status).
void append_status_line(std::string& out, uint16_t status, std::string_view reason = {});
/// All end-to-end fields (hop_by_hop and, for bodies, Content-Length/Transfer-Encoding are the caller's affair and
/// skipped). Runs of fields that lie next to each other in the source bytes are copied with one memcpy.
void append_end_to_end_fields(std::string& out, const http::Fields& fields);
/// "1a2b\r\n" before a chunk's data; the data is followed by "\r\n".
void append_chunk_size(std::string& out, uint64_t size);
/// "0\r\n" trailers "\r\n".
void append_last_chunk(std::string& out, const http::Fields& trailers);

}  // namespace weir::proto::http1
