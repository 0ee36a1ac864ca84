// Stream with TLS, both sides, on real loopback sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <ctime>
#include <optional>
#include <string>

#include "net/stream.h"
#include "net/test_rig.h"
#include "net/tls/client_context.h"
#include "net/tls/server_context.h"
#include "net/tls/test_certificates.h"

namespace weir::net {
namespace {

using testing::HasSubstr;
using tls::ClientCertificate;
using tls::ClientOptions;
using tls::Failure;
using tls::ServerOptions;
using tls::Session;

struct TlsRig {
  TlsRig() : server{.certificates = {files.issue("localhost")}} { client.ca = files.ca(); }
  void serve() {
    auto made = tls::ServerContext::create(server, ::time(nullptr));
    ASSERT_TRUE(made.has_value()) << made.error();
    rig.tls = *made;
  }
  std::shared_ptr<tls::Peer> peer(const std::string& name = "localhost") {
    auto made = tls::ClientContext::create(client);
    EXPECT_TRUE(made.has_value()) << made.error();
    return std::make_shared<tls::Peer>(*made, name);
  }
  std::unique_ptr<Peer> begin(std::shared_ptr<tls::Peer> with) {
    auto made = std::make_unique<Peer>(*rig.loop);
    EXPECT_TRUE(made->stream.connect(rig.acceptor->local_address(), std::move(with)).has_value());
    return made;
  }
  /// A connected pair, as Rig has it.
  std::unique_ptr<Peer> connect(std::shared_ptr<tls::Peer> with) {
    const size_t before = rig.accepted.size();
    auto made = begin(std::move(with));
    rig.until([&] { return made->connected && rig.accepted.size() > before && rig.accepted.back()->connected; });
    return made;
  }
  std::unique_ptr<Peer> connect() { return connect(peer()); }
  Peer& accepted() { return *rig.accepted.back(); }
  /// Both say something, so that tickets have arrived.
  void exchange(Peer& from) {
    from.stream.write("ping");
    rig.until([&] { return accepted().received == "ping"; });
    accepted().stream.write("pong");
    rig.until([&] { return from.received == "pong"; });
  }

