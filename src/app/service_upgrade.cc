// What a service does when its binary is upgraded: as the process that is replaced, and as the one that takes over.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "app/binary.h"
#include "app/carried_state.h"
#include "app/service.h"
#include "base/check.h"

namespace weir::app {

namespace {

/// For who asked the admin interface just before it retired; who is slower asks the new process.
constexpr Duration kLastAnswers = Duration::s(2);

std::string_view name_of(Upgrade::Phase phase) {
  switch (phase) {
    case Upgrade::Phase::idle: return "none";
    case Upgrade::Phase::collecting:
    case Upgrade::Phase::starting: return "starting";
    case Upgrade::Phase::handed_over: return "handed_over";
  }
  UNREACHABLE();
}

}  // namespace

// ---- the process that is replaced
// ----------------------------------------------------------------------------------

void Service::prepare_upgrades() {
  upgrade_ = std::make_unique<Upgrade>(
      *loop_, Upgrade::Hooks{.collect = [this](auto done) { collect(std::move(done)); },
                             .handed_over = [this](const Verdict& verdict, pid_t pid) { hand_over(verdict, pid); },
                             .failed =
                                 [this](const std::string& why) {
                                   spdlog::error("upgrade failed, this process goes on: {}", why);
                                   if (!draining_) notify_.ready("serving; the last upgrade failed");
                                 }});
}

Result<void, std::string> Service::upgrade(const std::string& binary) {
  if (!upgradable_) return fail(std::string("only weir run can be upgraded"));
  if (draining_ && upgrade_->phase() != Upgrade::Phase::handed_over) {
    return fail(std::string("the process is draining"));
  }
  if (!draining_ && !proxy_->serving()) return fail(std::string("the process does not serve yet"));
  if (::getpid() == 1) {
    return fail(std::string("the process is the first of its container, which ends with it: replace the container"));
  }
  auto path = binary.empty() ? own_binary() : trusted_binary(binary);
  if (!path) return fail(path.error());
  auto words = own_arguments(*path);
  if (!words) return fail(words.error());
  auto begun = upgrade_->begin(std::move(*words), loaded_.config.upgrade.ready_timeout);
  if (!begun) return begun;
  spdlog::info("upgrade: starting {}", *path);
  notify_.reloading(net::read_clock(), "upgrading");
  return {};
}

void Service::collect(std::function<void(Handover)> done) {
  proxy_->collect_sockets([this, done = std::move(done)](l7::ListeningSockets sockets) {
    Handover handover{.listeners = std::move(sockets),
                      .admin_address = {},
                      .admin = {},
                      .state = carried_state(*proxy_, loop_->now())};
    if (admin_) {
      handover.admin_address = loaded_.config.admin->text();
      handover.admin = admin_->duplicate_socket();
    }
    done(std::move(handover));
  });
}

std::string Service::upgrade_json() const {
  const nlohmann::ordered_json json{{"pid", ::getpid()},
                                    {"version", WEIR_VERSION},
                                    {"state", name_of(upgrade_->phase())},
                                    {"successor", upgrade_->successor()},
                                    {"failure", upgrade_->failure()}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string Service::frozen() const {
  if (upgrade_->under_way()) return "an upgrade is under way: what is changed now would be lost with this process";
  if (upgrade_->phase() != Upgrade::Phase::handed_over) return {};
  return fmt::format("process {} has taken over: ask that one", upgrade_->successor());
}

void Service::hand_over(const Verdict& verdict, pid_t successor) {
  spdlog::info("process {} has taken over; draining: requests in flight may take up to {} s", successor,
               loaded_.config.drain_timeout.seconds());
  notify_.handed_over(successor, fmt::format("serving; process {} drains", ::getpid()));
  draining_ = true;
  left_by_admin_ = admin_ == nullptr;
  // Who answers at an address that the new process does not have is this one, to its end: which then does not come
  // before whoever asked for the upgrade has heard of it.
  if (admin_ && loaded_.config.admin->text() == verdict.admin_address) {
    admin_->retire([this] {
      left_by_admin_ = true;
      stop_when_left();
    });
  }
  proxy_->drain(verdict.listeners, [this] {
    left_by_clients_ = true;
    loop_->arm(last_answers_, kLastAnswers);
    stop_when_left();
  });
}

void Service::stop_when_left() {
  if (left_by_admin_ && left_by_clients_) loop_->stop();
}

// ---- the process that takes over
// -----------------------------------------------------------------------------------

void Service::refuse_to_take_over(const std::string& why) {
  if (auto predecessor = std::exchange(predecessor_, std::nullopt)) {
    predecessor->say({.ready = false, .failure = why, .listeners = {}, .admin_address = {}});
  }
}

void Service::before_serving() {
  if (takes_over_) recall_state(*proxy_, inherited_.state, loop_->now());
  inherited_ = {};
  loop_->post([this] { on_serving(); });
}

/// The workers run.
void Service::on_serving() {
  if (!predecessor_) return notify_.ready("serving");
  auto predecessor = std::exchange(predecessor_, std::nullopt);
  if (draining_) {
    return predecessor->say({.ready = false, .failure = "it was told to end", .listeners = {}, .admin_address = {}});
  }
  // Cannot fail: the socket listens already.
  (void)open_admin();
  Verdict verdict{.ready = true, .failure = {}, .listeners = {}, .admin_address = {}};
  for (const auto& listener : loaded_.config.listeners) verdict.listeners.insert(listener.http.text());
  if (loaded_.config.admin) verdict.admin_address = loaded_.config.admin->text();
  predecessor->say(verdict);
}

}  // namespace weir::app
