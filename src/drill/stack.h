#pragma once
// A stack that a drill works on, as `weir up` publishes it at GET /stack of its admin interface, and what a drill asks
// of it: the state of its endpoints, a reload, a restart. Only processes of the stack are ever signalled: a process id
// is used together with the time at which its process began (proc(5)), so that one that was given to somebody else
// meanwhile is left alone.
//
// Thread rule: any; every call opens a connection of its own and waits for the answer.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/config.h"
#include "net/address.h"

namespace weir::drill {

using Done = Result<void, std::string>;

struct Instance {
  std::string name;
  pid_t pid = 0;  ///< 0: it has ended
  uint64_t started = 0;
  model::Address address;
  model::Address fault;
};

struct Stack {
  model::Address admin;
  model::Address proxy;
  std::string config;  ///< path of the configuration file
  std::vector<Instance> instances;
};

/// What GET /stack says; an error is a sentence.
Result<Stack, std::string> parse_stack(std::string_view json);

struct EndpointSample {
  std::string name;   ///< its address; on a time line the instance's name
  std::string state;  ///< "healthy", "ejected"...
  std::string why;
  uint64_t in_flight = 0, requests = 0, failures = 0;
  [[nodiscard]] bool healthy() const { return state == "healthy"; }
  /// Does it get new requests? Those in slow start and after an ejection do.
  [[nodiscard]] bool out() const { return state == "ejected" || state == "unhealthy"; }
  bool operator==(const EndpointSample&) const = default;
};

/// What GET /endpoints says of the cluster app, and under which configuration.
struct ClusterSample {
  uint64_t config = 0;  ///< counts the configurations that came into force
  std::vector<EndpointSample> endpoints;
};
Result<ClusterSample, std::string> parse_endpoints(std::string_view json);

/// When a process began, in clock ticks since the machine did; nothing when there is none.
std::optional<uint64_t> start_of(pid_t pid);

class StackClient {
 public:
  explicit StackClient(Stack stack) : stack_(std::move(stack)) {}
  /// Asks who is at that admin address. An error is a sentence.
  static Result<StackClient, std::string> find(const model::Address& admin);

  [[nodiscard]] const Stack& stack() const { return stack_; }
  /// From now on only the first so many instances are known, so that a larger stack gives a drill the same result.
  void keep_first(size_t instances);
  [[nodiscard]] Result<ClusterSample, std::string> endpoints() const;
  [[nodiscard]] Done reload() const;
  /// Starts an instance again that has ended; nothing to do when it lives.
  [[nodiscard]] Done restart(const std::string& instance);
  [[nodiscard]] Done signal(const std::string& instance, int number) const;
  /// Sets the application's fault, or clears it where `json` is empty.
  [[nodiscard]] Done set_fault(const Instance& instance, const std::string& json) const;
  /// Begins to record the requests of the cluster app; `recording` is the file once that is over, read by
  /// sim/recording.h.
  [[nodiscard]] Done record(Duration length) const;
  [[nodiscard]] Result<std::string, std::string> recording() const;
  /// A few requests through Weir: an endpoint on probation after an ejection comes back by serving one.
  void knock() const;
  /// For a console, if there is one: failing is no failure. `kind`: "fault" or "recover".
  void mark(std::string_view kind, const std::string& label) const;

 private:
  [[nodiscard]] Done refresh();

  Stack stack_;
  size_t kept_ = SIZE_MAX;
};

}  // namespace weir::drill
