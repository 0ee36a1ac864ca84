"""When a try fails: what is repeated, what never is, where it goes, and what limits it."""

import json
import time
import unittest

from harness.case import Case
from harness.upstream import CLOSE, echo, hang_up, never, ok, once, status


QUIET = {"outlier_detection": "off"}


class PairCase(Case):
    def pair(self, behaviour, other=ok, cluster=None, route=None):
        """Two endpoints, of which the first misbehaves; requests meet both in turn."""
        self.a, self.b = self.upstream("a", behaviour), self.upstream("b", other)
        return self.weir(self.config([self.a, self.b], cluster=QUIET | {"policy": "round_robin"} | (cluster or {}),
                                     route=route, workers=1))


class Retries(PairCase):
    def test_what_is_repeated(self):
        """Rows: message, method, what the first endpoint does, statuses the client may see."""
        rows = [
            ("GET, 502", "GET", status(502), {200}), ("GET, 503", "GET", status(503), {200}),
            ("GET, 504", "GET", status(504), {200}), ("HEAD, hung up", "HEAD", hang_up, {200}),
            ("PUT, hung up", "PUT", hang_up, {200}), ("DELETE, hung up", "DELETE", hang_up, {200}),
            ("OPTIONS, 503", "OPTIONS", status(503), {200}),
            ("GET, 500 is the application's answer", "GET", status(500), {200, 500}),
            ("GET, 404", "GET", status(404), {200, 404}),
            ("POST, 503", "POST", status(503), {200, 503}), ("POST, hung up", "POST", hang_up, {200, 502}),
            ("PATCH, hung up", "PATCH", hang_up, {200, 502}),
        ]
        self.pair(ok)
        for message, method, behaviour, expected in rows:
            with self.subTest(message):
                self.a.behaviour = behaviour
                body = b"body" if method in ("PUT", "POST", "PATCH") else None
                before = len(self.a.requests) + len(self.b.requests)
                answers = [self.ask(method, "/", body=body) for _ in range(6)]
                self.assertEqual(expected, {each.status for each in answers}, message)
                tried = len(self.a.requests) + len(self.b.requests) - before
                if len(expected) > 1:
                    self.assertEqual(6, tried, f"{message}: each request was sent once")
                else:
                    self.assertGreater(tried, 6, message)

    def test_a_retry_can_be_turned_off(self):
        self.pair(hang_up, route={"retry": "off"})
        self.assertEqual({200, 502}, {self.ask().status for _ in range(6)})
        self.assertEqual(6, len(self.a.requests) + len(self.b.requests))

    def test_gateway_statuses_can_be_passed_on(self):
        self.pair(status(503), route={"retry": {"on_gateway_status": False}})
        self.assertEqual({200, 503}, {self.ask().status for _ in range(6)})

    def test_it_goes_to_another_endpoint(self):
        self.pair(status(503), status(503), route={"retry": {"attempts": 2}})
        for i in range(10):
            self.assert_status(503, self.ask("GET", f"/{i}"))
        self.assertEqual(sorted(self.a.targets), sorted(self.b.targets), "every request met both endpoints once")

    def test_the_last_answer_is_passed_on(self):
        self.pair(status(503, "X-Which: a"), status(503, "X-Which: b"))
        response = self.ask()
        self.assert_status(503, response)
        self.assertIn(response.get("x-which"), ("a", "b"), "the endpoint's own words, not ours")
        self.assertIsNone(response.get("x-weir-refusal"))

    def test_attempts_count_all_tries(self):
        self.a = self.upstream("a", status(503))
        self.weir(self.config([self.a], cluster=QUIET, route={"retry": {"attempts": 4, "backoff_base": "1ms"}}))
        self.assert_status(503, self.ask())
        self.assertEqual(4, len(self.a.requests))

    def test_a_silent_endpoint_costs_one_share_of_the_time(self):
        self.pair(never, route={"timeout": "3s", "retry": {"attempts": 2}})
        self.assertEqual([200] * 6, [self.ask().status for _ in range(6)])
        self.eventually(lambda: len(self.a.left) == len(self.a.waiting), "tries given up are closed at the endpoint")


