"""Shadow traffic: copies arrive whole, and whatever the shadow does, the original neither waits nor fails."""

import json
import unittest

from harness.case import Case
from harness.certificates import Authority, TlsUpstream
from harness.http2 import END_HEADERS, END_STREAM, HEADERS, Http2Server, frame, hpack
from harness.load import Load
from harness.nginx import Nginx
from harness.ports import free_port
from harness.upstream import echo, hang_up, never, says, status

RESULTS = ("answered", "failed", "timeout", "over_limit", "too_large", "incomplete")


class MirrorCase(Case):
    def start(self, endpoint, shadow, *, workers=1, cluster=None, route=None, **mirror):
        config = self.config([endpoint], route={"mirror": {"to": "shadow"} | mirror} | (route or {}), workers=workers)
        address = shadow if isinstance(shadow, str) else shadow.address
        config["clusters"]["shadow"] = {"endpoints": [address], "slow_start": "off"} | (cluster or {})
        return self.weir(config)

    def results(self, proxy):
        counts = {result: int(proxy.metric("weir_mirror_requests_total", cluster="shadow", result=result))
                  for result in RESULTS}
        return {result: count for result, count in counts.items() if count}

    def mirrored(self, proxy, expected):
        self.eventually(lambda: self.results(proxy) == expected, lambda: self.results(proxy))


