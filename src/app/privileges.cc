#include "app/privileges.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "app/seccomp.h"
#include "base/check.h"
#include "model/endpoints_file.h"
#include "model/units.h"
#include "net/fd.h"

namespace weir::app {

namespace {

struct Identity {
  std::string name;
  uid_t user = 0;
  gid_t group = 0;
};

auto wrong(std::string_view setting, std::string_view what) { return fail(fmt::format("{}: {}", setting, what)); }

std::string because(std::string_view what) { return fmt::format("{}: {}", what, std::strerror(errno)); }

Result<Identity, std::string> find_identity(const model::PrivilegesConfig& config) {
  // Before other threads exist, or none that asks the same: the plain functions will do.
  const passwd* user = ::getpwnam(config.user.c_str());  // NOLINT(concurrency-mt-unsafe)
  if (user == nullptr) return wrong("privileges.user", fmt::format("there is no user {}", model::quote(config.user)));
  if (user->pw_uid == 0) return wrong("privileges.user", "root is who has all privileges");
  Identity identity{.name = config.user, .user = user->pw_uid, .group = user->pw_gid};
  if (config.group.empty()) return identity;
  const group* found = ::getgrnam(config.group.c_str());  // NOLINT(concurrency-mt-unsafe)
  if (found == nullptr) {
    return wrong("privileges.group", fmt::format("there is no group {}", model::quote(config.group)));
  }
  identity.group = found->gr_gid;
  return identity;
}

/// Ports below this one are for root and CAP_NET_BIND_SERVICE.
uint16_t first_free_port() {
  std::ifstream file("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  uint16_t port = 0;
  return file >> port ? port : uint16_t{1024};
}

bool needs_low_port(const model::Config& config) {
  const uint16_t free = first_free_port();
  const auto low = [&](const model::Address& address) { return address.port != 0 && address.port < free; };
  return (config.admin && low(*config.admin)) || std::any_of(config.listeners.begin(), config.listeners.end(),
                                                             [&](const auto& listener) { return low(listener.http); });
}

/// What a later exec could at most get back.
void shrink_bounding_set(bool keep_low_ports) {
  for (unsigned long each = 0; ::prctl(PR_CAPBSET_READ, each, 0, 0, 0) >= 0; ++each) {
    if (keep_low_ports && each == CAP_NET_BIND_SERVICE) continue;
    (void)::prctl(PR_CAPBSET_DROP, each, 0, 0, 0);  // fails without CAP_SETPCAP: then there is little to lose
  }
}

/// The capabilities of this thread, and so of those that it starts: none, or the one for low ports, which then also
/// survives an exec.
bool set_capabilities(bool keep_low_ports) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2]{};
  const uint32_t kept = keep_low_ports ? 1u << CAP_NET_BIND_SERVICE : 0;
  data[0] = {.effective = kept, .permitted = kept, .inheritable = kept};
  if (::syscall(SYS_capset, &header, data) != 0) return false;
  return !keep_low_ports || ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0) == 0;
}

