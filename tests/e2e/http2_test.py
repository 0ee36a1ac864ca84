"""HTTP/2 with clients: curl, nghttp, h2load and gRPC's own library get what HTTP/1 clients get; bodies, trailers and
back-pressure pass; a drain loses nothing; who attacks is thrown out and nobody else notices."""

import hashlib
import json
import signal
import struct
import subprocess
import threading
import unittest

from harness.case import Case
from harness.http2 import (CANCEL, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, HEADERS, INITIAL_WINDOW_SIZE, NO_ERROR,
                           PING, RST_STREAM, SETTINGS, Http2Client, frame, get)
from harness.ports import free_port
from harness.upstream import KEEP, answer, echo, gated, ok
from harness.waiting import PATIENCE

try:
    import grpc
except ImportError:
    grpc = None


def run(*argv, **options):
    done = subprocess.run(list(map(str, argv)), capture_output=True, timeout=PATIENCE, check=False, **options)
    return done.stdout.decode("latin-1") + done.stderr.decode("latin-1")


class Http2Case(Case):
    def http2(self, *settings, port=None):
        client = Http2Client(port or self.port, *settings)
        self.addCleanup(client.close)
        return client

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def curl(self, *arguments, **options):
        return run("curl", "--http2-prior-knowledge", "-sS", "--max-time", PATIENCE, *arguments, **options)

    def h2load(self, *arguments):
        return run("h2load", *arguments, self.url + "/")

    def assert_all_succeeded(self, count, said):
        self.assertIn(f"{count} total, {count} started, {count} done, {count} succeeded, 0 failed", said)
        self.assertIn(f"status codes: {count} 2xx", said)


class Requests(Http2Case):
    def setUp(self):
        super().setUp()
        self.a = self.upstream("a", echo)
        self.proxy = self.weir(self.config([self.a], workers=1))

    def test_curl_is_served_as_over_http1(self):
        said = self.curl("-i", "-H", "Cookie: a=1", "-H", "X-Field: value", self.url + "/path?query")
        head, _, body = said.partition("\r\n\r\n")
        self.assertTrue(head.startswith("HTTP/2 200"), said)
        seen = json.loads(body)
        fields = dict(map(tuple, seen["fields"]))
        self.assertEqual("GET /path?query HTTP/1.1", seen["start"])
        self.assertEqual((f"127.0.0.1:{self.port}", "2.0 weir", "value", "a=1"),
                         (fields["host"], fields["via"], fields["x-field"], fields["cookie"]))
        line = json.loads(self.eventually(lambda: self.log_path.exists() and self.log_path.read_text(), "the log"))
        self.assertEqual(("HTTP/2", 200, "/path?query"), (line["protocol"], line["status"], line["target"]))

    def test_methods_and_statuses_without_body(self):
        self.assertIn("HTTP/2 200", self.curl("-I", self.url + "/"))
        self.a.behaviour = lambda wire, request, server: wire.sock.sendall(b"HTTP/1.1 204 No Content\r\n\r\n") or KEEP
        self.assertIn("HTTP/2 204", self.curl("-i", self.url + "/"))

    def test_http1_goes_on_beside_it(self):
        self.assertIn("HTTP/2 200", self.curl("-i", self.url + "/"))
        self.assert_status(200, self.ask())

    def test_trailers_pass_both_ways(self):
        def with_trailers(wire, request, server):
            text = json.dumps(request.trailers).encode()
            wire.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n"
                              + f"{len(text):x}\r\n".encode() + text + b"\r\n0\r\nX-Sum: 42\r\n\r\n")
            return KEEP
        self.a.behaviour = with_trailers
        body = self.directory / "body"
        body.write_bytes(b"x" * 1000)
        said = run("nghttp", "-v", "-d", body, "--trailer", "x-check: 7", self.url + "/")
        self.assertIn("x-sum: 42", said)
        self.assertIn('[["x-check", "7"]]', said)

    def test_what_http1_could_not_carry_reaches_nobody(self):
        client = self.http2()
        for fields in ([("x", "a\r\nInjected: yes")], [("transfer-encoding", "chunked")], [("connection", "x")]):
            stream = client.ask("/", *fields)
            client.body(stream)
            self.assertIn(stream, client.resets, fields)
        for target in ("/ HTTP/1.1", "/\r\nInjected: yes"):
            client.body(client.ask(target))
        self.assertEqual([], self.a.requests)
        self.assertIn(b"story.test", client.body(client.ask("/")))


