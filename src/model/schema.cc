#include "model/schema.h"

#include "model/shapes.h"

namespace weir::model {
namespace {

constexpr Duration kMillisecond = Duration::ms(1);
constexpr Duration kHour = Duration::s(3600);
constexpr Duration kDay = Duration::s(24 * 3600);
constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = 1024 * kKiB;

Section<Config> make_top() {
  return {
      "The file",
      "",
      "What stands at the top of the file.",
      {{"upgrade", "When another process takes over (weir ctl upgrade)."},
       {"explain", "What `weir ctl explain` can tell of requests that are over."},
       {"privileges", "What the process gives up once its ports are open."}},
      {
          field<&Config::workers>("workers", count(1, 128).or_word("auto"), "Event loops, each on a thread of its own.",
                                  "one per core uses the machine, and more would only take turns"),
          field<&Config::admin>("admin", address(0).or_word("off"),
                                "Where the admin interface (metrics, state, switches) listens.",
                                "only this machine can reach it, since it can drain and switch"),
          field<&Config::admin_token_file>(
              "admin_token_file", text(0, 4096),
              "A file with a token that the admin interface asks everybody for, except at /healthz. Needed where other "
              "machines reach it. A relative name begins at this file's directory.",
              "who can reach the loopback is on this machine already"),
          field<&Config::drain_timeout>(
              "drain_timeout", duration(Duration{}, kHour),
              "How long requests in flight may take to end after SIGTERM, before their connections are closed.",
              "twice the default route timeout, and the time Kubernetes grants a pod"),
          field<&Config::upgrade, &HandoverConfig::ready_timeout>(
              "upgrade.ready_timeout", duration(kMillisecond, kHour),
              "How long the new process may take until it serves; then it is ended, and the old one goes on.",
              "probing every endpoint and asking every name server takes seconds at worst"),
          field<&Config::zone>("zone", name(0), "The zone this process runs in, for zone_preference.",
                               "one site has no zones"),
          field<&Config::explain, &ExplainConfig::sample_per_mille>(
              "explain.sample_per_mille", count(0, 1000),
              "How many of a thousand requests are remembered although nothing went wrong; those that failed all are.",
              "enough to see what is usual; the others pay next to nothing"),
          field<&Config::explain, &ExplainConfig::entries>(
              "explain.entries", count(0, 1'000'000),
              "Requests remembered, up to 4KiB each: one half for failures, the other for the sample; 0: none.",
              "at most 8MiB; the newest thousand failures are more than anybody reads"),
          field<&Config::privileges, &PrivilegesConfig::user>(
              "privileges.user", text(0, 64),
              "Who the process becomes, when root starts it, before it serves anybody; its capabilities go, but for "
              "that to open ports below 1024 if the file has some.",
              "who starts it is who it should be, as under systemd"),
          field<&Config::privileges, &PrivilegesConfig::group>(
              "privileges.group", text(0, 64), "Its group, instead of the user's.", "users have one of their own"),
          field<&Config::privileges, &PrivilegesConfig::seccomp>(
              "privileges.seccomp", boolean(),
              "With a user: deny system calls that no proxy makes, and to workers also those that start programs.",
              "nothing that Weir does needs them"),
          structured<Config>("listeners", structure("a list of listeners").and_required(),
                             "Where traffic comes in; see Listeners.", "a proxy without one has nothing to do"),
          structured<Config>("clusters", structure("a map from names to clusters"), "Where traffic goes; see Clusters.",
                             "routes that redirect, or answer by themselves, need none"),
      }};
}

std::vector<Setting<ListenerConfig>> listener_basics() {
  return {
      field<&ListenerConfig::name>("name", text(0, 64), "Its name in metrics, logs and the console.",
                                   "its address says enough when there are few"),
      field<&ListenerConfig::http>("http", address(0).and_required(),
                                   "The address to accept HTTP/1.1 on; port 0 lets the system choose one.",
                                   "no port is right for everybody"),
      structured<ListenerConfig>(
          "to", structure("the name of a cluster, or a map of shares such as {api: 95, api-next: 5}"),
          "Short for one route that takes every request; instead of routes.", "most listeners need no more"),
      structured<ListenerConfig>("routes", structure("a list of routes"),
                                 "Tried in order; the first whose match fits takes the request. See Routes.",
                                 "one order, written down, is easier to predict than a longest match"),
      structured<ListenerConfig>("maintenance", structure("a map such as {status: 503, retry_after: 10m}"),
                                 "The answer to everything while the listener is switched off (`weir ctl maintenance "
                                 "on`); see Fixed responses.",
                                 "503 with a sentence says what there is to say"),
      field<&ListenerConfig::access_log>("access_log", text(1, 4096),
                                         "One JSON line per request: stdout, off, or the path of a file.",
                                         "what runs under systemd or in a container has its log collected there"),
      field<&ListenerConfig::trust_forwarded>(
          "trust_forwarded", boolean(),
          "Keep Forwarded, X-Forwarded-* and X-Request-Id as the client sent them, instead of replacing them.",
          "anybody can write these fields; trust them only behind a proxy of your own"),
      field<&ListenerConfig::proxy_protocol>(
          "proxy_protocol", boolean(),
          "Connections begin with a PROXY header (version 1 or 2) that says whose they are; others are refused.",
          "clients speak HTTP; balancers that send it must be told to"),
      structured<ListenerConfig>(
          "proxy_protocol_from", structure("a list of networks such as [10.0.0.0/8, 192.0.2.7]"),
          "With proxy_protocol: who may send it; a connection from elsewhere is refused.",
          "the addresses of your balancers, only you know; until they stand here, anybody can claim to be anybody"),
  };
}

std::vector<Setting<ListenerConfig>> listener_limits() {
  return {
      field<&ListenerConfig::max_connections>("limits.connections", count(1, 10'000'000),
                                              "Client connections at once, all workers; beyond it accepting pauses.",
                                              "bounds the memory of a flood: 20000 full heads of 64KiB are 1.2GiB"),
      field<&ListenerConfig::request_line_bytes>("limits.request_line", bytes(256, kMiB),
                                                 "The longest request line; beyond it 414.",
                                                 "what nginx and Apache take, and the least RFC 9112 recommends"),
      field<&ListenerConfig::field_bytes>("limits.field", bytes(256, kMiB), "The longest header field; beyond it 431.",
                                          "several 4KiB cookies in one field fit"),
      field<&ListenerConfig::head_bytes>("limits.head", bytes(kKiB, 4 * kMiB),
                                         "Request line and header fields together; beyond it 431.",
                                         "four of the longest fields; bounds what a client can make us hold"),
      field<&ListenerConfig::max_fields>("limits.fields", count(1, 10'000),
                                         "Header fields of a request; beyond it 431.",
                                         "browsers send 20 to 40; three times that is no browser"),
      field<&ListenerConfig::max_body_bytes>("limits.body", bytes(1, uint64_t{1} << 50).or_word("unlimited"),
                                             "The largest request body; beyond it 413.",
                                             "bodies are streamed, so their size costs no memory here"),
  };
}

std::vector<Setting<ListenerConfig>> listener_timeouts() {
  return {
      field<&ListenerConfig::header_timeout>("timeouts.header", duration(kMillisecond, kHour),
                                             "From the first byte of a request to the end of its head; then 408.",
                                             "long for any honest client, short for one that trickles bytes"),
      field<&ListenerConfig::body_timeout>("timeouts.body", duration(kMillisecond, kHour),
                                           "Between two pieces of a request body; then 408.",
                                           "a phone that changes networks may be silent for some seconds"),
      field<&ListenerConfig::idle_timeout>("timeouts.idle", duration(kMillisecond, kDay),
                                           "How long a connection is kept without a request.",
                                           "above the 60s of common load balancers, so that they close first"),
      field<&ListenerConfig::write_timeout>("timeouts.write", duration(kMillisecond, kHour),
                                            "How long a client may read nothing of a response that waits for it.",
                                            "the same patience as with a body that comes in"),
  };
}

std::vector<Setting<ListenerConfig>> listener_http2() {
  return {
      field<&ListenerConfig::http2, &Http2Config::enabled>(
          "http2.enabled", boolean(), "Speak HTTP/2 with clients that begin with its preface, or agree on it over TLS.",
          "who speaks HTTP/1 does not notice"),
      field<&ListenerConfig::http2, &Http2Config::max_streams>(
          "http2.max_streams", count(1, 100'000),
          "Requests at once on one connection; who begins more is disconnected.",
          "RFC 9113 advises at least 100; what nginx grants"),
      field<&ListenerConfig::http2, &Http2Config::stream_window_bytes>("http2.stream_window", bytes(1024, 16 * kMiB),
                                                                       "How much of a request's body may be under way.",
                                                                       "five MB/s per upload at 50ms of round trip"),
      field<&ListenerConfig::http2, &Http2Config::connection_window_bytes>(
          "http2.connection_window", bytes(64 * kKiB, 64 * kMiB),
          "How much of all bodies of a connection may be under way, or held here for slow endpoints.",
          "four uploads at full speed; bounds what a client can make us hold"),
      field<&ListenerConfig::http2, &Http2Config::max_resets>(
          "http2.max_resets", count(1, 1'000'000),
          "Streams that a client may reset, or make us reset, in ten seconds, if more than were answered.",
          "a browser that leaves a page cancels some dozens; rapid reset (CVE-2023-44487) thousands"),
      field<&ListenerConfig::http2, &Http2Config::max_control_frames>(
          "http2.max_control_frames", count(10, 10'000'000),
          "PING, SETTINGS, PRIORITY, GOAWAY and empty DATA frames, each, and WINDOW_UPDATE beyond what data explains, "
          "in "
          "ten seconds.",
          "an honest client sends a few; each costs us more than it costs an attacker"),
  };
}

Section<ListenerConfig> make_listener() {
  Section<ListenerConfig> made{
      "Listeners",
      "listeners[]",
      "An address that accepts traffic, and the routes of what comes in there.",
      {{"limits", "What one client may make Weir hold."},
       {"timeouts", "How long Weir waits for a client."},
       {"http2", "HTTP/2 with clients. off stands for enabled: false.", "http2.enabled", "false"},
       {"hsts", "Strict-Transport-Security (RFC 6797), which is sent over TLS only.", "hsts.max_age", "off"}},
      listener_basics()};
  for (auto& each : listener_limits()) made.settings.push_back(each);
  for (auto& each : listener_timeouts()) made.settings.push_back(each);
  for (auto& each : listener_http2()) made.settings.push_back(each);
  for (auto& each : tls_settings()) made.settings.push_back(each);
  made.settings.push_back(later<ListenerConfig>("rate_limit", "Requests per client and second."));
  return made;
}

}  // namespace

const Shape kClusterNameShape = name();

template <>
const Section<Config>& section<Config>() {
  static const Section<Config> made = make_top();
  return made;
}

template <>
const Section<ListenerConfig>& section<ListenerConfig>() {
  static const Section<ListenerConfig> made = make_listener();
  return made;
}

}  // namespace weir::model