class Mirror(MirrorCase):
    def test_a_copy_is_what_the_original_was(self):
        endpoint, shadow = self.upstream("a", echo), self.upstream("shadow")
        proxy = self.start(endpoint, shadow)
        body = b"x" * 5000
        self.assert_status(200, self.ask("POST", "/path?q=1", ("X-Own", "kept"), ("Content-Type", "a/b"), body=body))
        self.assert_status(200, self.ask("GET", "/plain"))
        self.mirrored(proxy, {"answered": 2})
        self.assertEqual(["/path?q=1", "/plain"], sorted(shadow.targets), "on two connections, in any order")
        original = endpoint.requests[0]
        copy, = [each for each in shadow.requests if each.target == original.target]
        self.assertEqual(body, copy.body)
        self.assertEqual("1", copy.get("x-weir-mirror"))
        self.assertIsNone(original.get("x-weir-mirror"))
        for name in ("host", "x-own", "content-type", "content-length", "x-request-id", "traceparent", "via",
                     "x-forwarded-for"):
            self.assertEqual(original.get(name), copy.get(name), name)

    def test_a_copy_of_a_chunked_body_has_a_length(self):
        endpoint, shadow = self.upstream("a", echo), self.upstream("shadow")
        proxy = self.start(endpoint, shadow)
        client = self.client()
        client.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
        client.send(b"3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n")
        message = client.response()
        if message.status == 100:
            message = client.response()
        self.assert_status(200, message)
        self.mirrored(proxy, {"answered": 1})
        copy = shadow.requests[0]
        self.assertEqual(b"abcde", copy.body)
        self.assertEqual("5", copy.get("content-length"))
        self.assertIsNone(copy.get("expect"))

    def test_a_shadow_that_hangs_slows_nobody(self):
        """The shadow never answers anybody; originals go on all the same, on the same connection, one after the other,
        and copies stop at their limit."""
        endpoint, shadow = self.upstream("a"), self.upstream("shadow", never)
        proxy = self.start(endpoint, shadow, workers=2, max_in_flight=3, timeout="1h")
        client = self.client()
        for _ in range(50):
            self.assertEqual(b"a", client.ask("POST", "/", body=b"12345").body)
        self.mirrored(proxy, {"over_limit": 47})
        self.assertEqual(3, len(shadow.requests))
        self.assertEqual(50, proxy.metric("weir_listener_requests_total", listener="web"))
        self.assertEqual(50, proxy.metric("weir_responses_total"))

    def test_a_copy_is_given_up_after_its_time(self):
        endpoint, shadow = self.upstream("a"), self.upstream("shadow", never)
        proxy = self.start(endpoint, shadow, max_in_flight=1, timeout="50ms",
                           cluster={"outlier_detection": "off"})
        for i in range(3):
            self.assert_status(200, self.ask())
            self.mirrored(proxy, {"timeout": i + 1})
        self.eventually(lambda: len(shadow.left) == 3, "their connections are closed")

    def test_whatever_the_shadow_says_is_thrown_away(self):
        endpoint, shadow = self.upstream("a"), self.upstream("shadow")
        proxy = self.start(endpoint, shadow, cluster={"outlier_detection": "off"})
        expected = {}
        for behaviour, result in ((status(200), "answered"), (status(404), "answered"), (status(503), "failed"),
                                  (hang_up, "failed")):
            shadow.behaviour = behaviour
            expected[result] = expected.get(result, 0) + 1
            answer = self.ask()
            self.assert_status(200, answer)
            self.assertEqual(b"a", answer.body)
            self.mirrored(proxy, expected)
        self.assertEqual(4, len(shadow.requests), "nothing was tried again")
        self.assertEqual(0, proxy.metric("weir_listener_failures_total", listener="web"))

    def test_a_shadow_that_speaks_grpc_is_judged_by_its_status(self):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\n"
        chunked = head + b"Transfer-Encoding: chunked\r\nTrailer: grpc-status\r\n\r\n1\r\nx\r\n0\r\n"
        rows = [(head + b"grpc-status: 0\r\nContent-Length: 0\r\n\r\n", "answered"),
                (head + b"grpc-status: 5\r\nContent-Length: 0\r\n\r\n", "answered"),
                (head + b"grpc-status: 14\r\nContent-Length: 0\r\n\r\n", "failed"),
                (chunked + b"grpc-status: 0\r\n\r\n", "answered"), (chunked + b"grpc-status: 13\r\n\r\n", "failed"),
                (chunked + b"\r\n", "failed"), (chunked[:-3], "failed")]
        endpoint, shadow = self.upstream("a"), self.upstream("shadow")
        proxy = self.start(endpoint, shadow, cluster={"outlier_detection": "off"})
        expected = {}
        for response, result in rows:
            with self.subTest(response=response):
                shadow.behaviour = says(response)
                self.assert_status(200, self.ask())
                expected[result] = expected.get(result, 0) + 1
                self.mirrored(proxy, expected)

    def test_a_shadow_that_is_not_there(self):
        proxy = self.start(self.upstream("a"), f"127.0.0.1:{free_port()}", workers=2)
        with Load(self.port, threads=4) as load:
            self.eventually(lambda: len(load.answers) > 200, load.text)
            load.stop()
        self.assertEqual([], load.failed()[:5])
        self.assertGreater(self.results(proxy)["failed"], 0)
        self.assertEqual(0, proxy.metric("weir_listener_failures_total", listener="web"))

    def test_large_bodies_are_not_copied(self):
        endpoint, shadow = self.upstream("a", echo), self.upstream("shadow")
        proxy = self.start(endpoint, shadow, max_body="1KiB")
        exact, large = b"e" * 1024, b"l" * 1025
        self.assert_status(200, self.ask("POST", body=exact))
        self.mirrored(proxy, {"answered": 1})
        self.assertEqual(large.decode(), json.loads(self.ask("POST", body=large).body)["body"])
        self.mirrored(proxy, {"answered": 1, "too_large": 1})
        client = self.client()
        client.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(5):
            client.send(b"100\r\n" + b"c" * 256 + b"\r\n")
        client.send(b"0\r\n\r\n")
        self.assertEqual("c" * 1280, json.loads(client.response().body)["body"])
        self.mirrored(proxy, {"answered": 1, "too_large": 2})
        self.assertEqual(1, len(shadow.requests))

    def test_who_leaves_in_the_middle_leaves_no_copy(self):
        endpoint, shadow = self.upstream("a", echo), self.upstream("shadow")
        proxy = self.start(endpoint, shadow)
        client = self.client()
        client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        self.eventually(lambda: proxy.metric("weir_listener_requests_total", listener="web") == 1, "it has arrived")
        client.reset()
        self.mirrored(proxy, {"incomplete": 1})
        self.assertEqual([], shadow.requests)

    def test_a_share(self):
        endpoint, shadow = self.upstream("a"), self.upstream("shadow")
        proxy = self.start(endpoint, shadow, percent=10, max_in_flight=1000)
        client = self.client()
        for _ in range(1000):
            client.ask()
        self.eventually(lambda: sum(self.results(proxy).values()) == len(shadow.requests), lambda: self.results(proxy))
        # Six standard deviations.
        self.assertTrue(43 <= len(shadow.requests) <= 157, len(shadow.requests))

    def test_a_copy_shows_what_the_route_makes_of_the_request(self):
        endpoint, shadow = self.upstream("a"), self.upstream("shadow")
        proxy = self.start(endpoint, shadow, route={"match": {"path": "/api/*"}, "rewrite": {"path": "/v2/"},
                                                    "request_headers": {"set": {"x-route": "yes"}}})
        self.assert_status(200, self.ask("GET", "/api/x?y=1"))
        self.mirrored(proxy, {"answered": 1})
        for each in (endpoint.requests[0], shadow.requests[0]):
            self.assertEqual("/v2/x?y=1", each.target)
            self.assertEqual("yes", each.get("x-route"))

    def test_copies_of_one_key_meet_at_one_endpoint_and_others_elsewhere(self):
        shadows = [self.upstream(f"shadow{i}") for i in range(3)]
        config = self.config([self.upstream("a")], route={"mirror": {"to": "shadow"}}, workers=1)
        config["clusters"]["shadow"] = {"endpoints": [each.address for each in shadows], "slow_start": "off",
                                        "policy": "maglev", "hash_on": "path"}
        proxy = self.weir(config)
        for i in range(60):
            self.assert_status(200, self.ask("GET", f"/{i % 30}"))
            self.mirrored(proxy, {"answered": i + 1})  # one by one: an endpoint that is ahead of the others gets less
        seen = [set(each.targets) for each in shadows]
        self.assertEqual(30, sum(map(len, seen)), f"each path has one endpoint: {seen}")
        self.assertTrue(all(seen), f"and each endpoint some paths: {seen}")

    def test_a_reload_lets_no_more_of_them_in(self):
        shadow = self.upstream("shadow", never)
        proxy = self.start(self.upstream("a"), shadow, workers=2, max_in_flight=3, timeout="1h")
        for reloads in range(3):
            for _ in range(5):
                self.assert_status(200, self.ask())
            self.mirrored(proxy, {"over_limit": 2 + 5 * reloads})
            self.assertEqual(3, len(shadow.waiting), f"after {reloads} reloads")
            proxy.post("/reload")
            self.eventually(lambda: proxy.metric("weir_config_settled") == 1, "settled")

    def test_reloads_and_the_end_do_not_wait_for_copies(self):
        endpoint, shadow = self.upstream("a"), self.upstream("shadow", never)
        proxy = self.start(endpoint, shadow, timeout="1h")
        self.assert_status(200, self.ask())
        self.eventually(lambda: len(shadow.waiting) == 1, "the copy hangs")
        proxy.post("/reload")
        self.eventually(lambda: proxy.metric("weir_config_settled") == 1, "settled")
        self.assert_status(200, self.ask())
        self.assertEqual(0, proxy.end())