/// Logs that root has just made must be his who opens them anew after a rotation. Not through links, and nothing that
/// has another name: what lies in a directory of somebody else's may be a trap.
void hand_over_logs(const model::Config& config, const Identity& identity) {
  for (const auto& listener : config.listeners) {
    const std::string& path = listener.access_log;
    if (path == "stdout" || path == "off") continue;
    const net::Fd fd(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    struct stat facts {};
    if (!fd.valid() || ::fstat(fd.get(), &facts) != 0) continue;
    if (!S_ISREG(facts.st_mode) || facts.st_uid != 0 || facts.st_nlink != 1) continue;
    if (::fchown(fd.get(), identity.user, identity.group) != 0) spdlog::warn("{}", because("access_log " + path));
  }
}

/// Irrevocably: all three ids.
Result<void, std::string> become(const Identity& identity, bool keep_low_ports) {
  shrink_bounding_set(keep_low_ports);
  if (keep_low_ports && ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return wrong("privileges", because("capabilities"));
  if (::initgroups(identity.name.c_str(), identity.group) != 0) return wrong("privileges.user", because("its groups"));
  if (::setresgid(identity.group, identity.group, identity.group) != 0) {
    return wrong("privileges.group", because("cannot be taken on"));
  }
  if (::setresuid(identity.user, identity.user, identity.user) != 0) {
    return wrong("privileges.user", because("cannot be taken on"));
  }
  (void)::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
  if (!set_capabilities(keep_low_ports)) return wrong("privileges", because("capabilities"));
  CHECK(::setresuid(0, 0, 0) != 0);
  return {};
}

/// What a reload reads. That it can be read now, by root, says nothing.
std::vector<std::string> files_of(const model::Config& config) {
  std::vector<std::string> files{config.path};
  const auto add = [&](const std::string& file) {
    if (!file.empty()) files.push_back(model::endpoints_path(config.path, file));
  };
  add(config.admin_token_file);
  for (const auto& listener : config.listeners) {
    for (const auto& each : listener.tls.certificates) {
      for (const auto& file : {each.certificate, each.key, each.ocsp}) add(file);
    }
    for (const auto& route : listener.routes) {
      for (const auto& file : {route.respond.body_file, route.degradation.fallback.body_file}) add(file);
    }
    add(listener.maintenance.body_file);
    for (const auto& file : {listener.tls.client_ca, listener.tls.ticket_keys}) add(file);
  }
  for (const auto& cluster : config.clusters) {
    for (const auto& file : {cluster.tls.ca, cluster.tls.certificate, cluster.tls.key}) add(file);
    for (const auto& endpoint : cluster.endpoints) add(endpoint.file);
  }
  return files;
}

void warn_of_what_is_out_of_reach(const model::Config& config) {
  for (const std::string& file : files_of(config)) {
    if (::access(file.c_str(), R_OK) == 0) continue;
    spdlog::warn("privileges.user: {} cannot be read as {}: reloads will be refused", file, config.privileges.user);
  }
  for (const auto& listener : config.listeners) {
    const std::string& log = listener.access_log;
    if (log == "stdout" || log == "off" || ::access(log.c_str(), W_OK) == 0) continue;
    spdlog::warn("privileges.user: {} cannot be written as {}: after a rotation the old file stays in use", log,
                 config.privileges.user);
  }
}

}  // namespace

void keep_new_privileges_away() {
  // Cannot fail: the kernel has known it since 3.5.
  CHECK(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
}

Result<void, std::string> drop_privileges(const model::Config& config, bool filtered) {
  if (config.privileges.user.empty()) {
    if (::geteuid() == 0) {
      spdlog::warn("running as root: name an unprivileged user as privileges.user, to be taken on once ports are open");
    }
    return {};
  }
  const auto identity = find_identity(config.privileges);
  if (!identity) return fail(identity.error());
  const bool keep_low_ports = needs_low_port(config);
  if (::geteuid() == 0) {
    hand_over_logs(config, *identity);
    if (auto done = become(*identity, keep_low_ports); !done) return done;
    warn_of_what_is_out_of_reach(config);
  } else if (::geteuid() != identity->user) {
    return wrong("privileges.user", fmt::format("only root can become {}, and this process belongs to user {}",
                                                identity->name, ::geteuid()));
  }
  // Whoever crashes leaves no keys in a core.
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (filtered) keep_inherited_filter();
  if (config.privileges.seccomp && !filtered) {
    if (auto done = filter_system_calls(); !done) return fail("privileges.seccomp: " + done.error());
  }
  spdlog::info("privileges: runs as {}{}, system calls are {}", identity->name,
               keep_low_ports ? ", may open ports below 1024" : "",
               system_calls_are_filtered() ? "filtered" : "not filtered");
  return {};
}

}  // namespace weir::app
