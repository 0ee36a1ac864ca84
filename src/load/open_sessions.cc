#include "load/open_sessions.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "load/connections.h"
#include "load/exchange.h"

namespace weir::load {
namespace {

constexpr size_t kAnswerBytesMax = 64 * 1024;

/// The steps of one session after the other, `stride` apart.
class Runner final : private http::ResponseHandler {
 public:
  Runner(const Plan& plan, const Mix& mix, net::Loop& loop, Connections& connections, std::vector<Session>& sessions,
         uint32_t first, uint32_t stride)
      : plan_(plan),
        mix_(mix),
        loop_(loop),
        connections_(connections),
        sessions_(sessions),
        session_(first),
        stride_(stride) {}

  [[nodiscard]] bool done() const { return !error_.empty() || session_ >= sessions_.size(); }
  [[nodiscard]] const std::string& error() const { return error_; }

  void begin_step() {
    if (done()) return;
    const auto [connection, fresh] = connections_.take();
    if (connection == nullptr) return give_up("no connection can be made");
    mix_.make_step(plan_.sessions.steps[step_], session_, sessions_[session_].token, message_);
    answer_.clear();
    stream_ = &connection->open(*this);
    stream_->send_head(message_.head, {}, message_.body.empty());
    if (!message_.body.empty()) {
      stream_->send_body(message_.body);
      stream_->send_end({});
    }
    loop_.arm(timer_, plan_.timeout);
  }

 private:
  void on_informational(const http::ResponseHead&) override {}
  void on_response(http::ResponseHead& head, std::string_view, bool end) override {
    status_ = head.status;
    if (end) on_answer();
  }
  void on_response_body(std::string_view piece) override {
    answer_.append(piece.substr(0, kAnswerBytesMax - std::min(kAnswerBytesMax, answer_.size())));
  }
  void on_response_end(const http::Fields&) override { on_answer(); }
  void on_response_failed(const Error& error) override {
    timer_.cancel();
    give_up(text_of(error.code));
  }
  void on_request_drained() override {}

  void on_answer() {
    timer_.cancel();
    const bool last = step_ + 1 == plan_.sessions.steps.size();
    if (status_ >= 500 || (last && status_ >= 400)) return give_up(fmt::format("was answered with {}", status_));
    const auto json = nlohmann::json::parse(answer_, nullptr, false);
    if (json.is_object()) {
      const auto token = json.find(plan_.sessions.token);
      if (token != json.end() && token->is_string()) sessions_[session_].token = token->get<std::string>();
    }
    if (++step_ == plan_.sessions.steps.size()) {
      step_ = 0;
      session_ += stride_;
    }
    begin_step();
  }

  void on_timeout() {
    stream_->cancel();
    give_up(fmt::format("was not answered within {} s", plan_.timeout.seconds()));
  }

  void give_up(std::string_view why) {
    const RequestSpec& step = plan_.sessions.steps[step_];
    error_ = fmt::format("session {} of {} cannot be opened: {} {} {}", session_ + 1, sessions_.size(), step.method,
                         step.path, why);
  }

  const Plan& plan_;
  const Mix& mix_;
  net::Loop& loop_;
  Connections& connections_;
  std::vector<Session>& sessions_;
  uint32_t session_, stride_;
  size_t step_ = 0;
  uint16_t status_ = 0;
  std::string answer_, error_;
  Message message_;
  http::ClientStream* stream_ = nullptr;
  net::Timer timer_ = net::Timer::bind<&Runner::on_timeout>(this);
};

}  // namespace

Result<std::vector<Session>, std::string> open_sessions(const Plan& plan, const net::SocketAddress& target) {
  std::vector<Session> sessions(plan.sessions.count);
  if (sessions.empty() || plan.sessions.steps.empty()) return sessions;
  auto loop = net::Loop::create();
  if (!loop) return fail(std::string(text_of(loop.error().code)));
  const Mix mix(plan);
  std::vector<std::unique_ptr<Runner>> runners;
  std::string error;
  {
    Connections connections(**loop, target, kSessionsAtOnce);
    for (uint32_t i = 0; i < kSessionsAtOnce; ++i) {
      runners.push_back(std::make_unique<Runner>(plan, mix, **loop, connections, sessions, i, kSessionsAtOnce));
      runners.back()->begin_step();
    }
    const auto busy = [&] {
      bool any = false;
      for (const auto& each : runners) {
        any |= !each->done();
        if (error.empty()) error = each->error();
      }
      return any && error.empty();
    };
    while (busy()) (*loop)->run_turn(Duration::s(1));
  }
  if (!error.empty()) return fail(error);
  return sessions;
}

}  // namespace weir::load
