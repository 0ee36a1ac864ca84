#include "app/service.h"

#include "app/terminal.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "model/address.h"

namespace weir::app {

namespace {

size_t worker_count(const model::Config& config) {
  if (config.workers != 0) return config.workers;
  return std::clamp<size_t>(std::thread::hardware_concurrency(), 1, upstream::kMaxWorkers);
}

/// Different in every process; a run need not be repeatable, only the policies under a given seed.
uint64_t fresh_seed() {
  return static_cast<uint64_t>(net::read_clock().ns()) * 0x9e3779b97f4a7c15ULL ^ static_cast<uint64_t>(::getpid());
}

}  // namespace

void raise_file_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

std::string text_of(const std::vector<model::Mistake>& mistakes) {
  std::string text;
  for (const auto& mistake : mistakes) text += (text.empty() ? "" : "\n") + mistake.text();
  return text;
}

void print_mistakes(const std::vector<model::Mistake>& mistakes) {
  for (const auto& mistake : mistakes) complain(mistake.text() + "\n");
}

Result<std::unique_ptr<Service>, std::string> Service::create(model::Loaded loaded,
                                                              std::optional<Predecessor>& predecessor) {
  std::unique_ptr<Service> service(new Service);
  auto loop = net::Loop::create();
  if (!loop) return fail(std::string(text_of(loop.error().code)));
  service->loop_ = std::move(*loop);
  Service* self = service.get();
  service->signals_ =
      std::make_unique<net::Signals>(*service->loop_, std::initializer_list<int>{SIGTERM, SIGINT, SIGHUP, SIGUSR2},
                                     [self](int signal) { self->on_signal(signal); });
  service->loaded_ = std::move(loaded);
  service->takes_over_ = predecessor.has_value();
  if (predecessor) {
    auto inherited = predecessor->receive();
    if (!inherited) return fail(inherited.error());
    service->inherited_ = std::move(*inherited);
  }
  if (auto done = service->start_proxy(); !done) return fail(done.error());
  if (auto done = service->prepare_admin(); !done) return fail(done.error());
  service->prepare_upgrades();
  service->predecessor_ = std::exchange(predecessor, std::nullopt);  // until here the caller tells it of failures
  return service;
}

Result<void, std::string> Service::start_proxy() {
  const model::Config& config = loaded_.config;
  auto proxy = l7::Proxy::create(*loop_, config, worker_count(config), fresh_seed(), std::move(inherited_.listeners));
  if (!proxy) return fail(proxy.error());
  proxy_ = std::move(*proxy);
  return {};
}

/// As long as another process serves, it is that one which answers: here the socket is only made sure of.
Result<void, std::string> Service::prepare_admin() {
  const model::Config& config = loaded_.config;
  if (!config.admin) return {};
  auto token = admin_token(config);
  if (!token) return fail(token.error());
  admin_token_ = std::move(*token);
  admin_is_private_ = model::is_loopback(*config.admin);
  if (inherited_.admin.valid() && inherited_.admin_address == config.admin->text()) {
    admin_socket_ = std::move(inherited_.admin);
  } else {
    auto opened = Admin::listen(config);
    if (!opened) return fail(opened.error());
    admin_socket_ = std::move(*opened);
  }
  inherited_.admin.reset();
  return takes_over_ ? Result<void, std::string>() : open_admin();
}

Result<void, std::string> Service::open_admin() {
  if (!admin_socket_.valid()) return {};
  auto admin = Admin::create(
      *loop_, *proxy_, loaded_, [this] { return reload(); }, std::move(admin_socket_));
  if (!admin) return fail(admin.error());
  admin_ = std::move(*admin);
  admin_->set_token(admin_token_);
  admin_->attach(static_cast<UpgradeControl&>(*this));
  return {};
}

void Service::run() {
  proxy_->start([this] { before_serving(); });
  for (const auto& listener : loaded_.config.listeners) {
    spdlog::info("listening on {}://{} with {} workers", listener.tls.enabled() ? "https" : "http",
                 listener.http.text(), proxy_->workers().size());
  }
  if (loaded_.config.admin) spdlog::info("admin on http://{}", loaded_.config.admin->text());
  loop_->run();
}

void Service::on_signal(int signal) {
  if (signal == SIGHUP) {
    proxy_->reopen_logs();
    // While it drains or is replaced the service manager knows better, and must not be told that all is as ever.
    const bool serves = !draining_ && !upgrade_->under_way() && proxy_->serving();
    if (serves) notify_.reloading(net::read_clock(), "reading the configuration again");
    if (auto done = reload(); !done)
      spdlog::error("reload refused, the old configuration stays in force: {}", done.error());
    if (serves) notify_.ready("serving");
    return;
  }
  if (signal == SIGUSR2) {
    if (auto begun = upgrade(""); !begun) spdlog::error("upgrade refused: {}", begun.error());
    return;
  }
  if (draining_) {
    spdlog::warn("second signal: ending now");
    loop_->stop();
    return;
  }
  begin_drain();
}

Result<void, std::string> Service::reload() {
  if (draining_) return fail(std::string("the process is draining"));
  if (upgrade_->under_way()) return fail(std::string("an upgrade is under way"));
  // What came out of a pipe at the start does not come again, and nobody but this thread would wait for it.
  const std::string& path = loaded_.config.path;
  std::error_code unknown;
  const auto kind = std::filesystem::status(path, unknown);
  if (std::filesystem::exists(kind) && !std::filesystem::is_regular_file(kind))
    return fail(path + ": is not a regular file, and cannot be read again");
  auto fresh = model::load_config(path);
  if (!fresh) return fail(text_of(fresh.error()));
  if (worker_count(fresh->config) != proxy_->workers().size()) {
    spdlog::warn("workers: a change takes effect at the next start");
  }
  if (fresh->config.privileges != loaded_.config.privileges) {
    spdlog::warn("privileges: a change takes effect at the next start");
  }
  if (fresh->config.admin != loaded_.config.admin) spdlog::warn("admin: a change takes effect at the next start");
  auto token = admin_token(fresh->config);
  if (!token) return fail(token.error());
  if (admin_ && *token == nullptr && !admin_is_private_) {
    return fail(
        std::string("admin_token_file: the admin interface stays where other machines reach it until the next "
                    "start, and needs one"));
  }
  if (auto done = proxy_->reload(fresh->config); !done) return done;
  admin_token_ = std::move(*token);
  if (admin_) admin_->set_token(admin_token_);
  loaded_ = std::move(*fresh);
  spdlog::info("reloaded {}: configuration {} is in force", loaded_.config.path, proxy_->snapshot().number);
  return {};
}

void Service::begin_drain() {
  upgrade_->abandon("the process was told to end");
  draining_ = true;
  notify_.stopping("draining");
  spdlog::info("draining: requests in flight may take up to {} s", loaded_.config.drain_timeout.seconds());
  proxy_->drain({}, [this] { loop_->stop(); });
}

}  // namespace weir::app
