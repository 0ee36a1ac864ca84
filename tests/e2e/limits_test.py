"""Everything has a limit: what happens at it, and that the refusal names the rule, the limit and its value."""

import socket
import time
import unittest

from harness.case import Case
from harness.upstream import CLOSE, delay, echo, never, ok
from harness.waiting import PATIENCE
from harness.wire import request


class Limits(Case):
    def assert_refused(self, response, status, *words):
        self.assert_status(status, response)
        said = response.get("x-weir-refusal", "")
        for word in words:
            self.assertIn(word, said)


class Circuit(Limits):
    def fill(self, count):
        """So many requests that stay unanswered at the endpoint."""
        clients = []
        for i in range(count):
            client = self.client()
            client.send(request("GET", f"/fill/{i}"))
            clients.append(client)
        self.eventually(lambda: len(self.a.requests) >= count, lambda: f"{count} arrived: {len(self.a.requests)}")
        return clients

    def start(self, behaviour=never, **circuit):
        self.a = self.upstream("a", behaviour)
        self.proxy = self.weir(self.config([self.a], cluster={"circuit_breaker": circuit, "outlier_detection": "off"},
                                           route={"timeout": "120s"}, workers=2))

    def test_max_pending(self):
        self.start(max_requests=2, max_pending=0)
        self.fill(2)
        response = self.ask()
        self.assert_refused(response, 503, "rule=max_pending", "limit=circuit_breaker.max_pending", "value=0")
        self.assertTrue(response.get("retry-after"), response.fields)

    def test_pending_timeout(self):
        self.start(max_requests=2, max_pending=5, pending_timeout="200ms")
        self.fill(2)
        begin = time.monotonic()
        response = self.ask()
        self.assert_refused(response, 503, "rule=pending_timeout", "limit=circuit_breaker.pending_timeout", "value=200")
        self.assertTrue(response.get("retry-after"), response.fields)
        self.assertGreaterEqual(time.monotonic() - begin, 0.19, "it did wait")

    def test_who_waits_is_served_in_time(self):
        self.start(delay(0.1), max_requests=2, max_pending=100, pending_timeout="60s")
        clients = [self.client() for _ in range(20)]
        for i, client in enumerate(clients):
            client.send(request("GET", f"/{i}"))
        for i, client in enumerate(clients):
            self.assert_status(200, client.response(), f"client {i}")
        self.assertLessEqual(self.a.accepted, 4, "never more than two at once, over both workers")

    def test_connections_to_one_endpoint(self):
        self.start(delay(0.05), max_connections=3, max_pending=100, pending_timeout="60s")
        clients = [self.client() for _ in range(30)]
        most = 0
        for client in clients:
            client.send(request("GET", "/"))
        for client in clients:
            most = max(most, self.a.open)
            self.assert_status(200, client.response())
        self.assertLessEqual(most, 3)

    def test_who_leaves_while_waiting_frees_its_place_in_the_queue(self):
        self.start(max_requests=1, max_pending=2, pending_timeout="60s")
        self.fill(1)
        for _ in range(5):
            waiting = [self.client() for _ in range(2)]
            for client in waiting:
                client.send(request("GET", "/queued"))
            self.await_pending(2)
            self.assert_refused(self.ask(), 503, "rule=max_pending", "value=2")
            for client in waiting:
                client.close()
            self.await_pending(0)
        self.assertNotIn("/queued", self.a.targets)

    def await_pending(self, count):
        self.eventually(lambda: self.proxy.metric("weir_cluster_pending") == count,
                        lambda: f"{count} wait: {self.proxy.metric('weir_cluster_pending')}")

    def test_a_place_is_given_back_however_it_ends(self):
        """Aborts must not eat places."""
        self.start(max_requests=3, max_pending=0)
        for _ in range(5):
            for client in self.fill_more(3):
                client.close()
            self.eventually(lambda: self.proxy.endpoint(self.a)["in_flight"] == 0, self.proxy.endpoints)
        self.a.behaviour = ok
        self.eventually(lambda: self.ask().status == 200, "places are free")
        clients = [self.client() for _ in range(3)]
        self.assertEqual([200] * 3, [client.ask().status for client in clients])

    def fill_more(self, count):
        waiting = len(self.a.waiting)
        clients = [self.client() for _ in range(count)]
        for client in clients:
            client.send(request("GET", "/"))
        self.eventually(lambda: len(self.a.waiting) == waiting + count, "they have arrived")
        return clients


