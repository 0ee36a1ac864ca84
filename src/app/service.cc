#include "app/service.h"

#include "app/terminal.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>
#include <utility>

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

void print_mistakes(const std::vector<model::Mistake>& mistakes) {
  for (const auto& mistake : mistakes) complain(mistake.text() + "\n");
}

Result<std::unique_ptr<Service>, std::string> Service::create(model::Loaded loaded) {
  std::unique_ptr<Service> service(new Service);
  auto loop = net::Loop::create();
  if (!loop) return fail(std::string(text_of(loop.error().code)));
  service->loop_ = std::move(*loop);
  Service* self = service.get();
  service->signals_ =
      std::make_unique<net::Signals>(*service->loop_, std::initializer_list<int>{SIGTERM, SIGINT, SIGHUP},
                                     [self](int signal) { self->on_signal(signal); });
  service->loaded_ = std::move(loaded);
  const model::Config& config = service->loaded_.config;
  auto proxy = l7::Proxy::create(*service->loop_, config, worker_count(config), fresh_seed());
  if (!proxy) return fail(proxy.error());
  service->proxy_ = std::move(*proxy);
  if (config.admin) {
    auto admin = Admin::create(*service->loop_, *service->proxy_, service->loaded_, [self] { return self->reload(); });
    if (!admin) return fail(admin.error());
    service->admin_ = std::move(*admin);
  }
  return service;
}

void Service::run() {
  proxy_->start();
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
    if (auto done = reload(); !done)
      spdlog::error("reload refused, the old configuration stays in force: {}", done.error());
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
  auto fresh = model::load_config(loaded_.config.path);
  if (!fresh) {
    std::string text;
    for (const auto& mistake : fresh.error()) text += (text.empty() ? "" : "\n") + mistake.text();
    return fail(text);
  }
  if (worker_count(fresh->config) != proxy_->workers().size()) {
    spdlog::warn("workers: a change takes effect at the next start");
  }
  if (fresh->config.admin != loaded_.config.admin) spdlog::warn("admin: a change takes effect at the next start");
  if (auto done = proxy_->reload(fresh->config); !done) return done;
  loaded_ = std::move(*fresh);
  spdlog::info("reloaded {}: configuration {} is in force", loaded_.config.path, proxy_->snapshot().number);
  return {};
}

void Service::begin_drain() {
  draining_ = true;
  spdlog::info("draining: requests in flight may take up to {} s", loaded_.config.drain_timeout.seconds());
  proxy_->drain([this] { loop_->stop(); });
}

}  // namespace weir::app
