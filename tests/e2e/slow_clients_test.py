"""Clients that take their time: they are bounded in memory and in time, and nobody else notices them."""

import socket
import time
import unittest

from harness.case import Case
from harness.crowd import Crowd
from harness.load import Load
from harness.upstream import KEEP, answer, raw_body
from harness.waiting import PATIENCE
from harness.wire import request

MANY = 5000


class SlowCase(Case):
    def start(self, slow=None, **timeouts):
        """Everything goes to a quick endpoint, /slow to `slow`."""
        quick = self.process("quick")
        config = self.config([quick], listener={"timeouts": timeouts}, workers=2)
        config["listeners"][0]["routes"] = [{"match": {"path": "/slow"}, "to": "slow"}, {"to": "app"}]
        config["clusters"]["slow"] = {"endpoints": [(slow or quick).address],
                                      "circuit_breaker": {"max_requests": 10000, "max_connections": 10000}}
        self.proxy = self.weir(config)

    def crowd(self, count):
        crowd = Crowd(self.port, count)
        self.addCleanup(crowd.close)
        return crowd


class Crowds(SlowCase):
    def assert_survives(self, crowd, trickle, kib_each):
        """Others are served while the crowd trickles; memory per slow client is bounded; then each hears 408."""
        idle = self.proxy.rss_kib()
        with Load(self.port, threads=4) as load:
            for piece in trickle:
                crowd.send(piece)
                crowd.receive(0.1)
            self.assertEqual(0, crowd.ended, f"too early: {crowd.statuses()}")
            held = self.proxy.rss_kib() - idle
            crowd.receive(until=lambda: crowd.ended == len(crowd.members))
        self.assertEqual({"408": len(crowd.members)}, crowd.statuses())
        self.assert_memory(held, len(crowd.members) * kib_each, f"KiB held for {len(crowd.members)} clients")
        self.assertEqual([], load.failed()[:5], load.text())
        self.assertGreater(len(load.answers), 100)

    def test_slow_headers(self):
        self.start(header="4s")
        crowd = self.crowd(MANY)
        self.assert_survives(crowd, [b"GET / HTTP/1.1\r\nHost: a\r\n", b"X-A: b\r\n", b"X-B: c\r\n"], 16)
        self.eventually(lambda: self.proxy.fds() < 200, lambda: f"descriptors are given back: {self.proxy.fds()}")

    def test_slow_bodies(self):
        """Each holds a request to an endpoint, which is the worst they can do."""
        patient = self.process("patient")  # in a process of its own: 5000 threads of ours would measure themselves
        self.start(patient, body="4s")
        crowd = self.crowd(MANY)
        self.assert_survives(crowd, [b"PUT /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n", b"x", b"y"], 32)
        self.eventually(lambda: self.proxy.endpoint(patient)["in_flight"] == 0, self.proxy.endpoints)
        self.eventually(lambda: self.proxy.fds() < 200, lambda: f"descriptors are given back: {self.proxy.fds()}")


class Senders(SlowCase):
    def test_a_header_that_trickles_has_one_deadline(self):
        """A byte now and then must not extend it."""
        self.start(header="500ms")
        client = self.client()
        end = time.monotonic() + PATIENCE
        client.sock.settimeout(0.05)
        answer = b""
        while not answer and time.monotonic() < end:
            try:
                client.send(b"G")
                answer = client.sock.recv(1000)
            except TimeoutError:
                pass
        self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer)

    def test_a_body_that_moves_is_not_timed_out(self):
        self.start(body="2s")
        client = self.client()
        client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            time.sleep(0.25)  # it is the client's slowness that is told here
            client.send(b"x")
        self.assert_status(200, client.response())

    def test_a_silent_connection_is_closed(self):
        self.start(header="200ms", idle="60s")
        client = self.client()
        self.assertEqual(b"", client.to_end(), "it never said a word, so there is nothing to answer")

    def test_an_idle_connection_is_closed(self):
        self.start(idle="300ms")
        client = self.client()
        client.ask()
        self.assertEqual(b"", client.to_end())
        self.assertFalse(client.was_reset)

    def test_a_body_that_stops(self):
        self.start(body="300ms")
        client = self.client()
        client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
        response = client.response()
        self.assert_status(408, response)
        self.assertEqual("close", response.get("connection"))
        self.assertIn("rule=body_timeout", response.get("x-weir-refusal", ""))


class Readers(SlowCase):
    def test_who_reads_nothing_is_dropped(self):
        @raw_body
        def flood(wire, message, server):
            wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            for _ in range(1000):
                wire.sock.sendall(bytes(1_000_000))
            return KEEP

        a = self.upstream("a", flood)
        self.start(a, write="500ms")
        client = self.client()
        client.send(request("GET", "/slow"))
        self.eventually(lambda: a.requests, "it is being sent")
        self.eventually(lambda: a.open == 0, "given up, and the endpoint told so")
        client.to_end()
        self.assertTrue(client.was_reset, "it cannot take this for the whole")

    def test_who_reads_slowly_is_served(self):
        """Slower than the timeout in all, never silent for as long as it."""
        @raw_body
        def plenty(wire, message, server):
            wire.sock.sendall(answer(bytes(3_000_000)))
            return KEEP

        self.start(self.upstream("a", plenty), write="2s")
        client = self.client()
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.send(request("GET", "/slow"))
        message = client.head()
        left = int(message.get("content-length")) - len(client.buffer)
        while left:
            time.sleep(0.05)
            left -= len(client.sock.recv(min(left, 50_000)))
        self.assertEqual(0, left)


if __name__ == "__main__":
    unittest.main()
