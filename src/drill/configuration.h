#pragma once
// Weir's configuration file while a drill runs: each arm writes its own in place of the stack's, and the stack's comes
// back, byte for byte, at the end, whatever happened (the destructor sees to it). Thread rule: one thread.

#include <memory>
#include <string>
#include <vector>

#include "drill/drill.h"
#include "drill/stack.h"

namespace weir::drill {

class Configuration {
 public:
  /// Reads the file. The stack must outlive this.
  static Result<std::unique_ptr<Configuration>, std::string> open(const StackClient& stack);
  ~Configuration() { (void)restore(); }
  Configuration(const Configuration&) = delete;
  Configuration& operator=(const Configuration&) = delete;

  /// An arm's settings, with these endpoints, are in force when this has returned.
  Done apply(const Arm& arm, const std::vector<model::Address>& endpoints);
  /// Nothing to do when nothing was applied since.
  Done restore();

 private:
  explicit Configuration(const StackClient& stack) : stack_(stack) {}
  [[nodiscard]] Done write(const std::string& text) const;

  const StackClient& stack_;
  std::string original_;
  bool changed_ = false;
};

/// The text of an arm's configuration.
std::string configuration_text(const Stack& stack, const Arm& arm, const std::vector<model::Address>& endpoints);

/// 16 hexadecimal digits of an arm's configuration for a stack of so many instances, ports and paths left out: where it
/// is the same in two reports, the same was tried (FNV-1a, which is good enough to tell configurations apart).
std::string configuration_hash(const Arm& arm, size_t instances);

}  // namespace weir::drill
