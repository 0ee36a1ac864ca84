// What a response says about its endpoint: to the balancer's load, to outlier detection, to the counters. A gRPC call
// is judged by its grpc-status, which comes at the very end.
#include <utility>

#include "balance/ewma.h"
#include "l7/core/grpc.h"
#include "l7/core/outcome.h"
#include "l7/exchange.h"
#include "l7/worker.h"

namespace weir::l7 {

using balance::Outcome;

void Exchange::judge(const http::ResponseHead& head) {
  const Duration latency = answered_ - attempt_started_;
  cluster_->latency(endpoint_).record(static_cast<uint64_t>(latency.us()));
  Outcome outcome = core::outcome_of(head.status);
  if (head.status == 200 && core::is_grpc(head)) {
    const auto status = core::grpc_status(head.fields);
    verdict_pending_ = !status.has_value();
    if (status) outcome = judge_grpc(*status);
  }
  auto& load = cluster_->endpoint(endpoint_).member.load;
  if (outcome == Outcome::gateway_failure) {
    balance::record_failure_penalty(load, answered_);
  } else {
    balance::record_latency(load, latency, answered_);
  }
  if (!verdict_pending_) cluster_->cluster().record(endpoint_, outcome, latency, answered_);
}

/// A call whose trailers lack the status has not ended as gRPC wants; the specification makes that UNKNOWN.
void Exchange::judge_end(const http::Fields& trailers) {
  if (!std::exchange(verdict_pending_, false)) return;
  const Outcome outcome = judge_grpc(core::grpc_status(trailers).value_or(2));
  if (outcome == Outcome::gateway_failure) {
    balance::record_failure_penalty(cluster_->endpoint(endpoint_).member.load, now());
  }
  cluster_->cluster().record(endpoint_, outcome, answered_ - attempt_started_, now());
}

Outcome Exchange::judge_grpc(uint8_t status) {
  worker_.metrics().grpc_statuses[status].add();
  const Outcome outcome = core::outcome_of_grpc(status);
  if (outcome != Outcome::success) {
    trail_.note_failed();
    count_failure();
  }
  return outcome;
}

}  // namespace weir::l7
