#pragma once
// A client of HTTP/2 that says frames byte by byte as the test wants them, valid or not, and sorts what comes back by
// stream. Field lists are sent as literals, so nothing is hidden in HPACK's table; what is received is expanded with
// nghttp2's inflater. Tests only.

#include <nghttp2/nghttp2.h>

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

class Http2Peer {
 public:
  struct Stream {
    std::string status;
    std::string fields;  ///< "name=value ", trailers as well
    std::string body;
    std::vector<std::string> informational;
    bool ended = false;
    std::optional<uint32_t> reset;
  };

  /// Connects and greets. `settings`: pairs of identifier and value.
  explicit Http2Peer(Server& server, const std::vector<std::pair<uint16_t, uint32_t>>& settings = {})
      : server_(server), peer_(server.connect()) {
    EXPECT_EQ(nghttp2_hd_inflate_new(&inflater_), 0);
    std::string payload;
    for (const auto& [id, value] : settings) payload += big_endian(id, 2) + big_endian(value, 4);
    peer_->say(std::string(kPreface) + frame(NGHTTP2_SETTINGS, 0, 0, payload));
  }
  ~Http2Peer() { nghttp2_hd_inflate_del(inflater_); }
  Http2Peer(const Http2Peer&) = delete;
  Http2Peer& operator=(const Http2Peer&) = delete;

  Http2Peer& say(std::string_view bytes) {
    peer_->say(bytes);
    return *this;
  }
  Http2Peer& ask(uint32_t stream, const List& list, bool end = true) {
    return say(frame(NGHTTP2_HEADERS, static_cast<uint8_t>(kEndHeaders | (end ? kEnd : 0)), stream, hpack(list)));
  }
  Http2Peer& data(uint32_t stream, std::string_view bytes, bool end = false) {
    return say(frame(NGHTTP2_DATA, end ? kEnd : 0, stream, bytes));
  }
  Http2Peer& window(uint32_t stream, uint32_t more) {
    return say(frame(NGHTTP2_WINDOW_UPDATE, 0, stream, big_endian(more, 4)));
  }
  Http2Peer& rst(uint32_t stream, uint32_t code = NGHTTP2_CANCEL) {
    return say(frame(NGHTTP2_RST_STREAM, 0, stream, big_endian(code, 4)));
  }

  /// What has come so far.
  Stream& stream(uint32_t id) {
    read();
    return streams_[id];
  }
  Stream& await(uint32_t id) {
    server_.until([&] { return stream(id).ended || stream(id).reset || gone(); });
    return streams_[id];
  }
  /// The error code of the latest GOAWAY.
  std::optional<uint32_t> goaway() {
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
    return peer_->gone();
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
  /// The server has answered everything that was said before.
  void settle() {
    const int before = pongs();
    say(frame(NGHTTP2_PING, 0, 0, "12345678"));
    server_.until([&] { return pongs() > before || gone(); });
  }
  Peer& peer() { return *peer_; }

 private:
  void read() {
    const std::string& all = peer_->received;
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
      case NGHTTP2_PING: pongs_ += flags & NGHTTP2_FLAG_ACK ? 1 : 0; break;
      case NGHTTP2_GOAWAY: goaways_.emplace_back(number(payload, 0, 4), number(payload, 4, 4)); break;
      case NGHTTP2_WINDOW_UPDATE: credit_[id] += number(payload, 0, 4); break;
      default: ADD_FAILURE() << "frame of type " << int{type};
    }
    const bool carries_end = type == NGHTTP2_DATA || type == NGHTTP2_HEADERS;
    if (carries_end && (flags & kEnd) != 0) stream.ended = true;
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

  Server& server_;
  std::unique_ptr<Peer> peer_;
  nghttp2_hd_inflater* inflater_ = nullptr;
  size_t at_ = 0;
  std::map<uint32_t, Stream> streams_;
  std::map<uint32_t, uint64_t> credit_;
  std::map<uint16_t, uint32_t> settings_;
  std::vector<std::pair<uint32_t, uint32_t>> goaways_;
  int pongs_ = 0;
};

}  // namespace weir::http::test
