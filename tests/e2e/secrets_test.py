"""Keys of both sides, ticket keys and the admin's token: their places are no secret, and what is in them is told by
nothing that Weir writes or answers, not even when it complains of one of them."""

import base64
import os
import pathlib
import ssl
import unittest

from harness.case import Case
from harness.certificates import Authority, TlsClient, TlsUpstream
from harness.weir import run

TOKEN = "correct-horse-battery-staple"


class Secrets(Case):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.directory / "ca")
        self.shown = self.authority.issue("localhost", "localhost")
        self.ours = self.authority.issue("weir", "weir.test")
        self.token, self.tickets = self.directory / "token", self.directory / "tickets"
        self.token.write_text(TOKEN + "\n")
        self.token.chmod(0o600)
        self.tickets.write_bytes(os.urandom(80))
        self.tickets.chmod(0o600)
        self.secrets = [TOKEN.encode(), base64.b64encode(TOKEN.encode()).rstrip(b"=")[:-1]]
        for each in (self.shown, self.ours):
            self.secrets += pathlib.Path(each["key"]).read_bytes().splitlines()[1:-1]
        tickets = self.tickets.read_bytes()
        for part in (tickets[:16], tickets[16:48], tickets[48:]):
            self.secrets += [part, part.hex().encode(), base64.b64encode(part)[:20]]
        self.a = TlsUpstream(self.authority.issue("endpoint", "IP:127.0.0.1"), "a")
        self.addCleanup(self.a.stop)
        self.a.insist(self.authority.path, ssl.TLSVersion.TLSv1_3)
        self.proxy = self.weir(self.with_secrets())
        self.said = {}

    def with_secrets(self, listener=None, cluster=None, **top):
        return self.config(
            [self.a], route={"switch": "all"}, explain={"sample_per_mille": 1000},
            listener={"tls": self.shown | {"ticket_keys": str(self.tickets)} | (listener or {})},
            cluster={"tls": self.ours | {"ca": str(self.authority.path)} | (cluster or {})},
            **{"admin_token_file": str(self.token)} | top)

    def visit(self):
        """The name of a request that went by all of the secrets but the token."""
        with TlsClient(self.port, self.authority.context()) as client:
            answer = client.ask()
        self.assertEqual((200, b"a"), (answer.status, answer.body))
        self.eventually(lambda: self.log_path.exists() and self.log_path.read_bytes(), "the access log")
        return answer.get("x-request-id")

    def note(self, where, done):
        self.said[where] = (done.stdout + done.stderr).encode()
        return done

    def ctl(self, *arguments):
        return self.note(f"weir ctl {arguments}", self.proxy.ctl("--token-file", str(self.token), *arguments))

    def assert_untold(self):
        self.said |= {"the log of events": self.proxy.stderr().encode(), "stdout": self.proxy.stdout().encode(),
                      "the access log": self.log_path.read_bytes()}
        for where, text in self.said.items():
            for secret in self.secrets:
                self.assertNotIn(secret, text, where)

    def test_are_told_to_nobody_who_asks(self):
        request_id = self.visit()
        for verb in (["config"], ["endpoints"], ["endpoints", "--json"], ["metrics"], ["switches"], ["shifts"],
                     ["switch", "off", "all"], ["switch", "on", "all"], ["explain", request_id], ["reload"],
                     ["drain", self.a.address]):
            done = self.ctl(*verb)
            self.assertEqual(0, done.returncode, f"{verb} {done}")
            self.assertNotEqual("", done.stdout, verb)
        self.assertEqual(1, self.ctl("upgrade", "--binary", "/bin/false").returncode)
        for target in ("/config", "/endpoints", "/explain", "/marks", "/upgrade", "/"):
            answer = self.proxy.admin("GET", target, ("Authorization", f"Bearer {TOKEN}"))
            self.assert_status(200, answer, target)
            self.said[target] = repr(answer.fields).encode() + answer.body
        for name in (self.tickets, self.token, self.shown["key"], self.ours["key"]):
            self.assertIn(str(name).encode(), self.said["/config"])
        for verb in ("show", "check"):
            done = self.note(verb, run(verb, "-c", str(self.proxy.path)))
            self.assertEqual(0, done.returncode, done)
        self.assert_untold()

    def test_are_not_quoted_when_they_are_wrong(self):
        """Each is written where another file belongs."""
        key, tickets = self.shown["key"], str(self.tickets)
        self.visit()
        for wrong in ({"listener": {"ticket_keys": key}}, {"listener": {"key": tickets}},
                      {"listener": {"certificate": key}}, {"listener": {"ocsp": key}},
                      {"listener": {"client_certificate": "optional", "client_ca": key}}, {"cluster": {"ca": key}},
                      {"cluster": {"ca": str(self.token)}}, {"cluster": {"key": key}}, {"cluster": {"key": tickets}},
                      {"admin_token_file": tickets}):
            self.proxy.write(self.with_secrets(**wrong))
            for verb, status, done in (("reload", 1, self.ctl("reload")),
                                       ("check", 2, run("check", "-c", str(self.proxy.path)))):
                self.assertEqual(status, self.note(f"{verb} {wrong}", done).returncode, f"{wrong} {done}")
                self.assertIn(str(self.directory), done.stderr, "which of them it is")
        self.assert_untold()


if __name__ == "__main__":
    unittest.main()
