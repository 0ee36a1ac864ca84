#include "drill/stack.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/json.h"
#include "http/simple_client.h"
#include "model/address.h"
#include "net/fd.h"

namespace weir::drill {

namespace {

using nlohmann::json;
using proto::http::Method;

constexpr Duration kPatience = Duration::s(5);
constexpr Duration kMarkPatience = Duration::ms(300);

std::string text_at(const json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

uint64_t number_at(const json& object, const char* key) {
  if (!object.is_object()) return 0;
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

std::optional<model::Address> address_at(const json& object, const char* key) {
  const auto address = model::parse_address(text_at(object, key));
  return address ? std::optional(*address) : std::nullopt;
}

std::string text_of_error(const Error& error) {
  return error.os_error == 0 ? std::string(text_of(error.code)) : std::string(std::strerror(error.os_error));
}

Result<std::string, std::string> call(const model::Address& address, Method method, const std::string& target,
                                      const std::string& body, Duration timeout) {
  const auto place = net::SocketAddress::parse(address.host, address.port);
  if (!place) return fail(fmt::format("{}: not an address", address.text()));
  auto answer = http::ask({.address = *place,
                           .method = method,
                           .target = target,
                           .fields = {{"X-Weir-Admin", "drill"}},
                           .body = body,
                           .timeout = timeout});
  if (!answer) return fail(fmt::format("http://{}{}: {}", address.text(), target, text_of_error(answer.error())));
  if (answer->status / 100 != 2) {
    const std::string said = text_at(json::parse(answer->body, nullptr, false), "error");
    return fail(fmt::format("http://{}{}: {}", address.text(), target,
                            said.empty() ? fmt::format("status {}", answer->status) : said));
  }
  return std::move(answer->body);
}

}  // namespace

Result<Stack, std::string> parse_stack(std::string_view text) {
  const json said = json::parse(text, nullptr, false);
  const auto admin = address_at(said, "admin");
  const auto proxy = address_at(said, "proxy");
  if (!admin || !proxy || !said.contains("instances") || !said["instances"].is_array()) {
    return fail(std::string("what it says of its stack cannot be read"));
  }
  Stack stack{.admin = *admin, .proxy = *proxy, .config = text_at(said, "config"), .instances = {}};
  for (const json& each : said["instances"]) {
    const auto address = address_at(each, "address");
    const auto fault = address_at(each, "fault");
    if (!address || !fault) return fail(std::string("an instance without address"));
    stack.instances.push_back({.name = text_at(each, "name"),
                               .pid = static_cast<pid_t>(number_at(each, "pid")),
                               .started = number_at(each, "started"),
                               .address = *address,
                               .fault = *fault});
  }
  return stack;
}

Result<ClusterSample, std::string> parse_endpoints(std::string_view text) {
  const json said = json::parse(text, nullptr, false);
  if (!said.is_object() || !said.contains("clusters") || !said["clusters"].is_array()) {
    return fail(std::string("what it says of its endpoints cannot be read"));
  }
  ClusterSample sample{.config = number_at(said, "config"), .endpoints = {}};
  for (const json& cluster : said["clusters"]) {
    if (text_at(cluster, "name") != "app" || !cluster.contains("endpoints")) continue;
    for (const json& each : cluster["endpoints"]) {
      sample.endpoints.push_back({.name = text_at(each, "name"),
                                  .state = text_at(each, "state"),
                                  .why = text_at(each, "why"),
                                  .in_flight = number_at(each, "in_flight"),
                                  .requests = number_at(each, "requests"),
                                  .failures = number_at(each, "failures") + number_at(each, "connect_failures")});
    }
  }
  return sample;
}

std::optional<uint64_t> start_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  const size_t name_end = line.rfind(')');  // the name may contain anything
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(line.substr(name_end + 1));
  std::string field;
  for (int i = 3; i < 22; ++i) {  // the state is field 3, the start field 22 of proc(5)
    if (!(rest >> field) || (i == 3 && field == "Z")) return std::nullopt;
  }
  uint64_t started = 0;
  return rest >> started ? std::optional(started) : std::nullopt;
}

Result<StackClient, std::string> StackClient::find(const model::Address& admin) {
  const auto said = call(admin, Method::get, "/stack", {}, kPatience);
  if (!said) return fail(said.error());
  auto stack = parse_stack(*said);
  if (!stack) return fail(fmt::format("http://{}/stack: {}", admin.text(), stack.error()));
  return StackClient(std::move(*stack));
}

Done StackClient::refresh() {
  auto fresh = find(stack_.admin);
  if (!fresh) return fail(fresh.error());
  stack_ = std::move(fresh->stack_);
  keep_first(kept_);
  return {};
}

void StackClient::keep_first(size_t instances) {
  kept_ = instances;
  if (stack_.instances.size() > kept_) stack_.instances.resize(kept_);
}

Done StackClient::record(Duration length) const {
  const auto seconds = static_cast<int64_t>(std::ceil(length.seconds()));
  const auto said =
      call(stack_.admin, Method::post, fmt::format("/record?seconds={}&cluster=app", seconds), {}, kPatience);
  return said ? Done() : fail(said.error());
}

Result<std::string, std::string> StackClient::recording() const {
  return call(stack_.admin, Method::get, "/recording", {}, kPatience);
}

Result<ClusterSample, std::string> StackClient::endpoints() const {
  const auto said = call(stack_.admin, Method::get, "/endpoints", {}, kPatience);
  return said ? parse_endpoints(*said) : fail(said.error());
}

Done StackClient::reload() const {
  const auto said = call(stack_.admin, Method::post, "/reload", {}, kPatience);
  return said ? Done() : fail(said.error());
}

Done StackClient::restart(const std::string& instance) {
  const auto said = call(stack_.admin, Method::post, "/restart?instance=" + instance, {}, kPatience);
  return said ? refresh() : fail(said.error());
}

Done StackClient::signal(const std::string& name, int number) const {
  for (const Instance& each : stack_.instances) {
    if (each.name != name) continue;
    const net::Fd process(each.pid > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, each.pid, 0)) : -1);
    // Looked at after it is held: now the number cannot be given to another process any more.
    if (!process.valid() || start_of(each.pid) != each.started) return fail(fmt::format("{} has ended", name));
    if (::syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0) == 0) return {};
    return fail(fmt::format("signal to {}: {}", name, std::strerror(errno)));
  }
  return fail(fmt::format("there is no instance {}", name));
}

Done StackClient::set_fault(const Instance& instance, const std::string& body) const {
  const auto said = call(instance.fault, body.empty() ? Method::delete_ : Method::post, "/fault", body, kPatience);
  return said ? Done() : fail(said.error());
}

void StackClient::knock() const {
  for (size_t i = 0; i < 2 * stack_.instances.size(); ++i) {
    (void)call(stack_.proxy, Method::get, "/timeline/user1", {}, kMarkPatience);
  }
}

void StackClient::mark(std::string_view kind, const std::string& label) const {
  std::string body = fmt::format(R"({{"kind":"{}","label":)", kind);
  append_json_string(body, label);
  (void)call(stack_.admin, Method::post, "/marks", body + "}", kMarkPatience);
}

}  // namespace weir::drill
