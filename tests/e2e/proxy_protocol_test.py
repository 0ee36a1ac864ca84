"""The PROXY protocol, in and out: whose a connection is, told by a balancer before us and to an endpoint behind us."""

import json
import socket
import struct
import subprocess
import unittest

from harness.case import Case
from harness.nginx import PROGRAM as NGINX
from harness.nginx import Nginx
from harness.ports import free_port
from harness.upstream import Upstream, answer, echo, gated, KEEP
from harness.waiting import PATIENCE
from harness.wire import Client, Wire, request

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V1 = b"PROXY TCP4 203.0.113.7 198.51.100.1 4711 80\r\n"
GET = request("GET", "/")


def v2(source="203.0.113.7", destination="198.51.100.1", ports=(4711, 80), fields=b"", command=1):
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    block = b"".join(socket.inet_pton(family, each) for each in (source, destination)) + struct.pack(">HH", *ports)
    kind = 0x21 if family == socket.AF_INET6 else 0x11
    return SIGNATURE + struct.pack(">BBH", 0x20 | command, kind, len(block) + len(fields)) + block + fields


class Story(Case):
    def listener(self, **settings):
        return {"proxy_protocol": True, "proxy_protocol_from": ["127.0.0.0/8"]} | settings

    def start(self, *, settings=None, **options):
        self.a = self.upstream("a", echo)
        return self.weir(self.config([self.a], listener=self.listener(**(settings or {})), **options))

    def raw(self, data, port=None):
        """A connection that begins with these bytes."""
        client = self.client(port)
        client.send(data)
        return client

    def client_of(self, response):
        """Whom the endpoint was told that the request came from."""
        fields = dict(json.loads(response.body)["fields"])
        return fields["x-forwarded-for"]

    def log(self):
        return [json.loads(line) for line in self.log_path.read_text().splitlines()]

    def refused(self, proxy, reason):
        return proxy.metric("weir_proxy_protocol_refused_total", reason=reason)


