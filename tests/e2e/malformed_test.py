"""What an endpoint says that is not HTTP: the client hears 502, the endpoint is blamed, its connection is never used
again, and no byte of it reaches anybody else."""

import unittest

from harness.case import Case
from harness.upstream import CLOSE, KEEP, answer, ok, says
from harness.wire import Closed

POISON = b"HTTP/1.1 200 OK\r\nX-Poison: 1\r\nContent-Length: 6\r\n\r\npoison"


class Malformed(Case):
    def setUp(self):
        super().setUp()
        self.a = self.upstream("a")
        self.proxy = self.weir(self.config([self.a], cluster={"outlier_detection": "off"}, route={"retry": "off"},
                                           workers=1))

    HEADS = [
        ("no HTTP at all", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        ("an older protocol", b"<html>hello</html>\r\n\r\n"),
        ("a status of two digits", b"HTTP/1.1 20 OK\r\n\r\n"),
        ("a status of four digits", b"HTTP/1.1 2000 OK\r\n\r\n"),
        ("a status out of range", b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"),
        ("a status that is no number", b"HTTP/1.1 abc OK\r\n\r\n"),
        ("another version", b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("both lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        ("a length that is none", b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"),
        ("a negative length", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
        ("chunks in HTTP/1.0", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("an unknown coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ("a NUL", b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n"),
        ("a bare CR", b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n"),
        ("bare LFs", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
        ("a folded field", b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n"),
        ("a field without colon", b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 0\r\n\r\n"),
        ("space before the colon", b"HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\nabc"),
        ("204 with a body", b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc"),
        ("an upgrade nobody asked for",
         b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
        ("interim responses without end", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100),
        ("a head beyond all limits",
         b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 8000) for i in range(20))),
        ("fields beyond all limits", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5000 + b"\r\n"),
        ("half a head", b"HTTP/1.1 200 OK\r\nContent-Len"),
        ("nothing", b""),
    ]

    def test_heads(self):
        for message, said in self.HEADS:
            with self.subTest(message):
                failures = self.proxy.endpoint(self.a)["failures"]
                accepted = self.a.accepted
                self.a.behaviour = says(said, CLOSE)
                client = self.client()
                response = client.ask()
                self.assert_status(502, response, message)
                self.assertRegex(response.get("x-weir-refusal", ""), r"rule=upstream_(malformed|reset)", message)
                self.assertEqual(failures + 1, self.proxy.endpoint(self.a)["failures"],
                                 f"{message}: counted against it")
                self.a.behaviour = ok
                self.assertEqual(b"a", client.ask().body, f"{message}: the client's connection goes on")
                self.assertEqual(b"a", self.ask().body, f"{message}: others are served")
                self.assertGreater(self.a.accepted, accepted, f"{message}: on a fresh connection")

    def test_a_connection_left_open_is_closed_by_us(self):
        """Malformed, and the endpoint keeps the connection: nobody may be given it."""
        for message, said in [("a bad status line", b"HTTP/1.1 XX\r\n\r\n" + POISON),
                              ("both lengths",
                               b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n" + POISON)]:
            with self.subTest(message):
                self.a.behaviour = says(said, KEEP)
                self.assert_status(502, self.ask(), message)
                self.eventually(lambda: self.a.open == 0, f"{message}: closed")
                self.a.behaviour = ok
                for _ in range(3):
                    response = self.ask()
                    self.assertEqual((b"a", None), (response.body, response.get("x-poison")), message)

    def test_more_than_was_asked_for_reaches_nobody(self):
        """The bytes after a complete response would be the answer to the next client's request."""
        for message, said in [("by length", answer(b"mine") + POISON),
                              ("after chunks",
                               b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmine\r\n0\r\n\r\n" + POISON),
                              ("after 204", b"HTTP/1.1 204 No Content\r\n\r\n" + POISON),
                              ("after 304", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\npoison")]:
            with self.subTest(message):
                for _ in range(5):
                    self.a.behaviour = says(said, KEEP)
                    client = self.client()
                    client.ask()
                    self.a.behaviour = ok
                    for who in (client, self.client()):
                        response = who.ask()
                        self.assertEqual((b"a", None), (response.body, response.get("x-poison")), message)

    def test_an_unasked_response_on_an_idle_connection(self):
        self.assert_status(200, self.ask())
        self.assertEqual(1, self.a.open)
        self.a.tell_all(POISON)
        self.eventually(lambda: self.a.open == 0, "the connection is closed")
        self.assertEqual(b"a", self.ask().body)

    BODIES = [
        ("fewer bytes than promised", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"),
        ("a chunk size that is none", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\nzz\r\n"),
        ("a chunk without its end", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngoodXX0\r\n\r\n"),
        ("chunks that stop", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n"),
        ("a last chunk without end", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n"),
        ("a bad trailer",
         b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\nbad trailer\r\n\r\n"),
    ]

    def test_bodies(self):
        """The status may have left already; then the client must be able to see that the rest is missing."""
        for message, said in self.BODIES:
            with self.subTest(message):
                failures = self.proxy.endpoint(self.a)["failures"]
                self.a.behaviour = says(said, CLOSE)
                client = self.client()
                try:
                    response = client.ask()
                    self.assert_status(502, response, f"{message}: whole, so it must be ours")
                except (Closed, ConnectionError):
                    pass  # cut off, and visibly so
                self.assertEqual(failures + 1, self.proxy.endpoint(self.a)["failures"],
                                 f"{message}: counted against it")
                self.a.behaviour = ok
                self.assertEqual(b"a", self.ask().body, f"{message}: others are served")

    def test_an_old_client_sees_a_cut_too(self):
        """Without length and chunks only a reset tells a short body from a whole one."""
        self.a.behaviour = says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\nzz\r\n", CLOSE)
        client = self.client()
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        data = client.to_end()
        self.assertTrue(client.was_reset or b" 502 " in data.split(b"\r\n")[0], f"a clean end after {data!r}")


class Masked(Case):
    def test_another_endpoint_answers_instead(self):
        bad, good = self.upstream("bad", says(b"garbage\r\n\r\n")), self.upstream("good")
        proxy = self.weir(self.config([bad, good],
                                      cluster={"policy": "round_robin", "outlier_detection": {"base_ejection": "30s"}}))
        for i in range(40):
            self.assertEqual(b"good", self.ask().body, f"request {i}")
        self.assertGreaterEqual(proxy.endpoint(bad)["failures"], 5)
        self.assertEqual("ejected", proxy.endpoint(bad)["state"], proxy.endpoint(bad))
        self.assertLess(len(bad.requests), 20, "and soon nobody asks it any more")


if __name__ == "__main__":
    unittest.main()
