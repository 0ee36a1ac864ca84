"""TLS with endpoints: who they are is proved before anything is sent, and what is wrong with one is said."""

import contextlib
import json
import os
import pathlib
import socket
import ssl
import subprocess
import unittest
from unittest import mock

from harness.case import QUICK_EJECTION, Case
from harness.certificates import Authority, TlsUpstream, openssl
from harness.load import Load
from harness.nameserver import NameServer
from harness.nginx import Nginx
from harness.ports import free_port
from harness.upstream import echo
from harness.waiting import wait_for
from harness.weir import run

SEEN = "sni=$ssl_server_name reused=$ssl_session_reused version=$ssl_protocol client=$ssl_client_s_dn"


def self_signed(directory, name):
    """Of an authority that nobody knows: itself. For 127.0.0.1."""
    settings = {each: str(directory / f"{name}.{end}") for each, end in (("certificate", "pem"), ("key", "key"))}
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 30,
            "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", settings["key"], "-out", settings["certificate"])
    return settings


class Story(Case):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.directory / "authority")
        self.good = self.authority.issue("good", "app.test", "IP:127.0.0.1")

    def nginx(self, shown=None, more="", listen="ssl", host="127.0.0.1"):
        """nginx with a certificate, which tells what it saw of TLS."""
        shown = shown or self.good
        port = free_port()
        server = Nginx(self.directory, f"""server {{
            listen {host}:{port} {listen};
            ssl_certificate {shown["certificate"]};
            ssl_certificate_key {shown["key"]};
            ssl_session_cache shared:SSL{port}:1m;
            {more}
            location / {{ return 200 "{SEEN} connection=$connection"; }}
        }}""", port, host=host)
        self.addCleanup(server.stop)
        return server

    def start(self, endpoints, tls=None, *, cluster=None, **options):
        tls = self.trust() if tls is None else tls
        return self.weir(self.config(endpoints, cluster={"tls": tls} | (cluster or {}), **options))

    def trust(self, **more):
        return {"ca": str(self.authority.path)} | more

    def seen(self, response):
        self.assert_status(200, response)
        return dict(word.split("=", 1) for word in response.body.decode().split(" "))

    def reload(self, proxy):
        proxy.post("/reload")
        self.eventually(lambda: proxy.metric("weir_config_settled") == 1, "in force")

    def assert_refused(self, reason, response):
        self.assert_status(502, response)
        self.assertIn(f"rule=upstream_tls; reason={reason}", response.get("x-weir-refusal"))


class Verified(Story):
    def test_by_address(self):
        proxy = self.start([self.nginx(more="ssl_protocols TLSv1.2 TLSv1.3;")])
        seen = self.seen(self.ask())
        self.assertEqual(("", "TLSv1.3"), (seen["sni"], seen["version"]), "an address is no name to ask for")
        self.assertEqual(1, proxy.metric("weir_endpoint_tls_handshakes_total", cluster="app"))
        self.assertEqual(0, proxy.metric("weir_endpoint_tls_failures_total"))

    def test_by_name(self):
        named = self.authority.issue("named", "app.test")
        self.start([self.nginx(named)], self.trust(server_name="app.test"))
        self.assertEqual("app.test", self.seen(self.ask())["sni"])

    def test_by_the_name_under_which_it_was_discovered(self):
        named = self.authority.issue("named", "app.test")
        names = NameServer()
        self.addCleanup(names.stop)
        names.set("app.test", a=["127.0.0.2"])
        nginx = self.nginx(named, host="127.0.0.2")
        self.start([f"app.test:{nginx.port}"], cluster={"resolve": {"servers": [names.address]}})
        self.assertEqual("app.test", self.seen(self.ask())["sni"])

    def test_against_what_the_system_trusts(self):
        with mock.patch.dict(os.environ, {"SSL_CERT_FILE": str(self.authority.path)}):
            self.start([self.nginx()], "on")
        self.seen(self.ask())

    def test_s_server_of_openssl(self):
        port = free_port()
        process = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-quiet", "-cert",
                                    self.good["certificate"], "-key", self.good["key"]],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

        def listens():
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return True
        self.assertTrue(wait_for(listens))
        self.start([f"127.0.0.1:{port}"])
        response = self.ask()
        self.assert_status(200, response)
        self.assertIn(b"TLSv1.3", response.body)

    def test_bodies_pass_whole(self):
        endpoint = TlsUpstream(self.good, "a", echo)
        self.addCleanup(endpoint.stop)
        self.start([endpoint])
        body = os.urandom(1 << 20).hex().encode()
        response = self.ask("POST", "/", body=body)
        self.assert_status(200, response)
        self.assertEqual(body.decode(), json.loads(response.body)["body"])


