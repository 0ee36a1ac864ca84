"""Bodies are streamed, with back-pressure both ways: their size costs no memory, and a slow reader slows the sender.

WEIR_STREAM_GIB sets the size of the large ones (default 1).
"""

import collections
import os
import threading
import unittest

from harness.case import Case
from harness.upstream import CLOSE, KEEP, answer, never, raw_body
from harness.waiting import PATIENCE, Still
from harness.wire import request

GIB = int(os.environ.get("WEIR_STREAM_GIB", "1")) << 30
PIECE = bytes(range(256)) * 1024  # 256 KiB
RSS_MAX_KIB = 64 * 1024


def send_body(sock, total):
    for _ in range(total // len(PIECE)):
        sock.sendall(PIECE)


def read_body(wire, total):
    """Reads and compares; whether all was as sent."""
    buffer = bytearray(len(PIECE))
    view = memoryview(buffer)
    filled = len(wire.buffer)
    buffer[:filled] = wire.buffer
    wire.buffer = b""
    for _ in range(total // len(PIECE)):
        while filled < len(PIECE):
            count = wire.sock.recv_into(view[filled:])
            if not count:
                return False
            filled += count
        if buffer != PIECE:
            return False
        filled = 0
    return True


class Large(Case):
    def start(self, behaviour):
        self.a = self.upstream("a", behaviour)
        self.proxy = self.weir(self.config([self.a], route={"timeout": "300s"}))

    def assert_small(self):
        peak = self.proxy.rss_kib(peak=True)
        self.assert_memory(peak, RSS_MAX_KIB, "KiB at most, ever")

    def test_down(self):
        @raw_body
        def pour(wire, message, server):
            wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % GIB)
            send_body(wire.sock, GIB)
            return KEEP

        self.start(pour)
        client = self.client()
        client.send(request("GET", "/"))
        self.assert_status(200, client.head())
        self.assertTrue(read_body(client, GIB), "byte for byte")
        self.assert_small()

    def test_up(self):
        whole = []

        @raw_body
        def drink(wire, message, server):
            whole.append(read_body(wire, GIB))
            wire.sock.sendall(answer(b"drunk"))
            return KEEP

        self.start(drink)
        client = self.client()
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % GIB)
        send_body(client.sock, GIB)
        self.assertEqual(b"drunk", client.response().body)
        self.assertEqual([True], whole, "byte for byte")
        self.assert_small()


class BackPressure(Case):
    def test_a_client_that_does_not_read_stops_the_endpoint(self):
        sent = [0]

        @raw_body
        def pour(wire, message, server):
            wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % GIB)
            for _ in range(GIB // len(PIECE)):
                wire.sock.sendall(PIECE)
                sent[0] += len(PIECE)
            return CLOSE

        a = self.upstream("a", pour)
        proxy = self.weir(self.config([a]))
        client = self.client()
        client.send(request("GET", "/"))
        client.head()
        self.assert_stops(sent, proxy)
        client.close()
        self.eventually(lambda: a.open == 0, "the endpoint is told that the client has left")

    def test_an_endpoint_that_does_not_read_stops_the_client(self):
        a = self.upstream("a", raw_body(lambda wire, message, server: server.ending.wait(PATIENCE)))
        proxy = self.weir(self.config([a], route={"timeout": "60s"}))
        client = self.client()
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % GIB)
        sent = [0]

        def push():
            try:
                for _ in range(GIB // len(PIECE)):
                    client.sock.sendall(PIECE)
                    sent[0] += len(PIECE)
            except OSError:
                pass

        client.sock.settimeout(2)  # ends the thread once nothing moves any more
        thread = threading.Thread(target=push, daemon=True)
        thread.start()
        self.assert_stops(sent, proxy)
        thread.join(PATIENCE)
        client.reset()
        self.eventually(lambda: proxy.endpoint(a)["connections"] == 0, "the endpoint is told that the client has left")

    def assert_stops(self, sent, proxy):
        """What is sent stops growing, within what the kernel and Weir may hold between them."""
        self.eventually(lambda: sent[0], "sending begins")
        self.eventually(Still(lambda: sent[0]), lambda: f"sending stops; {sent[0]} bytes sent")
        self.assertLess(sent[0], 64 << 20, "bytes on the way")
        self.assert_memory(proxy.rss_kib(peak=True), RSS_MAX_KIB)

    def test_many_slow_readers_at_once(self):
        """A hundred clients that do not read: each holds a bounded piece, and the rest waits at the endpoint."""
        sent = collections.Counter()  # by connection: each thread writes its own

        @raw_body
        def pour(wire, message, server):
            wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % GIB)
            while True:  # piece by piece, as far as the connection takes them
                sent[wire] += wire.sock.send(PIECE)

        a = self.upstream("a", pour)
        proxy = self.weir(self.config([a], listener={"timeouts": {"write": "300s"}}))
        idle = proxy.rss_kib()
        clients = [self.client() for _ in range(100)]
        for client in clients:
            client.send(request("GET", "/"))
        for client in clients:
            client.head()
        self.eventually(Still(sent.total), lambda: f"the endpoint must wait: {sent.total()} bytes sent")
        self.assertEqual(len(clients), len(sent), "it has begun to answer all of them")
        self.assertLess(sent.total(), GIB, "bytes of 100 answers that nobody reads")
        self.assert_memory(proxy.rss_kib() - idle, 100 * 1024, "KiB for 100 clients: 1 MiB each at most")

    def test_a_pipeline_whose_answers_nobody_reads(self):
        """Each request is forty bytes, each answer a hundred kilobytes: what waits to be read must not pile up here."""
        body = bytes(100_000)

        def fat(wire, message, server):
            wire.sock.sendall(answer(body))
            return KEEP

        a = self.upstream("a", fat)
        proxy = self.weir(self.config([a], listener={"timeouts": {"write": "300s"}}))
        client = self.client()
        client.sock.settimeout(2)
        try:
            client.send(request("GET", "/") * 3000)
        except TimeoutError:
            pass  # it is made to wait, which is right
        self.eventually(Still(lambda: len(a.requests)), lambda: f"it stops asking the endpoint: {len(a.requests)}")
        self.assert_memory(proxy.rss_kib(peak=True), RSS_MAX_KIB, f"KiB at most, after {len(a.requests)} answers")
        self.assertLess(len(a.requests), 3000)


