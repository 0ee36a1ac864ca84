#include "console/feed.h"

#include <utility>

#include "base/check.h"

namespace weir::console {

namespace {

std::string_view name_of(Feed::Topic topic) {
  switch (topic) {
    case Feed::Topic::now: return "now";
    case Feed::Topic::refusals: return "refusals";
    case Feed::Topic::marks: return "marks";
  }
  UNREACHABLE();
}

}  // namespace

std::string sse(std::string_view name, std::string_view json) {
  std::string text;
  text.reserve(name.size() + json.size() + 17);
  return text.append("event: ").append(name).append("\ndata: ").append(json).append("\n\n");
}

class Feed::Subscriber final : public http::LiveBody, public std::enable_shared_from_this<Subscriber> {
 public:
  explicit Subscriber(Feed& feed) : feed_(feed), next_(feed.ticks_.first()) { feed.subscribers_.push_back(this); }
  ~Subscriber() override { std::erase(feed_.subscribers_, this); }
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  void on_open(http::LiveStream& stream) override {
    stream_ = &stream;
    stream.send(feed_.hello_);
    pump();
  }
  void on_drained() override { pump(); }
  void on_gone() override { stream_ = nullptr; }
  void dismiss() {
    const auto self = shared_from_this();
    if (http::LiveStream* stream = std::exchange(stream_, nullptr)) stream->drop();
  }

  /// At a publication: more, or the end of our patience.
  void advance() {
    const auto self = shared_from_this();
    if (stream_ == nullptr) return;
    const bool overtaken = next_ < feed_.ticks_.first();
    if (!overtaken) pump();
    if (stream_ == nullptr) return;
    stalled_ = sent_something_ ? 0 : stalled_ + 1;
    sent_something_ = false;
    if (overtaken || stalled_ >= kPatience) std::exchange(stream_, nullptr)->drop();
  }

 private:
  /// Sending may tell us that the connection has drained, or is gone: the one is ignored, the other looked for.
  void pump() {
    if (pumping_) return;
    const auto self = shared_from_this();
    pumping_ = true;
    while (ready() && next_ >= feed_.ticks_.first() && next_ < feed_.ticks_.end()) send(feed_.ticks_.at(next_++));
    for (size_t i = 0; i < kTopics; ++i) {
      const Latest& latest = feed_.latest_[i];
      if (!ready() || sent_[i] == latest.version) continue;
      sent_[i] = latest.version;
      send(latest.text);
    }
    pumping_ = false;
  }
  [[nodiscard]] bool ready() const { return stream_ != nullptr && !stream_->congested(); }
  void send(const std::string& text) {
    sent_something_ = true;
    stream_->send(text);
  }

  Feed& feed_;
  http::LiveStream* stream_ = nullptr;
  uint64_t next_;
  std::array<uint64_t, kTopics> sent_{};
  uint32_t stalled_ = 0;
  bool sent_something_ = false;
  bool pumping_ = false;
};

std::shared_ptr<http::LiveBody> Feed::subscribe() {
  if (subscribers_.size() >= kMostSubscribers) return nullptr;
  return std::make_shared<Subscriber>(*this);
}

void Feed::tell(Topic topic, std::string_view json) {
  Latest& latest = latest_[static_cast<size_t>(topic)];
  ++latest.version;
  latest.text = sse(name_of(topic), json);
}

void Feed::publish(std::string_view tick_json) {
  ticks_.push(sse("tick", tick_json));
  // A copy: who is dropped leaves the list.
  for (Subscriber* each : std::vector(subscribers_)) each->advance();
}

void Feed::dismiss_all() {
  for (Subscriber* each : std::vector(subscribers_)) each->dismiss();
}

void Feed::publish_told() {
  for (Subscriber* each : std::vector(subscribers_)) each->on_drained();
}

}  // namespace weir::console
