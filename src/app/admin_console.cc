// The admin interface's part of the live console: the page, what it listens to, and marks.
#include <algorithm>
#include <string>
#include <utility>

#include "app/admin.h"
#include "app/admin_response.h"
#include "console/assets.h"

namespace weir::app {

using http::SimpleResponse;

namespace {

/// Whether a client's Accept-Encoding names gzip. Programs that say nothing are better served with plain text.
bool takes_gzip(const http::RequestHead& head) {
  const auto* field = head.find("accept-encoding");
  return field != nullptr && field->value.find("gzip") != std::string_view::npos;
}

constexpr std::string_view kForPrograms =
    R"(Weir's admin interface. A browser shows the live console here; programs find

  GET  /healthz      200 while serving
  GET  /metrics      Prometheus text
  GET  /endpoints    every endpoint, with the evidence of ejections, as JSON
  GET  /config       the effective configuration
  GET  /explain      requests that are remembered; /explain/ID says why one went as it did
  GET  /recording    requests that were recorded, as CSV
  GET  /switches     what can be switched off, and what is
  GET  /events       what the console draws, as server-sent events
  GET  /marks        what was done to the system, and when

Changes are made with POST and the field X-Weir-Admin; `weir ctl --help` knows them.
)";

}  // namespace

SimpleResponse Admin::page(const Call& call) {
  if (!takes_gzip(call.request.head)) return text_response("text/plain; charset=utf-8", std::string(kForPrograms));
  const auto all = console::assets();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const console::Asset& each) { return each.path == call.request.head.path(); });
  if (found == all.end()) return not_found(call.request.head.path());
  SimpleResponse response = text_response(std::string(found->content_type), std::string(found->gzip));
  response.fields = {{"Content-Encoding", "gzip"},
                     {"Vary", "Accept-Encoding"},
                     {"Cache-Control", "no-cache"},
                     {"Content-Security-Policy", std::string(console::kContentSecurityPolicy)},
                     {"X-Content-Type-Options", "nosniff"},
                     {"X-Frame-Options", "DENY"},
                     {"Referrer-Policy", "no-referrer"},
                     {"Cross-Origin-Opener-Policy", "same-origin"},
                     {"Cross-Origin-Resource-Policy", "same-origin"}};
  return response;
}

SimpleResponse Admin::events(const Call& /*call*/) {
  SimpleResponse response;
  response.live = console_.subscribe();
  if (response.live == nullptr) {
    response = error_response(503, "too many consoles are open: close one");
    response.fields.emplace_back("Retry-After", "10");
    return response;
  }
  response.content_type = "text/event-stream";
  response.fields = {{"Cache-Control", "no-store"},
                     {"X-Content-Type-Options", "nosniff"},
                     {"Cross-Origin-Resource-Policy", "same-origin"}};
  return response;
}

SimpleResponse Admin::marks(const Call& /*call*/) {
  return text_response("application/json", console_.marks().json() + "\n");
}

SimpleResponse Admin::mark(const Call& call) {
  auto mark = console::read_mark(call.request.body);
  if (!mark) return error_response(400, mark.error());
  console_.mark(std::move(*mark));
  const console::Mark& made = console_.marks().all().back();
  return json_response(200, {{"at", made.unix_ms}, {"kind", name_of(made.kind)}, {"label", made.label}});
}

console::RecordingState Admin::recording_state() const {
  switch (recording_.phase()) {
    case LiveRecording::Phase::none: return {.phase = "none"};
    case LiveRecording::Phase::recording: return {.phase = "recording", .left = recording_.left()};
    case LiveRecording::Phase::ready: return {.phase = "ready"};
  }
  return {};
}

}  // namespace weir::app
