#pragma once
// Puts the faults of a drill into a stack and takes them back. What was done is remembered, so that `roll_back` undoes
// it whatever happened in between; it may be called any number of times. Faults of kind `use` and `rate` are not done
// here: they are the configuration's and the load's.
//
// Thread rule: one thread (it waits for answers); proxies and slow clients have a thread of their own.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "drill/drill.h"
#include "drill/proxy_host.h"
#include "drill/slow_clients.h"
#include "drill/stack.h"

namespace weir::drill {

class Injector {
 public:
  /// Puts fault proxies before the instances where the drill needs them. The stack must outlive it.
  static Result<std::unique_ptr<Injector>, std::string> create(StackClient& stack, const Drill& drill, uint64_t seed);
  ~Injector() { roll_back(); }
  Injector(const Injector&) = delete;
  Injector& operator=(const Injector&) = delete;

  /// Where Weir finds an instance: itself, or the proxy before it.
  [[nodiscard]] const model::Address& address_of(size_t instance) const { return addresses_[instance]; }
  /// Where the load goes in this arm, and slow clients with it.
  void aim_at(const model::Address& target) { target_ = target; }
  /// "kill app-3", for previews and marks.
  [[nodiscard]] std::string describe(const FaultSpec& fault) const;
  /// Names of the instances that a fault touches.
  [[nodiscard]] std::vector<size_t> victims_of(const FaultSpec& fault) const;

  Done begin(const FaultSpec& fault);
  Done end(const FaultSpec& fault);
  /// Undoes everything; what could not be undone, as sentences.
  std::vector<std::string> roll_back();

 private:
  Injector(StackClient& stack, const Drill& drill) : stack_(stack), drill_(drill) {}
  Done begin_at(const FaultSpec& fault, size_t instance);
  Done end_at(const FaultSpec& fault, size_t instance);
  void end_slow_clients();

  StackClient& stack_;
  const Drill& drill_;
  std::vector<model::Address> addresses_;
  model::Address target_;
  std::unique_ptr<ProxyHost> host_;
  std::unique_ptr<SlowClients> slow_clients_;  ///< of the host's thread
  std::set<size_t> killed_, stopped_, application_, network_;
};

}  // namespace weir::drill
