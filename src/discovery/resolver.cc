#include "discovery/resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace weir::discovery {

namespace {

constexpr const char* kSystem = "/etc/resolv.conf";
constexpr int kTries = 2;
constexpr int kEdnsBytes = 1232;  // what passes every path unfragmented (DNS flag day 2020)

/// c-ares counts its users.
struct Library {
  Library() { CHECK(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS); }
  ~Library() { ares_library_cleanup(); }
};

Outcome outcome_of(int status) {
  if (status == ARES_SUCCESS) return Outcome::found;
  return status == ARES_ENODATA || status == ARES_ENOTFOUND ? Outcome::empty : Outcome::failed;
}

std::string problem_of(int status, std::string_view kind) {
  switch (status) {
    case ARES_SUCCESS: return {};
    case ARES_ENOTFOUND: return "there is no such name";
    case ARES_ENODATA: return fmt::format("the name has no {}", kind);
    case ARES_ETIMEOUT: return "no name server answered in time";
    // What is left when every server was tried; c-ares does not tell which of the two it was.
    case ARES_ECONNREFUSED: return "no name server could be reached, or all of them failed (SERVFAIL)";
    case ARES_ESERVFAIL: return "the name servers failed (SERVFAIL)";
    case ARES_EREFUSED: return "the name servers refused";
    case ARES_EBADRESP: return "the answer is malformed";
    default: return ares_strerror(status);
  }
}

std::string text_of(const ares_addrinfo_node& node) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (node.ai_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, node.ai_addr, sizeof v4);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  } else {
    sockaddr_in6 v6{};
    std::memcpy(&v6, node.ai_addr, sizeof v6);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

Answer answer_of(int status, int family, const ares_addrinfo* info) {
  const std::string_view kind = family == AF_INET ? "IPv4 addresses" : "IPv6 addresses";
  Answer answer{.outcome = outcome_of(status), .problem = problem_of(status, kind)};
  if (info == nullptr || status != ARES_SUCCESS) return answer;
  int ttl = INT32_MAX;
  for (const auto* node = info->nodes; node != nullptr; node = node->ai_next) {
    if (node->ai_family != family) continue;
    answer.addresses.push_back(text_of(*node));
    ttl = std::min(ttl, node->ai_ttl);
  }
  for (const auto* alias = info->cnames; alias != nullptr; alias = alias->next) ttl = std::min(ttl, alias->ttl);
  answer.ttl = Duration::s(std::max(ttl, 0));
  if (answer.addresses.empty()) {
    answer.outcome = Outcome::empty;
    answer.problem = problem_of(ARES_ENODATA, kind);
  }
  return answer;
}

ServiceAnswer service_answer_of(int status, const unsigned char* packet, int length) {
  ares_srv_reply* reply = nullptr;
  if (status == ARES_SUCCESS) status = ares_parse_srv_reply(packet, length, &reply);
  ServiceAnswer answer{.outcome = outcome_of(status), .problem = problem_of(status, "SRV records")};
  for (const auto* each = reply; each != nullptr; each = each->next) {
    const std::string_view host = each->host == nullptr ? "" : each->host;
    // RFC 2782: a target of "." says that the service is decidedly not available here.
    if (host.empty() || host == "." || each->port == 0) continue;
    answer.records.push_back({std::string(host), each->port, each->weight, each->priority});
  }
  if (reply != nullptr) ares_free_data(reply);
  if (answer.outcome != Outcome::found) return answer;
  answer.ttl = least_ttl({packet, static_cast<size_t>(length)}, ns_t_srv).value_or(Duration{});
  if (answer.records.empty()) {
    answer.outcome = Outcome::empty;
    answer.problem = "the service is declared not available";
  }
  return answer;
}

/// The resolver ends: nobody is left to be told.
bool is_over(int status) { return status == ARES_EDESTRUCTION || status == ARES_ECANCELLED; }

}  // namespace

/// A descriptor of c-ares in the loop. It is told of events until the end of the turn in which it was closed.
class Resolver::Socket final : public net::Pollable, public net::Deferred {
 public:
  Socket(Resolver& resolver, int fd) : resolver_(resolver), fd_(fd) {}
  void close() { fd_ = -1; }
  void on_ready(uint32_t events) override {
    if (fd_ < 0) return;
    const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
    resolver_.process((events & EPOLLIN) != 0 || broken ? fd_ : ARES_SOCKET_BAD,
                      (events & EPOLLOUT) != 0 || broken ? fd_ : ARES_SOCKET_BAD);
  }

 private:
  Resolver& resolver_;
  int fd_;
};

struct Resolver::AddressQuestion {
  Resolver& resolver;
  int family;
  std::shared_ptr<Round> round;
  std::function<void(const Round&)> done;
};

struct Resolver::ServiceQuestion {
  Resolver& resolver;
  std::function<void(const ServiceAnswer&)> done;
};

Resolver::Resolver(net::Loop& loop, Options options) : loop_(loop), options_(std::move(options)) {
  static const Library library;
}

Resolver::~Resolver() { close(); }

