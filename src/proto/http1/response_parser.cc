#include "proto/http1/framing.h"
#include "proto/http1/head.h"
#include "proto/http1/version.h"

namespace weir::proto::http1 {

using http::ResponseHead;

namespace {

constexpr HeadRules kRules{false, Bad::bad_status_line};

/// HTTP-version SP status-code [SP [reason-phrase]] (RFC 9112 section 4). The RFC wants the second SP even before an
/// empty phrase; servers leave it out, and nothing can be misread without it.
Fault read_status_line(std::string_view line, ResponseHead& head) {
  constexpr size_t kStatusAt = 9;
  constexpr size_t kStatusEnd = kStatusAt + 3;
  if (!line.starts_with("HTTP/")) return {Bad::bad_status_line, line.data()};
  const std::string_view version = line.substr(0, line.find(' '));
  const Bad bad = read_version(version, head.version_minor);
  if (bad != Bad::none) return {bad, line.data()};
  const Fault fault{Bad::bad_status_line, line.data() + version.size()};
  if (line.size() < kStatusEnd || !scan::all(line.substr(kStatusAt, 3), scan::kDigit)) return fault;
  if (line.size() > kStatusEnd && line[kStatusEnd] != ' ') return fault;
  const int status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (status < 100 || status > 599) return fault;
  head.status = static_cast<uint16_t>(status);
  if (line.size() > kStatusEnd) head.reason = line.substr(kStatusEnd + 1);
  return {};
}

}  // namespace

HeadResult ResponseParser::parse(std::string_view bytes, http::Method request, ResponseHead& head) {
  HeadResult result = read_head(bytes, *limits_, kRules, cursor_, head, read_status_line);
  if (result.state != Parse::done) return result;
  if (const Fault fault = settle(head, request, *limits_)) {
    return bad_head(fault.bad, static_cast<size_t>(fault.at - bytes.data()));
  }
  return result;
}

}  // namespace weir::proto::http1
