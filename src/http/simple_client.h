#pragma once
// One HTTP request and its whole answer, waited for: the counterpart of SimpleServer, for command lines and drills,
// where waiting is right.
//
//   auto answer = ask({.address = address, .post = true, .target = "/reload", .timeout = Duration::s(10)});
//
// An answer of any status is a success. Thread rule: any; a call has a loop and a connection of its own.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/address.h"
#include "proto/http/message.h"

namespace weir::http {

struct SimpleCall {
  net::SocketAddress address;
  proto::http::Method method = proto::http::Method::get;
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> fields{};
  std::string body{};
  Duration timeout = Duration::s(10);
};

struct SimpleAnswer {
  uint16_t status = 0;
  std::string body;
};

/// Errors: those of connecting and of the answer; timeout; too_large when the body has more than 64 MiB.
Result<SimpleAnswer> ask(const SimpleCall& call);

}  // namespace weir::http