class Refused(Story):
    def setUp(self):
        super().setUp()
        stranger = Authority(self.directory / "stranger", "another authority")
        self.unknown = stranger.issue("unknown", "IP:127.0.0.1")
        self.wrong = self.authority.issue("wrong", "another.test", "IP:127.0.0.9")
        self.nameless = self.authority.issue("nameless")
        self.expired = self.authority.issue("expired", "IP:127.0.0.1", days=-1)
        self.itself = self_signed(self.directory, "self")

    def test_each_fault_is_told_from_the_others(self):
        for name, reason in [("wrong", "name_mismatch"), ("nameless", "name_mismatch"),
                             ("expired", "certificate_expired"), ("unknown", "unknown_ca"), ("itself", "unknown_ca")]:
            with self.subTest(name):
                self.port = free_port()
                nginx = self.nginx(getattr(self, name))
                proxy = self.start([nginx], cluster={"outlier_detection": "off"})
                response = self.ask()
                self.assert_refused(reason, response)
                self.assertIn(nginx.address, response.get("x-weir-refusal"))
                self.assertEqual(1, proxy.metric("weir_endpoint_tls_failures_total", cluster="app", reason=reason))
                self.assertEqual(0, proxy.metric("weir_endpoint_tls_handshakes_total"))
                self.assertEqual(1, proxy.endpoint(nginx)["connect_failures"])
                self.eventually(lambda: f"reason={reason}" in self.log_path.read_text(), "the log")

    def test_by_default_nobody_is_trusted_whom_the_system_does_not(self):
        self.start([self.nginx(self.itself)], "on")
        self.assert_refused("unknown_ca", self.ask())

    def test_an_address_where_the_name_counts(self):
        self.start([self.nginx()], self.trust(server_name="elsewhere.test"))
        self.assert_refused("name_mismatch", self.ask())

    def test_an_endpoint_without_tls(self):
        self.start([self.nginx(listen="")])
        self.assert_refused("", self.ask())

    def test_a_version_that_is_too_old(self):
        self.start([self.nginx(more="ssl_protocols TLSv1.2;")], self.trust(min_version="1.3"))
        self.assert_refused("protocol_version", self.ask())

    def test_another_endpoint_is_asked_since_nothing_was_sent(self):
        bad, good = self.nginx(self.expired), self.nginx()
        proxy = self.start([bad, good], cluster={"policy": "round_robin", "outlier_detection": QUICK_EJECTION})
        for _ in range(20):
            self.assert_status(200, self.ask("POST", "/", body=b"not idempotent"))
        self.assertEqual(5, proxy.endpoint(bad)["connect_failures"],
                         "ejected by consecutive_local_failures")
        self.assertIn("ejected", proxy.stderr())

    def test_verification_can_be_turned_off(self):
        proxy = self.start([self.nginx(self.itself)], {"verify": False})
        self.seen(self.ask())
        said = run("check", "-c", str(proxy.path))
        self.assertIn("whoever sits on the way", said.stdout)


class Mutual(Story):
    def test_our_certificate_is_shown_to_who_asks_for_it(self):
        us = self.authority.issue("us", "weir.test")
        nginx = self.nginx(more=f"ssl_client_certificate {self.authority.path}; ssl_verify_client on;")
        proxy = self.start([nginx], self.trust(**us))
        self.assertEqual("CN=us,O=weir", self.seen(self.ask())["client"])
        proxy.write(self.config([nginx], cluster={"tls": self.trust()}))
        self.reload(proxy)
        response = self.ask()
        self.assert_status(400, response, "that connection is not reused")
        self.assertIn(b"No required SSL certificate was sent", response.body)


    def test_an_endpoint_that_insists_says_so(self):
        """With TLS 1.3 that is heard after our part of the handshake, and with 1.2 in it."""
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version):
                self.port = free_port()
                endpoint = TlsUpstream(self.good, "a")
                self.addCleanup(endpoint.stop)
                endpoint.insist(self.authority.path, version)
                self.start([endpoint])
                self.assert_refused("alert_", self.ask())