void Resolver::addresses(const std::string& name, model::ResolveFamily family, std::function<void(const Round&)> done) {
  auto round = std::make_shared<Round>();
  // Both are marked before either is asked, since an answer may be there at once.
  if (family != model::ResolveFamily::v6) round->v4.emplace();
  if (family != model::ResolveFamily::v4) round->v6.emplace();
  auto left = std::make_shared<int>(family == model::ResolveFamily::any ? 2 : 1);
  const auto one = [left, done = std::move(done)](const Round& answers) {
    if (--*left == 0) done(answers);
  };
  const bool both = family == model::ResolveFamily::any;
  if (both || family == model::ResolveFamily::v4) ask(name, AF_INET, round, one);
  if (both || family == model::ResolveFamily::v6) ask(name, AF_INET6, round, one);
}

void Resolver::ask(const std::string& name, int family, std::shared_ptr<Round> round,
                   std::function<void(const Round&)> done) {
  follow_system();
  if (!open()) {
    (family == AF_INET ? round->v4 : round->v6)->problem = "the resolver could not be set up";
    return done(*round);
  }
  ++pending_;
  ares_addrinfo_hints hints{};
  hints.ai_flags = ARES_AI_NOSORT | ARES_AI_ENVHOSTS;  // sorting would open sockets, and the order is ours anyway
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  const auto told = [](void* argument, int status, int /*timeouts*/, ares_addrinfo* info) {
    const std::unique_ptr<AddressQuestion> question(static_cast<AddressQuestion*>(argument));
    if (!is_over(status)) {
      auto& place = question->family == AF_INET ? question->round->v4 : question->round->v6;
      place = answer_of(status, question->family, info);
    }
    if (info != nullptr) ares_freeaddrinfo(info);
    if (is_over(status)) return;
    question->done(*question->round);
    --question->resolver.pending_;  // last: a question asked from within must not find the channel idle
  };
  auto question = std::make_unique<AddressQuestion>(
      AddressQuestion{.resolver = *this, .family = family, .round = std::move(round), .done = std::move(done)});
  ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, told, question.release());
  arm();
}

void Resolver::services(const std::string& name, std::function<void(const ServiceAnswer&)> done) {
  follow_system();
  if (!open()) return done({.problem = "the resolver could not be set up"});
  ++pending_;
  const auto told = [](void* argument, int status, int /*timeouts*/, unsigned char* packet, int length) {
    const std::unique_ptr<ServiceQuestion> question(static_cast<ServiceQuestion*>(argument));
    if (is_over(status)) return;
    question->done(service_answer_of(status, packet, length));
    --question->resolver.pending_;
  };
  auto question = std::make_unique<ServiceQuestion>(ServiceQuestion{.resolver = *this, .done = std::move(done)});
  ares_search(channel_, name.c_str(), ns_c_in, ns_t_srv, told, question.release());
  arm();
}

Resolver::FileStamp Resolver::stamp_of_system() {
  struct stat status {};
  if (::stat(kSystem, &status) != 0) return {};
  return {status.st_ino, int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

/// c-ares of this version reads resolv.conf once: a machine that moved to another network would ask the old one's
/// servers for ever.
void Resolver::follow_system() {
  if (channel_ == nullptr || pending_ != 0 || !options_.servers.empty()) return;
  if (stamp_of_system() != system_) close();
}

bool Resolver::open() {
  if (channel_ != nullptr) return true;
  system_ = stamp_of_system();
  ares_options options{};
  options.flags = ARES_FLAG_EDNS;
  options.timeout = static_cast<int>(options_.timeout.ms());
  options.tries = kTries;
  options.ednspsz = kEdnsBytes;
  char lookups[] = "fb";  // files before name servers
  options.lookups = lookups;
  options.sock_state_cb = [](void* self, int fd, int reads, int writes) {
    static_cast<Resolver*>(self)->on_socket(fd, reads != 0, writes != 0);
  };
  options.sock_state_cb_data = this;
  const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_LOOKUPS |
                   ARES_OPT_SOCK_STATE_CB;
  ares_channel channel = nullptr;
  if (ares_init_options(&channel, &options, mask) != ARES_SUCCESS) return false;
  std::string servers;
  for (const model::Address& each : options_.servers) servers += (servers.empty() ? "" : ",") + each.text();
  if (!servers.empty() && ares_set_servers_ports_csv(channel, servers.c_str()) != ARES_SUCCESS) {
    ares_destroy(channel);
    return false;
  }
  channel_ = channel;
  return true;
}

void Resolver::close() {
  if (channel_ == nullptr) return;
  ares_destroy(std::exchange(channel_, nullptr));
  pending_ = 0;
  timer_.cancel();
}

void Resolver::on_socket(int fd, bool reads, bool writes) {
  auto& socket = sockets_[fd];
  if (socket) loop_.remove(fd);
  if (!reads && !writes) {
    if (socket) {
      socket->close();
      loop_.defer_delete(std::move(socket));
    }
    sockets_.erase(fd);
    return;
  }
  if (!socket) socket = std::make_unique<Socket>(*this, fd);
  // When it cannot be watched, the question runs into its timeout.
  (void)loop_.add(fd, *socket, (reads ? EPOLLIN : 0u) | (writes ? EPOLLOUT : 0u));
}

void Resolver::process(int readable, int writable) {
  ares_process_fd(channel_, readable, writable);
  arm();
}

void Resolver::on_timer() { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }

void Resolver::arm() {
  timeval wait{};
  if (channel_ == nullptr || ares_timeout(channel_, nullptr, &wait) == nullptr) return timer_.cancel();
  loop_.arm(timer_, Duration::s(wait.tv_sec) + Duration::us(wait.tv_usec) + Duration::ms(1));
}

}  // namespace weir::discovery
