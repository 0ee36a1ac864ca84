"""Who may use the admin interface: nobody without the token, once there is one; and the token is nowhere to be seen."""

import base64
import json
import os
import signal
import subprocess
import unittest

from harness.case import Case
from harness.weir import WEIR, run
from harness.wire import ask

TOKEN = "correct-horse-battery-staple"
OTHER = "another-secret-of-many-letters"


class AdminTokenCase(Case):
    def secret(self, text=TOKEN, mode=0o600, name="token"):
        path = self.directory / name
        path.write_text(text + "\n")
        path.chmod(mode)
        return path

    def admin_ask(self, target, *fields, method="GET"):
        body = b"" if method == "POST" else None
        pairs = [tuple(each.split(": ", 1)) for each in fields]
        return ask(self.proxy.admin_port, method, target, *pairs, host="127.0.0.1", body=body)

    def ctl(self, *arguments, **environment):
        return subprocess.run([WEIR, "ctl", "--admin", f"127.0.0.1:{self.proxy.admin_port}", *map(str, arguments)],
                              capture_output=True, text=True, timeout=60, env=os.environ | environment)


class Token(AdminTokenCase):
    def setUp(self):
        super().setUp()
        self.secret()
        self.proxy = self.weir(self.config([self.upstream()], admin_token_file="token"))

    def test_who_knows_it_may_ask(self):
        basic = base64.b64encode(f"me:{TOKEN}".encode()).decode()
        for given in (f"Authorization: Bearer {TOKEN}", f"Authorization: Basic {basic}"):
            for target in ("/metrics", "/endpoints", "/config", "/", "/marks", "/explain"):
                self.assert_status(200, self.admin_ask(target, given), target)
        bearer = f"Authorization: Bearer {TOKEN}"
        self.assert_status(200, self.admin_ask("/reload", bearer, "X-Weir-Admin: 1", method="POST"))
        self.assert_status(403, self.admin_ask("/reload", bearer, method="POST"), "the other doors stay")

    def test_who_does_not_gets_nothing_and_is_counted(self):
        wrong = base64.b64encode(b"me:guess").decode()
        rows = [(), ("Authorization: Bearer guess",), (f"Authorization: Bearer {TOKEN}x",),
                (f"Authorization: Basic {wrong}",), (f"Authorization: {TOKEN}",), (f"X-Weir-Token: {TOKEN}",)]
        asked = 0
        for target in ("/", "/metrics", "/endpoints", "/config", "/events", "/explain", "/explain/x", "/recording",
                       "/stack", "/no-such-page"):
            for fields in rows:
                response = self.admin_ask(target, *fields)
                self.assert_status(401, response, f"{target} {fields}")
                self.assertEqual(['Bearer realm="weir"', 'Basic realm="weir: any name, and the token", '
                                  'charset="UTF-8"'], response.all("www-authenticate"))
                self.assertEqual({"error": "this needs the token of admin_token_file"}, json.loads(response.body))
                asked += 1
        for target in ("/drain?endpoint=127.0.0.1:1", "/reload", "/marks"):
            self.assert_status(401, self.admin_ask(target, "X-Weir-Admin: 1", method="POST"), target)
            asked += 1
        metrics = self.admin_ask("/metrics", f"Authorization: Bearer {TOKEN}").body.decode()
        self.assertIn(f"weir_admin_unauthorized_total {asked}\n", metrics)
        self.assertIn("without the token, the last from 127.0.0.1:", self.proxy.stderr())
        self.assertLess(self.proxy.stderr().count("without the token"), asked / 4, "told of, not line by line")

    def test_health_is_no_secret(self):
        self.assert_status(200, self.admin_ask("/healthz"))

    def test_another_name_of_ours_is_refused_before_a_browser_would_ask(self):
        response = ask(self.proxy.admin_port, "GET", "/", host="attacker.test")
        self.assert_status(421, response)
        self.assertIsNone(response.get("www-authenticate"))

    def test_the_command_line_brings_it(self):
        path = self.directory / "token"
        self.assertEqual(0, self.ctl("--token-file", path, "endpoints").returncode)
        self.assertEqual(0, self.ctl("endpoints", "--token-file", path).returncode)
        self.assertEqual(0, self.ctl("metrics", WEIR_ADMIN_TOKEN_FILE=str(path)).returncode)
        self.assertEqual(0, self.ctl("reload", WEIR_ADMIN_TOKEN_FILE=str(path)).returncode)
        said = self.ctl("endpoints")
        self.assertEqual(2, said.returncode)
        self.assertIn("this needs the token of admin_token_file", said.stderr)
        said = self.ctl("--token-file", self.directory / "none", "endpoints")
        self.assertEqual(2, said.returncode)
        self.assertIn("none: cannot be opened: No such file or directory", said.stderr)
        recording = self.directory / "recording.csv"
        self.assertEqual(0, self.ctl("record", "--seconds", 1, "-o", recording, WEIR_ADMIN_TOKEN_FILE=str(path))
                         .returncode)

    def test_a_reload_reads_it_again(self):
        self.secret(OTHER)
        self.assert_status(200, self.admin_ask("/endpoints", f"Authorization: Bearer {TOKEN}"), "not before a reload")
        self.proxy.signal(signal.SIGHUP)
        self.eventually(lambda: self.admin_ask("/endpoints", f"Authorization: Bearer {OTHER}").status == 200,
                        "the new token is in force")
        self.assert_status(401, self.admin_ask("/endpoints", f"Authorization: Bearer {TOKEN}"))

    def test_a_reload_without_a_readable_one_is_refused(self):
        bearer = f"Authorization: Bearer {TOKEN}"
        for prepare, words in ((lambda: self.secret("short"), "must hold one token"),
                               (lambda: self.secret(mode=0o644), "can be read by everybody"),
                               (lambda: (self.directory / "token").unlink(), "cannot be opened")):
            prepare()
            response = self.admin_ask("/reload", bearer, "X-Weir-Admin: 1", method="POST")
            self.assert_status(409, response)
            self.assertIn(words, json.loads(response.body)["error"])
            self.assert_status(200, self.admin_ask("/endpoints", bearer), "the old one stays in force")

    def test_it_is_nowhere_to_be_seen(self):
        bearer = f"Authorization: Bearer {TOKEN}"
        self.admin_ask("/metrics", f"Authorization: Bearer {TOKEN}x")
        self.proxy.signal(signal.SIGHUP)
        self.eventually(lambda: "is in force" in self.proxy.stderr(), "reloaded")
        for target in ("/config", "/metrics", "/endpoints", "/explain", "/marks", "/"):
            self.assertNotIn(TOKEN, self.admin_ask(target, bearer).body.decode("latin-1"), target)
        shown = run("show", "-c", str(self.proxy.path))
        self.assertEqual(0, shown.returncode, shown.stderr)
        self.assertIn("admin_token_file", shown.stdout, "its place is shown")
        checked = run("check", "-c", str(self.proxy.path))
        for text in (shown.stdout, checked.stdout, checked.stderr, self.proxy.stderr(), self.proxy.stdout(),
                     self.log_path.read_text()):
            self.assertNotIn(TOKEN, text)
        with open(f"/proc/{self.proxy.process.pid}/cmdline", "rb") as cmdline:
            self.assertNotIn(TOKEN.encode(), cmdline.read())


