#include "proto/http1/writer.h"

#include <charconv>

#include "base/check.h"
#include "proto/http1/scan.h"

namespace weir::proto::http1 {

using http::Field;
using http::FieldId;
using http::Fields;

namespace {

constexpr std::string_view kColon = ": ";
constexpr std::string_view kCrlf = "\r\n";

bool is_skipped(const Field& field) {
  return field.hop_by_hop || field.id == FieldId::content_length || field.id == FieldId::transfer_encoding;
}

const char* end_of(std::string_view view) { return view.data() + view.size(); }

/// The source bytes from the name to the value's end are what would be written. Pointers alone would not do: the
/// bytes between are compared too, since views may lie close to each other by accident.
bool is_verbatim(const Field& field) {
  const char* const gap = end_of(field.name);
  return field.value.data() == gap + kColon.size() && std::string_view(gap, kColon.size()) == kColon;
}

bool follows(const Field& next, const char* end) {
  return next.name.data() == end + kCrlf.size() && std::string_view(end, kCrlf.size()) == kCrlf;
}

template <class Number>
void append_number(std::string& out, Number number, int base) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number, base);
  out.append(digits, end);
}

}  // namespace

void append_field(std::string& out, std::string_view name, std::string_view value) {
  DCHECK(!name.empty() && scan::all(name, scan::kToken));
  DCHECK(scan::all(value, scan::kText));
  out.append(name).append(kColon).append(value).append(kCrlf);
}

void append_field(std::string& out, std::string_view name, uint64_t value) {
  DCHECK(!name.empty() && scan::all(name, scan::kToken));
  out.append(name).append(kColon);
  append_number(out, value, 10);
  out.append(kCrlf);
}

void append_request_line(std::string& out, std::string_view method, std::string_view target) {
  DCHECK(!method.empty() && scan::all(method, scan::kToken));
  DCHECK(!target.empty() && scan::all(target, scan::kTarget));
  out.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
}

void append_status_line(std::string& out, uint16_t status, std::string_view reason) {
  DCHECK(status >= 100 && status <= 599);
  DCHECK(scan::all(reason, scan::kText));
  out.append("HTTP/1.1 ");
  append_number(out, status, 10);
  out.append(" ").append(reason.empty() ? http::reason_phrase(status) : reason).append(kCrlf);
}

void append_end_to_end_fields(std::string& out, const Fields& fields) {
  for (size_t i = 0; i < fields.size();) {
    const Field& first = fields[i++];
    if (is_skipped(first)) continue;
    if (!is_verbatim(first)) {
      append_field(out, first.name, first.value);
      continue;
    }
    const char* end = end_of(first.value);
    while (i < fields.size() && follows(fields[i], end) && !is_skipped(fields[i]) && is_verbatim(fields[i])) {
      end = end_of(fields[i++].value);
    }
    out.append(first.name.data(), end).append(kCrlf);
  }
}

void append_chunk_size(std::string& out, uint64_t size) {
  append_number(out, size, 16);
  out.append(kCrlf);
}

void append_last_chunk(std::string& out, const Fields& trailers) {
  out.append("0\r\n");
  for (const Field& field : trailers) append_field(out, field.name, field.value);
  out.append(kCrlf);
}

}  // namespace weir::proto::http1
