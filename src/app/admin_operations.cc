// The admin interface's part of what takes a while: upgrades of the binary, shifts of traffic.
#include <fmt/format.h>

#include <utility>

#include "app/admin.h"
#include "app/admin_response.h"
#include "app/shift_words.h"

namespace weir::app {

using http::SimpleResponse;

void Admin::retire(std::function<void()> done) {
  console_.dismiss_all();
  server_->drain(std::move(done));
}

SimpleResponse Admin::upgrade(const Call& call) {
  if (upgrade_control_ == nullptr) return error_response(404, "only weir run can be upgraded");
  const auto binary = call.query.find("binary");
  if (auto begun = upgrade_control_->upgrade(binary == call.query.end() ? "" : binary->second); !begun) {
    return error_response(409, begun.error());
  }
  return upgrade_state(call);
}

SimpleResponse Admin::upgrade_state(const Call& /*call*/) {
  if (upgrade_control_ == nullptr) return error_response(404, "only weir run can be upgraded");
  return text_response("application/json", upgrade_control_->upgrade_json());
}

SimpleResponse Admin::shift(const Call& call) {
  auto entry = read_shift(call.query, loop_.now());
  if (!entry) return error_response(400, entry.error());
  for (const std::string& name : {entry->from, entry->to}) {
    if (proxy_.snapshot().find(name) == nullptr) return no_such_cluster(name);
  }
  if (auto begun = proxy_.shift(std::move(*entry)); !begun) return error_response(409, begun.error());
  return shifts(call);
}

SimpleResponse Admin::cancel_shift(const Call& call) {
  const auto from = call.query.find("from"), to = call.query.find("to");
  if (from == call.query.end() || to == call.query.end()) return error_response(400, "from and to must be named");
  if (auto done = proxy_.cancel_shift(from->second, to->second); !done) return error_response(409, done.error());
  return shifts(call);
}

SimpleResponse Admin::shifts(const Call& /*call*/) {
  return text_response("application/json", shifts_json(proxy_.shifts(), loop_.now()));
}

/// So that a change of the curves is seen together with its cause.
void Admin::mark_shift(const l7::Shifts::Entry& entry) {
  using console::MarkKind;
  using l7::core::ShiftState;
  MarkKind kind = MarkKind::drill;
  if (entry.shift.state() == ShiftState::aborted) kind = MarkKind::fault;
  if (entry.shift.state() == ShiftState::cancelled) kind = MarkKind::recover;
  std::string label = fmt::format("shift {}->{} {}", entry.from, entry.to, name_of(entry.shift.state()));
  if (label.size() > console::kMarkLabelBytes) label.resize(console::kMarkLabelBytes);
  console_.mark({.kind = kind, .label = std::move(label)});
}

}  // namespace weir::app
