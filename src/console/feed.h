#pragma once
// Server-sent events (WHATWG HTML section 9.2) for the console: the history first, then a second each second. Nothing
// is queued per subscriber: each only remembers how far it has come in the shared history, and takes more when its
// connection has room. One that takes nothing for a while is dropped, and so is one that the history has overtaken.
//
//   hello     once: the token, and what the page must know of the format
//   tick      one per second, the past ones first
//   others    ("now", "marks", ...) have no past: the newest text is sent, once to each subscriber
//
// Thread rule: the loop's thread. Must outlive the server whose responses it fills.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "console/history.h"
#include "http/simple_server.h"

namespace weir::console {

/// "event: <name>\ndata: <json>\n\n"; `json` must be a single line.
std::string sse(std::string_view name, std::string_view json);

class Feed {
 public:
  enum class Topic : uint8_t { now, refusals, marks };
  static constexpr size_t kTopics = 3;
  static constexpr size_t kMostSubscribers = 16;
  /// Publications without any progress before a subscriber is given up.
  static constexpr uint32_t kPatience = 10;

  explicit Feed(std::string_view hello_json, History::Limits limits = {})
      : hello_(sse("hello", hello_json)), ticks_(limits) {}
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  /// Null when there are too many.
  std::shared_ptr<http::LiveBody> subscribe();
  [[nodiscard]] size_t subscribers() const { return subscribers_.size(); }

  /// What is told is sent by the next publish().
  void tell(Topic topic, std::string_view json);
  /// Ends a second: sends everybody what is new.
  void publish(std::string_view tick_json);
  /// Sends what was told without waiting for the second to end.
  void publish_told();
  /// Ends every subscription: who listens comes back by himself, and finds whoever serves then.
  void dismiss_all();

 private:
  class Subscriber;
  struct Latest {
    std::string text;
    uint64_t version = 0;
  };

  std::string hello_;
  History ticks_;
  std::array<Latest, kTopics> latest_;
  std::vector<Subscriber*> subscribers_;  ///< owned by the server, for as long as the client listens
};

}  // namespace weir::console