class Bodies(PairCase):
    def test_a_body_is_sent_again_whole(self):
        """Rows: message, request body, chunked."""
        self.pair(hang_up, echo)
        rows = [("a short one", b"short", False), ("60 KiB", bytes(range(256)) * 240, False),
                ("chunked", b"abc" * 9000, True),
                ("none", b"", False)]
        for message, body, chunked in rows:
            with self.subTest(message):
                for _ in range(3):
                    client = self.client()
                    if chunked:
                        client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                    b"".join(b"%x\r\n%s\r\n" % (len(body) // 3, body[i:i + len(body) // 3])
                                             for i in range(0, len(body), len(body) // 3)) + b"0\r\n\r\n")
                        response = client.response()
                    else:
                        response = client.ask("PUT", "/", body=body)
                    self.assert_status(200, response, message)
                    self.assertEqual(body, json.loads(response.body)["body"].encode("latin-1"), message)
        self.assertGreater(len(self.a.requests), 0)

    def test_a_long_body_is_streamed_and_cannot_be_repeated(self):
        self.pair(hang_up, echo)
        answers = [self.ask("PUT", "/", body=bytes(300_000)) for _ in range(6)]
        self.assertEqual({200, 502}, {each.status for each in answers})
        self.assertEqual(6, len(self.a.requests) + len(self.b.requests))

    def test_trailers_are_sent_again(self):
        self.pair(hang_up, echo)
        for _ in range(4):
            client = self.client()
            client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                        b"3\r\nabc\r\n0\r\nX-Sum: 9\r\n\r\n")
            self.assertEqual([["x-sum", "9"]], json.loads(client.response().body)["trailers"])


class Unsent(PairCase):
    """Where nothing reached an endpoint, everything may be asked again elsewhere."""

    def test_connecting_refused(self):
        self.pair(ok, echo)
        self.a.refuse()
        for method, body in [("GET", None), ("POST", b"order"), ("POST", b""), ("PATCH", b"x" * 40_000)]:
            with self.subTest(f"{method} {len(body or b'')}"):
                for i in range(6):
                    response = self.ask(method, "/", body=body)
                    self.assert_status(200, response, f"{method} {i}")
                    if body is not None:
                        self.assertEqual(body.decode(), json.loads(response.body)["body"])

    def test_nobody_listens(self):
        self.pair(ok, ok)
        self.a.refuse()
        self.b.refuse()
        response = self.ask()
        self.assert_status(503, response)
        self.assertIn("rule=connect_failed", response.get("x-weir-refusal"))
        self.assertIn(self.a.address, response.get("x-weir-refusal"), "it says who was tried")
        self.assertIn(self.b.address, response.get("x-weir-refusal"))
        self.assertTrue(response.get("retry-after"))


class DeadConnections(Case):
    """An endpoint may close a connection while it is idle; a request that meets this is repeated on a fresh one."""

    def start(self, behaviour):
        self.a = self.upstream("a", behaviour)
        self.proxy = self.weir(self.config([self.a], cluster=QUIET, route={"retry": "off"}, workers=1))

    @staticmethod
    def one_per_connection():
        """Answers the first request of a connection and hangs up on the second, having read it."""
        served = set()

        def behaviour(wire, request, server):
            if wire in served:
                return CLOSE
            served.add(wire)
            return ok(wire, request, server)
        return behaviour

    def test_what_is_idempotent_is_repeated(self):
        self.start(self.one_per_connection())
        for method, body in [("GET", None), ("PUT", b"body"), ("DELETE", None), ("GET", None)]:
            self.assert_status(200, self.ask(method, "/", body=body), method)
        self.assertEqual(4, self.a.accepted)
        self.assertEqual(0, self.proxy.endpoint(self.a)["failures"], "it says nothing about the endpoint")

    def test_a_post_is_not(self):
        self.start(self.one_per_connection())
        self.assert_status(200, self.ask())
        response = self.ask("POST", "/", body=b"order")
        self.assert_status(502, response)
        self.assertIn("rule=upstream_reset", response.get("x-weir-refusal"))
        self.assertEqual(1, len(self.a.of("POST")), "it was sent once")

    def test_once_only(self):
        """A fresh connection that dies the same way is a failure."""
        self.start(once(ok, hang_up))
        self.assert_status(200, self.ask())
        self.assert_status(502, self.ask())
        self.assertEqual(3, len(self.a.requests))

    def test_a_close_that_was_seen_costs_nothing(self):
        """Closed after each response without a word: no request fails, POST or not."""
        def leave(wire, request, server):
            ok(wire, request, server)
            return CLOSE

        self.start(leave)
        for i in range(20):
            self.assert_status(200, self.ask("POST", "/", body=b"order"), f"request {i}")
            self.eventually(lambda: self.proxy.endpoint(self.a)["connections"] == 0, "the close is noticed")


class Budget(Case):
    REQUESTS = 400

    def test_an_outage_is_not_multiplied(self):
        a, b = self.upstream("a", status(503)), self.upstream("b", status(503))
        proxy = self.weir(self.config([a, b], cluster=QUIET | {"retry_budget": {"percent": 20, "min_per_second": 1}},
                                      route={"retry": {"attempts": 5, "backoff_base": "1ms", "backoff_max": "2ms"}}))
        client = self.client()
        begin = time.monotonic()
        for _ in range(self.REQUESTS):
            self.assert_status(503, client.ask())
        seconds = time.monotonic() - begin
        sent = len(a.requests) + len(b.requests)
        reserve = 1 * (10 + seconds)  # min_per_second over the window, and over the time that it took
        self.assertGreater(sent, self.REQUESTS * 1.1, "the budget is there to be used")
        self.assertLessEqual(sent, self.REQUESTS * 1.2 + 2 * reserve, "and not to be exceeded")
        retries = proxy.endpoint(a)["retries"] + proxy.endpoint(b)["retries"]
        self.assertEqual(sent - self.REQUESTS, retries, "the admin interface counts them")

    def test_no_budget_no_retries(self):
        a = self.upstream("a", status(503))
        self.weir(self.config([a], cluster=QUIET | {"retry_budget": {"percent": 0, "min_per_second": 0}}))
        for _ in range(20):
            self.assert_status(503, self.ask())
        self.assertEqual(20, len(a.requests))


if __name__ == "__main__":
    unittest.main()
