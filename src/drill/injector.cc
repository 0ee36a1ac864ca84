#include "drill/injector.h"

#include <fmt/format.h>

#include <csignal>

#include "drill/schema.h"
#include "model/units.h"

namespace weir::drill {

namespace {

net::SocketAddress socket_address(const model::Address& address) {
  return net::SocketAddress::parse(address.host, address.port).value_or(net::SocketAddress());
}

/// Files say "200kB"; exact multiples of it are said so.
std::string text_of_rate(uint64_t bytes) {
  const std::string text = bytes % 1000 == 0 ? fmt::format("{}kB", bytes / 1000) : model::format_bytes(bytes);
  return text + "/s";
}

std::string text_of(const LinkFaults& faults) {
  std::string text;
  const auto add = [&](const std::string& words) { text += (text.empty() ? "" : ", ") + words; };
  if (faults.delay > Duration{}) add("delay " + model::format_duration(faults.delay));
  if (faults.jitter > Duration{}) add("jitter " + model::format_duration(faults.jitter));
  if (faults.drop) add("drop");
  if (faults.close != CloseBy::nothing) add(faults.close == CloseBy::fin ? "close by FIN" : "close by RST");
  if (faults.corrupt_percent > 0) add(fmt::format("corrupt {} %", faults.corrupt_percent));
  if (faults.limit_rate > 0) add("limit_rate " + text_of_rate(faults.limit_rate));
  if (faults.split > 0) add(fmt::format("split {} B", faults.split));
  if (faults.half_open) add("half-open");
  return text;
}

std::string text_of(const ApplicationFault& fault) {
  std::string text;
  const auto add = [&](const std::string& words) { text += (text.empty() ? "" : ", ") + words; };
  if (fault.half_dead) add("accepts and never answers");
  if (fault.delay > Duration{}) add("answers " + model::format_duration(fault.delay) + " late");
  if (fault.error_percent > 0) add(fmt::format("answers {} % with 500", fault.error_percent));
  if (fault.slow_body > 0) add("sends bodies at " + text_of_rate(fault.slow_body));
  if (fault.spare_health) add("health checks see nothing of it");
  return text;
}

}  // namespace

Result<std::unique_ptr<Injector>, std::string> Injector::create(StackClient& stack, const Drill& drill, uint64_t seed) {
  std::unique_ptr<Injector> injector(new Injector(stack, drill));
  auto host = ProxyHost::create();
  if (!host) return fail(host.error());
  injector->host_ = std::move(*host);
  for (const Instance& each : stack.stack().instances) {
    injector->addresses_.push_back(each.address);
    if (!drill.proxied) continue;
    const auto any_port = socket_address({each.address.host, 0});
    const auto proxy = injector->host_->add(any_port, socket_address(each.address), seed + each.address.port);
    if (!proxy) return fail(proxy.error());
    const net::SocketAddress listening = injector->host_->address_of(*proxy);
    injector->addresses_.back() = {listening.host(), listening.port()};
  }
  return injector;
}

std::vector<size_t> Injector::victims_of(const FaultSpec& fault) const {
  std::vector<size_t> victims;
  if (!uses(fault.kind, "instances")) return victims;
  const size_t all = stack_.stack().instances.size();
  const size_t count = fault.instances == 0 ? all : std::min<size_t>(fault.instances, all);
  for (size_t i = all - count; i < all; ++i) victims.push_back(i);
  return victims;
}

std::string Injector::describe(const FaultSpec& fault) const {
  std::string where;
  for (const size_t each : victims_of(fault))
    where += (where.empty() ? "" : ", ") + stack_.stack().instances[each].name;
  switch (fault.kind) {
    case FaultKind::kill: return "kill " + where;
    case FaultKind::stop: return "stop " + where;
    case FaultKind::application: return where + ": " + text_of(fault.application);
    case FaultKind::network: {
      const std::string up = text_of(fault.network.upstream);
      const std::string down = text_of(fault.network.downstream);
      std::string text = "network of " + where + ":";
      if (!up.empty()) text += " upstream " + up + ";";
      if (!down.empty()) text += " downstream " + down + ";";
      if (fault.network.connection_limit > 0)
        text += fmt::format(" at most {} connections;", fault.network.connection_limit);
      text.pop_back();
      return text;
    }
    case FaultKind::slow_clients: return fmt::format("{} clients send a byte every 500 ms", fault.clients);
    case FaultKind::reload: return "reload every " + model::format_duration(fault.every);
    case FaultKind::use:
      return fault.endpoints == 0 ? "use all instances" : fmt::format("use {} instances", fault.endpoints);
    case FaultKind::rate: return fmt::format("{} requests per second", fault.rate);
  }
  return {};
}

Done Injector::begin_at(const FaultSpec& fault, size_t i) {
  const Instance& instance = stack_.stack().instances[i];
  switch (fault.kind) {
    case FaultKind::kill: killed_.insert(i); return stack_.signal(instance.name, SIGKILL);
    case FaultKind::stop: stopped_.insert(i); return stack_.signal(instance.name, SIGSTOP);
    case FaultKind::application: application_.insert(i); return stack_.set_fault(instance, fault.application.json());
    case FaultKind::network:
      network_.insert(i);
      host_->set_faults(i, fault.network);
      return {};
    default: return {};
  }
}

Done Injector::end_at(const FaultSpec& fault, size_t i) {
  const std::string name = stack_.stack().instances[i].name;
  switch (fault.kind) {
    case FaultKind::kill: {
      auto done = stack_.restart(name);
      if (done) killed_.erase(i);
      return done;
    }
    case FaultKind::stop: {
      auto done = stack_.signal(name, SIGCONT);
      if (done) stopped_.erase(i);
      return done;
    }
    case FaultKind::application: {
      auto done = stack_.set_fault(stack_.stack().instances[i], {});
      if (done) application_.erase(i);
      return done;
    }
    case FaultKind::network:
      host_->set_faults(i, {});
      network_.erase(i);
      return {};
    default: return {};
  }
}

Done Injector::begin(const FaultSpec& fault) {
  if (fault.kind == FaultKind::reload) return stack_.reload();
  if (fault.kind == FaultKind::slow_clients) {
    const auto target = socket_address(target_);
    host_->on_thread(
        [&](net::Loop& loop) { slow_clients_ = std::make_unique<SlowClients>(loop, target, fault.clients); });
    return {};
  }
  for (const size_t each : victims_of(fault)) {
    if (auto done = begin_at(fault, each); !done) return done;
  }
  return {};
}

Done Injector::end(const FaultSpec& fault) {
  if (fault.kind == FaultKind::slow_clients) end_slow_clients();
  for (const size_t each : victims_of(fault)) {
    if (auto done = end_at(fault, each); !done) return done;
  }
  return {};
}

void Injector::end_slow_clients() {
  host_->on_thread([&](net::Loop&) { slow_clients_.reset(); });
}

std::vector<std::string> Injector::roll_back() {
  std::vector<std::string> failures;
  if (host_ == nullptr) return failures;
  end_slow_clients();
  const auto undo = [&](FaultKind kind, const std::set<size_t>& touched) {
    for (const size_t each : std::set<size_t>(touched)) {  // a copy: what is undone leaves the set
      FaultSpec fault;
      fault.kind = kind;
      if (auto done = end_at(fault, each); !done) failures.push_back(done.error());
    }
  };
  undo(FaultKind::network, network_);
  undo(FaultKind::stop, stopped_);
  undo(FaultKind::kill, killed_);
  undo(FaultKind::application, application_);
  return failures;
}

}  // namespace weir::drill
