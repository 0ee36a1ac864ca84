#pragma once
// `weir show`: every effective value and where it came from, as YAML that reads back as the same configuration.
//
//   timeout: 2s          # weir.yaml:14
//   drain_timeout: 30s   # default: twice the default route timeout, and the time Kubernetes grants a pod
//
// Pure function, any thread.

#include <string>

#include "model/config_reader.h"

namespace weir::model {

std::string show(const Loaded& loaded);

}  // namespace weir::model