class Pieces(Case):
    def test_each_piece_passes_at_once(self):
        """Nothing waits for more: what an endpoint says now, the client reads now (server-sent events)."""
        step = threading.Event()

        def events(wire, message, server):
            wire.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for i in range(5):
                wire.sock.sendall(b"6\r\nevent%d\r\n" % i)
                if not step.wait(PATIENCE):
                    return CLOSE
                step.clear()
            wire.sock.sendall(b"0\r\n\r\n")
            return KEEP

        a = self.upstream("a", events)
        self.weir(self.config([a]))
        client = self.client()
        client.send(request("GET", "/"))
        client.head()
        for i in range(5):
            self.assertEqual("6", client.line())
            self.assertEqual(b"event%d\r\n" % i, client.exactly(8))
            step.set()
        self.assertEqual("0", client.line())

    def test_both_ways_at_once(self):
        """An endpoint may answer while it is still being told (an echo, piece by piece)."""
        @raw_body
        def parrot(wire, message, server):
            wire.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while size := int(wire.line(), 16):
                wire.sock.sendall(b"%x\r\n%s\r\n" % (size, wire.exactly(size)))
                wire.line()
            wire.line()
            wire.sock.sendall(b"0\r\n\r\n")
            return KEEP

        a = self.upstream("a", parrot)
        self.weir(self.config([a]))
        client = self.client()
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.assert_status(200, client.head())
        for i in range(5):
            client.send(b"5\r\nword%d\r\n" % i)
            self.assertEqual(("5", b"word%d\r\n" % i), (client.line(), client.exactly(7)))
        client.send(b"0\r\n\r\n")
        self.assertEqual(("0", ""), (client.line(), client.line()))


class Aborts(Case):
    """A client that leaves: the endpoint need not work for nobody."""

    def test_while_it_waits(self):
        a = self.upstream("a", never)
        proxy = self.weir(self.config([a], route={"timeout": "60s"}))
        for leave in ("close", "reset"):
            with self.subTest(leave):
                client = self.client()
                client.send(request("GET", f"/{leave}"))
                self.eventually(lambda: f"/{leave}" in a.targets, "the request has arrived")
                getattr(client, leave)()
                self.eventually(lambda: a.open == 0, "the endpoint sees the close")
        self.assertEqual(0, proxy.endpoint(a)["failures"], "not its fault")
        self.assertEqual(2, len(a.requests), "and nothing is retried")

    def test_in_the_middle_of_its_body(self):
        bodies = []

        @raw_body
        def read(wire, message, server):
            bodies.append(wire.to_end())
            return CLOSE

        a = self.upstream("a", read)
        self.weir(self.config([a]))
        client = self.client()
        client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
        self.eventually(lambda: a.requests, "the request has arrived")
        client.close()
        self.eventually(lambda: bodies, "the endpoint sees the end")
        self.assertLess(len(bodies[0]), 100)

    def test_a_chunked_body_cut_off_is_not_made_whole(self):
        """The endpoint must not see a last chunk that the client never sent."""
        bodies = []

        @raw_body
        def read(wire, message, server):
            bodies.append(wire.to_end())
            return CLOSE

        a = self.upstream("a", read)
        self.weir(self.config([a]))
        client = self.client()
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
        self.eventually(lambda: a.requests, "the request has arrived")
        client.close()
        self.eventually(lambda: bodies, "the endpoint sees the end")
        self.assertNotIn(b"0\r\n\r\n", bodies[0])


if __name__ == "__main__":
    unittest.main()
