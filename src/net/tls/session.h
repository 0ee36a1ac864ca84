#pragma once
// TLS of one connection, between a Stream and its socket: sealed bytes in, plain bytes out, and the other way round. It
// knows no socket. What is to be sent gathers in sealed(), so that a turn's records leave in one system call, and what
// was received is given as a view, so that nothing is copied but into the cipher.
//
// A connection that has said nothing yet costs next to nothing: OpenSSL's side is made when the first bytes come.
// Thread rule: one thread at a time.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/tls/failure.h"

struct ssl_st;

namespace weir::net::tls {

class ClientContext;
class Peer;
class ServerContext;

class Session {
 public:
  static std::unique_ptr<Session> accept(std::shared_ptr<const ServerContext> context);
  static std::unique_ptr<Session> connect(std::shared_ptr<Peer> peer);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Whether `first`, a connection's first byte, can only be that of a text protocol.
  static bool is_plain_text(char first) { return first >= 'A' && first <= 'Z'; }
  [[nodiscard]] bool begun() const { return ssl_ != nullptr; }

  /// What has been received; must stay where it is until handshake() and read() have used it up.
  void give(std::string_view sealed) { input_ = sealed; }
  [[nodiscard]] bool has_input() const { return !input_.empty(); }

  enum class Step : uint8_t { done, need_more, ended, failed };
  /// Goes on with the handshake: done, need_more or failed.
  Step handshake();
  /// Opens what was given into `room`, which holds that and kRecordBytes more. `ended`: the peer said close_notify.
  struct Opened {
    size_t size;
    Step step;
  };
  Opened read(std::span<char> room);
  /// How reading ended for good, or need_more while it has not.
  [[nodiscard]] Step end() const { return end_; }
  /// Seals `plain` behind what waits to be sent; false when TLS is broken.
  [[nodiscard]] bool seal(std::string_view plain);
  /// Says that nothing follows, once.
  void close_notify();

  /// The bytes to be sent; its owner may put another buffer in its place when it is empty.
  std::unique_ptr<std::string>& sealed() { return sealed_; }
  size_t& sent() { return sent_; }  ///< how much of its front has been sent
  [[nodiscard]] size_t unsent() const { return sealed_ ? sealed_->size() - sent_ : 0; }

  [[nodiscard]] Failure failure() const { return failure_; }
  void fail(Failure failure);

  // Once the handshake is done.
  [[nodiscard]] std::string_view version() const;      ///< "TLSv1.3"
  [[nodiscard]] std::string_view cipher() const;       ///< by its name in RFCs
  [[nodiscard]] std::string_view protocol() const;     ///< agreed on by ALPN; empty: none
  [[nodiscard]] std::string_view server_name() const;  ///< that the client asked for (SNI); empty: none
  [[nodiscard]] bool resumed() const;
  [[nodiscard]] bool is_v1_3() const;
  /// Of one that accepts: the client's certificate (net/tls/identity.h), if it showed one and that was verified.
  [[nodiscard]] std::string peer_certificate() const;

  [[nodiscard]] const std::shared_ptr<Peer>& peer() const { return peer_; }
  [[nodiscard]] ssl_st* get() const { return ssl_; }

  static constexpr size_t kRecordBytes = 17 * 1024;  ///< the largest record with its wrapping

 private:
  Session() = default;
  void begin();
  void name_peer();
  [[nodiscard]] bool is_short_of_input() const;
  friend struct SessionBio;

  ssl_st* ssl_ = nullptr;
  std::string_view input_;
  std::unique_ptr<std::string> sealed_;
  size_t sent_ = 0;
  Step end_ = Step::need_more;
  Failure failure_ = Failure::none;
  bool notified_ = false;
  std::shared_ptr<const ServerContext> context_;  ///< of one that accepts
  std::shared_ptr<Peer> peer_;                    ///< of one that connects
};

}  // namespace weir::net::tls