  tls::TestCertificates files;
  ServerOptions server;
  ClientOptions client;
  Rig rig;
};

TEST(StreamTls, BytesGoBothWaysAndBothKnowWhatWasAgreed) {
  TlsRig t;
  t.server.protocols = {"h2", "http/1.1"};
  t.client.protocols = {"http/1.1", "h2"};
  t.serve();
  auto client = t.begin(t.peer());
  client->stream.write("hello ");
  client->stream.write("weir");
  EXPECT_TRUE(client->stream.connecting());
  t.rig.until([&] { return !t.rig.accepted.empty() && t.accepted().received == "hello weir"; });
  EXPECT_EQ(t.accepted().deliveries, 1) << "two writes of one turn are one record";
  t.accepted().stream.write("hello client");
  t.rig.until([&] { return client->received == "hello client"; });
  const Session* const session = t.accepted().stream.tls();
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(session->version(), "TLSv1.3");
  EXPECT_EQ(session->cipher(), "TLS_AES_128_GCM_SHA256") << "the client's order holds";
  EXPECT_EQ(session->protocol(), "h2") << "and of protocols the server's";
  EXPECT_EQ(session->server_name(), "localhost");
  EXPECT_FALSE(session->resumed());
  EXPECT_EQ(client->stream.tls()->protocol(), "h2");
  EXPECT_FALSE(client->stream.connecting());
}

TEST(StreamTls, LargeOutputIsCongestedThenDrainsInOrder) {
  TlsRig t;
  t.serve();
  auto client = t.connect();
  Peer& server = t.accepted();
  server.stream.pause();
  std::string sent;
  for (int i = 0; !client->stream.congested(); ++i) {
    // Of all sizes, so that pieces straddle records, the queue and what goes past it.
    const std::string piece(static_cast<size_t>(1 + i * 7001 % 70'000), static_cast<char>('a' + i % 26));
    sent += piece;
    client->stream.write(piece);
    t.rig.loop->run_turn(Duration{});
  }
  EXPECT_EQ(client->drains, 0);
  server.stream.resume();
  t.rig.until([&] { return server.received.size() == sent.size(); });
  EXPECT_EQ(server.received, sent);
  EXPECT_EQ(client->drains, 1);
  EXPECT_EQ(client->stream.pending(), 0u);
}

TEST(StreamTls, APausedHandlerGetsTheRestAndTheEndOnceItResumes) {
  TlsRig t;
  t.serve();
  auto client = t.connect();
  Peer& server = t.accepted();
  server.pause_after_data = true;
  server.appetite = 1;
  client->stream.write("xyz");
  client->stream.shutdown_write();
  t.rig.until([&] { return server.received == "x"; });
  t.rig.loop->run_turn(Duration::ms(20));
  EXPECT_EQ(server.ends, 0);
  server.appetite = SIZE_MAX;
  server.pause_after_data = false;
  server.stream.resume();
  t.rig.until([&] { return server.ends == 1; });
  EXPECT_EQ(server.received, "xyz");
  server.stream.write("reply");
  t.rig.until([&] { return client->received == "reply"; });
}

TEST(StreamTls, AnOrderlyCloseIsAnEnd) {
  TlsRig t;
  t.serve();
  auto client = t.connect();
  client->stream.write("last words");
  EXPECT_TRUE(client->stream.flush_now());
  client->stream.close();
  t.rig.until([&] { return t.accepted().ends == 1; });
  EXPECT_EQ(t.accepted().received, "last words");
  EXPECT_EQ(t.accepted().closed, Code::ok);
}

TEST(StreamTls, AFinWithoutCloseNotifyIsATruncation) {
  TlsRig t;
  t.serve();
  auto client = t.connect();
  client->stream.write("half a mess");
  EXPECT_TRUE(client->stream.flush_now());
  ::shutdown(client->stream.fd(), SHUT_WR);
  t.rig.until([&] { return t.accepted().closed != Code::ok; });
  EXPECT_EQ(t.accepted().received, "half a mess");
  EXPECT_EQ(t.accepted().closed, Code::closed_early);
  EXPECT_EQ(t.accepted().ends, 0);
}

TEST(StreamTls, OutputThatIsLostIsNotFollowedByCloseNotify) {
  TlsRig t;
  t.serve();
  auto client = t.connect();
  client->stream.write("never flushed");
  client->stream.close();
  t.rig.until([&] { return t.accepted().closed != Code::ok; });
  EXPECT_EQ(t.accepted().ends, 0);
}

TEST(StreamTls, PeersAreVerifiedUnlessTheyNeedNotBe) {
  TlsRig t;
  t.server.certificates = {t.files.issue("server", {.names = "DNS:localhost,DNS:*.example.org,IP:127.0.0.1"})};
  t.serve();
  tls::TestCertificates strangers;
  struct Row {
    const char* message;
    Failure expected;
    std::string name, ca;
    bool verify;
  };
  const Row rows[] = {
      {"its name", Failure::none, "localhost", t.files.ca(), true},
      {"a name its wildcard covers", Failure::none, "api.example.org", t.files.ca(), true},
      {"its address", Failure::none, "127.0.0.1", t.files.ca(), true},
      {"another name", Failure::name_mismatch, "elsewhere", t.files.ca(), true},
      {"two labels", Failure::name_mismatch, "a.b.example.org", t.files.ca(), true},
      {"another address", Failure::name_mismatch, "127.0.0.2", t.files.ca(), true},
      {"no name at all", Failure::name_mismatch, "", t.files.ca(), true},
      {"another authority", Failure::unknown_ca, "localhost", strangers.ca(), true},
      {"the system's authorities", Failure::unknown_ca, "localhost", "", true},
      {"no verification", Failure::none, "elsewhere", strangers.ca(), false},
  };
  for (const Row& row : rows) {
    t.client.ca = row.ca;
    t.client.verify = row.verify;
    auto client = t.begin(t.peer(row.name));
    t.rig.until([&] { return client->connected || client->closed != Code::ok; });
    EXPECT_EQ(client->stream.tls_failure(), row.expected) << row.message;
    EXPECT_EQ(client->connected, row.expected == Failure::none) << row.message;
    if (row.expected == Failure::none) continue;
    EXPECT_EQ(client->closed, Code::connect_failed) << row.message;
    EXPECT_STREQ(client->last_error.detail, tls::name_of(row.expected)) << row.message;
    EXPECT_EQ(client->last_error.retry, Retry::yes) << "nothing was sent: " << row.message;
    t.rig.until([&] { return t.accepted().closed != Code::ok; });
    EXPECT_EQ(t.accepted().stream.tls_failure(),
              row.expected == Failure::unknown_ca ? Failure::alert_unknown_ca : Failure::alert_bad_certificate)
        << row.message;
  }
}

TEST(StreamTls, AnExpiredCertificateIsRefused) {
  TlsRig t;
  t.server.certificates = {t.files.issue("old", {.seconds = -60})};
  t.serve();
  auto client = t.begin(t.peer());
  t.rig.until([&] { return client->closed != Code::ok; });
  EXPECT_EQ(client->stream.tls_failure(), Failure::certificate_expired);
}

TEST(StreamTls, TheNameAskedForChoosesTheCertificate) {
  TlsRig t;
  t.server.certificates = {t.files.issue("first", {.names = "DNS:first.test"}),
                           t.files.issue("second", {.names = "DNS:second.test,DNS:*.second.test", .rsa = true})};
  t.serve();
  for (const char* name : {"first.test", "second.test", "www.second.test"}) {
    auto client = t.begin(t.peer(name));
    t.rig.until([&] { return client->connected || client->closed != Code::ok; });
    EXPECT_TRUE(client->connected) << name;
  }
  auto other = t.begin(t.peer("other.test"));
  t.rig.until([&] { return other->closed != Code::ok; });
  EXPECT_EQ(other->stream.tls_failure(), Failure::name_mismatch) << "it was shown the first";
}

/// Both versions: they resume in different ways.
class StreamTlsVersion : public testing::TestWithParam<tls::Version> {
 protected:
  std::shared_ptr<tls::Peer> peer(TlsRig& t) {
    auto made = t.peer();
    if (GetParam() == tls::Version::v1_2) SSL_CTX_set_max_proto_version(made->context().get(), TLS1_2_VERSION);
    return made;
  }
};

TEST_P(StreamTlsVersion, SessionsAreResumedAsLongAsTheirKeyIsKept) {
  TlsRig t;
  t.server.ticket_keys = std::make_shared<tls::TicketKeys>();
  t.serve();
  const auto peer = this->peer(t);
  const auto resumes = [&] {
    auto client = t.connect(peer);
    t.exchange(*client);
    EXPECT_EQ(client->stream.tls()->resumed(), t.accepted().stream.tls()->resumed());
    const bool resumed = client->stream.tls()->resumed();
    client->stream.close();
    return resumed;
  };
  EXPECT_FALSE(resumes());
  EXPECT_TRUE(resumes());
  t.serve();  // as after a reload: another context with the same keys
  EXPECT_TRUE(resumes());
  t.server.ticket_keys->rotate();
  EXPECT_TRUE(resumes()) << "an old key is accepted";
  t.server.ticket_keys->rotate();
  t.server.ticket_keys->rotate();
  EXPECT_TRUE(resumes()) << "the ticket was renewed under the key before";
  for (size_t i = 0; i < tls::TicketKeys::kKept; ++i) t.server.ticket_keys->rotate();
  EXPECT_FALSE(resumes());
  t.server.scope = "another listener";
  t.serve();
  EXPECT_FALSE(resumes()) << "a session is resumed where it began";
}

TEST_P(StreamTlsVersion, WithoutTicketsNothingIsResumed) {
  TlsRig t;
  t.server.session_tickets = false;
  t.serve();
  const auto peer = this->peer(t);
  for (int i = 0; i < 2; ++i) {
    auto client = t.connect(peer);
    t.exchange(*client);
    EXPECT_FALSE(client->stream.tls()->resumed());
    client->stream.close();
  }
}

TEST_P(StreamTlsVersion, AClientMayHaveToShowACertificate) {
  TlsRig t;
  t.server.client_ca = t.files.ca();
  tls::TestCertificates strangers;
  struct Row {
    const char* message;
    Failure expected;
    ClientCertificate wanted;
    std::optional<tls::CertificateFiles> shown;
  };
  const Row rows[] = {
      {"required and shown", Failure::none, ClientCertificate::required, t.files.issue("client")},
      {"required and not shown", Failure::certificate_required, ClientCertificate::required, {}},
      {"required, by an unknown authority", Failure::unknown_ca, ClientCertificate::required,
       strangers.issue("client")},
      {"required, and expired", Failure::certificate_expired, ClientCertificate::required,
       t.files.issue("old", {.seconds = -60})},
      {"optional and not shown", Failure::none, ClientCertificate::optional, {}},
      {"optional, and wrong", Failure::unknown_ca, ClientCertificate::optional, strangers.issue("client")},
      {"not asked for", Failure::none, ClientCertificate::off, strangers.issue("client")},
  };
  for (const Row& row : rows) {
    t.server.client_certificate = row.wanted;
    t.serve();
    t.client.certificate = row.shown ? row.shown->certificate : "";
    t.client.key = row.shown ? row.shown->key : "";
    const size_t before = t.rig.accepted.size();
    auto client = t.begin(peer(t));
    t.rig.until(
        [&] { return t.rig.accepted.size() > before && (t.accepted().connected || t.accepted().closed != Code::ok); });
    EXPECT_EQ(t.accepted().stream.tls_failure(), row.expected) << row.message;
    EXPECT_EQ(t.accepted().connected, row.expected == Failure::none) << row.message;
    if (row.expected == Failure::none) continue;
    t.rig.until([&] { return client->closed != Code::ok; });  // it is told why, with TLS 1.3 after it was through
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, StreamTlsVersion, testing::Values(tls::Version::v1_2, tls::Version::v1_3),
                         [](const auto& each) { return each.param == tls::Version::v1_2 ? "v1_2" : "v1_3"; });

TEST(StreamTls, WhoHasNothingInCommonIsToldSo) {
  struct Row {
    const char* message;
    Failure expected;
    void (*limit)(SSL_CTX*);
  };
  const Row rows[] = {
      {"a version", Failure::protocol_version,
       [](SSL_CTX* context) { SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION); }},
      {"a cipher", Failure::no_shared_cipher,
       [](SSL_CTX* context) { SSL_CTX_set_ciphersuites(context, "TLS_AES_128_CCM_SHA256"); }},
      {"a group", Failure::no_shared_group, [](SSL_CTX* context) { SSL_CTX_set1_groups_list(context, "P-521"); }},
      {"a protocol", Failure::no_application_protocol,
       [](SSL_CTX* context) { SSL_CTX_set_alpn_protos(context, reinterpret_cast<const uint8_t*>("\3foo"), 4); }},
  };
  for (const Row& row : rows) {
    TlsRig t;
    t.server.min_version = tls::Version::v1_3;
    t.server.protocols = {"http/1.1"};
    t.serve();
    auto peer = t.peer();
    row.limit(peer->context().get());
    auto client = t.begin(peer);
    t.rig.until([&] { return client->closed != Code::ok && t.accepted().closed != Code::ok; });
    EXPECT_EQ(t.accepted().stream.tls_failure(), row.expected) << row.message;
    EXPECT_EQ(t.accepted().closed, Code::connect_failed) << row.message;
  }
}

TEST(StreamTls, WhatIsNoTlsIsNamed) {
  struct Row {
    const char* message;
    Failure expected;
    std::string bytes;
  };
  const Row rows[] = {
      {"HTTP", Failure::plain_text, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"one letter of it", Failure::plain_text, "P"},
      {"zeros", Failure::not_tls, std::string(64, '\0')},
      {"SSH", Failure::plain_text, "SSH-2.0-OpenSSH_9.2\r\n"},
      {"an alert", Failure::protocol_error, std::string("\x15\x03\x03\x00\x02\x02\x28", 7)},
      {"a record without end", Failure::protocol_error, std::string("\x16\x03\x01\xff\xff\x01", 6)},
  };
  for (const Row& row : rows) {
    TlsRig t;
    t.serve();
    auto client = t.rig.connect();
    client->stream.write(row.bytes);
    t.rig.until([&] { return t.accepted().closed != Code::ok; });
    EXPECT_EQ(t.accepted().stream.tls_failure(), row.expected) << row.message;
    EXPECT_FALSE(t.accepted().connected) << row.message;
  }
}

TEST(StreamTls, AClientThatGoesInTheMiddleIsNamed) {
  TlsRig t;
  t.serve();
  auto client = t.rig.connect();
  client->stream.write(std::string("\x16\x03\x01", 3));
  client->stream.shutdown_write();
  t.rig.until([&] { return t.accepted().closed != Code::ok; });
  EXPECT_EQ(t.accepted().stream.tls_failure(), Failure::closed);
  auto resetting = t.rig.connect();
  resetting->stream.abort();
  t.rig.until([&] { return t.accepted().closed != Code::ok; });
  EXPECT_EQ(t.accepted().stream.tls_failure(), Failure::closed);
}

TEST(StreamTls, AHandlerMayGoOnInPlainText) {
  TlsRig t;
  t.serve();
  t.rig.prepare = [](Peer& peer) { peer.takes_plain_text = true; };
  auto client = t.rig.connect();
  client->stream.write("GET / HTTP/1.1\r\n\r\n");
  t.rig.until([&] { return t.accepted().received == "GET / HTTP/1.1\r\n\r\n"; });
  EXPECT_EQ(t.accepted().stream.tls(), nullptr);
  t.accepted().stream.write("plainly");
  t.rig.until([&] { return client->received == "plainly"; });
}

TEST(StreamTls, ADetachedConnectionKeepsItsSession) {
  TlsRig t;
  t.serve();
  Peer heir(*t.rig.loop);
  // In the middle of the delivery that ends the handshake: what came behind it is not lost.
  t.rig.prepare = [&](Peer& peer) {
    peer.when_connected = [&] { EXPECT_TRUE(heir.stream.adopt(peer.stream.detach({})).has_value()); };
  };
  auto client = t.begin(t.peer());
  client->stream.write("for the heir");
  t.rig.until([&] { return heir.received == "for the heir"; });
  EXPECT_FALSE(t.accepted().stream.open());
  heir.stream.write("from the heir");
  t.rig.until([&] { return client->received == "from the heir"; });
  client->stream.close();
  t.rig.until([&] { return heir.ends == 1; });
}

TEST(StreamTls, AnEndThatWasReadIsHandedOverToo) {
  TlsRig t;
  t.serve();
  auto client = t.connect();
  Peer& server = t.accepted();
  server.pause_after_data = true;
  client->stream.write("all");
  client->stream.shutdown_write();
  t.rig.until([&] { return server.received == "all"; });
  Peer heir(*t.rig.loop);
  ASSERT_TRUE(heir.stream.adopt(server.stream.detach("l")).has_value());
  t.rig.until([&] { return heir.ends == 1; });
  EXPECT_EQ(heir.received, "l");
}

TEST(Session, TakesBytesHoweverTheyAreCut) {
  TlsRig t;
  t.serve();
  auto server = Session::accept(t.rig.tls);
  auto client = Session::connect(t.peer());
  EXPECT_FALSE(server->begun()) << "one that has heard nothing costs nothing";
  std::string heard, room(2 * Session::kRecordBytes, '\0');
  bool server_done = false, client_done = false;
  const auto carry = [&](Session& from, Session& to, bool& done) {
    if (from.unsent() == 0) return false;
    const std::string bytes = std::move(*from.sealed());
    from.sealed().reset();
    for (const char& byte : bytes) {
      to.give({&byte, 1});
      if (!done) done = to.handshake() == Session::Step::done;
      if (done) heard.append(room.data(), to.read(room).size);
    }
    return true;
  };
  EXPECT_EQ(client->handshake(), Session::Step::need_more);
  while (carry(*client, *server, server_done) || carry(*server, *client, client_done)) {
  }
  ASSERT_TRUE(server_done && client_done);
  EXPECT_TRUE(server->seal("cut into bytes"));
  server->close_notify();
  carry(*server, *client, client_done);
  EXPECT_EQ(heard, "cut into bytes");
  EXPECT_EQ(client->end(), Session::Step::ended);
}

TEST(Session, AGoodbyeInTheMiddleOfTheHandshakeIsADeparture) {
  TlsRig t;
  t.serve();
  auto server = Session::accept(t.rig.tls);
  auto client = Session::connect(t.peer());
  EXPECT_EQ(client->handshake(), Session::Step::need_more);
  server->give(*client->sealed());
  EXPECT_EQ(server->handshake(), Session::Step::need_more);
  const std::string goodbye("\x15\x03\x03\x00\x02\x01\x00", 7);
  server->give(goodbye);
  EXPECT_EQ(server->handshake(), Session::Step::failed);
  EXPECT_EQ(server->failure(), Failure::closed);
}

TEST(Session, AForgedRecordEndsItAndSaysSo) {
  TlsRig t;
  t.serve();
  auto client = t.connect();
  const std::string forged = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x');
  ASSERT_EQ(::send(client->stream.fd(), forged.data(), forged.size(), 0), static_cast<ssize_t>(forged.size()));
  t.rig.until([&] { return t.accepted().closed != Code::ok && client->closed != Code::ok; });
  EXPECT_EQ(t.accepted().closed, Code::malformed);
  EXPECT_EQ(t.accepted().ends, 0);
}

}  // namespace
}  // namespace weir::net
