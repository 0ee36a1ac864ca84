#pragma once
// A client or an endpoint of HTTP/2 that says frames byte by byte as the test wants them, valid or not, and sorts what
// comes back by stream. Field lists are sent as literals, so nothing is hidden in HPACK's table; what is received is
// expanded with nghttp2's inflater. Tests only.

#include <nghttp2/nghttp2.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/test_server.h"

namespace weir::http::test {

using List = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string big_endian(uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

inline std::string frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string text = big_endian(payload.size(), 3);
  text += static_cast<char>(type);
  text += static_cast<char>(flags);
  return text.append(big_endian(stream, 4)).append(payload);
}

inline void append_hpack_text(std::string& out, std::string_view text) {
  size_t size = text.size();
  if (size < 127) {
    out += static_cast<char>(size);
  } else {
    out += '\x7f';
    for (size -= 127; size >= 128; size >>= 7) out += static_cast<char>(0x80 | (size & 0x7f));
    out += static_cast<char>(size);
  }
  out += text;
}

/// Literals without indexing (RFC 7541 section 6.2.2).
inline std::string hpack(const List& list) {
  std::string block;
  for (const auto& [name, value] : list) {
    block += '\0';
    append_hpack_text(block, name);
    append_hpack_text(block, value);
  }
  return block;
}

inline List fields_of(const std::string& target, const List& more = {}, const std::string& method = "GET") {
  List list = {{":method", method}, {":scheme", "http"}, {":authority", "a.test"}, {":path", target}};
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

inline constexpr uint8_t kEnd = NGHTTP2_FLAG_END_STREAM, kEndHeaders = NGHTTP2_FLAG_END_HEADERS;

/// The frames of one side of a connection, to say and to hear. `Self` is the side itself, so that calls can be chained.
template <class Self>
class Http2Frames {
 public:
  struct Stream {
    std::string status;
    std::string fields;  ///< "name=value ", trailers as well
    std::string body;
    std::vector<std::string> informational;
    bool ended = false;
    std::optional<uint32_t> reset;
  };
  using Until = std::function<void(const std::function<bool()>&)>;

  Http2Frames(const Http2Frames&) = delete;
  Http2Frames& operator=(const Http2Frames&) = delete;

  Self& say(std::string_view bytes) {
    peer_.say(bytes);
    return static_cast<Self&>(*this);
  }
  Self& head(uint32_t stream, const List& list, bool end = true) {
    return say(frame(NGHTTP2_HEADERS, static_cast<uint8_t>(kEndHeaders | (end ? kEnd : 0)), stream, hpack(list)));
  }
  Self& data(uint32_t stream, std::string_view bytes, bool end = false) {
    return say(frame(NGHTTP2_DATA, end ? kEnd : 0, stream, bytes));
  }
  Self& window(uint32_t stream, uint32_t more) {
    return say(frame(NGHTTP2_WINDOW_UPDATE, 0, stream, big_endian(more, 4)));
  }
  Self& rst(uint32_t stream, uint32_t code = NGHTTP2_CANCEL) {
    return say(frame(NGHTTP2_RST_STREAM, 0, stream, big_endian(code, 4)));
  }

  Self& goaway(uint32_t last, uint32_t code = NGHTTP2_NO_ERROR) {
    return say(frame(NGHTTP2_GOAWAY, 0, 0, big_endian(last, 4) + big_endian(code, 4)));
  }
  Self& settings(const std::vector<std::pair<uint16_t, uint32_t>>& list) {
    std::string payload;
    for (const auto& [id, value] : list) payload += big_endian(id, 2) + big_endian(value, 4);
    return say(frame(NGHTTP2_SETTINGS, 0, 0, payload));
  }

  /// What has come so far.
  Stream& stream(uint32_t id) {
    read();
    return streams_[id];
  }
  Stream& await(uint32_t id) {
    until_([&] { return stream(id).ended || stream(id).reset || gone(); });
    return streams_[id];
  }
  /// The error code of the latest GOAWAY.
  std::optional<uint32_t> goaway_code() {
    read();
    return goaways_.empty() ? std::nullopt : std::optional(goaways_.back().second);
  }
  /// Last stream and error code of each.
  const std::vector<std::pair<uint32_t, uint32_t>>& goaways() {
    read();
    return goaways_;
  }
  bool gone() {
    read();
    return peer_.gone();
  }
  uint64_t credit(uint32_t id) {
    read();
    return credit_[id];
  }
  uint32_t setting(uint16_t id) {
    read();
    return settings_[id];
  }
  int pongs() {
    read();
    return pongs_;
  }
  std::vector<std::string> pings;  ///< what the other side wants to have back
  bool answer_pings = true;
  /// The other side has answered everything that was said before.
  void settle() {
    const int before = pongs();
    say(frame(NGHTTP2_PING, 0, 0, "12345678"));
    until_([&] { return pongs() > before || gone(); });
  }
  Peer& peer() { return peer_; }

 protected:
  Http2Frames(Peer& peer, Until until, size_t preface) : peer_(peer), until_(std::move(until)), at_(preface) {
    EXPECT_EQ(nghttp2_hd_inflate_new(&inflater_), 0);
  }
  Http2Frames(std::unique_ptr<Peer> own, Until until) : Http2Frames(*own, std::move(until), 0) {
    own_ = std::move(own);
  }
  ~Http2Frames() { nghttp2_hd_inflate_del(inflater_); }

 private:
  void read() {
    const std::string& all = peer_.received;
    if (all.size() < at_) return;  // not even the preface
    while (all.size() - at_ >= 9) {
      const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(all[at_ + i])); };
      const size_t size = byte(0) << 16 | byte(1) << 8 | byte(2);
      if (all.size() - at_ - 9 < size) return;
      const uint32_t id = (byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8)) & 0x7fffffff;
      take(static_cast<uint8_t>(byte(3)), static_cast<uint8_t>(byte(4)), id, all.substr(at_ + 9, size));
      at_ += 9 + size;
    }
  }

  static uint32_t number(std::string_view payload, size_t at, size_t bytes) {
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<uint8_t>(payload.at(at + i));
    return value;
  }

  void take(uint8_t type, uint8_t flags, uint32_t id, const std::string& payload) {
    Stream& stream = streams_[id];
    switch (type) {
      case NGHTTP2_DATA: stream.body += payload; break;
      case NGHTTP2_HEADERS: take_fields(stream, payload); break;
      case NGHTTP2_RST_STREAM: stream.reset = number(payload, 0, 4); break;
      case NGHTTP2_SETTINGS:
        if ((flags & NGHTTP2_FLAG_ACK) == 0) say(frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, ""));
        for (size_t i = 0; i + 6 <= payload.size(); i += 6)
          settings_[static_cast<uint16_t>(number(payload, i, 2))] = number(payload, i + 2, 4);
        break;
      case NGHTTP2_PING: take_ping(flags, payload); break;
      case NGHTTP2_GOAWAY: goaways_.emplace_back(number(payload, 0, 4), number(payload, 4, 4)); break;
      case NGHTTP2_WINDOW_UPDATE: credit_[id] += number(payload, 0, 4); break;
      default: ADD_FAILURE() << "frame of type " << int{type};
    }
    const bool carries_end = type == NGHTTP2_DATA || type == NGHTTP2_HEADERS;
    if (carries_end && (flags & kEnd) != 0) stream.ended = true;
  }

  void take_ping(uint8_t flags, const std::string& payload) {
    if ((flags & NGHTTP2_FLAG_ACK) != 0) {
      ++pongs_;
    } else {
      pings.push_back(payload);
      if (answer_pings) say(frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, payload));
    }
  }

  void take_fields(Stream& stream, std::string_view block) {
    while (true) {
      nghttp2_nv field;
      int flags = 0;
      const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags,
                                                  reinterpret_cast<const uint8_t*>(block.data()), block.size(), 1);
      ASSERT_GE(used, 0);
      block.remove_prefix(static_cast<size_t>(used));
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        const std::string name(reinterpret_cast<char*>(field.name), field.namelen);
        const std::string value(reinterpret_cast<char*>(field.value), field.valuelen);
        if (name != ":status") {
          ((stream.fields += name) += '=') += value + ' ';
        } else if (value[0] == '1') {
          stream.informational.push_back(value);
        } else {
          stream.status = value;
        }
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
  }

  std::unique_ptr<Peer> own_;  ///< if it is
  Peer& peer_;
  Until until_;
  nghttp2_hd_inflater* inflater_ = nullptr;
  size_t at_;
  std::map<uint32_t, Stream> streams_;
  std::map<uint32_t, uint64_t> credit_;
  std::map<uint16_t, uint32_t> settings_;
  std::vector<std::pair<uint32_t, uint32_t>> goaways_;
  int pongs_ = 0;
};

