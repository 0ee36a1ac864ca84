#include "upstream/health_checker.h"

#include <fmt/format.h>

#include <string>
#include <unordered_map>
#include <utility>

#include "upstream/proxy_header.h"
#include "upstream/transport.h"

namespace weir::upstream {

namespace {
// A health page is small; what is longer than this is not read on for the sake of a substring.
constexpr size_t kMaxProbeBody = 64 * 1024;
}  // namespace

/// One endpoint's probes, one after the other.
class HealthChecker::Probe final : public net::Deferred,
                                   public http::ClientConnection::Owner,
                                   private http::ResponseHandler {
 public:
  Probe(net::Loop& loop, Prng& prng, std::shared_ptr<Cluster> cluster, uint32_t index)
      : loop_(loop),
        prng_(prng),
        cluster_(std::move(cluster)),
        index_(index),
        check_(*cluster_->config().health_check),
        transport_(Transport::of(cluster_->config(), cluster_->peer(index))) {
    begin();
  }
  ~Probe() override { stop(); }

  /// The same endpoint, checked the same way, as part of the cluster that has taken the place of the one before.
  [[nodiscard]] bool fits(const Cluster& cluster, uint32_t index) const {
    return cluster.config().health_check == check_ &&
           Transport::of(cluster.config(), cluster.peer(index)) == transport_ && cluster.name() == cluster_->name() &&
           cluster.endpoints()[index] == cluster_->endpoints()[index_];
  }
  void move_to(std::shared_ptr<Cluster> cluster, uint32_t index) {
    cluster_ = std::move(cluster);
    index_ = index;
  }
  [[nodiscard]] const Endpoint* endpoint() const { return cluster_->endpoints()[index_].get(); }

  void stop() {
    stopped_ = true;
    timer_.cancel();
    timeout_.cancel();
    if (connection_) connection_->close();
  }

 private:
  void begin() {
    body_.clear();
    status_ = 0;
    done_ = false;
    connection_ = transport_.make(loop_, *this, limits_, scratch_);
    loop_.arm(timeout_, check_.timeout);
    write_proxy_header(connection_->proxy_header, transport_.proxy_protocol, nullptr);
    const auto begun = connection_->connect(cluster_->endpoints()[index_]->address, transport_.tls);
    if (!begun) return finish(said(begun.error()));
    if (!check_.tcp) send();
  }

  void send() {
    const std::string& name = cluster_->endpoints()[index_]->name;
    proto::http::RequestHead head;
    head.method = proto::http::Method::get;
    head.method_text = "GET";
    head.target = check_.http_path;
    head.authority = check_.host.empty() ? std::string_view(name) : std::string_view(check_.host);
    const proto::http::Field extra[] = {
        {.name = "User-Agent", .value = "weir-health-check"},
        {.name = "Connection", .value = "close", .id = proto::http::FieldId::connection}};
    connection_->open(*this).send_head(head, extra, true);
  }

  void on_connected(http::ClientConnection& /*connection*/) override {
    if (check_.tcp) finish({});
  }
  void on_idle(http::ClientConnection& /*connection*/) override {}
  void on_closed(http::ClientConnection& /*connection*/, const Error& error) override {
    loop_.defer_delete(std::unique_ptr<net::Deferred>(connection_.release()));
    if (!done_ && check_.tcp) finish(said(error));
  }

  void on_informational(const http::ResponseHead& /*head*/) override {}
  void on_response(http::ResponseHead& head, std::string_view /*memory*/, bool end) override {
    status_ = head.status;
    if (end) judge();
  }
  void on_response_body(std::string_view piece) override {
    if (body_.size() < kMaxProbeBody) body_ += piece.substr(0, kMaxProbeBody - body_.size());
  }
  void on_response_end(const http::Fields& /*trailers*/) override { judge(); }
  void on_response_failed(const Error& error) override { finish(said(error)); }
  void on_request_drained() override {}

  static std::string said(const Error& error) {
    if (*error.detail != '\0') return fmt::format("{}: {}", text_of(error.code), error.detail);
    return std::string(text_of(error.code));
  }

  void judge() {
    if (status_ < check_.status_min || status_ > check_.status_max) {
      return finish(fmt::format("status {}, expected {}-{}", status_, check_.status_min, check_.status_max));
    }
    if (body_.find(check_.body) == std::string::npos) {
      return finish(fmt::format("the body does not contain \"{}\"", check_.body));
    }
    finish({});
  }

  void on_timeout() { finish(fmt::format("no answer within {} ms", check_.timeout.ms())); }

  /// `failure`: empty for success.
  void finish(std::string failure) {
    if (done_ || stopped_) return;
    done_ = true;
    timeout_.cancel();
    if (connection_) connection_->close();
    const auto result = failure.empty() ? balance::ProbeResult::ok : balance::ProbeResult::fail;
    cluster_->on_probe(index_, result, std::move(failure), loop_.now());
    const int64_t spread = check_.interval.ns() / 100 * check_.jitter_percent;
    const int64_t jitter =
        spread == 0 ? 0 : static_cast<int64_t>(prng_.below(static_cast<uint64_t>(2 * spread))) - spread;
    loop_.arm(timer_, check_.interval + Duration::ns(jitter));
  }

  net::Loop& loop_;
  Prng& prng_;
  std::shared_ptr<Cluster> cluster_;
  uint32_t index_;
  model::HealthCheckConfig check_;
  Transport transport_;
  proto::http1::Limits limits_;
  http::ClientScratch scratch_;
  std::unique_ptr<http::ClientConnection> connection_;
  std::string body_;
  uint16_t status_ = 0;
  bool done_ = false;
  bool stopped_ = false;
  net::Timer timer_ = net::Timer::bind<&Probe::begin>(this);
  net::Timer timeout_ = net::Timer::bind<&Probe::on_timeout>(this);
};

HealthChecker::HealthChecker(net::Loop& loop, uint64_t seed) : loop_(loop), prng_(seed) {}
HealthChecker::~HealthChecker() = default;

void HealthChecker::watch(const std::vector<std::shared_ptr<Cluster>>& clusters) {
  std::unordered_map<const Endpoint*, std::unique_ptr<Probe>> before;
  for (auto& probe : probes_) before.emplace(probe->endpoint(), std::move(probe));
  probes_.clear();
  for (const auto& cluster : clusters) {
    if (!cluster->config().health_check) continue;
    for (uint32_t i = 0; i < cluster->endpoints().size(); ++i) {
      const auto known = before.find(cluster->endpoints()[i].get());
      if (known != before.end() && known->second->fits(*cluster, i)) {
        known->second->move_to(cluster, i);
        probes_.push_back(std::move(known->second));
        before.erase(known);
      } else {
        probes_.push_back(std::make_unique<Probe>(loop_, prng_, cluster, i));
      }
    }
  }
  for (auto& [endpoint, probe] : before) {
    probe->stop();
    loop_.defer_delete(std::move(probe));
  }
}

}  // namespace weir::upstream
