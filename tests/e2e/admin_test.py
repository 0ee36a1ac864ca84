"""At run time: drain, weight and their undoing, seen in where traffic goes; what the admin interface tells and
refuses."""

import json
import re
import threading
import time
import unittest

from harness.case import Case
from harness.load import Load
from harness.upstream import gated
from harness.weir import run
from harness.wire import request


class Admin(Case):
    def setUp(self):
        super().setUp()
        self.a, self.b = self.upstream("a"), self.upstream("b")
        self.proxy = self.weir(self.config([self.a, self.b], workers=2))

    def shares(self, count=200):
        client = self.client()
        seen = [client.ask().body.decode() for _ in range(count)]
        return seen.count("a"), seen.count("b")


class Drain(Admin):
    def test_traffic_leaves_and_comes_back(self):
        with Load(self.port, threads=4) as load:
            self.eventually(lambda: load.by_instance()["a"] > 20, load.text)
            self.proxy.post(f"/drain?endpoint={self.a.address}")
            self.eventually(lambda: self.proxy.endpoint(self.a)["in_flight"] == 0, self.proxy.endpoints)
            before, begin = len(self.a.requests), time.monotonic()
            self.eventually(lambda: len(load.since(begin)) > 300, load.text)
            self.assertLessEqual(len(self.a.requests), before + 4, "whatever had been chosen already")
            self.assertEqual("draining", self.proxy.endpoint(self.a)["state"])
            self.proxy.post(f"/undrain?endpoint={self.a.address}&cluster=app")
            begin = time.monotonic()
            self.eventually(lambda: load.by_instance(load.since(begin))["a"] > 20, load.text)
        self.assertEqual([], load.failed()[:5], load.text())

    def test_what_is_in_flight_finishes(self):
        gate = threading.Event()
        self.a.behaviour = self.b.behaviour = gated(gate)
        clients = [self.client() for _ in range(8)]
        for client in clients:
            client.send(request("GET", "/"))
        self.eventually(lambda: len(self.a.requests) + len(self.b.requests) == 8, "all have arrived")
        self.proxy.post(f"/drain?endpoint={self.a.address}")
        gate.set()
        self.assertEqual([200] * 8, [client.response().status for client in clients])

    def test_all_drained_means_refused(self):
        for each in (self.a, self.b):
            self.proxy.post(f"/drain?endpoint={each.address}")
        self.eventually(lambda: self.ask().status == 503, "no endpoint is left")
        self.assertIn("rule=no_endpoint", self.ask().get("x-weir-refusal"))

    def test_by_the_command(self):
        admin = ["--admin", f"127.0.0.1:{self.proxy.admin_port}"]
        done = run("ctl", *admin, "drain", self.a.address)
        self.assertEqual(0, done.returncode, done)
        self.eventually(lambda: self.shares(20) == (0, 20), "traffic has left")
        done = run("ctl", *admin, "endpoints")
        self.assertEqual(0, done.returncode, done)
        self.assertRegex(done.stdout, re.escape(self.a.address) + r".*drain")
        done = run("ctl", *admin, "weight", self.b.address, "5", "--cluster", "app")
        self.assertEqual(0, done.returncode, done)
        self.assertEqual(5, self.proxy.endpoint(self.b)["weight"])
        self.assertEqual(0, run("ctl", *admin, "reload").returncode)
        self.proxy.write("nonsense")
        done = run("ctl", *admin, "reload")
        self.assertNotEqual(0, done.returncode, "a refused reload fails")
        self.assertIn("weir.yaml", done.stdout + done.stderr, "and says why")
        self.assertNotEqual(0, run("ctl", *admin, "drain", "127.0.0.1:1").returncode)


