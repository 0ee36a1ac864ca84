#pragma once
// One request of the load on its way: when it was to start, when it was sent, on which connection, and how it ends. It
// tells its owner once. Pooled by the worker; thread rule: the worker's thread.

#include <cstdint>

#include "base/time.h"
#include "http/client_connection.h"
#include "load/failure.h"

namespace weir::load {

class Exchange final : public http::ResponseHandler {
 public:
  class Owner {
   public:
    virtual void on_answered(Exchange& exchange) = 0;
    virtual void on_failed(Exchange& exchange, Failure failure) = 0;

   protected:
    ~Owner() = default;
  };

  explicit Exchange(Owner& owner) : owner_(owner) {}

  Instant intended{};
  Instant sent{};
  uint32_t route = 0;
  uint16_t status = 0;
  uint64_t body_bytes = 0;
  http::ClientStream* stream = nullptr;
  http::ClientConnection* connection = nullptr;
  bool queued_for_connect = false;  ///< its connection was not there yet when it was sent
  Exchange* previous = nullptr;     ///< in the order of sending
  Exchange* next = nullptr;

 private:
  void on_informational(const http::ResponseHead&) override {}
  void on_response(http::ResponseHead& head, std::string_view, bool end) override {
    status = head.status;
    if (end) owner_.on_answered(*this);
  }
  void on_response_body(std::string_view piece) override { body_bytes += piece.size(); }
  void on_response_end(const http::Fields&) override { owner_.on_answered(*this); }
  void on_response_failed(const Error& error) override;
  void on_request_drained() override {}

  Owner& owner_;
};

}  // namespace weir::load
