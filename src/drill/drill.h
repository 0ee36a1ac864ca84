#pragma once
// The nouns of a drill, as values with their defaults: what a file under drills/ becomes once it has been read
// (drill_reader.h). Names, ranges and documentation are in schema.cc. Immutable once loaded; any thread.

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "drill/expectation.h"
#include "drill/fault_proxy.h"
#include "load/plan.h"
#include "model/config.h"

namespace weir::drill {

enum class FaultKind : uint8_t {
  kill,          ///< SIGKILL; started again afterwards
  stop,          ///< SIGSTOP; SIGCONT afterwards
  application,   ///< through the reference application's fault port
  network,       ///< by a fault proxy between Weir and the instance
  slow_clients,  ///< connections that send their request's head a byte at a time
  reload,        ///< Weir's configuration is read again and again
  use,           ///< the cluster gets other endpoints
  rate,          ///< the load changes
};

/// Of the reference application's fault port.
struct ApplicationFault {
  Duration delay{};
  uint32_t error_percent = 0;
  bool half_dead = false;
  uint64_t slow_body = 0;
  bool spare_health = false;
  [[nodiscard]] std::string json() const;
};

struct FaultSpec {
  FaultKind kind = FaultKind::kill;
  uint32_t instances = 1;  ///< so many, from the last; 0: all
  Duration at{};           ///< since the phase of faults began
  Duration length{};       ///< 0: until the phase ends
  Duration every{};        ///< begins again so often; 0: once
  ApplicationFault application;
  ProxyFaults network;
  uint32_t clients = 100;
  uint32_t endpoints = 0;  ///< use: the first so many instances
  double rate = 0;
};

enum class LoadTarget : uint8_t { weir, endpoint };

/// One configuration to run the load and the faults under.
struct Arm {
  std::string name;
  std::string about;
  LoadTarget target = LoadTarget::weir;
  uint32_t endpoints = 0;  ///< the first so many instances; 0: all
  model::ClusterConfig cluster;
  model::RouteConfig route;
  model::ListenerConfig listener;
};

struct PhaseSpec {
  Duration warm_up = Duration::s(2);
  Duration before = Duration::s(5);
  Duration during = Duration::s(12);
  Duration after = Duration::s(10);
};

struct Limits {
  uint32_t instances = 1;        ///< with a fault at once
  uint32_t failed_percent = 50;  ///< of the requests of the phase of faults
  uint32_t abort_percent = 90;   ///< of the requests of a second, for abort_after
  Duration abort_after = Duration::s(3);
};

struct Drill {
  std::string title;
  std::string about;
  std::string remedy;
  uint64_t seed = 1;
  uint32_t instances = 3;  ///< the first so many of a stack take part
  bool proxied = false;    ///< instances are behind fault proxies from the beginning, because a fault is of that kind
  PhaseSpec phases;
  Limits limits;
  load::Plan load;  ///< without target, seed and times: those are the arm's
  std::vector<Expectation> hypothesis;
  std::vector<FaultSpec> faults;
  std::vector<Arm> arms;
  std::vector<Expectation> expectations;
};

}  // namespace weir::drill
