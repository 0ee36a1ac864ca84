// What a recording remembers of an exchange, and what the console is told of a refusal.
#include <xxhash.h>

#include "l7/exchange.h"
#include "l7/worker.h"

namespace weir::l7 {

/// Requests without a cluster are nobody's load. An attempt older than the request is that of a former request: this
/// one was refused before its first.
void Exchange::record() {
  if (cluster_ == nullptr) return;
  const std::string_view path = head_.path();
  Record record{.arrived = started_,
                .latency = now() - started_,
                .path_hash = XXH3_64bits(path.data(), path.size()),
                .bytes_in = bytes_in_,
                .bytes_out = bytes_out_,
                .tries = core_.tries(),
                .status = status_,
                .idempotent = proto::http::is_idempotent(head_.method)};
  if (attempt_started_ >= started_) {
    record.attempt = attempt_started_ - started_;
    record.endpoint = endpoint_;
    if (response_started_) record.first_byte = answered_ - started_;
  }
  worker_.recorder().add(record, cluster_->config().name, snapshot_->shared);
}

void Exchange::note_refusal(std::string_view tried) {
  const Instant time = now();
  worker_.refusals().note({.at = time,
                           .waited = time - started_,
                           .status = status_,
                           .rule = core::name_of(refusal_.rule),
                           .limit = refusal_.limit,
                           .value = refusal_.value,
                           .listener = listener_->config->name,
                           .cluster = cluster_ == nullptr ? std::string_view() : cluster_->config().name,
                           .method = head_.method_text,
                           .host = head_.authority,
                           .target = head_.target,
                           .tried = tried,
                           .request_id = forwarding_.request_id()});
}

}  // namespace weir::l7