class Shadows(MirrorCase):
    """The shadow speaks what the endpoint does not: nginx does, and hands what it got to an endpoint that remembers."""

    def setUp(self):
        super().setUp()
        self.authority = Authority(self.directory / "ca")
        self.shown = self.authority.issue("shadow", "IP:127.0.0.1")
        self.trust = {"ca": str(self.authority.path)}

    def front(self, listen, endpoint):
        port = free_port()
        server = Nginx(self.directory, f"""server {{
            listen 127.0.0.1:{port} {listen};
            ssl_certificate {self.shown["certificate"]};
            ssl_certificate_key {self.shown["key"]};
            ssl_protocols TLSv1.3;
            location / {{
                proxy_pass http://{endpoint.address};
                proxy_set_header X-Seen "$server_protocol $ssl_protocol";
            }}
        }}""", port)
        self.addCleanup(server.stop)
        return server

    def test_copies_arrive_whole_in_whatever_the_shadow_speaks(self):
        for listen, cluster, seen in (("ssl", {"tls": self.trust}, "HTTP/1.1 TLSv1.3"),
                                      ("http2", {"protocol": "h2"}, "HTTP/2.0"),
                                      ("ssl http2", {"tls": self.trust, "protocol": "h2"}, "HTTP/2.0 TLSv1.3")):
            with self.subTest(listen):
                self.port = free_port()
                endpoint, shadow = self.upstream("a", echo), self.upstream("shadow")
                proxy = self.start(endpoint, self.front(listen, shadow), cluster=cluster)
                body = bytes(range(256)) * 200
                self.assert_status(200, self.ask("POST", "/path?q=1", ("X-Own", "kept"), body=body))
                self.assert_status(200, self.ask("GET", "/plain"))
                self.mirrored(proxy, {"answered": 2})
                self.assertCountEqual(["/path?q=1", "/plain"], shadow.targets)
                copy, = shadow.of("POST")
                self.assertEqual(body, copy.body)
                self.assertEqual(seen, copy.get("x-seen"))
                self.assertEqual(("kept", "1"), (copy.get("x-own"), copy.get("x-weir-mirror")))
                self.assertEqual(endpoint.of("POST")[0].get("x-request-id"), copy.get("x-request-id"))

    def test_one_of_http2_that_hangs_holds_up_nobody(self):
        """A copy that is given up leaves its place to those that follow."""
        endpoint, shadow = self.upstream("a"), Http2Server(lambda stream: b"")
        self.addCleanup(shadow.close)
        proxy = self.start(endpoint, shadow, max_in_flight=1, timeout="50ms",
                           cluster={"protocol": "h2", "outlier_detection": "off"})
        client = self.client()
        for i in range(3):
            self.assertEqual(b"a", client.ask("POST", "/", body=b"12345").body)
            self.mirrored(proxy, {"timeout": i + 1})
        shadow.answer = lambda stream: frame(HEADERS, END_STREAM | END_HEADERS, stream, hpack([(":status", "204")]))
        self.assertEqual(b"a", client.ask("POST", "/", body=b"12345").body)
        self.mirrored(proxy, {"timeout": 3, "answered": 1})
        self.assertEqual(4, shadow.asked)
        self.assertEqual(0, proxy.metric("weir_listener_failures_total", listener="web"))

    def test_a_shadow_that_cannot_prove_who_it_is_disturbs_nobody(self):
        endpoint, shadow = self.upstream("a", echo), TlsUpstream(self.shown, "shadow")
        self.addCleanup(shadow.stop)
        stranger = Authority(self.directory / "strangers", "another authority")
        cluster = {"tls": {"ca": str(stranger.path)}, "outlier_detection": "off"}
        proxy = self.start(endpoint, shadow, cluster=cluster)
        client, body = self.client(), b"x" * 5000
        for i in range(5):  # on one connection of the client's, and one of the endpoint's
            response = client.ask("POST", "/", body=body)
            self.assert_status(200, response)
            self.assertEqual(body.decode(), json.loads(response.body)["body"])
            self.mirrored(proxy, {"failed": i + 1})
        self.assertEqual((5, 1), (len(endpoint.requests), endpoint.accepted))
        self.assertEqual([], shadow.requests, "nothing was sent to a stranger")
        self.assertEqual(5, proxy.metric("weir_endpoint_tls_failures_total", cluster="shadow", reason="unknown_ca"))
        self.assertEqual(0, proxy.metric("weir_listener_failures_total", listener="web"))

    def test_nor_does_one_that_does_not_agree_to_h2(self):
        endpoint, shadow = self.upstream("a"), TlsUpstream(self.shown, "shadow", protocols=["http/1.1"])
        self.addCleanup(shadow.stop)
        proxy = self.start(endpoint, shadow, cluster={"tls": self.trust, "protocol": "h2", "outlier_detection": "off"})
        client = self.client()
        for i in range(5):
            self.assertEqual(b"a", client.ask().body)
            self.mirrored(proxy, {"failed": i + 1})
        self.assertEqual([], shadow.requests)
        self.assertEqual(0, proxy.metric("weir_listener_failures_total", listener="web"))


if __name__ == "__main__":
    unittest.main()
