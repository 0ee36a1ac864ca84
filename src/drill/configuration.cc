#include "drill/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "model/show.h"
#include "model/text_file.h"

namespace weir::drill {

namespace {
constexpr size_t kConfigBytesMax = 1024 * 1024;
constexpr Duration kDrainTimeout = Duration::s(5);
}  // namespace

Result<std::unique_ptr<Configuration>, std::string> Configuration::open(const StackClient& stack) {
  std::unique_ptr<Configuration> configuration(new Configuration(stack));
  auto text = model::read_text_file(stack.stack().config, kConfigBytesMax);
  if (!text) return fail(fmt::format("{}: {}", stack.stack().config, text.error()));
  configuration->original_ = std::move(*text);
  return configuration;
}

std::string configuration_text(const Stack& stack, const Arm& arm, const std::vector<model::Address>& endpoints) {
  model::Loaded loaded;
  loaded.config.path = stack.config;
  loaded.config.admin = stack.admin;
  loaded.config.drain_timeout = kDrainTimeout;
  model::ListenerConfig listener = arm.listener;
  listener.name = "web";
  listener.http = stack.proxy;
  listener.access_log = "off";
  listener.routes = {arm.route};
  listener.routes.front().to = {{.cluster = "app"}};
  loaded.config.listeners = {listener};
  model::ClusterConfig cluster = arm.cluster;
  cluster.name = "app";
  for (const model::Address& each : endpoints) cluster.endpoints.push_back({.address = each, .zone = {}});
  loaded.config.clusters = {cluster};
  return model::show(loaded);
}

std::string configuration_hash(const Arm& arm, size_t instances) {
  const model::Address anywhere{.host = "127.0.0.1", .port = 1};
  const Stack stack{.admin = anywhere, .proxy = anywhere, .config = "weir.yaml", .instances = {}};
  const size_t count = arm.endpoints == 0 ? instances : std::min<size_t>(arm.endpoints, instances);
  std::vector<model::Address> endpoints;
  for (size_t i = 0; i < count; ++i) endpoints.push_back({.host = "127.0.0.1", .port = static_cast<uint16_t>(2 + i)});
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : configuration_text(stack, arm, endpoints)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return fmt::format("{:016x}", hash);
}

/// In one step, so that nobody reads half of it.
Done Configuration::write(const std::string& text) const {
  const std::string& path = stack_.stack().config;
  const std::string fresh = path + ".drill";
  std::FILE* file = std::fopen(fresh.c_str(), "wbe");
  bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file != nullptr) written = std::fclose(file) == 0 && written;
  if (written && std::rename(fresh.c_str(), path.c_str()) == 0) return {};
  return fail(fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
}

Done Configuration::apply(const Arm& arm, const std::vector<model::Address>& endpoints) {
  // The first line says whose file it is: a later `weir up` in this directory looks at it.
  const std::string first = original_.substr(0, original_.find('\n') + 1);
  changed_ = true;
  if (auto done = write(first + configuration_text(stack_.stack(), arm, endpoints)); !done) return done;
  return stack_.reload();
}

Done Configuration::restore() {
  if (!changed_) return {};
  if (auto done = write(original_); !done) return done;
  changed_ = false;
  return stack_.reload();
}

}  // namespace weir::drill
