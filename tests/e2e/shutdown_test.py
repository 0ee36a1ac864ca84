"""SIGTERM: what is in flight finishes, what is idle ends, nothing new comes in, and the process leaves with 0."""

import signal
import threading
import time
import unittest

from harness.case import Case
from harness.load import Load
from harness.upstream import gated, never, ok
from harness.waiting import PATIENCE
from harness.wire import Closed, request


class Shutdown(Case):
    def test_under_load_no_answer_is_lost(self):
        """A client that has sent a request gets its answer. One that never got round to it may find the door closed."""
        a, b = self.process("a", 20), self.process("b", 20)
        proxy = self.weir(self.config([a, b], workers=2))
        load = Load(self.port, threads=24)
        with load:
            self.eventually(lambda: len(load.answers) > 300, load.text)
            term = time.monotonic()
            self.assertEqual(0, proxy.end(), proxy.stderr())
        answered = [each for each in load.answers if each.status]
        self.assertEqual({200}, {each.status for each in answered}, load.text())
        lost = [each for each in load.answers if not each.status and "refused" not in each.error.lower()]
        self.assertEqual([], lost[:5], load.text())
        self.assertTrue([each for each in answered if each.at > term], "some were in flight")

    def test_a_response_in_flight_is_finished(self):
        a = self.upstream("a")
        proxy = self.weir(self.config([a], drain_timeout="120s", workers=1))
        client, idle = self.client(), self.client()
        idle.ask()
        gate = threading.Event()
        a.behaviour = gated(gate)
        client.send(request("GET", "/slow"))
        self.eventually(lambda: "/slow" in a.targets, "the request has arrived")
        proxy.signal(signal.SIGTERM)
        self.assertEqual(b"", idle.to_end(), "the worker knows")
        gate.set()
        response = client.response()
        self.assertEqual((200, b"a", "close"), (response.status, response.body, response.get("connection")))
        self.assertEqual(b"", client.to_end())
        self.assertEqual(0, proxy.process.wait(PATIENCE))

    def test_idle_connections_end_and_new_ones_are_refused(self):
        a = self.upstream("a", ok)
        proxy = self.weir(self.config([a], drain_timeout="120s"))
        idle, busy, silent = self.client(), self.client(), self.client()
        idle.ask()
        gate = threading.Event()
        a.behaviour = gated(gate)
        busy.send(request("GET", "/slow"))
        self.eventually(lambda: "/slow" in a.targets, "the request has arrived")
        proxy.signal(signal.SIGTERM)
        self.assertEqual(b"", idle.to_end())
        self.assertFalse(idle.was_reset)
        with self.assertRaises((OSError, Closed)):
            self.ask("GET", "/new", timeout=1)
        self.assertNotIn("/new", a.targets)
        gate.set()
        self.assertEqual(b"a", busy.response().body)
        self.assertEqual(0, proxy.process.wait(PATIENCE), "a client that never spoke does not hold it up")

    def test_drain_timeout_bounds_it(self):
        a = self.upstream("a", never)
        proxy = self.weir(self.config([a], drain_timeout="300ms"))
        client = self.client()
        client.send(request("GET", "/for-ever"))
        self.eventually(lambda: a.waiting, "the request has arrived")
        proxy.signal(signal.SIGTERM)
        self.assertEqual(0, proxy.process.wait(PATIENCE), proxy.stderr())
        self.assertIn("drain_timeout", proxy.stderr())

    def test_a_second_signal_ends_at_once(self):
        a = self.upstream("a", never)
        proxy = self.weir(self.config([a], drain_timeout="600s"))
        client = self.client()
        client.send(request("GET", "/for-ever"))
        self.eventually(lambda: a.waiting, "the request has arrived")
        proxy.signal(signal.SIGTERM)
        self.eventually(lambda: "draining" in proxy.stderr(), proxy.stderr)
        proxy.signal(signal.SIGTERM)
        self.assertEqual(0, proxy.process.wait(PATIENCE), proxy.stderr())

    def test_healthz_says_so(self):
        gate = threading.Event()
        a = self.upstream("a", gated(gate))
        proxy = self.weir(self.config([a], drain_timeout="120s"))
        self.eventually(lambda: proxy.admin("GET", "/healthz").status == 200, "serving")
        client = self.client()
        client.send(request("GET", "/slow"))
        self.eventually(lambda: a.requests, "the request has arrived")
        proxy.signal(signal.SIGTERM)
        self.eventually(lambda: "draining" in proxy.stderr(), proxy.stderr)
        self.assertEqual(503, proxy.admin("GET", "/healthz").status)
        gate.set()
        client.response()

    def test_the_log_is_complete(self):
        a = self.upstream("a")
        proxy = self.weir(self.config([a]))
        for _ in range(50):
            self.ask()
        self.assertEqual(0, proxy.end())
        self.assertEqual(50, len(self.log_path.read_text().splitlines()))


if __name__ == "__main__":
    unittest.main()