class Going(Story):
    def test_sessions_are_resumed(self):
        proxy = self.start([self.nginx()], cluster={"connection_pool": {"max_requests": 1}})
        seen = [self.seen(self.ask()) for _ in range(5)]
        self.assertEqual([".", "r", "r", "r", "r"], [each["reused"] for each in seen])
        self.assertEqual(5, len({each["connection"] for each in seen}))
        self.assertEqual(5, proxy.metric("weir_endpoint_tls_handshakes_total"))
        self.assertEqual(4, proxy.metric("weir_endpoint_tls_handshakes_total", resumed="true"))

    def test_health_checks_go_over_tls(self):
        check = {"health_check": {"http": "/", "interval": "50ms", "timeout": "5s"}}
        nginx = self.nginx()
        proxy = self.start([nginx], cluster=check)
        self.eventually(lambda: proxy.endpoint(nginx)["health"] == "healthy", lambda: proxy.endpoint(nginx))
        stranger = self_signed(self.directory, "stranger")
        proxy.write(self.config([nginx], cluster={"tls": {"ca": stranger["certificate"]}} | check))
        self.reload(proxy)
        self.eventually(lambda: "unknown_ca" in (proxy.endpoint(nginx).get("last_probe") or ""),
                        lambda: proxy.endpoint(nginx))

    def test_a_reload_reads_the_files_again(self):
        nginx = self.nginx()
        ca, right = self.directory / "ca.pem", self.authority.path.read_text()
        wrong = pathlib.Path(self_signed(self.directory, "stranger")["certificate"]).read_text()
        ca.write_text(wrong)
        proxy = self.start([nginx], {"ca": str(ca)}, cluster={"outlier_detection": "off"}, workers=1)
        self.assert_refused("unknown_ca", self.ask())
        ca.write_text(right)
        self.reload(proxy)
        connection = self.seen(self.ask())["connection"]
        self.reload(proxy)
        self.assertEqual(connection, self.seen(self.ask())["connection"], "a reload that changes nothing keeps it")
        ca.write_text(wrong)
        self.reload(proxy)
        self.assert_refused("unknown_ca", self.ask())

    def test_a_file_that_is_missing_or_wrong_is_named_and_nothing_changes(self):
        nginx = self.nginx()
        proxy = self.start([nginx])
        (self.directory / "nonsense.pem").write_text("nonsense")
        us = self.authority.issue("us", "weir.test")
        for tls, words in [({"ca": "missing.pem"}, ("clusters.app.tls", f"{self.directory}/missing.pem")),
                           ({"ca": "nonsense.pem"}, ("nonsense.pem",)),
                           (us | {"key": self.good["key"]}, (self.good["key"],))]:
            with self.subTest(tls):
                proxy.write(self.config([nginx], cluster={"tls": tls}))
                answer = proxy.admin("POST", "/reload")
                self.assertNotEqual(200, answer.status)
                for word in words:
                    self.assertIn(word, answer.body.decode())
                self.seen(self.ask())

    def test_workers_do_not_share_what_cannot_be_shared(self):
        proxy = self.start([self.nginx()], workers=4)
        with Load(self.port, threads=8, per_connection=3) as load:
            self.eventually(lambda: len(load.answers) > 500, "load")
        self.assertEqual([], load.failed(), load.text())
        self.assertGreaterEqual(proxy.metric("weir_endpoint_tls_handshakes_total"), 1)

    def test_the_proxy_header_comes_before_tls(self):
        nginx = self.nginx(listen="ssl proxy_protocol", more="add_header X-Client $proxy_protocol_addr;")
        self.start([nginx], cluster={"proxy_protocol": "v2"})
        self.seen(self.ask())


if __name__ == "__main__":
    unittest.main()
