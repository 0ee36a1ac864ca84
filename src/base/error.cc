#include "base/error.h"

#include "base/check.h"

namespace weir {

namespace {
struct Row {
  std::string_view name;
  std::string_view text;
};

Row row_of(Code code) {
  switch (code) {
    case Code::ok: return {"ok", "no error"};
    case Code::connect_refused: return {"connect_refused", "the endpoint refused the connection"};
    case Code::connect_timeout: return {"connect_timeout", "the endpoint did not accept the connection in time"};
    case Code::connect_failed: return {"connect_failed", "the connection could not be opened"};
    case Code::reset: return {"reset", "the peer reset the connection"};
    case Code::closed_early: return {"closed_early", "the peer closed before its message was complete"};
    case Code::io_failed: return {"io_failed", "reading or writing the socket failed"};
    case Code::address_in_use: return {"address_in_use", "another process listens on that address"};
    case Code::malformed: return {"malformed", "the message breaks the protocol"};
    case Code::too_large: return {"too_large", "the message is larger than its limit"};
    case Code::unsupported: return {"unsupported", "the message asks for what is not supported"};
    case Code::timeout: return {"timeout", "the deadline passed"};
    case Code::limit_reached: return {"limit_reached", "a limit is reached"};
    case Code::no_endpoint: return {"no_endpoint", "the cluster has no endpoint to choose"};
    case Code::cancelled: return {"cancelled", "the asker went away"};
    case Code::draining: return {"draining", "the process is draining"};
    case Code::invalid_argument: return {"invalid_argument", "an argument is not valid"};
    case Code::not_found: return {"not_found", "no such thing"};
    case Code::permission: return {"permission", "the operating system denied it"};
    case Code::out_of_fds: return {"out_of_fds", "the table of file descriptors is full"};
  }
  UNREACHABLE();
}
}  // namespace

std::string_view name_of(Code code) { return row_of(code).name; }
std::string_view text_of(Code code) { return row_of(code).text; }

std::string_view name_of(Origin origin) {
  switch (origin) {
    case Origin::internal: return "internal";
    case Origin::downstream: return "downstream";
    case Origin::upstream: return "upstream";
  }
  UNREACHABLE();
}

}  // namespace weir