class NotOnLoopback(AdminTokenCase):
    def file(self, **top):
        path = self.directory / "weir.yaml"
        path.write_text(json.dumps(self.config(["127.0.0.1:1"]) | top))
        return str(path)

    def test_it_does_not_start_without_one(self):
        for admin in ("0.0.0.0:0", "[::]:0", "192.0.2.1:9901"):
            path = self.file(admin=admin)
            for verb in ("check", "run"):
                done = run(verb, "-c", path)
                self.assertEqual(2, done.returncode, f"{verb} {admin}")
                self.assertIn("can be reached from other machines, and nobody is asked who he is; expected an address "
                              "of this machine alone such as 127.0.0.1:9901, or a file with a token named as "
                              "admin_token_file", done.stderr)

    def test_check_looks_into_the_file(self):
        path = self.file(admin="0.0.0.0:9901", admin_token_file="token")
        for prepare, status, words in ((lambda: None, 2, "cannot be opened: No such file or directory"),
                                       (lambda: self.secret("short"), 2, "must hold one token of 16 to 512"),
                                       (lambda: self.secret(mode=0o604), 2, "chmod o-r"),
                                       (self.secret, 0, "crosses the network as readable text")):
            prepare()
            done = run("check", "-c", path)
            self.assertEqual(status, done.returncode, done.stderr + done.stdout)
            self.assertIn(words, done.stderr + done.stdout)

    def test_a_reload_may_not_take_the_lock_off_a_door_that_stays_open(self):
        self.secret()
        config = self.config([self.upstream()], admin_token_file="token")
        self.proxy = self.weir(config)
        self.proxy.write(config | {"admin": f"0.0.0.0:{self.proxy.admin_port}"})
        self.proxy.kill()
        self.proxy.start()
        bearer = f"Authorization: Bearer {TOKEN}"
        del config["admin_token_file"]
        self.proxy.write(config)
        response = self.admin_ask("/reload", bearer, "X-Weir-Admin: 1", method="POST")
        self.assert_status(409, response)
        self.assertIn("stays where other machines reach it", json.loads(response.body)["error"])
        self.assert_status(401, self.admin_ask("/endpoints"))


if __name__ == "__main__":
    unittest.main()
