#pragma once
// The HTTP/1.1 codec's writing side. A head is written with a Pen: its room is measured first, then it is plain copies;
// what is small or rare is appended to a string. Field names and values that come from a parsed message are clean by
// construction; the caller's own are checked with DCHECK. Pure.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/pen.h"
#include "proto/http/message.h"

namespace weir::proto::http1 {

/// Bytes that put_fields may need for `fields`.
size_t room_for(std::span<const http::Field> fields);
/// Bytes that a start line, the framing fields and the empty line may need, beyond the texts given to put_request_line.
inline constexpr size_t kRoomForFraming = 160;

/// "METHOD target HTTP/1.1\r\n" with the origin-form target.
void put_request_line(Pen& pen, std::string_view method, std::string_view target);
/// "HTTP/1.1 200 OK\r\n"; the phrase falls back to reason_phrase(status).
void put_status_line(Pen& pen, uint16_t status, std::string_view reason = {});
void put_field(Pen& pen, std::string_view name, std::string_view value);
void put_field(Pen& pen, std::string_view name, uint64_t value);
/// All end-to-end fields (hop_by_hop is skipped, and Content-Length/Transfer-Encoding, which are the caller's affair).
/// Runs of fields that lie next to each other in their source as they will on the wire are copied in one go.
void put_fields(Pen& pen, std::span<const http::Field> fields);

/// The same, one at a time, to a string.
void append_field(std::string& out, std::string_view name, std::string_view value);
void append_field(std::string& out, std::string_view name, uint64_t value);
void append_request_line(std::string& out, std::string_view method, std::string_view target);
void append_status_line(std::string& out, uint16_t status, std::string_view reason = {});
void append_end_to_end_fields(std::string& out, std::span<const http::Field> fields);
/// "1a2b\r\n" before a chunk's data; the data is followed by "\r\n".
void append_chunk_size(std::string& out, uint64_t size);
/// "0\r\n" trailers "\r\n".
void append_last_chunk(std::string& out, const http::Fields& trailers);

}  // namespace weir::proto::http1
