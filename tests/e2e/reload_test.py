"""A new configuration under load: no request fails, nothing leaks, and a broken file changes nothing."""

import json
import os
import select
import signal
import subprocess
import threading
import time
import unittest

from harness.case import Case
from harness.certificates import Authority
from harness.load import Load
from harness.ports import free_port
from harness.upstream import gated
from harness.waiting import PATIENCE
from harness.weir import WEIR, run
from harness.wire import ask


class Reload(Case):
    RELOADS = 100

    def test_a_hundred_under_load(self):
        """Two configurations in turn, by SIGHUP and by POST: endpoints, a listener and a cluster come and go."""
        a, b, c = (self.process(name) for name in "abc")
        second = free_port()
        first = self.config([a, b], cluster={"health_check": {"http": "/", "interval": "100ms"}}, workers=2)
        other = self.config([b, c], cluster={"policy": "round_robin"}, workers=2)
        other["listeners"].append({"http": f"127.0.0.1:{second}", "access_log": "off", "to": "more"})
        other["clusters"]["more"] = [c.address]
        proxy = self.weir(first)

        def reloads(count):
            for i in range(count):
                proxy.write(other if i % 2 == 0 else first)
                before = proxy.stderr().count("is in force")
                if i % 4 < 2:
                    proxy.post("/reload")
                else:
                    proxy.signal(signal.SIGHUP)
                    self.eventually(lambda: proxy.stderr().count("is in force") > before, proxy.stderr)
                begin = time.monotonic()
                self.eventually(lambda: len(load.since(begin)) > 20, load.text)

        with Load(self.port) as load:
            reloads(20)
            self.eventually(lambda: proxy.endpoints().keys() == {a.address, b.address}, proxy.endpoints)
            rss, fds = proxy.rss_kib(), proxy.fds()
            reloads(self.RELOADS - 20)
        self.assertEqual([], load.failed()[:5], load.text())
        self.assertEqual({"a", "b", "c"}, set(load.by_instance()))
        # What was kept for the previous configuration goes with its last request and connection.
        self.eventually(lambda: proxy.fds() <= fds + 4, lambda: f"{fds} descriptors before, {proxy.fds()} after")
        self.assert_memory(proxy.rss_kib(), rss + 8 * 1024, f"{rss} KiB before")

    def test_a_listener_that_goes_may_come_back_at_once(self):
        """Its workers may not even have heard that it goes."""
        upstream, second = self.process("a"), free_port()
        without = self.config([upstream], workers=2)
        extra = {"http": f"127.0.0.1:{second}", "access_log": "off", "to": "app"}
        with_it = without | {"listeners": without["listeners"] + [extra]}
        proxy = self.weir(with_it)
        for _ in range(10):
            for config in (without, with_it):
                proxy.write(config)
                proxy.post("/reload")
        self.assertEqual(200, ask(second, "GET", "/").status)

    def test_no_post_is_lost(self):
        """What may not be repeated must not be cut off by its endpoint leaving the configuration."""
        a, b, c = (self.process(name) for name in "abc")
        first, other = self.config([a, b], workers=2), self.config([b, c], workers=2)
        proxy = self.weir(first)
        with Load(self.port, method="POST", body=b"order") as load:
            for i in range(30):
                proxy.write(other if i % 2 == 0 else first)
                proxy.post("/reload")
                begin = time.monotonic()
                self.eventually(lambda: len(load.since(begin)) > 20, load.text)
        self.assertEqual([], load.failed()[:5], load.text())

    def test_requests_in_flight_finish_under_the_old_one(self):
        gate = threading.Event()
        a, b = self.upstream("a", gated(gate)), self.upstream("b")
        proxy = self.weir(self.config([a]))
        client = self.client()
        client.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        self.eventually(lambda: a.requests, "the request has arrived")
        proxy.write(self.config([b]))
        proxy.post("/reload")
        self.eventually(lambda: self.ask().body == b"b", "new requests go to b")
        gate.set()
        self.assertEqual(b"a", client.response().body)
        self.assertEqual(b"b", client.ask().body, "the same connection follows the new configuration")

    def test_endpoints_that_stay_keep_their_state(self):
        a, b = self.upstream("a"), self.upstream("b")
        proxy = self.weir(self.config([a, b]))
        for _ in range(20):
            self.ask()
        before = proxy.endpoints()
        proxy.write(self.config([a, b], cluster={"connect_timeout": "2s"}))
        proxy.post("/reload")
        after = proxy.endpoints()
        for each in (a, b):
            self.assertEqual(before[each.address]["requests"], after[each.address]["requests"], each.name)
        accepted = a.accepted + b.accepted
        for _ in range(20):
            self.ask()
        self.assertLessEqual(a.accepted + b.accepted, accepted + 2, "connections are kept")

    def test_listeners_come_and_go(self):
        a = self.upstream("a")
        proxy = self.weir(self.config([a]))
        kept = self.client()
        kept.ask()
        second = free_port()
        config = self.config([a])
        config["listeners"].append({"http": f"127.0.0.1:{second}", "access_log": "off", "to": "app"})
        proxy.write(config)
        proxy.post("/reload")
        self.assertEqual(b"a", ask(second).body, "a new listener serves at once")
        idle = self.client(second)
        idle.ask()
        proxy.write(self.config([a]))
        proxy.post("/reload")

        def refused():
            try:
                ask(second).body
            except OSError:
                return True
            return False

        self.eventually(refused, "the address is given up")
        self.assertEqual(b"", idle.to_end(), "its idle connections end")
        self.assertEqual(b"a", kept.ask().body, "those of others do not")
        proxy.write(config)
        proxy.post("/reload")
        self.assertEqual(b"a", ask(second).body, "and it may come back")

    def test_an_address_that_is_taken(self):
        a = self.upstream("a")
        proxy = self.weir(self.config([a]))
        config = self.config([a])
        config["listeners"].append({"http": a.address, "access_log": "off", "to": "app"})
        proxy.write(config)
        answer = proxy.admin("POST", "/reload")
        self.assertEqual(409, answer.status, answer.body)
        self.assertIn(a.address, answer.body.decode())
        self.assertEqual(b"a", self.ask().body)


