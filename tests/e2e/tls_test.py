"""TLS with clients: curl, openssl, h2load and browsers' kind of TLS find what they look for; who should not get in does
not, and is counted by the reason; certificates change under load and nobody notices."""

import base64
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import unittest

from harness.case import Case
from harness.certificates import Authority, TlsClient, openssl, raw
from harness.ports import free_port
from harness.upstream import CLOSE, KEEP, answer, echo, gated, ok, status
from harness.waiting import PATIENCE
from harness.websocket import TEXT, WebSocket, accepted, echoing, frame, read_frame
from harness.weir import Weir, run
from harness.wire import ask, request


def command(*argv, **options):
    done = subprocess.run(list(map(str, argv)), capture_output=True, timeout=PATIENCE, check=False, **options)
    return done.stdout.decode("latin-1") + done.stderr.decode("latin-1")


class TlsCase(Case):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.directory / "ca")
        self.certificate = self.authority.issue("localhost", "localhost", "IP:127.0.0.1")

    def serve(self, behaviour=ok, *, listener=None, tls=None, **top):
        self.a = self.upstream("a", behaviour)
        return self.weir(self.tls_config(listener=listener, tls=tls, **top))

    def tls_config(self, *, listener=None, tls=None, **top):
        return self.config([self.a], listener={"tls": self.certificate | (tls or {})} | (listener or {}), **top)

    def tls(self, context=None, **options):
        client = TlsClient(self.port, context or self.authority.context(), **options)
        self._clients = getattr(self, "_clients", []) + [client]
        self.addCleanup(client.close)
        return client

    def curl(self, *arguments):
        return command("curl", "-sS", "--max-time", PATIENCE, "--cacert", self.authority.path, *arguments)

    def s_client(self, *arguments, data=b""):
        return openssl("s_client", "-connect", f"127.0.0.1:{self.port}", "-servername", "localhost",
                       "-CAfile", self.authority.path, *arguments, data=data, check=False)

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def log_lines(self, count):
        lines = self.eventually(lambda: self.log_path.exists() and len(found := self.log_path.read_text().splitlines())
                                >= count and found, f"{count} lines in the log")
        return [json.loads(line) for line in lines]

    def failures(self, proxy, reason):
        return proxy.metric("weir_tls_handshake_failures_total", reason=reason)


class Requests(TlsCase):
    def test_curl_gets_both_versions_of_http_and_the_endpoint_learns_how(self):
        proxy = self.serve(echo)
        for option, protocol in (("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2")):
            said = self.curl("-i", option, "-H", "X-Forwarded-Proto: http", "-H", "X-Forwarded-Client-Cert: forged",
                             self.url + "/path")
            self.assertIn(protocol + " 200", said)
            fields = dict(map(tuple, json.loads(said.partition("\r\n\r\n")[2])["fields"]))
            self.assertEqual("https", fields["x-forwarded-proto"])
            self.assertIn("proto=https", fields["forwarded"])
            self.assertNotIn("x-forwarded-client-cert", fields)
        lines = sorted(self.log_lines(2), key=lambda line: line["protocol"])  # each worker writes its own when it likes
        for line, protocol in zip(lines, ("HTTP/1.1", "HTTP/2")):
            self.assertEqual((protocol, "TLSv1.3", "localhost", False),
                             (line["protocol"], line["tls"], line["sni"], line["resumed"]))
            self.assertTrue(line["cipher"].startswith("TLS_"), line)
        self.assertEqual(2, proxy.metric("weir_tls_handshakes_total", version="TLSv1.3", resumed="false"))

    def test_bodies_of_all_sizes_pass_both_ways(self):
        def mirror(wire, message, server):
            wire.sock.sendall(answer(message.body))
            return KEEP

        self.serve(mirror)
        client = self.tls()
        for size in (0, 1, 16383, 16384, 16385, 300_000, 5_000_000):
            body = os.urandom(size)
            client.sock.sendall(request("POST", "/", body=body))
            self.assertEqual(body, client.response().body, size)

    def test_http2_over_tls_under_load(self):
        self.serve()
        said = command("h2load", "-n", 500, "-c", 10, "-m", 10, self.url + "/")
        self.assertIn("500 succeeded, 0 failed", said)
        self.assertIn("Application protocol: h2", said)

    def test_without_http2_alpn_agrees_on_http1(self):
        self.serve(listener={"http2": "off"})
        self.assertEqual("http/1.1", self.tls(self.authority.context(protocols=["h2", "http/1.1"]))
                         .sock.selected_alpn_protocol())
        self.assertIn("HTTP/1.1 200", self.curl("-i", "--http2", self.url + "/"))

    def test_websockets_over_tls(self):
        self.serve(echoing)
        live = WebSocket(self.tls(), "/live")
        self.assertEqual(101, live.head.status)
        self.assertEqual((TEXT, b"a"), live.receive())
        for size in (0, 125, 65536, 1_000_000):
            self.assertTrue(live.echo(b"x" * size), size)

    def test_a_drain_answers_what_is_in_flight_and_says_goodbye(self):
        gate = threading.Event()
        proxy = self.serve(gated(gate))
        client = self.tls()
        client.sock.sendall(request("GET", "/"))
        self.eventually(lambda: self.a.requests, "the request is in flight")
        proxy.signal(signal.SIGTERM)
        self.eventually(lambda: "draining" in proxy.stderr(), proxy.stderr)
        gate.set()
        response = client.response()
        self.assertEqual((200, "close"), (response.status, response.get("connection")))
        self.assertEqual(b"", client.sock.recv(1), "close_notify: without it this raises")
        self.assertEqual(0, proxy.process.wait(PATIENCE))

    def test_plain_http_is_told_where_it_is(self):
        proxy = self.serve()
        response = ask(self.port, "GET", "/")
        self.assertEqual(400, response.status)
        self.assertIn(b"plain HTTP request was sent to an HTTPS port", response.body)
        self.assertEqual(1, self.failures(proxy, "plain_http"))
        self.assertEqual(200, self.tls().ask().status, "and nobody else minds")


