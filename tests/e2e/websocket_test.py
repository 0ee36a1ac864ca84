"""What an upgrade opens: bytes both ways for as long as either side wants, counted as load, and a polite end."""

import signal
import socket
import struct
import threading
import unittest

from harness.case import Case
from harness.upstream import CLOSE, KEEP, answer, ok, says
from harness.waiting import PATIENCE
from harness.websocket import BINARY, CLOSING, PING, PONG, TEXT, WebSocket, accepted, echoing, frame, read_frame
from harness.wire import request

GOING_AWAY = struct.pack("!H", 1001)


def either(wire, message, server):
    """A WebSocket for whoever asks for one, an answer for everybody else."""
    return (echoing if message.get("upgrade") else ok)(wire, message, server)


def connects(wire, message, server):
    """Agrees to a CONNECT and echoes whatever comes."""
    server.connects = getattr(server, "connects", []) + [message.target]
    wire.sock.sendall(b"HTTP/1.1 200 Connected\r\n\r\nhello")
    while data := wire.sock.recv(65536):
        wire.sock.sendall(data.upper())
    wire.sock.sendall(b"bye")
    return CLOSE


class WebSockets(Case):
    def open(self, *fields, **options):
        return WebSocket(self.client(), "/live", *fields, **options)

    def test_frames_go_both_ways(self):
        a = self.upstream("a", echoing)
        proxy = self.weir(self.config([a]))
        live = self.open()
        self.assertEqual((101, "websocket", "upgrade"),
                         (live.head.status, live.head.get("upgrade"), live.head.get("connection")), live.head)
        self.assertIsNone(live.head.get("content-length"))
        self.assertIsNone(live.head.get("transfer-encoding"))
        self.assertEqual((TEXT, b"a"), live.receive())
        for size in (0, 1, 125, 126, 65535, 65536, 3_000_000):
            self.assertTrue(live.echo(bytes([size % 251]) * size), size)
        live.send(PING, b"?")
        self.assertEqual((PONG, b"?"), live.receive())
        self.assertEqual(1, proxy.metric("weir_tunnels"))
        self.assertEqual(1, proxy.endpoint(a)["in_flight"], "load for as long as it lives")
        live.send(CLOSING, struct.pack("!H", 1000))
        self.assertEqual((CLOSING, struct.pack("!H", 1000)), live.receive())
        self.assertEqual(b"", live.wire.to_end())
        self.eventually(lambda: proxy.metric("weir_tunnels") == 0, "it is over")
        self.assertEqual(0, proxy.endpoint(a)["in_flight"])
        self.eventually(lambda: '"tunnel":"websocket"' in self.log_path.read_text(), "logged when it ends")

    def test_what_an_eager_client_sends_with_its_request_arrives(self):
        self.weir(self.config([self.upstream("a", echoing)]))
        live = self.open(early=frame(TEXT, b"already", masked=True))
        self.assertEqual((TEXT, b"a"), live.receive())
        self.assertEqual((TEXT, b"already"), live.receive())

    def test_a_refusal_is_passed_on_and_the_connection_stays(self):
        a = self.upstream("a", ok)
        self.weir(self.config([a]))
        client = self.client()
        refused = WebSocket(client)
        self.assertEqual(200, refused.head.status)
        client.exactly(int(refused.head.get("content-length")))
        self.assertEqual(200, client.ask().status)
        self.assertEqual(1, a.accepted, "and the connection to the endpoint stays too")

    def test_only_what_the_route_allows_is_upgraded(self):
        a = self.upstream("a", either)
        self.weir(self.config([a], route={"upgrade": {"websocket": "off"}}))
        self.assertEqual(200, WebSocket(self.client()).head.status)
        self.assertIsNone(a.requests[-1].get("upgrade"))

    def test_h2c_is_never_passed_on(self):
        a = self.upstream("a", ok)
        self.weir(self.config([a]))
        answered = self.ask("GET", "/", ("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"),
                            ("HTTP2-Settings", "AAMAAABkAAQAAP__"))
        self.assert_status(200, answered)
        self.assertIsNone(a.requests[-1].get("upgrade"))
        self.assertIsNone(a.requests[-1].get("http2-settings"))

    def test_an_endpoint_that_switches_unasked_or_to_another_protocol_is_broken(self):
        for what, protocol, asked in (("unasked", b"websocket", False), ("another protocol", b"h2c", True)):
            with self.subTest(what):
                self.port = self.client_port = self._fresh_port()
                a = self.upstream("a", says(b"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: " + protocol + b"\r\n\r\n"))
                self.weir(self.config([a], route={"retry": "off"}))
                status = WebSocket(self.client()).head.status if asked else self.ask().status
                self.assertEqual(502, status)

    def _fresh_port(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            return taken.getsockname()[1]

    def test_balanced_by_what_lives(self):
        a, b = self.upstream("a", either), self.upstream("b", either)
        self.weir(self.config([a, b], cluster={"policy": "least_request"}, workers=1))
        lives = [self.open() for _ in range(10)]
        names = sorted(live.receive()[1] for live in lives)
        self.assertEqual([b"a"] * 5 + [b"b"] * 5, names)

    def test_a_slow_reader_holds_up_the_sender_not_the_memory(self):
        flood = 64 * 1024 * 1024

        def floods(wire, message, server):
            wire.sock.sendall(accepted(message) + frame(BINARY, bytes(flood)))
            return CLOSE

        proxy = self.weir(self.config([self.upstream("a", floods)]))
        before = proxy.rss_kib(peak=True)
        live = self.open()
        self.eventually(lambda: proxy.metric("weir_sent_bytes_total") == 0, "the client has read nothing")
        opcode, payload = live.receive()
        self.assertEqual((BINARY, flood), (opcode, len(payload)))
        self.assert_memory(proxy.rss_kib(peak=True) - before, 8 * 1024, "64 MiB through")

    def test_nor_does_an_endpoint_that_reads_late_lose_anything(self):
        late = threading.Event()

        def reads_late(wire, message, server):
            wire.sock.sendall(accepted(message))
            late.wait(PATIENCE)
            size = len(read_frame(wire)[1])
            wire.sock.sendall(frame(TEXT, str(size).encode()))
            return CLOSE

        proxy = self.weir(self.config([self.upstream("a", reads_late)]))
        before = proxy.rss_kib(peak=True)
        live = self.open()
        sender = threading.Thread(target=live.send, args=(BINARY, bytes(32 * 1024 * 1024)))
        sender.start()
        sender.join(0.5)
        self.assertTrue(sender.is_alive(), "what the sockets hold is under way, and no more")
        late.set()
        sender.join(PATIENCE)
        self.assertEqual((TEXT, str(32 * 1024 * 1024).encode()), live.receive())
        self.assert_memory(proxy.rss_kib(peak=True) - before, 8 * 1024, "32 MiB through")

    def test_a_client_that_leaves_is_told_on(self):
        a = self.upstream("a", echoing)
        proxy = self.weir(self.config([a]))
        live = self.open()
        self.assertEqual((TEXT, b"a"), live.receive())
        live.wire.reset()
        self.eventually(lambda: proxy.metric("weir_tunnels") == 0, "noticed")
        self.eventually(lambda: a.open == 0, "the endpoint's side is closed too")

    def test_an_endpoint_that_dies_is_seen_by_the_client(self):
        a = self.process("a")
        b = self.upstream("b", echoing)
        self.weir(self.config([b]))
        live = self.open()
        self.assertEqual((TEXT, b"b"), live.receive())
        b.stop()
        live.wire.to_end()
        a.stop()

    def test_idle_for_long_is_told_goodbye(self):
        a = self.upstream("a", echoing)
        self.weir(self.config([a], route={"upgrade": {"idle_timeout": "300ms"}}))
        live = self.open()
        self.assertEqual((TEXT, b"a"), live.receive())
        self.assertEqual((CLOSING, GOING_AWAY), live.receive())
        live.send(CLOSING, GOING_AWAY)
        self.assertEqual(b"", live.wire.to_end())
        self.assertFalse(live.wire.was_reset)
        self.eventually(lambda: getattr(a, "farewells", None) == [GOING_AWAY], "so is the endpoint")

    def test_shutdown_is_polite(self):
        a = self.upstream("a", echoing)
        proxy = self.weir(self.config([a], route={"upgrade": {"drain_timeout": "200ms"}}, drain_timeout="60s"))
        lives = [self.open() for _ in range(5)]
        for live in lives:
            self.assertEqual((TEXT, b"a"), live.receive())
        proxy.signal(signal.SIGTERM)
        for live in lives:
            self.assertEqual((CLOSING, GOING_AWAY), live.receive())
            live.send(CLOSING, GOING_AWAY)
            self.assertEqual(b"", live.wire.to_end())
        self.assertEqual(0, proxy.process.wait(PATIENCE))
        self.eventually(lambda: len(getattr(a, "farewells", [])) == 5, "the endpoint heard it from all")

    def test_a_drained_endpoint_is_left_and_a_removed_one_too(self):
        a, b = self.upstream("a", either), self.upstream("b", either)
        route = {"upgrade": {"drain_timeout": "100ms"}}
        proxy = self.weir(self.config([a], route=route))
        live = self.open()
        self.assertEqual((TEXT, b"a"), live.receive())
        proxy.write(self.config([a, b], route=route))
        proxy.post("/reload")
        self.assertTrue(live.echo(b"stays"), "its endpoint stays")
        proxy.post(f"/drain?endpoint={a.address}")
        self.assertEqual((CLOSING, GOING_AWAY), live.receive())
        moved = self.open()
        self.assertEqual((TEXT, b"b"), moved.receive())
        proxy.write(self.config([a], route=route))
        proxy.post("/reload")
        self.assertEqual((CLOSING, GOING_AWAY), moved.receive())

    def test_the_frame_under_way_is_finished_before_goodbye(self):
        gate = threading.Event()

        def in_two_halves(wire, message, server):
            whole = frame(TEXT, b"0123456789")
            wire.sock.sendall(accepted(message) + whole[:6])
            gate.wait(PATIENCE)
            wire.sock.sendall(whole[6:] + frame(TEXT, b"never seen"))
            wire.to_end()
            return CLOSE

        self.weir(self.config([self.upstream("a", in_two_halves)], route={"upgrade": {"idle_timeout": "200ms"}}))
        live = self.open()
        live.wire.exactly(6)  # the head of the frame, and 4 of its 10 bytes
        threading.Timer(0.6, gate.set).start()
        self.assertEqual(b"456789", live.wire.exactly(6))
        self.assertEqual((CLOSING, GOING_AWAY), live.receive())


class Connect(Case):
    def test_is_refused_unless_the_route_allows_it(self):
        a = self.upstream("a", connects)
        self.weir(self.config([a]))
        refused = self.client()
        refused.send("CONNECT db.example:5432 HTTP/1.1\r\nHost: db.example:5432\r\n\r\n")
        response = refused.response()
        self.assertEqual(501, response.status)
        self.assertIn("upgrade.connect", response.get("x-weir-refusal"))
        self.assertEqual([], a.requests)

    def test_passes_on_and_relays_with_half_close(self):
        a = self.upstream("a", connects)
        proxy = self.weir(self.config([a], route={"upgrade": {"connect": "on"}}))
        client = self.client()
        client.send("CONNECT db.example:5432 HTTP/1.1\r\nHost: db.example:5432\r\n\r\nearly")
        head = client.head()
        self.assertEqual((200, None, None), (head.status, head.get("content-length"), head.get("transfer-encoding")))
        self.assertEqual(b"helloEARLY", client.exactly(10))
        client.send(b"more")
        self.assertEqual(b"MORE", client.exactly(4))
        client.sock.shutdown(socket.SHUT_WR)
        self.assertEqual(b"bye", client.to_end())
        self.assertEqual(["db.example:5432"], a.connects)
        self.eventually(lambda: proxy.metric("weir_tunnels") == 0, "it is over")

    def test_a_refusal_is_an_ordinary_answer(self):
        def refuses(wire, message, server):
            wire.sock.sendall(answer(b"no", "403 Forbidden"))
            return KEEP
        self.weir(self.config([self.upstream("a", refuses)], route={"upgrade": {"connect": "on"}}))
        client = self.client()
        client.send("CONNECT db.example:5432 HTTP/1.1\r\nHost: db.example:5432\r\n\r\n")
        response = client.response()
        self.assertEqual((403, b"no"), (response.status, response.body))
        client.send(request("GET", "/"))
        self.assertEqual(403, client.response().status, "the connection goes on")


if __name__ == "__main__":
    unittest.main()