BROKEN = """\
listeners:
  - http: 127.0.0.1:1
    to: app
    acces_log: off
clusters:
  app: ["127.0.0.1:2"]
"""


class Broken(Case):
    def test_the_old_one_stays_in_force(self):
        a = self.upstream("a")
        proxy = self.weir(self.config([a]))
        for message, text, expected in [
            ("a key that does not exist", BROKEN, ["weir.yaml:4:5", "acces_log", "access_log"]),
            ("no YAML", "listeners: [\n  {http: x\n", ["weir.yaml:"]),
            ("a cluster that does not exist",
             BROKEN.replace("acces_log: off", "access_log: off").replace("to: app", "to: ap"),
             ["weir.yaml:3:", "ap", "app"]),
            ("nothing", "", ["weir.yaml"]),
        ]:
            with self.subTest(message):
                proxy.write(text)
                before = len(proxy.stderr())
                proxy.signal(signal.SIGHUP)
                said = self.eventually(lambda: "refused" in proxy.stderr()[before:] and proxy.stderr()[before:],
                                       proxy.stderr)
                for each in expected:
                    self.assertIn(each, said, message)
                answer = proxy.admin("POST", "/reload")
                self.assertEqual(409, answer.status, message)
                self.assertIn(expected[0], answer.body.decode(), f"{message}: whoever asked is told, too")
                self.assertEqual(b"a", self.ask().body, f"{message}: the old one serves")

    def test_what_is_no_file_is_not_waited_for(self):
        """A pipe that nobody writes into, named by mistake: whoever reads it would stand still for ever."""
        pipe = self.directory / "pipe"
        os.mkfifo(pipe)
        issued = Authority(self.directory / "ca").issue("localhost", "localhost")
        a = self.upstream("a")
        good = self.config([a])
        proxy = self.weir(good)

        def listener(**settings):
            return self.config([a], listener=settings)

        for message, config in [
            ("certificate", listener(tls=issued | {"certificate": str(pipe)})),
            ("key", listener(tls=issued | {"key": str(pipe)})),
            ("ticket_keys", listener(tls=issued | {"ticket_keys": str(pipe)})),
            ("client_ca", listener(tls=issued | {"client_ca": str(pipe), "client_certificate": "required"})),
            ("file", listener(maintenance={"status": 503, "file": "pipe"})),
            ("ca of a cluster", self.config([a], cluster={"tls": {"ca": str(pipe)}})),
            ("endpoints", self.config([{"file": str(pipe)}])),
            ("a device", listener(tls=issued | {"certificate": "/dev/zero"})),
        ]:
            with self.subTest(message):
                path = self.directory / "other.yaml"
                path.write_text(json.dumps(config))
                checked = run("check", "-c", str(path))
                self.assertEqual(2, checked.returncode, checked)
                self.assertIn("is not a regular file", checked.stderr)
                if message == "endpoints":
                    continue  # discovery waits for the file to become one
                proxy.write(config)
                refused = proxy.admin("POST", "/reload")
                self.assert_status(409, refused)
                self.assertIn("is not a regular file", json.loads(refused.body)["error"])
        proxy.write(listener(access_log=str(pipe)))
        self.assertIn("is a pipe that nobody reads from", json.loads(proxy.admin("POST", "/reload").body)["error"])
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        proxy.post("/reload")
        self.eventually(lambda: proxy.metric("weir_config_settled") == 1, "settled")
        self.assert_status(200, self.ask())
        select.select([reader], [], [], PATIENCE)
        self.assertIn('"status":200', os.read(reader, 4096).decode())

    def test_a_configuration_out_of_a_pipe_is_read_once(self):
        config = json.dumps(self.config([self.upstream("a")]) | {"admin": f"127.0.0.1:{free_port()}"})
        pipe = self.directory / "config"
        os.mkfifo(pipe)
        threading.Thread(target=pipe.write_text, args=(config,), daemon=True).start()
        checked = subprocess.run([WEIR, "check", "-c", str(pipe)], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(0, checked.returncode, checked.stderr)
        proxy = self.weir(self.config([self.upstream("a")]))
        proxy.path.unlink()
        os.mkfifo(proxy.path)
        refused = proxy.admin("POST", "/reload")
        self.assert_status(409, refused)
        self.assertIn("is not a regular file, and cannot be read again", json.loads(refused.body)["error"])
        self.assert_status(200, self.ask())

    def test_a_listener_that_is_in_its_own_way_is_told(self):
        a = self.upstream("a")
        proxy = self.weir(self.config([a]))
        one, everywhere = f"127.0.0.1:{self.port}", f"0.0.0.0:{self.port}"
        wanted = self.config([a], listener={"http": everywhere})
        proxy.write(wanted)
        said = f"listener {everywhere}: our own listener {one} is in the way"
        refused = proxy.admin("POST", "/reload")
        self.assert_status(409, refused)
        self.assertIn(said, json.loads(refused.body)["error"])
        upgraded = proxy.ctl("upgrade")
        self.assertEqual(1, upgraded.returncode, upgraded)
        self.assertIn(said, upgraded.stderr)
        self.assert_status(200, self.ask(), "the old one goes on")
        proxy.write(wanted | {"listeners": [wanted["listeners"][0] | {"http": f"127.0.0.1:{free_port()}"}]})
        proxy.post("/reload")
        self.eventually(lambda: proxy.metric("weir_config_settled") == 1, "settled")
        proxy.write(wanted)
        proxy.post("/reload")
        self.assert_status(200, self.ask())
        self.eventually(lambda: proxy.metric("weir_config_settled") == 1, "settled")
        proxy.write(self.config([a]))
        self.assertIn(f"our own listener {everywhere} is in the way",
                      json.loads(proxy.admin("POST", "/reload").body)["error"])

    def test_check_says_the_same(self):
        path = self.directory / "weir.yaml"
        for message, text, status, expected in [
            ("a mistake", BROKEN, 2, "weir.yaml:4:5"),
            ("valid", BROKEN.replace("    acces_log: off\n", ""), 0, "valid"),
        ]:
            with self.subTest(message):
                path.write_text(text)
                for verb in ("check", "show"):
                    done = run(verb, "-c", str(path))
                    self.assertEqual(status, done.returncode, f"{verb}: {done}")
                done = run("check", "-c", str(path))
                self.assertIn(expected, done.stdout + done.stderr, message)
        path.write_text(BROKEN)
        self.assertEqual(2, run("run", "-c", str(path)).returncode, "and it does not start")
        self.assertEqual(2, run("check", "-c", str(path) + ".absent").returncode)
        self.assertEqual(2, run("chekc").returncode)

    def test_strict_makes_a_warning_fail(self):
        path = self.directory / "weir.yaml"
        path.write_text('listeners: [{http: "127.0.0.1:8080", to: app}]\n'
                        'clusters: {app: ["127.0.0.1:1"], unused: ["127.0.0.1:2"]}\n')
        self.assertEqual(0, run("check", "-c", str(path)).returncode)
        self.assertEqual(1, run("check", "--strict", "-c", str(path)).returncode)


if __name__ == "__main__":
    unittest.main()