class Timeouts(Limits):
    def start(self, behaviour=never, cluster=None, **route):
        self.a = self.upstream("a", behaviour)
        self.proxy = self.weir(self.config([self.a], cluster={"outlier_detection": "off"} | (cluster or {}),
                                           route=route))

    def test_route(self):
        self.start(timeout="1s", retry="off")
        response = self.ask()
        self.assert_refused(response, 504, "rule=route_timeout", "limit=timeout", "value=1000", self.a.address)
        self.eventually(lambda: self.a.left, "the endpoint is told that nobody waits any more")

    def test_try(self):
        self.start(timeout="300s", retry={"attempts": 2, "per_try_timeout": "500ms"})
        response = self.ask()
        self.assertIn("_timeout", response.get("x-weir-refusal", ""))
        self.assert_status(504, response)
        self.eventually(lambda: len(self.a.left) == 2, "both tries are closed at the endpoint")
        self.assertEqual(2, len(self.a.requests))

    def test_a_try_of_a_post(self):
        self.start(timeout="300s", retry={"attempts": 2, "per_try_timeout": "500ms"})
        self.assert_refused(self.ask("POST", "/", body=b"x"), 504, "rule=try_timeout", "limit=retry.per_try_timeout")
        self.eventually(lambda: self.a.left, "the try is closed at the endpoint")
        self.assertEqual(1, len(self.a.requests))

    def test_the_value_is_the_limits(self):
        self.start(timeout="300s", retry={"attempts": 1, "per_try_timeout": "150ms"})
        self.assert_refused(self.ask(), 504, "value=150")

    def test_a_body_that_stops(self):
        """Nothing more can be said then; the client must see that something is missing."""
        def stall(wire, message, server):
            wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            server.ending.wait(PATIENCE)
            return CLOSE

        self.start(stall, timeout="2s", retry="off")
        client = self.client()
        client.send(request("GET", "/"))
        self.assert_status(200, client.head())
        self.assertEqual(b"half", client.to_end())
        self.assertTrue(client.was_reset)

    def test_connecting(self):
        """A backlog that is full: nobody refuses, nobody accepts."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.addCleanup(listener.close)
        address = listener.getsockname()
        held = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(address)
            held.append(sock)
            self.addCleanup(sock.close)
        self.weir(self.config([f"127.0.0.1:{address[1]}"],
                              cluster={"connect_timeout": "200ms", "outlier_detection": "off"},
                              route={"retry": "off", "timeout": "300s"}))
        self.assert_refused(self.ask(), 503, "rule=connect_failed")


class Sizes(Limits):
    def test_rows(self):
        a = self.upstream("a", echo)
        self.weir(self.config([a], listener={
            "limits": {"request_line": "1KiB", "field": "2KiB", "head": "8KiB", "fields": 20, "body": "10KiB"}}))
        long = "x" * 1100
        rows = [
            ("the request line", request("GET", f"/{long}"), 414, "request_line_too_long"),
            ("a field", request("GET", "/", ("X", long * 2)), 431, "field_too_long"),
            ("fields", request("GET", "/", *[("X", "y")] * 21), 431, "too_many_fields"),
            ("the head", request("GET", "/", *[("X", long)] * 10), 431, "head_too_large"),
            ("the body", request("PUT", "/", body=bytes(10241)), 413, "body_too_large"),
            ("a chunked body", b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
             b"1000\r\n" + bytes(4096) + b"\r\n2000\r\n" + bytes(8192) + b"\r\n0\r\n\r\n", 413, "body_too_large"),
            ("at the body's limit", request("PUT", "/", body=bytes(10240)), 200, ""),
        ]
        for message, data, status, rule in rows:
            with self.subTest(message):
                client = self.client()
                client.send(data)
                response = client.response()
                self.assert_status(status, response, message)
                self.assertIn(rule, response.get("x-weir-refusal", ""), message)
        self.assertEqual(1, len(a.requests), "only the last one arrived whole")

    def test_connections_of_clients(self):
        """Beyond the limit accepting pauses: who waits is served when somebody leaves."""
        a = self.upstream("a")
        self.weir(self.config([a], listener={"limits": {"connections": 4}}, workers=1))
        first = [self.client() for _ in range(4)]
        for client in first:
            self.assert_status(200, client.ask())
        late = self.client()
        late.send(request("GET", "/late"))
        for _ in range(3):
            self.assert_status(200, first[0].ask(), "those inside are served")
        self.assertNotIn("/late", a.targets)
        first[1].close()
        self.assert_status(200, late.response())


if __name__ == "__main__":
    unittest.main()