class In(Story):
    def test_what_is_claimed_is_what_everybody_sees(self):
        proxy = self.start()
        rows = [(V1, "203.0.113.7"), (v2(), "203.0.113.7"), (v2("2001:db8::7", "2001:db8::1"), "2001:db8::7"),
                (b"PROXY TCP6 2001:db8::8 ::1 1 2\r\n", "2001:db8::8"),
                (v2(fields=b"\x01\0\x02h2\x04\0\x03\0\0\0"), "203.0.113.7")]
        for header, client in rows:
            with self.subTest(header=header):
                connection = self.raw(header + GET)
                self.assertEqual(client, self.client_of(connection.response()))
                self.assertEqual(client, self.client_of(connection.ask()), "and so is the next request")
        self.assertEqual({client for _, client in rows},
                         {each["client"] for each in self.eventually(lambda: len(self.log()) == 2 * len(rows) and
                                                                     self.log(), "the log")})
        self.assertEqual(0, proxy.metric("weir_proxy_protocol_refused_total"))

    def test_without_a_claim_the_connection_is_the_senders(self):
        self.start()
        for header in (b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN ffff::1 x y\r\n", SIGNATURE + b"\x20\0\0\0",
                       v2(command=0), SIGNATURE + b"\x21\0\0\0"):
            with self.subTest(header=header):
                self.assertEqual("127.0.0.1", self.client_of(self.raw(header + GET).response()))

    def test_curl_sends_one(self):
        self.start()
        done = subprocess.run(["curl", "-sS", "--max-time", str(PATIENCE), "--haproxy-protocol",
                               f"http://127.0.0.1:{self.port}/"], capture_output=True, text=True)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual("127.0.0.1", dict(json.loads(done.stdout)["fields"])["x-forwarded-for"])

    def test_cut_anywhere(self):
        """Byte by byte, and the request behind it in the same piece as the header's last bytes."""
        self.start()
        for header in (V1, v2(fields=b"\x04\0\x05.....")):
            client = self.client()
            for i in range(len(header) - 1):
                client.send(header[i:i + 1])
            client.send(header[-1:] + GET)
            self.assertEqual("203.0.113.7", self.client_of(client.response()))

    def test_http2_behind_it(self):
        self.start()
        done = subprocess.run(["curl", "-sS", "--max-time", str(PATIENCE), "--haproxy-protocol",
                               "--http2-prior-knowledge", "-w", "%{http_version}", "-o", self.directory / "body",
                               f"http://127.0.0.1:{self.port}/"], capture_output=True, text=True)
        self.assertEqual("2", done.stdout, done.stderr)

    def test_what_is_no_header_is_refused_with_its_reason(self):
        proxy = self.start()
        rows = {"no_header": GET, "bad_line": b"PROXY TCP4\r\n", "bad_port": V1.replace(b"4711", b"65536"),
                "bad_address": V1.replace(b"203.0.113.7", b"203.0.113.256"),
                "too_long": b"PROXY UNKNOWN " + b"x" * 200, "bad_version": SIGNATURE + b"\x31\x11\0\x0c",
                "bad_command": SIGNATURE + b"\x2f\x11\0\x0c", "bad_family": SIGNATURE + b"\x21\x4f\0\0",
                "bad_length": SIGNATURE + b"\x21\x11\0\x0b" + b"x" * 11, "bad_field": v2(fields=b"\x04\0\x09x"),
                "bad_checksum": v2(fields=b"\x03\0\x04\0\0\0\0")}
        for reason, data in rows.items():
            with self.subTest(reason=reason):
                self.assertEqual(b"", self.raw(data).to_end(), "no answer: nobody knows whose it would be")
                self.assertEqual(1, self.refused(proxy, reason))
                self.assertEqual(f"rule=proxy_protocol; reason={reason}", self.eventually(
                    lambda: len(self.log()) > list(rows).index(reason) and self.log()[-1], "the log")["refusal"])
        self.assertEqual([], self.a.requests)
        self.assertEqual(len(rows), proxy.metric("weir_proxy_protocol_refused_total"))

    def test_from_elsewhere_nobody_is_believed(self):
        proxy = self.start(settings={"proxy_protocol_from": ["10.0.0.0/8", "127.0.0.2"]})
        client = self.raw(b"")
        self.assertEqual(b"", client.to_end())
        self.assertEqual(1, self.refused(proxy, "not_allowed"))
        allowed = socket.create_connection(("127.0.0.1", self.port), PATIENCE, source_address=("127.0.0.2", 0))
        self.addCleanup(allowed.close)
        allowed.sendall(V1 + GET)
        self.assertEqual("203.0.113.7", self.client_of(Wire(allowed).response()))
        self.assertEqual("127.0.0.1", self.eventually(lambda: self.log(), "the log")[0]["client"])

    def test_a_slow_header_is_given_up(self):
        proxy = self.start(settings={"timeouts": {"header": "300ms"}})
        for data in (b"", V1[:-1], v2()[:20]):
            self.assertEqual(b"", self.raw(data).to_end())
        self.assertEqual(3, self.refused(proxy, "timeout"))
        self.assertEqual(0, proxy.metric("weir_connections"))

    def test_one_who_leaves_is_counted(self):
        proxy = self.start()
        self.raw(V1[:10]).close()
        self.client().close()
        self.eventually(lambda: self.refused(proxy, "closed") == 2, "both")
        self.eventually(lambda: proxy.metric("weir_connections") == 0, "nothing stays")
        self.assertEqual(1, len(self.eventually(self.log, "the log")), "a check that only connects is no news")

    def test_those_that_wait_count_as_connections(self):
        proxy = self.start(settings={"limits": {"connections": 2}}, workers=1)
        waiting = [self.raw(V1[:5]) for _ in range(2)]
        self.eventually(lambda: proxy.metric("weir_connections") == 2, "both are there")
        third = self.raw(V1 + GET)
        self.assertEqual(2, proxy.metric("weir_connections_accepted_total"), "the third is left in the backlog")
        waiting[0].send(V1[5:] + GET)
        self.assertEqual(200, waiting[0].response().status)
        waiting[1].close()
        self.assertEqual("203.0.113.7", self.client_of(third.response()))

    def test_those_that_wait_do_not_hold_up_the_end(self):
        proxy = self.start(drain_timeout="60s")
        waiting = self.raw(V1[:5])
        self.eventually(lambda: proxy.metric("weir_connections") == 1, "it is there")
        self.assertEqual(0, proxy.end(within=PATIENCE / 2))
        self.assertEqual(b"", waiting.to_end())

    def test_a_reload_turns_it_on_and_off(self):
        proxy = self.start()
        config = self.config([self.a])
        proxy.write(config)
        proxy.post("/reload")
        self.eventually(lambda: proxy.metric("weir_config_settled") == 1, "in force")
        self.assertEqual("127.0.0.1", self.client_of(self.ask()))
        proxy.write(config | {"listeners": [config["listeners"][0] | self.listener()]})
        proxy.post("/reload")
        self.eventually(lambda: proxy.metric("weir_config_settled") == 1, "in force")
        self.assertEqual("203.0.113.7", self.client_of(self.raw(V1 + GET).response()))

    def test_the_hash_is_that_of_the_claim(self):
        endpoints = [self.upstream(name) for name in "abcd"]
        self.weir(self.config(endpoints, cluster={"policy": "maglev", "bounded_load": "off"}, listener=self.listener()))

        def chosen(client):
            connection = self.raw(v2(client) + GET)
            return connection.response().get("x-instance")
        clients = [f"203.0.113.{i}" for i in range(40)]
        first = [chosen(client) for client in clients]
        self.assertEqual(4, len(set(first)), "many clients spread")
        self.assertEqual(first, [chosen(client) for client in clients], "each keeps its endpoint")


if __name__ == "__main__":
    unittest.main()
