#pragma once
// The fields of an HTTP/2 message as HPACK gives them, one after the other: checked as strictly as the HTTP/1.1 parser
// checks a line, and kept in one arena, laid out as on an HTTP/1 wire ("name: value\r\n"), so that a codec that wants
// it so copies them in one go. RequestFields and ResponseFields make heads of them. Pure; no thread rule.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/http/message.h"
#include "proto/http1/parser.h"

namespace weir::proto::http2 {

/// What each field costs beside its bytes (RFC 9113 section 6.5.2).
inline constexpr uint64_t kFieldOverhead = 32;

/// A lower-case name, and a value that HTTP/1 could carry, without white space around it (RFC 9113 section 8.2.1).
http1::Bad check_field(std::string_view name, std::string_view value, const http1::Limits& limits);
bool is_clean_value(std::string_view value);

/// Bytes that stay when the list's memory moves.
struct Text {
  uint32_t at = 0;
  uint32_t size = 0;
};

class FieldList {
 public:
  struct Line {
    Text name, value;
    http::FieldId id = http::FieldId::other;
  };

  /// Empties it; the capacity stays.
  void clear();
  /// Gives memory back that an unusually large head has left behind.
  void shrink();
  Text keep(std::string_view text);
  void add(std::string_view name, std::string_view value, http::FieldId id);
  /// HTTP/1.1 knows one Cookie field only; the crumbs are put together again behind everything else.
  void join_cookies();
  void append_to(http::Fields& fields) const;

  [[nodiscard]] const std::vector<Line>& lines() const { return lines_; }
  [[nodiscard]] std::string_view view(Text text) const { return memory().substr(text.at, text.size); }
  /// What all views point into; valid until the next change.
  [[nodiscard]] std::string_view memory() const { return {arena_.data(), used_}; }

 private:
  /// Where so many bytes can be written.
  char* take(size_t bytes);

  std::vector<char> arena_;  ///< as large as it ever had to be
  size_t used_ = 0;          ///< of it
  std::vector<Line> lines_;
};

/// The trailer section of a message: fields that may not trail are dropped, as the HTTP/1.1 reader drops them.
class TrailerFields {
 public:
  http1::Bad add(std::string_view name, std::string_view value, const http1::Limits& limits);
  /// The fields; their views are valid until the next add() or clear().
  const http::Fields& finish();
  void clear();

 private:
  struct Line {
    uint32_t at, name_size, value_size;
  };
  std::string text_;
  std::vector<Line> lines_;
  http::Fields fields_;
  uint64_t list_bytes_ = 0;
};

}  // namespace weir::proto::http2
