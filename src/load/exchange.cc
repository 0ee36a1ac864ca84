#include "load/exchange.h"

namespace weir::load {
namespace {

Failure failure_of(const Error& error) {
  switch (error.code) {
    case Code::connect_refused:
    case Code::connect_timeout:
    case Code::connect_failed:
    case Code::out_of_fds:
    case Code::limit_reached: return Failure::connect;
    case Code::closed_early: return Failure::early_close;
    case Code::malformed:
    case Code::too_large:
    case Code::unsupported: return Failure::malformed;
    case Code::timeout: return Failure::timeout;
    default: return Failure::reset;
  }
}

}  // namespace

void Exchange::on_response_failed(const Error& error) { owner_.on_failed(*this, failure_of(error)); }

}  // namespace weir::load