/// A client.
class Http2Peer final : public Http2Frames<Http2Peer> {
 public:
  /// Connects and greets. `settings`: pairs of identifier and value.
  explicit Http2Peer(Server& server, const std::vector<std::pair<uint16_t, uint32_t>>& list = {})
      : Http2Frames(server.connect(), [&server](const std::function<bool()>& done) { server.until(done); }) {
    say(kPreface).settings(list);
  }
  Http2Peer& ask(uint32_t id, const List& list, bool end = true) { return head(id, list, end); }
};

/// An endpoint: what a scripted server has accepted.
class Http2Endpoint final : public Http2Frames<Http2Endpoint> {
 public:
  /// Greets; `list`: pairs of identifier and value.
  Http2Endpoint(RawServer& server, size_t index, const std::vector<std::pair<uint16_t, uint32_t>>& list = {})
      : Http2Frames(
            server.accepted(index), [&server](const std::function<bool()>& done) { server.until(done); },
            kPreface.size()) {
    settings(list);
  }
  /// Answers with a head, and a body if there is one.
  Http2Endpoint& answer(uint32_t id, const std::string& status, const std::string& body = {}, const List& more = {}) {
    List list = {{":status", status}};
    list.insert(list.end(), more.begin(), more.end());
    head(id, list, body.empty());
    return body.empty() ? *this : data(id, body, true);
  }
};

}  // namespace weir::http::test
