#include "l7/core/request_hash.h"

#include <xxhash.h>

#include "proto/http/cookie.h"

namespace weir::l7::core {

uint64_t hash_wanted(const model::ClusterConfig& cluster, const proto::http::RequestHead& head,
                     std::string_view client) {
  std::string_view key;
  switch (cluster.hash_on) {
    case model::HashOn::client_ip: key = client; break;
    case model::HashOn::path: key = head.path(); break;
    case model::HashOn::header:
      if (const proto::http::Field* field = head.find(cluster.hash_name)) key = field->value;
      break;
    case model::HashOn::cookie: key = proto::http::find_cookie(head.fields, cluster.hash_name).value_or(""); break;
  }
  return XXH3_64bits(key.data(), key.size());
}

}  // namespace weir::l7::core