class Bodies(Http2Case):
    def test_large_bodies_stream_both_ways_in_little_memory(self):
        def back(wire, request, server):
            wire.sock.sendall(answer(request.body))
            return KEEP
        a = self.upstream("a", back)
        proxy = self.weir(self.config([a], workers=1))
        body = self.directory / "body"
        body.write_bytes(bytes(range(256)) * 40 * 4096)  # 40 MiB
        self.curl(self.url + "/")
        before = proxy.rss_kib()
        result = self.directory / "result"
        self.curl("-T", body, "-o", result, self.url + "/")
        self.assertEqual(hashlib.sha256(body.read_bytes()).digest(), hashlib.sha256(result.read_bytes()).digest())
        self.assert_memory(proxy.rss_kib(peak=True) - before, 8 * 1024)

    def test_a_slow_reader_holds_up_its_own_stream_only(self):
        large = b"x" * 5_000_000
        a = self.upstream("a", lambda wire, request, server: wire.sock.sendall(
            answer(large if request.target == "/large" else b"small")) or KEEP)
        self.weir(self.config([a], workers=1))
        client = self.http2()
        client.window(0, 100_000_000)
        slow = client.ask("/large")
        client.read_until(lambda: len(client.bodies.get(slow, b"")) == 65535)
        for _ in range(5):
            self.assertEqual(b"small", client.body(client.ask("/small")))
        self.assertEqual(65535, len(client.bodies[slow]))
        client.window(slow, 100_000_000)
        self.assertEqual(len(large), len(client.body(slow)))

    def test_a_client_that_never_gives_a_window_is_given_up(self):
        a = self.upstream("a", ok)
        proxy = self.weir(self.config([a], workers=1, listener={"timeouts": {"write": "200ms"}}))
        client = self.http2((INITIAL_WINDOW_SIZE, 0))
        stream = client.ask("/")
        client.body(stream)
        self.assertEqual({stream: CANCEL}, client.resets)
        self.assertEqual(1, proxy.metric("weir_http2_defences_total", reason="zero_window"))


