// Names, explanations and statuses of everything the codec refuses.

#include <array>
#include <cstddef>

#include "proto/http1/parser.h"

namespace weir::proto::http1 {
namespace {

struct Entry {
  Bad bad;
  uint16_t status;
  std::string_view name;
  std::string_view text;
};

constexpr std::array kEntries{
    Entry{Bad::none, 200, "none", "Nothing is wrong."},
    Entry{Bad::bad_method, 400, "bad_method", "The method is not a token (RFC 9110 section 9.1)."},
    Entry{Bad::bad_target, 400, "bad_target",
          "The request target has none of the four forms, or does not go with the method (RFC 9112 section 3.2)."},
    Entry{Bad::bad_version, 400, "bad_version", "The version is not of the form HTTP/1.1 (RFC 9112 section 2.3)."},
    Entry{Bad::unsupported_version, 505, "unsupported_version",
          "The version is neither HTTP/1.0 nor HTTP/1.1 (RFC 9110 section 15.6.6)."},
    Entry{Bad::bad_status_line, 502, "bad_status_line",
          "The status line is malformed, or its status is outside 100 to 599 (RFC 9112 section 4)."},
    Entry{Bad::request_line_too_long, 414, "request_line_too_long",
          "The request line is longer than the limit (RFC 9112 section 3)."},
    Entry{Bad::bare_cr, 400, "bare_cr", "A CR is not followed by LF (RFC 9112 section 2.2)."},
    Entry{Bad::bare_lf, 400, "bare_lf", "A line ends with LF alone (RFC 9112 section 2.2)."},
    Entry{Bad::control_character, 400, "control_character",
          "A control character stands where none is allowed (RFC 9110 section 5.5)."},
    Entry{Bad::obs_fold, 400, "obs_fold", "A field line begins with white space (RFC 9112 section 5.2)."},
    Entry{Bad::bad_field_name, 400, "bad_field_name", "A field name is not a token (RFC 9110 section 5.1)."},
    Entry{Bad::space_before_colon, 400, "space_before_colon",
          "White space stands between a field name and its colon (RFC 9112 section 5.1)."},
    Entry{Bad::missing_colon, 400, "missing_colon", "A field line has no colon (RFC 9112 section 5)."},
    Entry{Bad::field_too_long, 431, "field_too_long", "A field line is longer than the limit (RFC 6585 section 5)."},
    Entry{Bad::head_too_large, 431, "head_too_large", "The head is larger than the limit (RFC 6585 section 5)."},
    Entry{Bad::too_many_fields, 431, "too_many_fields",
          "There are more fields, or more Connection options, than the limit (RFC 6585 section 5)."},
    Entry{Bad::length_with_transfer_encoding, 400, "length_with_transfer_encoding",
          "Content-Length comes with Transfer-Encoding (RFC 9112 section 6.3)."},
    Entry{Bad::bad_content_length, 400, "bad_content_length",
          "Content-Length is not a number that can be used here (RFC 9110 section 8.6)."},
    Entry{Bad::conflicting_content_length, 400, "conflicting_content_length",
          "Content-Length is given twice with different values (RFC 9112 section 6.3)."},
    Entry{Bad::bad_transfer_encoding, 400, "bad_transfer_encoding",
          "Transfer-Encoding is malformed, or stands where it must not (RFC 9112 section 6.1)."},
    Entry{Bad::unsupported_transfer_coding, 501, "unsupported_transfer_coding",
          "Transfer-Encoding names a coding other than chunked (RFC 9112 section 6.1)."},
    Entry{Bad::transfer_encoding_in_http10, 400, "transfer_encoding_in_http10",
          "An HTTP/1.0 message carries Transfer-Encoding (RFC 9112 section 6.1)."},
    Entry{Bad::bad_chunk_size, 400, "bad_chunk_size",
          "A chunk size is not a hexadecimal number (RFC 9112 section 7.1)."},
    Entry{Bad::chunk_size_too_large, 413, "chunk_size_too_large",
          "A chunk size does not fit 63 bits (RFC 9112 section 7.1)."},
    Entry{Bad::bad_chunk_extension, 400, "bad_chunk_extension",
          "A chunk extension is malformed or too long (RFC 9112 section 7.1.1)."},
    Entry{Bad::bad_chunk_end, 400, "bad_chunk_end", "Chunk data is not followed by CRLF (RFC 9112 section 7.1)."},
    Entry{Bad::trailer_too_large, 431, "trailer_too_large",
          "The trailer section is larger than the limit (RFC 9112 section 7.1.2)."},
    Entry{Bad::body_too_large, 413, "body_too_large", "The body is larger than the limit (RFC 9110 section 15.5.14)."},
    Entry{Bad::missing_host, 400, "missing_host", "An HTTP/1.1 request has no Host (RFC 9112 section 3.2)."},
    Entry{Bad::duplicate_host, 400, "duplicate_host", "A request has more than one Host (RFC 9112 section 3.2)."},
    Entry{Bad::bad_host, 400, "bad_host", "Host is not a host with an optional port (RFC 9110 section 7.2)."},
    Entry{Bad::unsupported_expectation, 417, "unsupported_expectation",
          "Expect asks for something other than 100-continue (RFC 9110 section 10.1.1)."},
    Entry{Bad::bad_pseudo_field, 400, "bad_pseudo_field",
          "A pseudo-header field is missing, repeated, unknown or malformed (RFC 9113 section 8.3)."},
    Entry{Bad::connection_field, 400, "connection_field",
          "An HTTP/2 request carries a field that belongs to a connection (RFC 9113 section 8.2.2)."},
    Entry{Bad::host_mismatch, 400, "host_mismatch",
          "Host and :authority do not name the same host (RFC 9113 section 8.3.1)."},
    Entry{Bad::space_around_value, 400, "space_around_value",
          "A field's value begins or ends with white space (RFC 9113 section 8.2.1)."},
};

constexpr bool in_order() {
  for (size_t i = 0; i < kEntries.size(); ++i) {
    if (static_cast<size_t>(kEntries[i].bad) != i) return false;
  }
  return kEntries.size() == static_cast<size_t>(Bad::space_around_value) + 1;
}
static_assert(in_order(), "the table follows the order of the enumeration, without gaps");

const Entry& entry_of(Bad bad) { return kEntries[static_cast<size_t>(bad)]; }

}  // namespace

std::string_view name_of(Bad bad) { return entry_of(bad).name; }
std::string_view text_of(Bad bad) { return entry_of(bad).text; }
uint16_t status_of(Bad bad) { return entry_of(bad).status; }

}  // namespace weir::proto::http1