class Weight(Admin):
    def test_none_takes_no_new_requests(self):
        self.proxy.post(f"/weight?endpoint={self.a.address}&weight=0")
        self.eventually(lambda: self.shares(20)[0] == 0, "traffic has left")
        self.assertEqual((0, 100), self.shares(100))
        self.proxy.post(f"/weight?endpoint={self.a.address}&weight=1")
        self.eventually(lambda: self.shares(20)[0] > 0, "and comes back")

    def test_shares_follow(self):
        """Whatever the policy that knows weights: nine parts to one, with one client and with several."""
        for policy in ("round_robin", "p2c"):
            self.proxy.write(self.config([self.a, self.b], cluster={"policy": policy}, workers=2))
            self.proxy.post("/reload")
            self.proxy.post(f"/weight?endpoint={self.a.address}&weight=9")
            for threads in (1, 8):
                with self.subTest(f"{policy}, {threads} clients"), Load(self.port, threads=threads) as load:
                    self.eventually(lambda: len(load.answers) > 1000, load.text)
                    load.stop()
                    share = load.by_instance()["a"] / len(load.answers)
                    self.assertTrue(0.8 < share < 0.97, f"nine tenths: {load.text()}")


class Words(Admin):
    def test_refusals(self):
        a = self.a.address
        rows = [
            ("an unknown endpoint", "/drain?endpoint=127.0.0.1:1", 404),
            ("an unknown cluster", f"/drain?endpoint={a}&cluster=x", 404),
            ("no endpoint", "/drain", 400),
            ("a weight that is none", f"/weight?endpoint={a}&weight=many", 400),
            ("a weight too large", f"/weight?endpoint={a}&weight=1001", 400),
            ("an unknown path", "/drian", 404),
        ]
        for message, target, status in rows:
            with self.subTest(message):
                self.assert_status(status, self.proxy.admin("POST", target), message)
        self.assert_status(405, self.proxy.admin("GET", f"/drain?endpoint={self.a.address}"), "GET changes nothing")

    def test_a_browser_cannot_be_tricked(self):
        with self.client(self.proxy.admin_port) as client:
            response = client.ask("POST", f"/drain?endpoint={self.a.address}", body=b"", host="127.0.0.1")
            self.assert_status(403, response, "without the field")
        with self.client(self.proxy.admin_port) as client:
            response = client.ask("GET", "/endpoints", host="evil.example")
            self.assert_status(421, response, "a name that was rebound to this machine")
        self.assertNotEqual("draining", self.proxy.endpoint(self.a)["state"])

    def test_metrics_are_what_prometheus_reads(self):
        for _ in range(10):
            self.ask()
        self.assert_status(404, self.proxy.admin("GET", "/none"))
        text = self.proxy.admin("GET", "/metrics").body.decode()
        label = r'[a-zA-Z_]\w*="(\\.|[^"\\\n])*"'
        series = re.compile(rf'^[a-zA-Z_:][a-zA-Z0-9_:]*(\{{({label},?)*\}})? (NaN|[+-]?Inf|[-+]?[0-9.e+-]+)$')
        typed = set()
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                name = line.split()[2]
                self.assertNotIn(name, typed, "a family comes once")
                typed.add(name)
            elif not line.startswith("#"):
                self.assertRegex(line, series)
        self.assertIn("2xx", text)
        requests = [line for line in text.splitlines() if "2xx" in line]
        self.assertEqual(10.0, sum(float(line.rsplit(" ", 1)[1]) for line in requests), requests)

    def test_config_is_what_show_prints(self):
        text = self.proxy.admin("GET", "/config").body.decode()
        self.assertEqual(run("show", "-c", str(self.proxy.path)).stdout, text)

    def test_endpoints(self):
        for _ in range(10):
            self.ask()
        told = json.loads(self.proxy.admin("GET", "/endpoints").body)
        self.assertEqual(["app"], [each["name"] for each in told["clusters"]])
        self.assertEqual(10, sum(each["requests"] for each in self.proxy.endpoints().values()))


if __name__ == "__main__":
    unittest.main()
