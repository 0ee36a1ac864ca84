#include "proto/http1/framing.h"
#include "proto/http1/head.h"
#include "proto/http1/target.h"
#include "proto/http1/version.h"

namespace weir::proto::http1 {

using http::RequestHead;

namespace {

constexpr HeadRules kRules{true, Bad::request_line_too_long};

/// method SP request-target SP HTTP-version, with single spaces only (RFC 9112 section 3).
Fault read_request_line(std::string_view line, RequestHead& head) {
  const char* const begin = line.data();
  const char* const end = begin + line.size();
  const char* const method_end = scan::find_name_end(begin, end, scan::kToken);
  if (method_end == begin || method_end == end || *method_end != ' ') return {Bad::bad_method, method_end};
  const char* const target = method_end + 1;
  const char* const target_end = scan::find_target_end(target, end);
  if (target_end == target) return {Bad::bad_target, target};
  if (target_end == end) return {Bad::bad_version, end};
  if (*target_end != ' ') return {Bad::bad_target, target_end};
  const char* const version = target_end + 1;
  const Bad bad = read_version(std::string_view(version, static_cast<size_t>(end - version)), head.version_minor);
  if (bad != Bad::none) return {bad, version};
  head.method_text = std::string_view(begin, static_cast<size_t>(method_end - begin));
  head.method = http::method_of(head.method_text);
  head.target = std::string_view(target, static_cast<size_t>(target_end - target));
  return resolve_target(head);
}

}  // namespace

HeadResult RequestParser::parse(std::string_view bytes, RequestHead& head) {
  HeadResult result = read_head(bytes, *limits_, kRules, cursor_, head, read_request_line);
  if (result.state != Parse::done) return result;
  if (const Fault fault = settle(head, *limits_)) {
    return bad_head(fault.bad, static_cast<size_t>(fault.at - bytes.data()));
  }
  return result;
}

}  // namespace weir::proto::http1