class Certificates(TlsCase):
    def shown(self, name):
        with TlsClient(self.port, ssl_any(), name=name) as client:
            return openssl("x509", "-noout", "-subject",
                           data=ssl.DER_cert_to_PEM_cert(client.sock.getpeercert(True)).encode())

    def test_are_chosen_by_the_name_asked_for(self):
        others = [self.authority.issue("wild", "*.example.org"), self.authority.issue("exact", "www.example.org")]
        self.serve(tls=None, listener={"tls": {"certificates": [self.certificate, *others]}})
        for name, expected in (("localhost", "localhost"), ("api.example.org", "wild"), ("www.example.org", "exact"),
                               ("WWW.example.ORG", "exact"), ("a.b.example.org", "localhost"), (None, "localhost"),
                               ("example.org", "localhost")):
            self.assertIn("CN = " + expected, self.shown(name), name)

    def test_of_two_kinds_of_keys_serve_the_clients_that_know_them(self):
        both = [self.authority.issue("ecdsa", "localhost"), self.authority.issue("rsa", "localhost", rsa=True)]
        self.serve(listener={"tls": {"certificates": both}})
        for algorithms, expected in (("ECDSA+SHA256", "ecdsa"), ("RSA-PSS+SHA256:RSA+SHA256", "rsa")):
            said = self.s_client("-sigalgs", algorithms)
            self.assertIn("CN = " + expected, said)
            self.assertIn("Verify return code: 0", said)

    def test_ocsp_is_stapled_when_it_is_good(self):
        staple = self.authority.staple("localhost")
        proxy = self.serve(tls={"ocsp": staple})
        self.assertIn("OCSP Response Status: successful", self.s_client("-status"))
        revoked = self.authority.staple("localhost", revoked=True)
        proxy.write(self.tls_config(tls={"ocsp": revoked}))
        proxy.post("/reload")
        self.eventually(lambda: "no response sent" in self.s_client("-status"), "what is revoked is not stapled")
        self.assertIn("not stapled: it says of the certificate: revoked", proxy.stderr())

    def test_are_replaced_under_load_and_old_connections_live_on(self):
        proxy = self.serve(workers=2)
        old = self.tls()
        self.assertEqual(200, old.ask().status)
        stop, wrong, count = threading.Event(), [], [0]

        def visitor():
            context = self.authority.context()
            while not stop.is_set():
                try:
                    with TlsClient(self.port, context) as client:
                        for _ in range(3):
                            if client.ask().status != 200:
                                raise AssertionError("status")
                            count[0] += 1
                except Exception as error:  # whatever it is, it should not have happened
                    wrong.append(repr(error))

        visitors = [threading.Thread(target=visitor) for _ in range(4)]
        for each in visitors:
            each.start()
        try:
            for i in range(10):
                self.authority.issue("localhost", "localhost", "IP:127.0.0.1")  # the same files, another key
                serial = openssl("x509", "-in", self.certificate["certificate"], "-noout", "-serial")
                if i % 2:
                    proxy.post("/reload")
                else:
                    proxy.signal(signal.SIGHUP)
                self.eventually(lambda: serial in self.shown_serial(), "the new certificate is in force")
                before = count[0]
                self.eventually(lambda: count[0] > before + 5, "and served with")
        finally:
            stop.set()
            for each in visitors:
                each.join()
        self.assertEqual([], wrong)
        self.assertEqual(200, old.ask().status, "the first connection has lived through all of it")

    def shown_serial(self):
        with TlsClient(self.port, ssl_any()) as client:
            return openssl("x509", "-noout", "-serial",
                           data=ssl.DER_cert_to_PEM_cert(client.sock.getpeercert(True)).encode())

    def test_a_broken_file_refuses_the_reload_and_names_it(self):
        proxy = self.serve()
        key = self.directory / "ca" / "localhost.key"
        key.write_text("-----BEGIN PRIVATE KEY-----\nbroken\n")
        refused = proxy.admin("POST", "/reload")
        self.assertNotEqual(200, refused.status)
        self.assertIn(str(key), refused.body.decode())
        self.assertEqual(200, self.tls().ask().status)
        checked = run("check", "-c", str(proxy.path))
        self.assertEqual(2, checked.returncode, checked)
        self.assertIn(f"listeners[0].tls: {key}: there is no private key in it that can be read", checked.stderr)

    def test_check_warns_of_what_expires_soon(self):
        self.a = self.upstream("a", ok)
        soon = self.authority.issue("soon", "localhost", days=3)
        path = self.directory / "soon.yaml"
        path.write_text(json.dumps(self.config([self.a], listener={"tls": soon})))
        checked = run("check", "-c", str(path))
        self.assertEqual(0, checked.returncode, checked)
        self.assertRegex(checked.stdout, r"warning: listeners\[0\]\.tls: .*soon\.pem: expires in [23] days")
        self.assertEqual(1, run("check", "--strict", "-c", str(path)).returncode)

    def test_keys_that_everybody_may_read_are_told(self):
        issued = self.authority.issue("open", "localhost")
        tickets = self.directory / "tickets"
        tickets.write_bytes(os.urandom(80))
        for each in (issued["key"], tickets):
            os.chmod(each, 0o644)
        path = self.directory / "open.yaml"
        path.write_text(json.dumps(self.config([self.upstream("a", ok)],
                                               listener={"tls": issued | {"ticket_keys": str(tickets)}})))
        checked = run("check", "-c", str(path))
        for each in (issued["key"], tickets):
            self.assertIn(f"warning: listeners[0].tls: {each}: can be read by everybody on this machine: chmod o-r",
                          checked.stdout)
            os.chmod(each, 0o640)
        self.assertNotIn("can be read", run("check", "-c", str(path)).stdout)


