"""Requests and responses pass as they should: connections persist, pipelines keep their order, methods and statuses
without body stay without one, old clients are served in their own way, and routes lead where they say."""

import json
import unittest

from harness.case import Case
from harness.upstream import CLOSE, KEEP, answer, echo, ok, says
from harness.wire import request


class Connections(Case):
    def setUp(self):
        super().setUp()
        self.a = self.upstream("a", echo)
        self.proxy = self.weir(self.config([self.a], workers=1))

    def test_both_sides_are_kept(self):
        client = self.client()
        for i in range(10):
            self.assert_status(200, client.ask("GET", f"/{i}"), f"request {i}")
        self.assertEqual([f"/{i}" for i in range(10)], self.a.targets)
        self.assertEqual(1, self.a.accepted)

    def test_another_client_uses_the_idle_connection(self):
        for _ in range(5):
            self.assert_status(200, self.ask())
        self.assertEqual(1, self.a.accepted)

    def test_a_pipeline_is_answered_in_order(self):
        client = self.client()
        client.send(b"".join(request("POST" if i % 3 else "GET", f"/{i}", body=b"x" * i if i % 3 else None)
                             for i in range(30)))
        for i in range(30):
            seen = json.loads(client.response().body)
            self.assertEqual((f"/{i}", i if i % 3 else 0), (seen["start"].split()[1], len(seen["body"])),
                             f"response {i}")

    def test_a_request_may_come_byte_by_byte(self):
        client = self.client()
        for byte in request("PUT", "/slowly", ("X-Field", "value"), body=b"body"):
            client.send(bytes([byte]))
        seen = json.loads(client.response().body)
        self.assertEqual("body", seen["body"])
        self.assertIn(["x-field", "value"], seen["fields"])

    def test_an_empty_line_before_a_request_is_forgiven(self):
        client = self.client()
        client.send(b"\r\n" + request("GET", "/"))
        self.assert_status(200, client.response())

    def test_who_says_close_is_closed(self):
        client = self.client()
        response = client.ask("GET", "/", ("Connection", "close"))
        self.assertEqual("close", response.get("connection"))
        self.assertEqual(b"", client.to_end())
        self.assertFalse(client.was_reset, "a clean end, not a reset")

    def test_what_follows_a_close_is_not_answered(self):
        client = self.client()
        client.send(request("GET", "/last", ("Connection", "close")) + request("GET", "/after"))
        self.assert_status(200, client.response())
        self.assertEqual(b"", client.to_end())
        self.assertEqual(["/last"], self.a.targets)


class OldClients(Case):
    def setUp(self):
        super().setUp()
        self.a = self.upstream("a")
        self.proxy = self.weir(self.config([self.a], workers=1))

    def test_http10_is_closed_after_the_response(self):
        client = self.client()
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        response = client.response()
        self.assert_status(200, response)
        self.assertEqual("close", response.get("connection"))
        self.assertEqual((b"a", b""), (response.body, client.to_end()))

    def test_http10_may_ask_to_be_kept(self):
        client = self.client()
        for _ in range(3):
            client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            response = client.response()
            self.assertEqual("keep-alive", response.get("connection"))
            self.assertEqual(b"a", response.body)

    def test_http10_gets_no_chunks(self):
        self.a.behaviour = says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        client = self.client()
        client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        response = client.head()
        self.assertEqual(None, response.get("transfer-encoding"))
        self.assertEqual("close", response.get("connection"), "its end is the end of the connection")
        self.assertEqual(b"abcde", client.to_end())

    def test_the_endpoint_is_spoken_to_in_11(self):
        client = self.client()
        client.send(b"GET /old HTTP/1.0\r\n\r\n")
        client.response()
        self.assertEqual("GET /old HTTP/1.1", self.a.requests[0].start)
        self.assertIn("1.0 weir", self.a.requests[0].all("via"))


