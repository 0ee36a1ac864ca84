#include "proto/http1/writer.h"

#include <charconv>

#include "base/check.h"
#include "proto/http1/fields.h"
#include "proto/http1/scan.h"

namespace weir::proto::http1 {

using http::Field;
using http::FieldId;
using http::Fields;

namespace {

constexpr std::string_view kColon = ": ";
constexpr std::string_view kCrlf = "\r\n";

constexpr uint32_t kFraming = id_set(FieldId::content_length, FieldId::transfer_encoding);

bool is_skipped(const Field& field) { return field.hop_by_hop || in(kFraming, field.id); }

const char* end_of(std::string_view view) { return view.data() + view.size(); }

/// The source bytes from the name to the value's end are what would be written. Pointers alone would not do: the
/// bytes between are compared too, since views may lie close to each other by accident.
bool is_verbatim(const Field& field) {
  const char* const gap = end_of(field.name);
  return field.value.data() == gap + kColon.size() && gap[0] == ':' && gap[1] == ' ';
}

bool follows(const Field& next, const char* end) {
  return next.name.data() == end + kCrlf.size() && end[0] == '\r' && end[1] == '\n';
}

}  // namespace

size_t room_for(std::span<const Field> fields) {
  size_t room = 0;
  for (const Field& field : fields) room += field.name.size() + field.value.size() + kColon.size() + kCrlf.size();
  return room;
}

void put_request_line(Pen& pen, std::string_view method, std::string_view target) {
  DCHECK(!method.empty() && scan::all(method, scan::kToken));
  DCHECK(!target.empty() && scan::all(target, scan::kTarget));
  pen.put(method).put(" ").put(target).put(" HTTP/1.1\r\n");
}

void put_status_line(Pen& pen, uint16_t status, std::string_view reason) {
  DCHECK(status >= 100 && status <= 599);
  DCHECK(scan::all(reason, scan::kText));
  const char code[3] = {static_cast<char>('0' + status / 100), static_cast<char>('0' + status / 10 % 10),
                        static_cast<char>('0' + status % 10)};
  pen.put("HTTP/1.1 ").put(std::string_view(code, sizeof code)).put(" ");
  pen.put(reason.empty() ? http::reason_phrase(status) : reason).put("\r\n");
}

void put_field(Pen& pen, std::string_view name, std::string_view value) {
  DCHECK(!name.empty() && scan::all(name, scan::kToken));
  DCHECK(scan::all(value, scan::kText));
  pen.put(name).put(": ").put(value).put("\r\n");
}

void put_field(Pen& pen, std::string_view name, uint64_t value) {
  DCHECK(!name.empty() && scan::all(name, scan::kToken));
  pen.put(name).put(": ").number(value).put("\r\n");
}

void put_fields(Pen& pen, std::span<const Field> fields) {
  for (size_t i = 0; i < fields.size();) {
    const Field& first = fields[i++];
    if (is_skipped(first)) continue;
    if (!is_verbatim(first)) {
      put_field(pen, first.name, first.value);
      continue;
    }
    const char* end = end_of(first.value);
    while (i < fields.size() && follows(fields[i], end) && !is_skipped(fields[i]) && is_verbatim(fields[i])) {
      end = end_of(fields[i++].value);
    }
    pen.put(std::string_view(first.name.data(), static_cast<size_t>(end - first.name.data()))).put("\r\n");
  }
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  Pen pen(out, name.size() + value.size() + 4);
  put_field(pen, name, value);
}

void append_field(std::string& out, std::string_view name, uint64_t value) {
  Pen pen(out, name.size() + 24);
  put_field(pen, name, value);
}

void append_request_line(std::string& out, std::string_view method, std::string_view target) {
  Pen pen(out, method.size() + target.size() + kRoomForFraming);
  put_request_line(pen, method, target);
}

void append_status_line(std::string& out, uint16_t status, std::string_view reason) {
  Pen pen(out, reason.size() + kRoomForFraming);
  put_status_line(pen, status, reason);
}

void append_end_to_end_fields(std::string& out, std::span<const Field> fields) {
  Pen pen(out, room_for(fields));
  put_fields(pen, fields);
}

void append_chunk_size(std::string& out, uint64_t size) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, size, 16);
  out.append(digits, end).append(kCrlf);
}

void append_last_chunk(std::string& out, const Fields& trailers) {
  out.append("0\r\n");
  for (const Field& field : trailers) append_field(out, field.name, field.value);
  out.append(kCrlf);
}

}  // namespace weir::proto::http1
