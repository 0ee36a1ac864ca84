"""The PROXY protocol, in and out: whose a connection is, told by a balancer before us and to an endpoint behind us."""

import json
import socket
import struct
import subprocess
import unittest

from harness.case import Case
from harness.nginx import Nginx
from harness.ports import free_port
from harness.upstream import Upstream, echo
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
                (b"PROXY TCP6 ::ffff:203.0.113.9 ::ffff:198.51.100.1 1 2\r\n", "203.0.113.9"),
                (v2("::ffff:203.0.113.10", "::ffff:198.51.100.1"), "203.0.113.10"),
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
        self.assertEqual(["127.0.0.1"], [each["client"] for each in self.eventually(self.log, "the log")])
        allowed = socket.create_connection(("127.0.0.1", self.port), PATIENCE, source_address=("127.0.0.2", 0))
        self.addCleanup(allowed.close)
        allowed.sendall(V1 + GET)
        self.assertEqual("203.0.113.7", self.client_of(Wire(allowed).response()))

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


class Told(Upstream):
    """An endpoint that takes the header off its connections; `headers` has one for each, as it was written."""

    def __init__(self, *arguments, **options):
        self.headers = []
        super().__init__(*arguments, **options)

    def _serve(self, sock):
        head = b""
        while not ((head.startswith(b"PROXY") and head.endswith(b"\r\n")) or
                   (head.startswith(SIGNATURE) and len(head) == 16)):
            if not (byte := sock.recv(1)):
                return sock.close()
            head += byte
        if head.startswith(SIGNATURE):
            left = int.from_bytes(head[14:16], "big")
            while left and (more := sock.recv(left)):
                head, left = head + more, left - len(more)
        with self.lock:
            self.headers.append(head)
        super()._serve(sock)


def claim(header):
    """(source, port, destination, port) of a written header; None without a claim."""
    if header.startswith(b"PROXY"):
        words = header.decode().split()
        return None if words[1] == "UNKNOWN" else (words[2], int(words[4]), words[3], int(words[5]))
    if header[12] == 0x20:
        return None
    size = 4 if header[13] == 0x11 else 16
    family = socket.AF_INET if size == 4 else socket.AF_INET6
    source, destination = (socket.inet_ntop(family, header[16 + i * size:16 + (i + 1) * size]) for i in (0, 1))
    ports = struct.unpack(">HH", header[16 + 2 * size:20 + 2 * size])
    return source, ports[0], destination, ports[1]