class WithoutBody(Case):
    """Rows: message, method, what the endpoint says, status, Content-Length the client sees."""

    ROWS = [
        ("HEAD with a length", "HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, "5"),
        ("HEAD of a chunked resource", "HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, None),
        ("204", "GET", b"HTTP/1.1 204 No Content\r\n\r\n", 204, None),
        ("304 with the length of a 200", "GET",
         b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\n", 304,
         "5"),
        ("304 without", "GET", b"HTTP/1.1 304 Not Modified\r\n\r\n", 304, None),
        ("an empty 200", "GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "0"),
        ("HEAD answered with 404", "HEAD", b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n", 404, "9"),
    ]

    def test_rows(self):
        a = self.upstream("a")
        self.weir(self.config([a], workers=1))
        client = self.client()
        for message, method, said, status, length in self.ROWS:
            with self.subTest(message):
                a.behaviour = says(said, KEEP)
                response = client.ask(method, "/")
                self.assert_status(status, response, message)
                self.assertEqual(length, response.get("content-length"), message)
                a.behaviour = ok
                self.assertEqual(b"a", client.ask().body, f"{message}: the connection is in step afterwards")
        self.assertEqual(1, a.accepted, "and so is the endpoint's")


class Endings(Case):
    def test_a_response_that_ends_with_its_connection_becomes_chunked(self):
        a = self.upstream("a", says(b"HTTP/1.0 200 OK\r\n\r\nold but whole", CLOSE))
        self.weir(self.config([a], workers=1))
        client = self.client()
        for i in range(3):
            response = client.ask()
            self.assertEqual((b"old but whole", "chunked"), (response.body, response.get("transfer-encoding")),
                             f"request {i}")
        self.assertEqual(3, a.accepted)

    def test_an_endpoint_that_says_close_is_not_reused(self):
        a = self.upstream("a", says(answer(b"bye", "200 OK", "Connection: close"), KEEP))
        self.weir(self.config([a], workers=1))
        client = self.client()
        for i in range(3):
            response = client.ask()
            self.assertEqual((b"bye", None), (response.body, response.get("connection")), f"request {i}")
        self.assertEqual(3, a.accepted)

    def test_a_failure_that_breaks_off_is_one(self):
        a = self.upstream("a", says(b"HTTP/1.1 500 Oh\r\nContent-Length: 100\r\n\r\nhal", CLOSE))
        config = self.config([a], workers=1)
        proxy = self.weir(config)
        for asked in range(1, 3):
            client = self.client()
            client.send(request("GET", "/"))
            self.eventually(lambda: proxy.metric("weir_listener_failures_total") >= asked, "it is counted")
            self.assertEqual(asked, proxy.metric("weir_listener_failures_total"))

    def test_date_is_added_where_the_endpoint_has_none(self):
        a = self.upstream("a")
        self.weir(self.config([a]))
        self.assertRegex(self.ask().get("date", ""), r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
        a.behaviour = says(answer(b"", "200 OK", "Date: yesterday"), KEEP)
        self.assertEqual(["yesterday"], self.ask().all("date"))


class Routes(Case):
    def setUp(self):
        super().setUp()
        self.upstreams = {name: self.upstream(name) for name in ("api", "shop", "site", "next")}
        config = self.config([])
        config["listeners"][0]["routes"] = [
            {"match": {"path": "/api/*"}, "to": "api"},
            {"match": {"host": "shop.example"}, "to": "shop"},
            {"match": {"path": "/split"}, "to": {"site": 50, "next": 50}},
            {"match": {"path": "/about"}, "to": "site"},
        ]
        config["clusters"] = {name: [each.address] for name, each in self.upstreams.items()}
        self.weir(config)

    def test_rows(self):
        rows = [
            ("a prefix", "/api/users", "example.org", "api"),
            ("the prefix itself", "/api/", "example.org", "api"),
            ("the first that matches", "/api/", "shop.example", "api"),
            ("a host", "/any", "shop.example", "shop"),
            ("a host with port, in capitals", "/any", "SHOP.example:8080", "shop"),
            ("exactly", "/about", "example.org", "site"),
            ("exactly, with a query", "/about?x=1", "example.org", "site"),
            ("not exactly", "/about/us", "example.org", None),
            ("not the prefix", "/apis", "example.org", None),
        ]
        for message, target, host, expected in rows:
            with self.subTest(message):
                response = self.ask("GET", target, host=host)
                if expected:
                    self.assertEqual(expected, response.body.decode(), message)
                    continue
                self.assert_status(404, response, message)
                self.assertEqual("rule=no_route", response.get("x-weir-refusal"))
                self.assertEqual("no_route", json.loads(response.body)["error"])

    def test_shares(self):
        seen = [self.ask("GET", "/split").body for _ in range(200)]
        self.assertTrue(60 < seen.count(b"next") < 140, f"of 200, half: {seen.count(b'next')}")

    def test_a_refusal_keeps_the_connection_or_says_that_it_does_not(self):
        client = self.client()
        response = client.ask("POST", "/nowhere", body=b"the body is read over")
        self.assert_status(404, response)
        if response.get("connection") == "close":
            self.assertEqual(b"", client.to_end())
        else:
            self.assertEqual(b"api", client.ask("GET", "/api/").body)


if __name__ == "__main__":
    unittest.main()
