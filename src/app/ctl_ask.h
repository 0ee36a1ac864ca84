#pragma once
// How the verbs of weir ctl ask a running Weir over its admin interface, say what went wrong, and end: alike, whatever
// the verb. Thread rule: any; asking waits.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "app/admin_client.h"
#include "base/result.h"

namespace weir::app {

// Exit statuses besides 0 (docs/running.md).
/// Nobody answered, it was refused as things are, or what was waited for did not come.
inline constexpr int kFailed = 1;
/// The command line is wrong, it names what is not there, or its token is not accepted.
inline constexpr int kWrongUse = 2;

/// Says it as weir ctl does; returns the status.
int failed(int status, const std::string& text);

/// What the admin interface answered, as an exit status: 0 for 200.
int status_of(const AdminAnswer& answer);

class CtlAsk {
 public:
  explicit CtlAsk(AdminAccess admin) : admin_(std::move(admin)) {}

  /// The body of an answer with 200. The error is the exit status, of what has been told.
  [[nodiscard]] Result<std::string, int> operator()(bool changes, const std::string& target) const;
  /// An answer of any status.
  [[nodiscard]] Result<AdminAnswer, int> answer(bool changes, const std::string& target) const;
  /// Says why an answer is not what was asked for; returns the exit status. `before`: goes before the reason.
  [[nodiscard]] int refused(const AdminAnswer& answer, const std::string& before = "") const;
  /// Says that an answer makes no sense.
  [[nodiscard]] int puzzled(const std::string& text) const;

 private:
  AdminAccess admin_;
};

/// Members of JSON that another Weir wrote, which may be an older or a newer one: what is not there is empty.
std::string text_at(const nlohmann::json& object, const char* key);
int64_t number_at(const nlohmann::json& object, const char* key);

}  // namespace weir::app