class UnderLoad(Http2Case):
    def setUp(self):
        super().setUp()
        self.a, self.b = self.process("a"), self.process("b")
        self.proxy = self.weir(self.config([self.a, self.b], workers=2))

    def test_parallel_streams(self):
        self.assert_all_succeeded(4000, self.h2load("-n4000", "-c8", "-m32"))

    def test_reloads_are_not_noticed(self):
        done = threading.Event()

        def reload():
            while not done.wait(0.05):
                self.proxy.signal(signal.SIGHUP)
        thread = threading.Thread(target=reload)
        thread.start()
        try:
            self.assert_all_succeeded(6000, self.h2load("-n6000", "-c8", "-m16"))
        finally:
            done.set()
            thread.join()
        self.assertGreater(self.proxy.metric("weir_config_reloads_total"), 0)

    def test_a_drain_loses_no_request(self):
        """Streams up to the one that the second GOAWAY names are answered, the others were not looked at."""
        clients = [self.http2() for _ in range(6)]
        errors, counts = [], []

        def use(client):
            try:
                while not client.goaways and not client.gone:
                    streams = [client.ask("/") for _ in range(8)]
                    client.read_until(lambda: client.goaways or all(each in client.ended for each in streams))
                client.read_until(lambda: len(client.goaways) == 2)
                last = client.goaways[-1][0]
                asked = range(1, client.next_stream, 2)
                client.read_until(lambda: all(each in client.ended for each in asked if each <= last))
                counts.append(sum(each <= last for each in asked))
                if client.resets or any(code != NO_ERROR for _, code in client.goaways):
                    errors.append((client.resets, client.goaways))
            except Exception as error:  # told by the story's thread
                errors.append(error)
        threads = [threading.Thread(target=use, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        self.eventually(lambda: all(client.next_stream > 80 for client in clients), "they are at it")
        self.proxy.signal(signal.SIGTERM)
        for thread in threads:
            thread.join(PATIENCE)
        self.assertEqual([], errors)
        self.assertEqual(len(clients), len(counts))
        for client in clients:
            client.close()
        self.assertEqual(0, self.proxy.process.wait(PATIENCE))

    def test_an_answer_in_flight_is_finished(self):
        gate = threading.Event()
        slow = self.upstream("slow", gated(gate))
        port = free_port()
        proxy = self.weir(self.config([slow], listener={"http": f"127.0.0.1:{port}"}, drain_timeout="120s"))
        client = self.http2(port=port)
        stream = client.ask("/")
        self.eventually(lambda: slow.requests, "the request has arrived")
        proxy.signal(signal.SIGTERM)
        client.read_until(lambda: len(client.goaways) == 2)
        gate.set()
        self.assertEqual(b"slow", client.body(stream))
        self.assertEqual(0, proxy.process.wait(PATIENCE))


class Attacks(Http2Case):
    """Each is repeated until the connection is closed; an honest client beside it is served throughout."""

    ATTACKS = {
        "rapid_reset": lambda i: (frame(HEADERS, END_STREAM | END_HEADERS, 1 + 2 * i, get("/"))
                                  + frame(RST_STREAM, 0, 1 + 2 * i, struct.pack(">I", CANCEL))),
        "ping_flood": lambda i: frame(PING, 0, 0, b"12345678"),
        "settings_flood": lambda i: frame(SETTINGS, 0, 0),
        "priority_flood": lambda i: frame(2, 0, 1 + 2 * i, b"\0\0\0\0\1"),
        "window_update_flood": lambda i: frame(8, 0, 0, struct.pack(">I", 1)),
        "empty_data_flood": lambda i: (frame(HEADERS, END_HEADERS, 1, get("/", method="POST")) if i == 0
                                       else frame(0, 0, 1)),
        "continuation_flood": lambda i: (frame(HEADERS, END_STREAM, 1, get("/")) if i == 0
                                         else frame(9, 0, 1, b"\0\1a\1b")),
    }

    def test_attackers_are_thrown_out(self):
        a = self.upstream("a", ok)
        proxy = self.weir(self.config([a], workers=1))
        honest = self.http2()
        for reason, attack in self.ATTACKS.items():
            with self.subTest(reason):
                client = self.http2()
                for i in range(3000):
                    if not client.say(attack(i)):
                        break
                while not client.gone:
                    client.read()
                self.assertEqual(1, proxy.metric("weir_http2_defences_total", reason=reason))
                for _, code in client.goaways:
                    self.assertEqual(ENHANCE_YOUR_CALM, code)
                self.assertEqual(b"a", honest.body(honest.ask("/")))

    def test_a_head_that_expands_is_cut_short(self):
        proxy = self.weir(self.config([self.upstream("a", ok)], workers=1))
        client = self.http2()
        bomb = get("/") + b"\x40\1x\x7f\x80\x1e" + b"y" * 3967 + b"\xbe" * 4000
        client.say(frame(HEADERS, END_STREAM | END_HEADERS, 1, bomb))
        while not client.gone:
            client.read()
        self.assertEqual(ENHANCE_YOUR_CALM, client.goaways[-1][1])
        self.assertEqual(1, proxy.metric("weir_http2_defences_total", reason="header_bomb"))


@unittest.skipIf(grpc is None, "python3-grpcio is not installed")
class Grpc(Http2Case):
    """A client from gRPC's own library; the endpoint speaks HTTP/1.1 with trailers, which a real one would not."""

    def service(self, status, message=b"\0\0\0\0\0"):
        def behaviour(wire, request, server):
            body = b"%x\r\n%s\r\n" % (len(message), message) if message else b""
            wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n"
                              + body + b"0\r\ngrpc-status: " + str(status).encode() + b"\r\n\r\n")
            return KEEP
        return behaviour

    def call(self):
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            return channel.unary_unary("/story.Service/Call")(b"question", timeout=PATIENCE)

    def test_calls_pass(self):
        a = self.upstream("a", self.service(0, b"\0\0\0\0\6answer"))
        proxy = self.weir(self.config([a], workers=1))
        self.assertEqual(b"answer", self.call())
        self.assertEqual(b"\0\0\0\0\x08question", a.requests[0].body)
        self.assertEqual("trailers", a.requests[0].get("te"))
        self.assertEqual(1, proxy.metric("weir_grpc_responses_total", grpc_status="OK"))

    def test_failed_calls_count_against_the_endpoint(self):
        a = self.upstream("a", self.service(14, b""))
        proxy = self.weir(self.config([a], workers=1, cluster={"outlier_detection": "off"}))
        with self.assertRaises(grpc.RpcError) as raised:
            self.call()
        self.assertEqual(grpc.StatusCode.UNAVAILABLE, raised.exception.code())
        self.assertEqual(1, proxy.metric("weir_grpc_responses_total", grpc_status="UNAVAILABLE"))
        self.assertEqual(1, proxy.metric("weir_endpoint_outcomes_total", endpoint=a.address, outcome="gateway_failure"))
        self.assertEqual(0, proxy.metric("weir_endpoint_outcomes_total", endpoint=a.address, outcome="success"))

    def test_a_refusal_is_told_in_its_own_words(self):
        self.weir(self.config([f"127.0.0.1:{free_port()}"], workers=1))
        with self.assertRaises(grpc.RpcError) as raised:
            self.call()
        self.assertEqual(grpc.StatusCode.UNAVAILABLE, raised.exception.code())
        self.assertIn("No endpoint could be connected to", raised.exception.details())


if __name__ == "__main__":
    unittest.main()