def ssl_any():
    """A client that looks at certificates and believes all of them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Sessions(TlsCase):
    def resumed(self, context, count):
        """Of so many connections, each with the session of the one before it, how many resumed."""
        session, found = None, 0
        for _ in range(count):
            with TlsClient(self.port, context, session=session) as client:
                client.ask()  # with TLS 1.3, tickets come with the answer
                found += client.sock.session_reused
                session = client.sock.session
        return found

    def test_are_resumed_across_workers(self):
        proxy = self.serve(workers=4)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assertEqual(39, self.resumed(self.authority.context(version=version), 40), version)
        for version in ("TLSv1.2", "TLSv1.3"):
            self.assertEqual(39, proxy.metric("weir_tls_handshakes_total", version=version, resumed="true"), version)

    def test_are_resumed_after_a_reload_and_at_another_machine_with_the_same_keys(self):
        keys = self.directory / "tickets"
        keys.write_bytes(os.urandom(80))
        proxy = self.serve(tls={"ticket_keys": str(keys)})
        context = self.authority.context()
        with TlsClient(self.port, context) as client:
            client.ask()
            session = client.sock.session
        proxy.post("/reload")
        second = self.directory / "second"
        second.mkdir()
        here, self.port = self.port, free_port()
        other = Weir(second, self.tls_config(tls={"ticket_keys": str(keys)}))
        self.addCleanup(self._end, other)
        other.start()
        for port in (here, self.port):
            with TlsClient(port, context, session=session) as client:
                self.assertTrue(client.sock.session_reused, port)
        # A new key issues; the old one is accepted, until it is gone.
        old = keys.read_bytes()
        for contents, expected in ((os.urandom(80) + old, True), (os.urandom(80), False)):
            keys.write_bytes(contents)
            other.post("/reload")
            self.eventually(other_settled(other), "the reload is in force")
            with TlsClient(self.port, context, session=session) as client:
                self.assertEqual(expected, client.sock.session_reused)
        keys.write_bytes(b"short")
        refused = other.admin("POST", "/reload")
        self.assertIn("tickets: ticket keys have 80 or 48 bytes each", refused.body.decode())

    def test_may_be_turned_off(self):
        self.serve(tls={"session_tickets": "off"})
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assertEqual(0, self.resumed(self.authority.context(version=version), 3), version)


def other_settled(proxy):
    return lambda: proxy.metric("weir_config_settled") == 1


class Refusals(TlsCase):
    def test_versions(self):
        proxy = self.serve(tls={"min_version": "1.3"})
        self.assertIn("TLSv1.3", self.s_client("-tls1_3"))
        self.assertIn("alert protocol version", self.s_client("-tls1_2"))
        self.assertEqual(1, self.failures(proxy, "protocol_version"))

    def test_old_versions_are_not_spoken(self):
        proxy = self.serve()
        said = self.s_client("-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
        self.assertIn("alert protocol version", said)
        self.assertIn("Cipher is ECDHE-ECDSA-AES", self.s_client("-tls1_2"))
        self.assertIn("alert handshake failure", self.s_client("-tls1_2", "-cipher", "AES128-SHA"))
        self.assertEqual((1, 1), (self.failures(proxy, "protocol_version"), self.failures(proxy, "no_shared_cipher")))

    def test_renegotiation(self):
        self.serve()
        process = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-tls1_2", "-CAfile",
                                    str(self.authority.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        said, _ = process.communicate(b"R\n", timeout=PATIENCE)
        self.assertRegex(said.decode("latin-1"), "(?i)no renegotiation")
        self.assertEqual(200, self.tls().ask().status)

    def test_a_slow_handshake_times_out(self):
        proxy = self.serve(tls={"handshake_timeout": "300ms"})
        silent, half = raw(self.port), raw(self.port)
        half.sendall(b"\x16\x03\x01\x02\x00\x01")
        for each in (silent, half):
            with each:
                self.assertEqual(b"", each.recv(1))
        self.assertEqual(2, self.failures(proxy, "timeout"))
        self.assertEqual(200, self.tls().ask().status)

    def test_clients_show_certificates(self):
        proxy = self.serve(echo, tls={"client_certificate": "required", "client_ca": str(self.authority.path)})
        alice = self.authority.issue("alice", "alice.example.org")
        client = self.tls(self.authority.context(shown=alice))
        client.sock.sendall(request("GET", "/", ("X-Forwarded-Client-Cert", "Subject=\"CN=root\"")))
        fields = dict(map(tuple, json.loads(client.response().body)["fields"]))
        self.assertRegex(fields["x-forwarded-client-cert"],
                         r'^Hash=[0-9a-f]{64};Subject="CN=alice,O=weir";DNS=alice\.example\.org$')
        self.assertIn("CN=alice", self.log_lines(1)[0]["client_certificate"])
        stranger = Authority(self.directory / "strangers").issue("mallory", "mallory.example.org")
        for shown, reason in ((None, "certificate_required"), (stranger, "unknown_ca")):
            with self.assertRaises((ssl.SSLError, ConnectionError), msg=reason):
                with TlsClient(self.port, self.authority.context(shown=shown)) as refused:
                    refused.ask()
            self.eventually(lambda: self.failures(proxy, reason) == 1, reason)

    def test_what_a_client_says_of_certificates_is_replaced(self):
        """curl, in both versions, in whatever spelling, more than once, with a certificate and without."""
        self.serve(echo, tls={"client_certificate": "optional", "client_ca": str(self.authority.path)})
        alice = self.authority.issue("alice", "alice.example.org")
        forged = [word for name in ("X-Forwarded-Client-Cert", "x-forwarded-client-cert", "X-FORWARDED-CLIENT-CERT")
                  for word in ("-H", name + ": Hash=00;Subject=\"CN=root\"")]
        for version in ("--http1.1", "--http2"):
            for shown, expected in (((), []), (("--cert", alice["certificate"], "--key", alice["key"]), ["CN=alice"])):
                said = json.loads(self.curl(version, *forged, *shown, self.url + "/"))
                told = [value for name, value in said["fields"] if name.lower() == "x-forwarded-client-cert"]
                self.assertEqual(len(expected), len(told), told)
                self.assertNotIn("root", json.dumps(said))
                for words, value in zip(expected, told):
                    self.assertRegex(value, f'^Hash=[0-9a-f]{{64}};Subject="{words},O=weir";DNS=alice')

    def test_noise_hurts_nobody(self):
        """Mutations of a true hello, cut anywhere: each is refused or waits, and those who mean well are served."""
        proxy = self.serve(workers=1)
        hello = capture_hello()
        dice = random.Random(1)
        for _ in range(300):
            bytes_ = bytearray(hello)
            for _ in range(dice.randrange(4)):
                bytes_[dice.randrange(len(bytes_))] = dice.randrange(256)
            with raw(self.port) as sock:
                sock.sendall(bytes_[:dice.randrange(1, len(bytes_) + 1)])
                sock.shutdown(socket.SHUT_WR)
                try:
                    while sock.recv(65536):
                        pass
                except ConnectionError:
                    pass
        self.assertEqual(200, self.tls().ask().status)
        self.eventually(lambda: proxy.metric("weir_tls_handshake_failures_total") == 300,
                        lambda: proxy.admin("GET", "/metrics").body.decode())
        self.assertEqual(0, self.failures(proxy, "internal"))


def capture_hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl_any().wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


PAGE = b"""<!doctype html><title>waiting</title><img src="/wait" alt=""><p id="said"></p><script>
const live = new WebSocket('wss://' + location.host + '/live');
live.onmessage = (message) => {
  document.getElementById('said').textContent = 'heard ' + message.data + ' as ' + performance.getEntriesByType(
      'navigation')[0].nextHopProtocol;
  live.send('seen');
};
</script>"""


def page_with_websocket(wire, message, server):
    """A page that is loaded once its WebSocket has been answered: /wait is a picture of it."""
    if message.get("upgrade"):
        wire.sock.sendall(accepted(message) + frame(TEXT, b"hello"))
        while read_frame(wire)[1] != b"seen":
            pass
        server.seen.set()
        return CLOSE
    if message.target == "/wait":
        server.seen.wait(PATIENCE)
    wire.sock.sendall(answer(PAGE if message.target == "/" else b"", "200 OK", "Content-Type: text/html"))
    return KEEP


@unittest.skipUnless(shutil.which("chromium"), "there is no chromium")
class ABrowser(TlsCase):
    def test_loads_a_page_over_http2_and_its_websocket_over_http1(self):
        proxy = self.serve(page_with_websocket)
        self.a.seen = threading.Event()
        key = subprocess.run(["openssl", "x509", "-in", self.certificate["certificate"], "-noout", "-pubkey"],
                             capture_output=True, check=True).stdout
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=key, capture_output=True,
                             check=True).stdout
        ours = base64.b64encode(hashlib.sha256(der).digest()).decode()  # the one stranger it is to believe
        said = command(shutil.which("chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                       "--no-first-run", "--disable-background-networking", "--disable-component-update",
                       f"--user-data-dir={self.directory / 'chromium'}",
                       f"--ignore-certificate-errors-spki-list={ours}", "--dump-dom", self.url + "/")
        self.assertIn("heard hello as h2", said)
        self.eventually(lambda: proxy.metric("weir_tunnels_opened_total") == 1, "the WebSocket came by")


class ToHttps(TlsCase):
    def test_plain_requests_are_redirected_but_for_challenges(self):
        self.a = self.upstream("a", ok)
        config = self.tls_config(listener={"hsts": {"max_age": "365d", "include_subdomains": True}})
        plain = free_port()
        config["listeners"].append({"http": f"127.0.0.1:{plain}", "redirect_to_https": True, "to": "app",
                                    "hsts": {"max_age": "365d"}})
        self.weir(config)
        for method in ("GET", "POST"):
            response = ask(plain, method, "/a/b?c=d", host="example.org:8080")
            self.assertEqual((308, "https://example.org/a/b?c=d"), (response.status, response.get("location")))
            self.assertIsNone(response.get("strict-transport-security"), "never in the clear")
        self.assertEqual(200, ask(plain, "GET", "/.well-known/acme-challenge/token").status)
        client = self.client(plain)
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        response = client.response()
        self.assertEqual((400, "rule=no_host"), (response.status, response.get("x-weir-refusal")))
        self.assertEqual(["max-age=31536000; includeSubDomains"], self.tls().ask().all("strict-transport-security"))

    def test_what_weir_adds_is_there_once(self):
        """All of it on one response, whether the endpoint says nothing of it or more than is wanted."""
        theirs = ("Date: Sun, 06 Nov 1994 08:49:37 GMT", "X-Request-Id: theirs", "X-Request-Id: theirs too",
                  "Strict-Transport-Security: max-age=0", "Set-Cookie: own=1")
        self.serve(ok, listener={"hsts": {"max_age": "5m"}}, route={"sticky": {"cookie": "weir", "ttl": "1h"}})
        for behaviour, date, cookies in ((ok, r"\w{3}, \d\d \w{3} 20\d\d \d\d:\d\d:\d\d GMT", 1),
                                         (status(200, *theirs), "Sun, 06 Nov 1994 08:49:37 GMT", 2)):
            self.a.behaviour = behaviour
            for version in ("--http1.1", "--http2"):
                lines = self.curl("-i", version, self.url + "/").partition("\r\n\r\n")[0].split("\r\n")
                self.assertRegex(lines[0], "^HTTP/(1.1|2) 200")
                fields = [line.lower().split(": ", 1) for line in lines[1:]]
                found = {name: [value for each, value in fields if each == name] for name, _ in fields}
                self.assertEqual(["max-age=300"], found["strict-transport-security"], lines)
                self.assertEqual(cookies, len(found["set-cookie"]), lines)
                ours, = [each for each in found["set-cookie"] if each.startswith("weir=")]
                self.assertIn("; secure", ours)
                date_, = found["date"]
                self.assertRegex(date_, "^" + date.lower() + "$")
                request_id, = found["x-request-id"]
                self.assertRegex(request_id, "^[0-9a-f]{32}$")

    def test_an_endpoints_hsts_gives_way_to_the_listeners(self):
        self.serve(status(200, "Strict-Transport-Security: max-age=0"), listener={"hsts": {"max_age": "5m"}})
        self.assertEqual(["max-age=300"], self.tls().ask().all("strict-transport-security"))

    def test_what_weir_answers_itself_says_so_too(self):
        self.serve(listener={"hsts": {"max_age": "5m"}, "routes": [{"match": {"path": "/only"}, "to": "app"}]})
        response = self.tls().ask("GET", "/elsewhere")
        self.assertEqual((404, "max-age=300"), (response.status, response.get("strict-transport-security")))

    def test_also_to_grpc_clients(self):
        self.serve(listener={"hsts": {"max_age": "5m"}, "routes": [{"match": {"path": "/only"}, "to": "app"}]})
        response = self.tls().ask("POST", "/elsewhere", ("Content-Type", "application/grpc"), body=b"")
        self.assertEqual((200, "12"), (response.status, response.get("grpc-status")))
        self.assertEqual(["max-age=300"], response.all("strict-transport-security"))


if __name__ == "__main__":
    unittest.main()
