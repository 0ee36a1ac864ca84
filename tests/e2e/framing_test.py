"""No two readers may disagree on where a message ends: smuggling attempts are refused before an endpoint sees a byte of
them, and bodies, chunks, trailers and interim responses arrive as they were sent."""

import json
import unittest

from harness.case import Case
from harness.upstream import CLOSE, KEEP, answer, echo, raw_body, says
from harness.wire import request

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


def head(*lines, method="POST", version="HTTP/1.1"):
    return (f"{method} / {version}\r\nHost: a\r\n" + "".join(line + "\r\n" for line in lines) +
            "\r\n").encode("latin-1")


class Smuggling(Case):
    """Rows: message, bytes, status. The endpoint must see nothing at all of these, whatever follows them."""

    ROWS = [
        ("length and chunks", head("Content-Length: 4", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + SMUGGLED, 400),
        ("chunks and length", head("Transfer-Encoding: chunked", "Content-Length: 4") + b"0\r\n\r\n" + SMUGGLED, 400),
        ("two lengths", head("Content-Length: 0", "Content-Length: 44") + SMUGGLED, 400),
        ("two lengths in one field", head("Content-Length: 0, 44") + SMUGGLED, 400),
        ("a signed length", head("Content-Length: +0") + SMUGGLED, 400),
        ("a negative length", head("Content-Length: -1") + SMUGGLED, 400),
        ("a hexadecimal length", head("Content-Length: 0x0") + SMUGGLED, 400),
        ("an empty length", head("Content-Length:") + SMUGGLED, 400),
        ("a length beyond 63 bits", head("Content-Length: 18446744073709551616") + SMUGGLED, 400),
        ("chunked twice", head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + SMUGGLED,
         400),
        ("chunked, chunked", head("Transfer-Encoding: chunked, chunked") + b"0\r\n\r\n" + SMUGGLED, 400),
        ("chunked not last", head("Transfer-Encoding: chunked, identity") + b"0\r\n\r\n" + SMUGGLED, 400),
        ("identity", head("Transfer-Encoding: identity") + SMUGGLED, 501),
        ("gzip, chunked", head("Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n" + SMUGGLED, 501),
        ("xchunked", head("Transfer-Encoding: xchunked") + b"0\r\n\r\n" + SMUGGLED, 501),
        ("an empty coding", head("Transfer-Encoding:") + SMUGGLED, 400),
        ("a vertical tab before chunked", head("Transfer-Encoding: \x0bchunked") + b"0\r\n\r\n" + SMUGGLED, 400),
        ("space before the colon", head("Transfer-Encoding : chunked") + b"0\r\n\r\n" + SMUGGLED, 400),
        ("space before the name", head("X: y", " Transfer-Encoding: chunked") + b"0\r\n\r\n" + SMUGGLED, 400),
        ("folded", head("Transfer-Encoding:", " chunked") + b"0\r\n\r\n" + SMUGGLED, 400),
        ("a bare CR in a value", head("X: y\rTransfer-Encoding: chunked") + SMUGGLED, 400),
        ("a bare LF ends a line", b"GET / HTTP/1.1\nHost: a\n\n" + SMUGGLED, 400),
        ("a NUL in a value", head("X: y\0") + SMUGGLED, 400),
        ("a NUL in a name", head("X\0: y") + SMUGGLED, 400),
        ("chunks in HTTP/1.0", head("Transfer-Encoding: chunked", version="HTTP/1.0") + b"0\r\n\r\n" + SMUGGLED, 400),
        ("no host", b"GET / HTTP/1.1\r\n\r\n" + SMUGGLED, 400),
        ("two hosts", head("Host: b", method="GET") + SMUGGLED, 400),
        ("a host that is none", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n" + SMUGGLED, 400),
        ("a host with a path", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n" + SMUGGLED, 400),
        ("two spaces in the request line", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED, 400),
        ("a space within the target", b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED, 400),
        ("no version (HTTP/0.9)", b"GET /\r\n\r\n" + SMUGGLED, 400),
        ("another version", b"GET / HTTP/1.2\r\nHost: a\r\n\r\n" + SMUGGLED, 505),
        ("a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32), 400),
        ("an unknown expectation", head("Expect: miracles", "Content-Length: 0"), 417),
        ("an authority with userinfo", b"GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n" + SMUGGLED, 400),
        ("a body for CONNECT", b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nContent-Length: 44\r\n\r\n" + SMUGGLED, 400),
    ]

    def test_rows(self):
        a = self.upstream("a", echo)
        self.weir(self.config([a]))
        for message, data, status in self.ROWS:
            with self.subTest(message):
                client = self.client()
                client.send(data)
                response = client.response()
                self.assert_status(status, response, message)
                self.assertEqual("close", response.get("connection"), message)
                self.assertRegex(response.get("x-weir-refusal", ""), r"^rule=\w+", message)
                self.assertEqual(b"", client.to_end(), f"{message}: nothing after the refusal")
        self.assertEqual([], a.targets, "no endpoint saw any of it")

    def test_no_tunnels(self):
        """CONNECT makes a tunnel of a connection; nobody may have one through here."""
        a = self.upstream("a", says(b"HTTP/1.1 200 OK\r\n\r\n" + SMUGGLED, KEEP))
        self.weir(self.config([a]))
        client = self.client()
        client.send(b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n")
        self.assertIn(client.response("CONNECT").status, (400, 404, 405, 501))
        self.assertEqual([], a.targets)

    def test_chunks_that_lie(self):
        """A head that is right and chunks that are not: the endpoint may see the head, never a second request."""
        a = self.upstream("a", echo)
        self.weir(self.config([a]))
        rows = [
            ("a size that is no number", b"zz\r\n"), ("an empty size", b"\r\n"), ("a signed size", b"+3\r\nabc\r\n"),
            ("0x", b"0x3\r\nabc\r\n"), ("a bare LF after the size", b"3\nabc\r\n"), ("no end", b"3\r\nabcd\r\n"),
            ("a bare LF after the data", b"3\r\nabc\n"), ("space before the size", b" 3\r\nabc\r\n"),
            ("a bare CR in an extension", b"3;a\rb\r\nabc\r\n"), ("a bad trailer", b"0\r\nbad trailer\r\n\r\n"),
        ]
        for message, chunks in rows:
            with self.subTest(message):
                client = self.client()
                client.send(head("Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n" + SMUGGLED)
                response = client.response()
                self.assert_status(400, response, message)
                self.assertEqual(b"", client.to_end(), f"{message}: nothing after the refusal")
        self.assertNotIn("/smuggled", a.targets)
        self.assertEqual([], a.of("POST"), "no request arrived whole")
        self.assert_status(200, self.ask(), "others are served")

    def test_a_size_beyond_63_bits(self):
        a = self.upstream("a", echo)
        self.weir(self.config([a]))
        client = self.client()
        client.send(head("Transfer-Encoding: chunked") + b"ffffffffffffffff1\r\n" + SMUGGLED)
        self.assert_status(413, client.response())

    def test_a_body_that_looks_like_a_request_stays_a_body(self):
        a = self.upstream("a", echo)
        self.weir(self.config([a], workers=1))
        client = self.client()
        for message, data in [
            ("by length", head(f"Content-Length: {len(SMUGGLED)}") + SMUGGLED),
            ("by equal lengths",
             head(f"Content-Length: {len(SMUGGLED)}", f"Content-Length: {len(SMUGGLED)}") + SMUGGLED),
            ("in a chunk", head("Transfer-Encoding: chunked") + b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)),
            ("coded in capitals",
             head("Transfer-Encoding: Chunked") + b"%X\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)),
            ("for a GET", head(f"Content-Length: {len(SMUGGLED)}", method="GET") + SMUGGLED),
        ]:
            with self.subTest(message):
                client.send(data)
                seen = json.loads(client.response().body)
                self.assertEqual(SMUGGLED.decode(), seen["body"], message)
                lengths = [value for name, value in seen["fields"] if name == "content-length"]
                self.assertLessEqual(len(lengths), 1, message)
        self.assertNotIn("/smuggled", a.targets)

    def test_connection_cannot_be_made_to_drop_what_frames(self):
        a = self.upstream("a", echo)
        self.weir(self.config([a]))
        client = self.client()
        client.send(head("Content-Length: 3", "Connection: content-length, host, x-forwarded-for, x-mine",
                         "X-Mine: 1") + b"abc")
        seen = json.loads(client.response().body)
        names = [name for name, _ in seen["fields"]]
        self.assertEqual("abc", seen["body"])
        self.assertIn("host", names)
        self.assertIn("x-forwarded-for", names)
        self.assertNotIn("x-mine", names)


class Bodies(Case):
    def setUp(self):
        super().setUp()
        self.a = self.upstream("a", echo)
        self.weir(self.config([self.a], workers=1))

    def test_chunks_and_trailers_go_up(self):
        client = self.client()
        client.send(head("Transfer-Encoding: chunked", "Trailer: X-Sum, X-More") +
                    b"3;name=value\r\nabc\r\n00A;q=\"x;y\"\r\n0123456789\r\n"
                    b"0;last\r\nX-Sum: 13\r\nContent-Length: 99\r\n\r\n")
        seen = json.loads(client.response().body)
        self.assertEqual("abc0123456789", seen["body"])
        self.assertEqual([["x-sum", "13"]], seen["trailers"], "framing has no place in trailers")
        self.assertIn(["transfer-encoding", "chunked"], seen["fields"])

    def test_chunks_and_trailers_come_down(self):
        self.a.behaviour = says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                                b"5;ext\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 6\r\n\r\n", KEEP)
        client = self.client()
        for _ in range(3):
            response = client.ask()
            self.assertEqual((b"hello!", [("x-sum", "6")]), (response.body, response.trailers))
        self.assertEqual(1, self.a.accepted, "the connection is kept")

    def test_chunks_cut_anywhere(self):
        whole = head("Transfer-Encoding: chunked") + b"4\r\nabcd\r\nb\r\n01234567890\r\n0\r\nX-T: 1\r\n\r\n"
        client = self.client()
        for cut in range(1, len(whole), 3):
            client.send(whole[:cut])
            client.send(whole[cut:])
            seen = json.loads(client.response().body)
            self.assertEqual("abcd01234567890", seen["body"], f"cut at {cut}")

    def test_a_big_body_each_way(self):
        body = bytes(range(256)) * 8192
        seen = json.loads(self.ask("PUT", "/", body=body).body)
        self.assertEqual(body, seen["body"].encode("latin-1"))


class Interim(Case):
    def setUp(self):
        super().setUp()
        self.a = self.upstream("a")
        self.weir(self.config([self.a], workers=1))

    def test_100_continue_is_the_endpoints_to_say(self):
        @raw_body
        def careful(wire, message, server):
            wire.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            message.body = wire.exactly(int(message.get("content-length")))
            wire.sock.sendall(answer(message.body.upper()))
            return KEEP

        self.a.behaviour = careful
        client = self.client()
        for _ in range(2):
            client.send(head("Expect: 100-continue", "Content-Length: 5"))
            self.assertEqual(100, client.head().status, "before a byte of the body was sent")
            client.send(b"hello")
            self.assertEqual(b"HELLO", client.response().body)
        self.assertEqual(["100-continue"], self.a.requests[0].all("expect"))

    def test_an_endpoint_may_refuse_before_the_body(self):
        @raw_body
        def picky(wire, message, server):
            wire.sock.sendall(answer(b"too big", "413 Content Too Large"))
            return CLOSE

        self.a.behaviour = picky
        client = self.client()
        client.send(head("Expect: 100-continue", "Content-Length: 5"))
        response = client.response()
        self.assert_status(413, response)
        self.assertEqual((b"too big", "close"), (response.body, response.get("connection")))
        self.assertEqual(b"", client.to_end())

    def test_early_hints_pass(self):
        self.a.behaviour = says(b"HTTP/1.1 103 Early Hints\r\nLink: </x.css>\r\n\r\n" * 2 + answer(b"page"), KEEP)
        client = self.client()
        response = client.ask()
        self.assertEqual([103, 103], [each.status for each in response.informational])
        self.assertEqual("</x.css>", response.informational[0].get("link"))
        self.assertEqual(b"page", response.body)

    def test_not_to_an_old_client(self):
        self.a.behaviour = says(b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(b"page"), KEEP)
        client = self.client()
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        response = client.response()
        self.assertEqual(([], b"page"), (response.informational, response.body))

    def test_a_response_before_the_request_has_ended(self):
        """The rest of the request must not be read as the next one, at either side."""
        @raw_body
        def early(wire, message, server):
            wire.sock.sendall(answer(b"enough", "403 Forbidden"))
            return KEEP

        self.a.behaviour = early
        client = self.client()
        client.send(head(f"Content-Length: {len(SMUGGLED) + 10}") + b"x" * 10)
        response = client.response()
        self.assert_status(403, response)
        client.send(SMUGGLED)
        self.assertEqual(b"", client.to_end())
        self.assertNotIn("/smuggled", self.a.targets)


if __name__ == "__main__":
    unittest.main()
