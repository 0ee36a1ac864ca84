#pragma once
// Where endpoints come from: a name, a service, or a file. A source knows what it found last, keeps it when it fails,
// and says when that changes. How an outcome is judged is the same for all of them and stands here; how it comes about
// is name_source.h, service_source.h and file_source.h.
//
// Thread rule: the control loop's thread.

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/time.h"
#include "discovery/answer.h"
#include "model/config.h"

namespace weir::discovery {

/// What the admin interface shows of a source.
struct SourceStatus {
  std::string name;                            ///< "app.internal", "_http._tcp.app.internal" or the path of a file
  std::string_view kind;                       ///< "dns", "srv" or "file"
  bool asked = false;                          ///< there was an outcome, of whatever kind
  bool stale = false;                          ///< the last outcome was none to use: what is in force is older
  std::string problem{};                       ///< of the last outcome, for people; may stand beside one that was found
  Instant found_at{};                          ///< of the last outcome that was found
  Instant next{};                              ///< when it is looked at again
  size_t endpoints = 0;                        ///< found last, and in force
  std::array<uint64_t, kOutcomes> outcomes{};  ///< by Outcome
  uint64_t changes = 0;
};

class Source {
 public:
  virtual ~Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  /// What was found, as endpoints of an entry of the configuration that names this source.
  [[nodiscard]] virtual std::vector<model::EndpointConfig> endpoints(const model::EndpointConfig& entry) const = 0;
  [[nodiscard]] const SourceStatus& status() const { return status_; }

 protected:
  /// `changed` is called whenever endpoints() would answer otherwise, and must not destroy the source.
  Source(std::string_view kind, std::string name, const model::ResolveConfig& config,
         std::function<void(const Source&)> changed);

  [[nodiscard]] const model::ResolveConfig& config() const { return config_; }
  /// May an outcome be put in force? A failure never, an empty one when the configuration says so.
  [[nodiscard]] bool accepts(Outcome outcome) const {
    return outcome == Outcome::found || (outcome == Outcome::empty && !config_.keep_on_empty);
  }
  /// Books an outcome; `changed`: what was found differs from before. `count`: endpoints there are now.
  void conclude(Outcome outcome, const std::string& problem, bool changed, size_t count, Instant now);
  void next_at(Instant when) { status_.next = when; }

 private:
  void say(Outcome outcome, const std::string& problem);

  model::ResolveConfig config_;
  std::function<void(const Source&)> changed_;
  SourceStatus status_;
};

}  // namespace weir::discovery
