#pragma once
// What a run is to send: to whom, what, when, how long. Read from YAML (plan_reader.h) or put together from the
// command line; a generator only reads it. A value; any thread.
//
// The whole schedule is fixed by the plan and its seed before anything is sent: arrival k comes at the same time and
// asks for the same thing, whatever the server does and however many workers share the work.

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/address.h"

namespace weir::load {

/// closed is so many connections that each ask again as soon as they are answered: for what a server can do at most,
/// not for what its clients would feel. log repeats the arrivals of Plan::log.
enum class Arrivals : uint8_t { constant, poisson, closed, log };

/// From `at` on, the rate moves in a straight line to `rate`, which it reaches `over` later.
struct StageSpec {
  Duration at{};
  double rate = 0;
  Duration over{};
  bool operator==(const StageSpec&) const = default;
};

/// Numbers that requests name as {user}: 1 to count, drawn by Zipf's law with the exponent zipf_percent / 100.
struct IdSpec {
  std::string name;
  uint32_t count = 1000;
  uint32_t zipf_percent = 0;
  bool operator==(const IdSpec&) const = default;
};

struct FieldSpec {
  std::string name;
  std::string value;
  bool operator==(const FieldSpec&) const = default;
};

/// One kind of request. Path, field values and body may name ids ({user}), {session} and {token}; other braces are
/// left alone, so that a JSON body needs no escaping.
struct RequestSpec {
  std::string name{};
  uint32_t weight = 1;
  std::string method = "GET";
  std::string path = "/";
  std::vector<FieldSpec> fields{};
  std::string body{};
  bool operator==(const RequestSpec&) const = default;
};

/// Somebody logged in, for requests that name {session} or {token}. The steps are sent once for each before the clock
/// starts; a string member `token` of a step's JSON answer becomes the session's token.
struct SessionsSpec {
  uint32_t count = 0;  ///< none
  std::string token = "token";
  std::vector<RequestSpec> steps{};
  bool operator==(const SessionsSpec&) const = default;
};

/// One line of an access log: when, since the first, and what.
struct LogEntry {
  Duration at{};
  std::string method;
  std::string path;
  bool operator==(const LogEntry&) const = default;
};

struct Plan {
  model::Address target;
  std::string host;  ///< of the Host field; empty: the target as written

  Arrivals arrivals = Arrivals::constant;
  double rate = 100;  ///< per second, open loop
  std::vector<StageSpec> stages;
  Duration duration = Duration::s(10);
  Duration warm_up{};               ///< of the duration; counted apart, in no summary
  uint32_t connections = 10;        ///< closed loop: how many
  uint32_t connections_max = 1000;  ///< open loop: beyond them requests wait, and their clocks run
  Duration timeout = Duration::s(5);
  Duration interval = Duration::s(1);
  uint64_t seed = 1;

  std::vector<IdSpec> ids;
  std::vector<RequestSpec> requests;  ///< empty: GET /
  SessionsSpec sessions;
  std::vector<LogEntry> log;
  double log_speed = 1;  ///< 2: twice as fast as it was recorded

  bool operator==(const Plan&) const = default;
};

}  // namespace weir::load
