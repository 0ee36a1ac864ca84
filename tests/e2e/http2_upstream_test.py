"""HTTP/2 with endpoints: real servers (nghttpd, nginx, gRPC's own) behind clients of both versions. Many requests share
few connections; what an endpoint did not look at is sent again, what it broke off is not; bodies stream in little
memory both ways."""

import hashlib
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import threading
import unittest

from harness.case import Case
from harness.certificates import Authority, TlsUpstream
from harness.http2 import (END_HEADERS, END_STREAM, HEADERS, Http2Client, Http2Server, frame, hpack)
from harness.nginx import Nginx
from harness.ports import free_port
from harness.upstream import ok
from harness.waiting import PATIENCE

try:
    import grpc
except ImportError:
    grpc = None

MIB = 1024 * 1024


def run(*argv, **options):
    done = subprocess.run(list(map(str, argv)), capture_output=True, timeout=PATIENCE, check=False, **options)
    return done.stdout.decode("latin-1") + done.stderr.decode("latin-1")


class Http2UpstreamCase(Case):
    def config(self, endpoints, *, cluster=None, **options):
        return super().config(endpoints, cluster={"protocol": "h2"} | (cluster or {}), **options)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def server(self, port, *argv):
        """A process that listens on `port`."""
        with open(self.directory / f"server-{port}", "wb") as stderr:
            process = subprocess.Popen(list(map(str, argv)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=stderr, cwd=self.directory)

        def end():
            if process.poll() is None:
                process.terminate()
                process.wait(PATIENCE)
        self.addCleanup(end)
        self.eventually(lambda: self.listens(port), f"{argv[0]} listens on {port}")
        return process

    @staticmethod
    def listens(port):
        lines = [line.split() for name in ("tcp", "tcp6")
                 for line in pathlib.Path("/proc/net", name).read_text(encoding="ascii").splitlines()[1:]]
        return any(fields[3] == "0A" and fields[1].endswith(f":{port:04X}") for fields in lines)

    def nghttpd(self, *options, tls=None):
        """Serves the directory's files, or with --echo-upload what it is sent."""
        port = free_port()
        secured = (port, tls["key"], tls["certificate"]) if tls else ("--no-tls", port)
        self.server(port, "nghttpd", "--address=127.0.0.1", f"--htdocs={self.directory}", *options, *secured)
        return f"127.0.0.1:{port}"

    def curl(self, *arguments):
        return run("curl", "-sS", "--max-time", PATIENCE, *arguments)

    def h2load(self, count, *arguments):
        said = run("h2load", f"-n{count}", *arguments, self.url + "/file")
        self.assertIn(f"{count} total, {count} started, {count} done, {count} succeeded, 0 failed", said)
        self.assertIn(f"status codes: {count} 2xx", said)

    def connections(self, proxy, address):
        return proxy.metric("weir_endpoint_connections", endpoint=address)


class Files(Http2UpstreamCase):
    """nghttpd is the endpoint."""

    def setUp(self):
        super().setUp()
        (self.directory / "file").write_text("from an endpoint")

    def test_both_versions_of_clients_are_served(self):
        self.weir(self.config([self.nghttpd("--trailer", "x-sum: 42")], workers=1))
        for version in ("--http1.1", "--http2-prior-knowledge"):
            said = self.curl(version, "-i", "--raw", "-H", "TE: trailers", "-H", "Connection: TE", self.url + "/file")
            self.assertRegex(said, r"^HTTP/(1.1|2) 200")
            self.assertIn("from an endpoint", said)
            self.assertIn("server: nghttpd", said)
            self.assertRegex(self.curl(version, "-i", self.url + "/none"), r"^HTTP/(1.1|2) 404")
            head = self.curl(version, "-I", self.url + "/file")
            self.assertRegex(head, r"^HTTP/(1.1|2) 200")
            self.assertIn("content-length: 16", head.lower())
        self.assertIn("x-sum: 42", run("nghttp", "-v", self.url + "/file"))
        self.assertIn("x-sum: 42", self.curl("--http1.1", "--raw", self.url + "/file"))

    def test_many_clients_share_few_connections(self):
        endpoint = self.nghttpd()
        proxy = self.weir(self.config([endpoint], workers=1))
        for version in ("--h1", "--no-tls-proto=h2c"):
            self.h2load(5000, "-c50", version)
        self.assertEqual(1, self.connections(proxy, endpoint))
        self.assertEqual(1, proxy.metric("weir_endpoint_connects_total", endpoint=endpoint))

    def test_another_connection_is_opened_when_all_are_full(self):
        endpoint = self.nghttpd()
        proxy = self.weir(self.config([endpoint], workers=1, cluster={"http2": {"max_streams": 4}}))
        self.h2load(2000, "-c16", "--h1")
        self.assertEqual(4, proxy.metric("weir_endpoint_connects_total", endpoint=endpoint))

    def test_large_bodies_stream_both_ways_in_little_memory(self):
        proxy = self.weir(self.config([self.nghttpd("--echo-upload")], workers=1))
        body = self.directory / "body"
        body.write_bytes(bytes(range(256)) * 40 * 4096)  # 40 MiB
        self.curl(self.url + "/file")
        before = proxy.rss_kib()
        for version in ("--http1.1", "--http2-prior-knowledge"):
            result = self.directory / "result"
            self.curl(version, "-T", body, "-o", result, self.url + "/")
            self.assertEqual(hashlib.sha256(body.read_bytes()).digest(), hashlib.sha256(result.read_bytes()).digest())
        self.assert_memory(proxy.rss_kib(peak=True) - before, 8 * 1024)

    def test_a_slow_client_holds_up_nobody_and_little_is_held_for_it(self):
        size = 100 * MIB
        with open(self.directory / "large", "wb") as large:
            large.truncate(size)
        proxy = self.weir(self.config([self.nghttpd()], workers=1))
        self.curl(self.url + "/file")
        before = proxy.rss_kib()
        slow = Http2Client(self.port)
        self.addCleanup(slow.close)
        slow.window(0, 0x7fff0000 - 65535)
        streams = [slow.ask("/large")]
        slow.read_until(lambda: all(len(slow.bodies.get(each, b"")) == 65535 for each in streams))
        for _ in range(20):
            self.assertIn("from an endpoint", self.curl(self.url + "/file"))
        self.assertEqual([65535] * len(streams), [len(slow.bodies[each]) for each in streams])
        for each in streams:
            slow.window(each, 0x7fff0000 - 65535)
            slow.keep = False
        slow.read_until(lambda: all(each in slow.ended for each in streams))
        self.assertEqual([size] * len(streams), [slow.received[each] for each in streams])
        self.assert_memory(proxy.rss_kib(peak=True) - before, 8 * 1024)

    def test_probes_speak_it_too(self):
        endpoint = self.nghttpd()
        (self.directory / "healthz").write_text("well")
        check = {"http": "/healthz", "interval": "50ms", "body": "well"}
        proxy = self.weir(self.config([endpoint], workers=1, cluster={"health_check": check}))
        self.eventually(lambda: proxy.endpoints()[endpoint]["active"] == "healthy", "it is found healthy")
        (self.directory / "healthz").write_text("ill")
        self.eventually(lambda: proxy.endpoints()[endpoint]["active"] == "unhealthy", "it is found ill")

    def test_an_upgrade_is_refused_and_says_why(self):
        self.weir(self.config([self.nghttpd()], workers=1))
        answer = self.ask("GET", "/file", ("Connection", "Upgrade"), ("Upgrade", "websocket"),
                          ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="))
        self.assert_status(501, answer)
        self.assertEqual("rule=upgrade", answer.get("x-weir-refusal"))

    def test_reloads_move_between_versions(self):
        endpoint, old = self.nghttpd(), self.upstream("old", ok)
        proxy = self.weir(self.config([endpoint], workers=2))
        done, failures = threading.Event(), []

        def ask():
            while not done.is_set():
                answer = self.ask(target="/file")
                if answer.status != 200:
                    failures.append((answer.start, answer.fields))
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for step in range(8):
                generation = proxy.metric("weir_config_reloads_total")
                cluster = {"http2": {"max_streams": 1 + step}} if step % 2 else {"protocol": "http1"}
                proxy.write(self.config([endpoint if step % 2 else old.address], workers=2, cluster=cluster))
                proxy.signal(signal.SIGHUP)
                self.eventually(lambda: proxy.metric("weir_config_reloads_total") > generation, "the reload")
        finally:
            done.set()
            for thread in threads:
                thread.join()
        self.assertEqual([], failures)
        self.assertTrue(old.requests)

    def test_an_endpoint_that_speaks_http1_is_found_out(self):
        old = self.upstream("old", ok)
        self.weir(self.config([old.address], workers=1))
        answer = self.ask(target="/file")
        self.assert_status(502, answer)
        self.assertIn("rule=upstream_malformed", answer.get("x-weir-refusal"))


class OverTls(Http2UpstreamCase):
    """Who the endpoint is is proved, and h2 agreed on by ALPN, before anything is sent."""

    def setUp(self):
        super().setUp()
        (self.directory / "file").write_text("from an endpoint")
        self.authority = Authority(self.directory / "ca")
        self.shown = self.authority.issue("endpoint", "IP:127.0.0.1")

    def config(self, endpoints, *, cluster=None, **options):
        return super().config(endpoints, cluster={"tls": {"ca": str(self.authority.path)}} | (cluster or {}), **options)

    def test_bodies_and_trailers_pass(self):
        endpoint = self.nghttpd("--echo-upload", "--trailer", "x-sum: 42", tls=self.shown)
        proxy = self.weir(self.config([endpoint], workers=1))
        body, result = self.directory / "body", self.directory / "result"
        body.write_bytes(os.urandom(3 * MIB))
        for version in ("--http1.1", "--http2-prior-knowledge"):
            self.assertIn("from an endpoint", self.curl(version, self.url + "/file"))
            self.curl(version, "--data-binary", f"@{body}", "-o", result, self.url + "/")
            self.assertEqual(hashlib.sha256(body.read_bytes()).digest(), hashlib.sha256(result.read_bytes()).digest())
        self.assertIn("x-sum: 42", run("nghttp", "-v", "-d", body, self.url + "/"))
        self.h2load(2000, "-c20", "--h1")
        self.assertEqual(1, proxy.metric("weir_endpoint_tls_handshakes_total", endpoint=endpoint))
        self.assertEqual(1, self.connections(proxy, endpoint))

    def test_probes_go_over_tls_too(self):
        endpoint = self.nghttpd(tls=self.shown)
        proxy = self.weir(self.config([endpoint], cluster={"health_check": {"http": "/file", "interval": "50ms"}}))
        self.eventually(lambda: proxy.endpoints()[endpoint]["active"] == "healthy", proxy.endpoints)
        (self.directory / "file").unlink()
        self.eventually(lambda: proxy.endpoints()[endpoint]["active"] == "unhealthy", proxy.endpoints)

    def test_a_reload_that_trusts_nobody_new_leaves_the_shared_connection(self):
        """All requests share one connection: it must not outlive the trust that it was made with."""
        endpoint, ca = self.nghttpd(tls=self.shown), self.directory / "trusted.pem"
        ours, stranger = self.authority.path.read_text(), Authority(self.directory / "stranger").path.read_text()
        ca.write_text(ours)
        config = self.config([endpoint], workers=1, cluster={"tls": {"ca": str(ca)}, "outlier_detection": "off"})
        proxy = self.weir(config)
        for trusted, expected in ((ours, 200), (stranger, 502), (ours, 200), (ours, 200)):
            ca.write_text(trusted)
            self.reload(proxy, config)
            for _ in range(3):
                self.assert_status(expected, self.ask("GET", "/file"))
        self.assertEqual(2, proxy.metric("weir_endpoint_tls_handshakes_total"), "a reload without a change keeps it")

    def test_an_endpoint_that_insists_on_a_certificate_says_so(self):
        """With TLS 1.3 that is heard after our part of the handshake, and after the first frames."""
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version):
                self.port = free_port()
                endpoint = TlsUpstream(self.shown, protocols=["h2"])
                self.addCleanup(endpoint.stop)
                endpoint.insist(self.authority.path, version)
                self.weir(self.config([endpoint]))
                answer = self.ask("POST", "/", body=b"not idempotent")
                self.assert_status(502, answer)
                self.assertIn("rule=upstream_tls; reason=alert_", answer.get("x-weir-refusal"))

    def without_h2(self):
        """Endpoints that do not agree to h2: nginx ends the handshake, Python's ssl module goes on in silence."""
        port = free_port()
        yield Nginx(self.directory, f"""server {{
            listen 127.0.0.1:{port} ssl;
            ssl_certificate {self.shown["certificate"]};
            ssl_certificate_key {self.shown["key"]};
        }}""", port)
        yield TlsUpstream(self.shown, "http/1.1", protocols=["http/1.1"])
        yield TlsUpstream(self.shown, "no ALPN")

    def test_an_endpoint_that_does_not_agree_to_h2_is_asked_nothing(self):
        good = self.nghttpd(tls=self.shown)
        for old in self.without_h2():
            self.addCleanup(old.stop)
            with self.subTest(getattr(old, "name", "nginx")):
                self.port = free_port()
                config = self.config([old], workers=1, cluster={"outlier_detection": "off"})
                proxy = self.weir(config)
                answer = self.ask("GET", "/file")
                self.assert_status(502, answer)
                self.assertEqual(f"rule=upstream_tls; reason=no_application_protocol; tried={old.address}",
                                 answer.get("x-weir-refusal"))
                self.eventually(lambda: "reason=no_application_protocol" in self.log_path.read_text(), "the log")
                config["clusters"]["app"] |= {"endpoints": [old.address, good], "policy": "round_robin",
                                              "outlier_detection": {"base_ejection": "300s"}}
                self.reload(proxy, config)
                for _ in range(20):  # nothing was sent, so that the other endpoint may be asked whatever it is
                    self.assert_status(200, self.ask("POST", "/file", body=b"not idempotent"))
                self.assertEqual("ejected", proxy.endpoint(old)["state"])
                self.assertEqual([], getattr(old, "requests", []))
                config["clusters"]["app"] |= {"endpoints": [old.address], "protocol": "http1",
                                              "outlier_detection": "off"}
                self.reload(proxy, config)
                self.assertLess(self.ask().status, 500, "nothing else was wrong with it")

    def reload(self, proxy, config):
        proxy.write(config)
        proxy.post("/reload")
        self.eventually(lambda: proxy.metric("weir_config_settled") == 1, "in force")

    def test_what_was_not_agreed_on_is_counted_whoever_noticed(self):
        for old in self.without_h2():
            self.addCleanup(old.stop)
            with self.subTest(getattr(old, "name", "nginx")):
                self.port = free_port()
                proxy = self.weir(self.config([old], cluster={"outlier_detection": "off"}))
                self.assert_status(502, self.ask())
                self.assertEqual(1, proxy.metric("weir_endpoint_tls_failures_total", endpoint=old.address,
                                                 reason="no_application_protocol"))
                self.assertEqual(1, proxy.endpoint(old)["connect_failures"])
                self.assertEqual(0, proxy.metric("weir_endpoint_tls_handshakes_total"))


class Goaway(Http2UpstreamCase):
    """nginx ends a connection with GOAWAY after so many requests, and all of them when it is told to reload."""

    def nginx(self, requests=1000):
        port = free_port()
        (self.directory / "nginx.conf").write_text(f"""
            daemon off; worker_processes 1; pid {self.directory}/nginx.pid; error_log {self.directory}/error.log;
            events {{}}
            http {{
              access_log off; keepalive_requests {requests};
              client_body_temp_path {self.directory}/t1; proxy_temp_path {self.directory}/t2;
              fastcgi_temp_path {self.directory}/t3; uwsgi_temp_path {self.directory}/t4;
              scgi_temp_path {self.directory}/t5;
              server {{ listen 127.0.0.1:{port} http2; location / {{ return 200 "here"; }} }}
            }}""")
        return f"127.0.0.1:{port}", self.server(port, "nginx", "-p", self.directory, "-c", "nginx.conf")

    def test_under_load_no_request_is_lost(self):
        endpoint, _ = self.nginx(requests=100)
        proxy = self.weir(self.config([endpoint], workers=1))
        for version in ("--h1", "--no-tls-proto=h2c"):
            self.h2load(6000, "-c20", version)
        self.assertGreater(proxy.metric("weir_endpoint_connects_total", endpoint=endpoint), 100)

    def test_a_restart_of_the_endpoint_loses_no_request(self):
        endpoint, nginx = self.nginx(requests=1_000_000)
        proxy = self.weir(self.config([endpoint], workers=2))
        done, reloads = threading.Event(), []

        def reload():
            while not done.wait(0.1):
                nginx.send_signal(signal.SIGHUP)
                reloads.append(nginx)
        thread = threading.Thread(target=reload)
        thread.start()
        try:
            while len(reloads) < 5:  # a quick machine is done with one round before the second
                self.h2load(3000, "-c20", "--h1")
        finally:
            done.set()
            thread.join()
        self.assertGreater(proxy.metric("weir_endpoint_connects_total", endpoint=endpoint), 2)


class Scripted(Http2UpstreamCase):
    """An endpoint that says exactly the frames that the story wants."""

    def endpoint(self, answer):
        server = Http2Server(answer)
        self.addCleanup(server.close)
        return server

    def test_what_was_refused_is_asked_elsewhere(self):
        refusing = self.endpoint(lambda stream: frame(3, 0, stream, b"\0\0\0\7"))
        serving = self.endpoint(lambda stream: frame(HEADERS, END_STREAM | END_HEADERS, stream, hpack([(":status", "204")])))
        self.weir(self.config([refusing.address, serving.address], workers=1, cluster={"policy": "round_robin"}))
        for _ in range(10):
            self.assert_status(204, self.ask("POST", "/", body=b"once"))
        self.assertGreater(refusing.asked, 0)

    def test_what_http1_could_not_carry_reaches_no_client(self):
        evil = [(":status", "200"), ("x", "a\r\nSet-Cookie: stolen=1")], [(":status", "200"), ("connection", "close")], \
            [(":status", "101")], [(":status", "200"), ("transfer-encoding", "chunked")]
        said = iter(evil)
        server = self.endpoint(lambda stream: frame(HEADERS, END_STREAM | END_HEADERS, stream, hpack(next(said))))
        self.weir(self.config([server.address], workers=1, route={"retry": {"attempts": 1}}))
        for _ in evil:
            answer = self.ask()
            self.assert_status(502, answer)
            self.assertIsNone(answer.get("set-cookie"))

    def test_floods_end_the_connection_and_not_weir(self):
        flood = frame(6, 1, 0, b"12345678") * 3000
        server = self.endpoint(lambda stream: flood)
        proxy = self.weir(self.config([server.address], workers=1, route={"retry": {"attempts": 1}}))
        self.assert_status(502, self.ask())
        self.eventually(lambda: self.connections(proxy, server.address) == 0, "the connection is given up")

    def test_a_half_dead_connection_is_left(self):
        """It answers nothing, not even PING, as when a machine in between has forgotten it."""
        server = self.endpoint(lambda stream: b"")
        server.deaf = True
        proxy = self.weir(self.config([server.address], workers=1, cluster={"connect_timeout": "200ms"},
                                      route={"timeout": "300ms", "retry": {"attempts": 1}}))
        self.assert_status(504, self.ask())
        self.eventually(lambda: self.connections(proxy, server.address) == 0, "nobody is there")
        server.deaf = False
        server.answer = lambda stream: frame(HEADERS, END_STREAM | END_HEADERS, stream, hpack([(":status", "204")]))
        self.assert_status(204, self.ask())


@unittest.skipIf(grpc is None, "python3-grpcio is not installed")
class Grpc(Http2UpstreamCase):
    """Client and server are gRPC's own."""

    def setUp(self):
        super().setUp()
        self.channels = []

    def grpc_server(self, *secured):
        port = free_port()
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "harness", "grpc_endpoint.py")
        return f"127.0.0.1:{port}", self.server(port, sys.executable, script, port, *secured)

    def start(self, servers=1, **options):
        self.servers = [self.grpc_server() for _ in range(servers)]
        self.proxy = self.weir(self.config([address for address, _ in self.servers], workers=1, **options))
        channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        self.addCleanup(channel.close)
        return channel

    @staticmethod
    def method(channel, kind, name):
        return getattr(channel, kind)(f"/story.Service/{name}")

    def call(self, channel, name, request=b"", **options):
        return self.method(channel, "unary_unary", name)(request, timeout=options.pop("timeout", PATIENCE), **options)

    def test_all_four_kinds_of_calls(self):
        channel = self.start()
        answer, call = self.method(channel, "unary_unary", "Echo").with_call(
            b"hello", timeout=PATIENCE, metadata=[("x-ask", "7")])
        self.assertEqual(b"hello", answer)
        self.assertEqual("7", dict(call.initial_metadata())["x-head"])
        trailing = dict(call.trailing_metadata())
        self.assertEqual(("7", b"\0\1"), (trailing["x-tail"], trailing["x-bytes-bin"]))
        self.assertEqual([str(i).encode() for i in range(1000)],
                         list(self.method(channel, "unary_stream", "Count")(b"1000", timeout=PATIENCE)))
        pieces = [b"x" * 50_000] * 100
        self.assertEqual(b"5000000", self.method(channel, "stream_unary", "Add")(iter(pieces), timeout=PATIENCE))

        said = threading.Semaphore(0)  # each word waits for the answer to the one before: nothing is held back

        def words():
            for i in range(20):
                said.acquire(timeout=PATIENCE)
                yield str(i).encode()
        said.release()
        heard = []
        for each in self.method(channel, "stream_stream", "Chat")(words(), timeout=PATIENCE):
            heard.append(each)
            said.release()
        self.assertEqual([f"you said {i}".encode() for i in range(20)], heard)
        self.assertEqual(4, self.proxy.metric("weir_grpc_responses_total", grpc_status="OK"))

    def test_calls_over_tls_on_both_sides(self):
        authority = Authority(self.directory / "ca")
        shown = authority.issue("endpoint", "IP:127.0.0.1")
        endpoint, _ = self.grpc_server(shown["key"], shown["certificate"])
        proxy = self.weir(self.config([endpoint], workers=1, cluster={"tls": {"ca": str(authority.path)}},
                                      listener={"tls": authority.issue("localhost", "localhost")}))
        trusted = grpc.ssl_channel_credentials(authority.path.read_bytes())
        channel = grpc.secure_channel(f"localhost:{self.port}", trusted)
        self.addCleanup(channel.close)
        answer, call = self.method(channel, "unary_unary", "Echo").with_call(
            b"hello", timeout=PATIENCE, metadata=[("x-ask", "7")])
        self.assertEqual((b"hello", "7"), (answer, dict(call.trailing_metadata())["x-tail"]))
        self.assertEqual([str(i).encode() for i in range(100)],
                         list(self.method(channel, "unary_stream", "Count")(b"100", timeout=PATIENCE)))
        pieces = [b"x" * 50_000] * 20
        self.assertEqual(b"1000000", self.method(channel, "stream_unary", "Add")(iter(pieces), timeout=PATIENCE))
        with self.assertRaises(grpc.RpcError) as raised:
            self.call(channel, "Fail", b"NOT_FOUND")
        self.assertEqual((grpc.StatusCode.NOT_FOUND, "as asked"), (raised.exception.code(), raised.exception.details()))
        self.assertEqual(1, proxy.metric("weir_endpoint_tls_handshakes_total", endpoint=endpoint))

    def test_an_error_that_is_all_trailers(self):
        channel = self.start(cluster={"outlier_detection": "off"})
        endpoint = self.servers[0][0]
        for name, outcome in (("UNAVAILABLE", "gateway_failure"), ("INTERNAL", "server_error"), ("NOT_FOUND", "success")):
            before = self.proxy.metric("weir_endpoint_outcomes_total", endpoint=endpoint, outcome=outcome)
            with self.assertRaises(grpc.RpcError) as raised:
                self.call(channel, "Fail", name.encode())
            self.assertEqual((grpc.StatusCode[name], "as asked"), (raised.exception.code(), raised.exception.details()))
            self.assertEqual(1, self.proxy.metric("weir_grpc_responses_total", grpc_status=name))
            self.assertEqual(before + 1, self.proxy.metric("weir_endpoint_outcomes_total", endpoint=endpoint,
                                                           outcome=outcome), name)

    def hung(self, channel):
        return self.call(channel, "Hung").decode()

    def test_a_deadline_of_the_client_ends_the_call_everywhere(self):
        channel = self.start()
        with self.assertRaises(grpc.RpcError) as raised:
            self.call(channel, "Hang", timeout=0.5)
        self.assertEqual(grpc.StatusCode.DEADLINE_EXCEEDED, raised.exception.code())
        self.eventually(lambda: self.hung(channel) == "1 1", "the endpoint has been told")

    def test_a_cancelled_call_is_cancelled_everywhere(self):
        channel = self.start()
        call = self.method(channel, "unary_unary", "Hang").future(b"")
        self.eventually(lambda: self.hung(channel) == "1 0", "it has begun")
        call.cancel()
        self.eventually(lambda: self.hung(channel) == "1 1", "the endpoint has been told")
        stream = self.method(channel, "unary_stream", "Forever")(b"")
        self.assertEqual(1000, len(next(stream)))
        stream.cancel()
        self.assertEqual(b"still here", self.call(channel, "Echo", b"still here"))
        self.eventually(lambda: self.proxy.metric("weir_cluster_requests_in_flight", cluster="app") == 0, "no request is left")

    def test_a_slow_reader_of_a_stream_without_end(self):
        channel = self.start()
        self.assertEqual(b"warm", self.call(channel, "Echo", b"warm"))
        before = self.proxy.rss_kib()
        stream = self.method(channel, "unary_stream", "Forever")(b"")
        for _ in range(2000):
            next(stream)
        for i in range(50):
            self.assertEqual(str(i).encode(), self.call(channel, "Echo", str(i).encode()))
        stream.cancel()
        self.assert_memory(self.proxy.rss_kib(peak=True) - before, 8 * 1024)

    def test_a_killed_endpoint_fails_what_it_had_begun_and_nothing_else(self):
        channel = self.start(servers=2, cluster={"policy": "round_robin"})
        streams = [self.method(channel, "unary_stream", "Forever")(b"", timeout=PATIENCE) for _ in range(4)]
        for stream in streams:
            next(stream)
        self.servers[0][1].send_signal(signal.SIGKILL)
        broken = 0
        for stream in streams[:2] + streams[2:]:
            try:
                for _ in range(5000):
                    next(stream)
            except grpc.RpcError as error:
                self.assertIn(error.code(), (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE))
                broken += 1
            stream.cancel()
        self.assertEqual(2, broken)
        for i in range(50):  # a refused connection reaches nobody: the other endpoint is asked
            self.assertEqual(str(i).encode(), self.call(channel, "Echo", str(i).encode()))


if __name__ == "__main__":
    unittest.main()