class Out(Story):
    def told(self, name="a", behaviour=None, **options):
        endpoint = Told(name, behaviour or echo, **options)
        self.addCleanup(endpoint.stop)
        return endpoint

    def start(self, kind, endpoint, *, cluster=None, **options):
        return self.weir(self.config([endpoint], cluster={"proxy_protocol": kind} | (cluster or {}), **options))

    def test_a_connection_begins_with_its_client(self):
        for kind in ("v1", "v2"):
            with self.subTest(kind=kind):
                self.port = free_port()
                a = self.told()
                self.start(kind, a)
                client = self.client()
                for _ in range(3):
                    self.assertEqual(200, client.ask().status)
                mine = client.sock.getsockname()
                self.assertEqual([(mine[0], mine[1], "127.0.0.1", self.port)], [claim(each) for each in a.headers],
                                 "one connection for the three requests")
                other = self.client()
                self.assertEqual(200, other.ask().status)
                self.assertEqual(200, client.ask().status)
                self.assertEqual(["127.0.0.1"] * 2, [claim(each)[0] for each in a.headers])
                self.assertEqual(other.sock.getsockname()[1], claim(a.headers[1])[1])

    def test_a_listener_of_all_addresses_says_which_it_was(self):
        a = self.told()
        self.start("v2", a, listener={"http": f"0.0.0.0:{self.port}"})
        with socket.create_connection(("127.0.0.3", self.port), PATIENCE) as sock:
            sock.sendall(GET)
            self.assertEqual(200, Wire(sock).response().status)
        self.assertEqual(("127.0.0.3", self.port), claim(a.headers[0])[2:])

    def test_nginx_is_told(self):
        port = free_port()
        nginx = Nginx(self.directory, f"""server {{
            listen 127.0.0.1:{port} proxy_protocol;
            location / {{ return 200 "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_port"; }}
        }}""", port)
        self.addCleanup(nginx.stop)
        for kind in ("v1", "v2"):
            with self.subTest(kind=kind):
                self.port = free_port()
                self.start(kind, nginx)
                client = self.client()
                expected = f"127.0.0.1 {client.sock.getsockname()[1]} {self.port}"
                for _ in range(2):
                    self.assertEqual(expected, client.ask().body.decode())

    def test_weir_behind_weir(self):
        """What a balancer claims of the first passes through to the second, HTTP/2 client or not."""
        self.a = self.upstream("a", echo)
        second = free_port()
        first, self.port = self.port, second
        self.weir(self.config([self.a], listener=self.listener()))
        self.port = first
        second_directory = self.directory / "first"
        second_directory.mkdir()
        self.directory = second_directory
        self.weir(self.config([f"127.0.0.1:{second}"], listener=self.listener(), cluster={"proxy_protocol": "v2"}))
        for header in (V1, v2("2001:db8::7", "2001:db8::1")):
            connection = self.raw(header + GET)
            told = dict(json.loads(connection.response().body)["fields"])
            self.assertEqual("203.0.113.7" if header is V1 else "2001:db8::7", told["x-forwarded-for"])

    def test_probes_are_nobodys(self):
        for kind in ("v1", "v2"):
            with self.subTest(kind=kind):
                self.port = free_port()
                a = self.told()
                proxy = self.start(kind, a, cluster={"health_check": {"http": "/healthz", "interval": "50ms"}})
                self.eventually(lambda: a.targets.count("/healthz") >= 2, "probes")
                self.assertEqual({None}, {claim(each) for each in a.headers})
                self.assertEqual("healthy", proxy.endpoint(a)["health"])

    def test_requests_of_two_clients_share_nothing(self):
        """Not when they are under way together, where pipelining is asked for, nor from worker to worker."""
        a = self.told()
        self.start("v1", a, cluster={"pipeline": 8, "connection_pool": {"idle_timeout": "60s"}}, workers=4)
        clients = [self.client() for _ in range(8)]
        for _ in range(3):
            for client in clients:
                client.send(GET)
            for client in clients:
                told = dict(json.loads(client.response().body)["fields"])
                self.assertEqual("127.0.0.1", told["x-forwarded-for"])
        ports = sorted(client.sock.getsockname()[1] for client in clients)
        self.assertEqual(ports, sorted(claim(each)[1] for each in a.headers), "a connection each, and no more")

    def test_connections_stay_within_the_limit_when_clients_come_and_go(self):
        a = self.told()
        proxy = self.start("v1", a, cluster={"circuit_breaker": {"max_connections": 2}}, workers=1)
        for _ in range(10):
            with Client(self.port) as client:
                self.assertEqual(200, client.ask().status)
        self.assertEqual(10, len(a.headers))
        self.assertLessEqual(proxy.endpoint(a)["connections"], 2)
        self.eventually(lambda: a.open <= 2, "the others were closed")

    def test_a_reload_changes_what_connections_begin_with(self):
        a = self.told()
        proxy = self.start("v1", a)
        client = self.client()
        self.assertEqual(200, client.ask().status)
        proxy.write(self.config([a], cluster={"proxy_protocol": "v2"}))
        proxy.post("/reload")
        self.eventually(lambda: proxy.metric("weir_config_settled") == 1, "in force")
        self.assertEqual(200, client.ask().status)
        self.assertEqual([True, False], [each.startswith(b"PROXY") for each in a.headers])


if __name__ == "__main__":
    unittest.main()
