#pragma once
// Cookies as they come in: the pairs of a request's Cookie fields (RFC 6265 section 5.4: "a=1; b=2"). Whoever reads
// what browsers send is lenient: empty pairs and white space are skipped, quotes belong to the value, and nothing is
// decoded, because servers disagree about how. Names are case-sensitive. A name that is there twice means its first,
// which is the one with the longer path. HTTP/2 may send a field per pair (RFC 9113 section 8.2.3).
//
//   if (const auto cohort = find_cookie(head.fields, "cohort")) ...
//
// Pure; views into the fields.

#include <optional>
#include <string_view>

#include "proto/http/message.h"

namespace weir::proto::http {

/// Walks the pairs of one Cookie field's value.
class CookieReader {
 public:
  explicit CookieReader(std::string_view field) : rest_(field) {}

  struct Pair {
    std::string_view name;  ///< empty where there was no "=": then `value` is all there was
    std::string_view value;
  };
  std::optional<Pair> next();

 private:
  std::string_view rest_;
};

/// The value of the first cookie of that name; it may be empty. Nothing when there is none.
std::optional<std::string_view> find_cookie(const Fields& fields, std::string_view name);

}  // namespace weir::proto::http
