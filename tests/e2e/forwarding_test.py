"""What a gateway says about a request it passes on, what it believes of a client's claims, what it keeps to itself."""

import json
import re
import unittest

from harness.case import Case
from harness.ports import free_port
from harness.upstream import KEEP, answer, echo, says

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Forwarding(Case):
    def start(self, trust):
        self.a = self.upstream("a", echo)
        self.weir(self.config([self.a], listener={"trust_forwarded": trust}))

    def seen(self, *fields, **options):
        response = self.ask("GET", "/x?y=z", *fields, **options)
        told = json.loads(response.body)
        found = {}
        for name, value in told["fields"]:
            found.setdefault(name, []).append(value)
        return response, found

    def test_what_is_added(self):
        self.start(trust=False)
        response, seen = self.seen()
        self.assertEqual(["127.0.0.1"], seen["x-forwarded-for"])
        self.assertEqual(["http"], seen["x-forwarded-proto"])
        self.assertEqual(['for=127.0.0.1;host="example.org";proto=http'], seen["forwarded"])
        self.assertEqual(["1.1 weir"], seen["via"])
        self.assertEqual(["example.org"], seen["host"])
        self.assertRegex(seen["x-request-id"][0], r"^[0-9a-f]{32}$")
        self.assertRegex(seen["traceparent"][0], r"^00-[0-9a-f]{32}-[0-9a-f]{16}-01$")
        self.assertEqual(seen["x-request-id"], response.all("x-request-id"), "the client is told its id")

    def test_ids_differ(self):
        self.start(trust=False)
        ids = [self.seen()[1]["x-request-id"][0] for _ in range(20)]
        self.assertEqual(20, len(set(ids)), ids)

    CLAIMS = [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.example"),
              ("Forwarded", "for=6.6.6.6"), ("X-Request-Id", "mine-1")]

    def test_claims_of_a_stranger_are_dropped(self):
        self.start(trust=False)
        response, seen = self.seen(*self.CLAIMS)
        self.assertEqual(["127.0.0.1"], seen["x-forwarded-for"])
        self.assertEqual(["http"], seen["x-forwarded-proto"])
        self.assertNotIn("x-forwarded-host", seen)
        self.assertEqual(['for=127.0.0.1;host="example.org";proto=http'], seen["forwarded"])
        self.assertNotEqual("mine-1", seen["x-request-id"][0])
        self.assertEqual(1, len(seen["x-request-id"]))

    def test_what_an_endpoint_may_take_for_ours_is_dropped(self):
        """CGI and WSGI make one variable of X-Forwarded-For and X_Forwarded_For: which wins is a matter of luck."""
        for trust in (False, True):
            self.start(trust=trust)
            _, seen = self.seen(("X_Forwarded_For", "6.6.6.6"), ("x-forwarded_client-cert", "Hash=1"),
                                ("X_REQUEST_ID", "mine-1"), ("Content_Length", "3"), ("X_Own_Field", "kept"))
            self.assertEqual([], [name for name in seen if "_" in name and name != "x_own_field"])
            self.assertEqual(["kept"], seen["x_own_field"])
            self.assertEqual(["127.0.0.1"], seen["x-forwarded-for"])
            self.port = free_port()

    def test_claims_of_a_trusted_proxy_are_extended(self):
        self.start(trust=True)
        response, seen = self.seen(*self.CLAIMS)
        self.assertEqual(["6.6.6.6, 127.0.0.1"], seen["x-forwarded-for"])
        self.assertEqual(["https"], seen["x-forwarded-proto"])
        self.assertEqual(["evil.example"], seen["x-forwarded-host"])
        self.assertTrue(seen["forwarded"][0].startswith("for=6.6.6.6, for=127.0.0.1"), seen["forwarded"])
        self.assertEqual(["mine-1"], seen["x-request-id"])
        self.assertEqual(["mine-1"], response.all("x-request-id"))

    def test_several_fields_of_a_trusted_proxy_are_one_list(self):
        """RFC 9110 section 5.3: fields of one name are one list; losing all but the last would lose the client."""
        self.start(trust=True)
        _, seen = self.seen(("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "2.2.2.2"))
        self.assertEqual(["1.1.1.1, 2.2.2.2, 127.0.0.1"], [", ".join(seen["x-forwarded-for"])])

    def test_a_trusted_id_must_be_harmless(self):
        self.start(trust=True)
        for bad in ("a b", 'a"b', "x" * 129, "ü"):
            _, seen = self.seen(("X-Request-Id", bad))
            self.assertRegex(seen["x-request-id"][0], r"^[0-9a-f]{32}$", f"instead of {bad!r}")

    def test_a_trace_goes_on(self):
        self.start(trust=False)
        _, seen = self.seen(("traceparent", TRACE), ("tracestate", "a=1"))
        self.assertEqual([TRACE], seen["traceparent"])
        self.assertEqual(["a=1"], seen["tracestate"])
        for bad in ("00-" + "0" * 32 + "-00f067aa0ba902b7-01", "nonsense", TRACE.upper()):
            _, seen = self.seen(("traceparent", bad))
            self.assertEqual(1, len(seen["traceparent"]))
            self.assertNotEqual(bad, seen["traceparent"][0])

    def test_via_is_extended(self):
        self.start(trust=False)
        _, seen = self.seen(("Via", "1.1 before"))
        self.assertEqual("1.1 before, 1.1 weir", ", ".join(seen["via"]))

    def test_what_came_in_the_clear_is_http_whatever_its_target_claims(self):
        self.start(trust=False)
        client = self.client()
        client.send(b"GET https://example.org/x HTTP/1.1\r\nHost: example.org\r\n\r\n")
        seen = dict(json.loads(client.response().body)["fields"])
        self.assertEqual("http", seen["x-forwarded-proto"])
        self.assertIn("proto=http", seen["forwarded"])
        self.assertNotIn("https", seen["forwarded"])

    def test_an_absolute_target_decides_the_host(self):
        self.start(trust=False)
        client = self.client()
        client.send(b"GET http://other.example/p?q HTTP/1.1\r\nHost: lie.example\r\n\r\n")
        told = json.loads(client.response().body)
        self.assertEqual("GET /p?q HTTP/1.1", told["start"])
        self.assertEqual([["host", "other.example"]], [each for each in told["fields"] if each[0] == "host"])


class HopByHop(Case):
    FIELDS = [("Connection", "keep-alive, X-Hop"), ("Keep-Alive", "timeout=5"), ("X-Hop", "1"),
              ("Proxy-Connection", "close"),
              ("TE", "trailers"), ("Upgrade", "websocket"), ("X-End-To-End", "2")]

    def test_requests(self):
        a = self.upstream("a", echo)
        self.weir(self.config([a]))
        told = json.loads(self.ask("GET", "/", *self.FIELDS).body)
        names = {name for name, _ in told["fields"]}
        self.assertEqual(set(), names & {"keep-alive", "x-hop", "proxy-connection", "upgrade"}, told["fields"])
        self.assertIn("x-end-to-end", names)

    def test_responses(self):
        fields = [f"{name}: {value}" for name, value in self.FIELDS if name != "TE"]
        a = self.upstream("a", says(answer(b"x", "200 OK", *fields), KEEP))
        self.weir(self.config([a]))
        response = self.ask()
        names = {name for name, _ in response.fields}
        self.assertEqual(set(), names & {"keep-alive", "x-hop", "proxy-connection", "upgrade"}, response.fields)
        self.assertIn("x-end-to-end", names)

    def test_order_and_spelling_of_the_rest_is_kept(self):
        a = self.upstream("a", echo)
        self.weir(self.config([a]))
        fields = [("B", "1"), ("a", "2"), ("B", "3"), ("Cookie", "x=1; y=2"), ("Accept", "*/*")]
        told = json.loads(self.ask("GET", "/", *fields).body)
        kept = [tuple(each) for each in told["fields"] if each[0] in ("a", "b", "cookie", "accept")]
        self.assertEqual([(name.lower(), value) for name, value in fields], kept)

    def test_an_endpoints_request_id_does_not_hide_ours(self):
        a = self.upstream("a", says(answer(b"", "200 OK", "X-Request-Id: theirs"), KEEP))
        self.weir(self.config([a]))
        ids = self.ask().all("x-request-id")
        self.assertTrue(len(ids) == 1 and re.fullmatch(r"[0-9a-f]{32}", ids[0]), ids)


if __name__ == "__main__":
    unittest.main()
