#pragma once
// Asks another Weir's admin interface one thing and waits for the answer: for the command line, where waiting is right.
// Thread rule: any; a call has a loop of its own.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "model/config.h"

namespace weir::app {

struct AdminAnswer {
  uint16_t status = 0;
  std::string body;
};

/// Where an admin interface is, and what it asks for.
struct AdminAccess {
  model::Address address;
  std::string token{};  ///< empty: none
};

/// `changes`: POST instead of GET. An answer of any status
/// is a success; an error is one sentence for people.
Result<AdminAnswer, std::string> ask_admin(const AdminAccess& admin, bool changes, const std::string& target,
                                           Duration timeout);

}  // namespace weir::app
