"""Active checks: nobody takes traffic before the first one, who fails gets none, who recovers gets it back."""

import time
import unittest

from harness.case import Case
from harness.load import Load
from harness.upstream import KEEP, answer, delay, never, ok, status
from harness.waiting import PATIENCE

# Often, so that a story takes seconds, and patient, so that a busy machine makes nobody ill.
CHECK = {"http": "/healthz", "interval": "100ms", "timeout": "2s", "rise": 2, "fall": 3}


def health(probe, rest=ok):
    """The probe's path behaves one way, everything else another."""
    def behaviour(wire, request, server):
        return (probe if request.target == "/healthz" else rest)(wire, request, server)
    return behaviour


def traffic(endpoint):
    return [each for each in endpoint.targets if each != "/healthz"]


class Health(Case):
    def start(self, endpoints, check=None, **cluster):
        self.proxy = self.weir(self.config(endpoints,
                                           cluster={"health_check": CHECK | (check or {}), "outlier_detection": "off",
                                                               "panic": "off"} | cluster))

    def state(self, endpoint):
        return self.proxy.endpoint(endpoint)["state"]

    def await_state(self, endpoint, state):
        self.eventually(lambda: self.state(endpoint) == state,
                        lambda: f"{endpoint.name} {state}: {self.proxy.endpoints()}")

    def test_an_ill_one_never_gets_a_request(self):
        """The first probe decides at once, and there is no traffic before it."""
        ill, well = self.upstream("ill", health(status(503))), self.upstream("well")
        self.start([ill, well])
        for _ in range(50):
            self.assertEqual(b"well", self.ask().body)
        self.assertEqual([], traffic(ill))
        self.assertEqual("unhealthy", self.state(ill))
        self.assertIn("503", self.proxy.endpoint(ill)["why"])

    def test_the_first_request_waits_for_the_first_check(self):
        """Probes that take their time: whoever comes at once is served by the one that is well."""
        ill, well = self.upstream("ill", health(delay(0.05, status(503)))), self.upstream("well", health(delay(0.05)))
        self.start([ill, well])
        with Load(self.port, threads=4) as load:
            self.eventually(lambda: len(load.answers) > 100, load.text)
        self.assertEqual([], load.failed()[:5], load.text())
        self.assertEqual([], traffic(ill))

    def test_it_comes_and_goes(self):
        a, b = self.upstream("a"), self.upstream("b")
        self.start([a, b])
        with Load(self.port, threads=4) as load:
            self.eventually(lambda: load.by_instance()["a"] > 20, load.text)
            a.behaviour = health(status(500))
            self.await_state(a, "unhealthy")
            self.eventually(lambda: self.proxy.endpoint(a)["in_flight"] == 0, self.proxy.endpoints)
            before, begin = len(traffic(a)), time.monotonic()
            self.eventually(lambda: len(load.since(begin)) > 200, load.text)
            self.assertLessEqual(len(traffic(a)), before + 4, "whatever had been chosen already")
            a.behaviour = ok
            begin = time.monotonic()
            self.eventually(lambda: load.by_instance(load.since(begin))["a"] > 20, load.text)
        self.assertEqual([], load.failed()[:5], load.text())

    def test_fall_and_rise_are_counted(self):
        """Fewer than `fall` failures change nothing."""
        probes = []

        def two_of_three(wire, request, server):
            probes.append(request)
            return (ok if len(probes) % 3 == 0 else status(500))(wire, request, server)

        a, b = self.upstream("a"), self.upstream("b")
        self.start([a, b])
        self.await_state(a, "healthy")
        a.behaviour = health(two_of_three)
        self.eventually(lambda: len(probes) > 12, "some rounds")
        self.assertEqual("healthy", self.state(a), self.proxy.endpoints())

    def test_what_counts_as_failure(self):
        """Rows: message, the check, what the endpoint does, what its state becomes."""
        slow = delay(PATIENCE)
        rows = [
            ("silence", {}, health(never), "unhealthy"),
            ("too slow", {}, health(slow), "unhealthy"),
            ("a redirect", {}, health(status(302)), "unhealthy"),
            ("the wanted status", {"status": "302"}, health(status(302)), "healthy"),
            ("a range", {"status": "200-399"}, health(status(302)), "healthy"),
            ("not in the body", {"body": "ready"}, health(lambda w, r, s: w.sock.sendall(answer(b"starting")) or KEEP),
             "unhealthy"),
            ("in the body", {"body": "ready"}, health(lambda w, r, s: w.sock.sendall(answer(b"we are ready")) or KEEP),
             "healthy"),
            ("garbage", {}, health(lambda w, r, s: w.sock.sendall(b"garbage\r\n\r\n") or KEEP), "unhealthy"),
        ]
        for message, check, behaviour, expected in rows:
            with self.subTest(message):
                a, b = self.upstream("a", behaviour), self.upstream("b")
                proxy = getattr(self, "proxy", None)
                config = self.config([a], cluster={"health_check": CHECK | check})
                config["clusters"]["other"] = [b.address]
                if proxy is None:
                    proxy = self.proxy = self.weir(config)
                else:
                    proxy.write(config)
                    proxy.post("/reload")
                self.await_state(a, expected)

    def test_tcp(self):
        a, b = self.upstream("a", status(500)), self.upstream("b")
        self.start([a, b], {"http": "none", "tcp": True})
        self.await_state(a, "healthy")
        a.refuse()
        self.await_state(a, "unhealthy")
        self.assertEqual({b"b"}, {self.ask().body for _ in range(20)})
        a.behaviour = ok
        a.listen()
        self.await_state(a, "healthy")
        self.eventually(lambda: self.ask().body == b"a", "it serves again")

    def test_the_probe_says_who_it_is(self):
        a = self.upstream("a")
        self.start([a], {"host": "probe.example"})
        probe = self.eventually(lambda: a.requests and a.requests[0], "a probe")
        self.assertEqual(("GET /healthz HTTP/1.1", "probe.example"), (probe.start, probe.get("host")))
        self.assertIn("weir", probe.get("user-agent", ""))

    def test_all_ill_means_refused(self):
        a = self.upstream("a", health(status(503)))
        self.start([a])
        self.await_state(a, "unhealthy")
        response = self.ask()
        self.assert_status(503, response)
        self.assertIn("rule=no_endpoint", response.get("x-weir-refusal"))

    def test_all_ill_means_panic(self):
        """The probes are likelier at fault than all endpoints at once: traffic still flows."""
        a, b = self.upstream("a", health(status(503))), self.upstream("b", health(status(503)))
        self.start([a, b], panic="50%")
        self.await_state(a, "unhealthy")
        self.await_state(b, "unhealthy")
        seen = [self.ask() for _ in range(40)]
        self.assertEqual({200}, {each.status for each in seen})
        self.assertEqual({b"a", b"b"}, {each.body for each in seen})
        self.eventually(lambda: '"panic":true' in self.log_path.read_text(), "the log tells")

    def test_one_that_hangs_does_not_hold_up_the_start(self):
        hung, well = self.upstream("hung", health(never)), self.upstream("well")
        self.start([hung, well])
        self.assertEqual(b"well", self.ask().body)
        self.assertEqual("unhealthy", self.state(hung), "its probe's timeout decided, and nothing waited any longer")

    def test_probes_leave_nothing_behind(self):
        a = self.upstream("a", health(status(503)))
        self.start([a], {"interval": "10ms"})
        self.eventually(lambda: len(a.requests) > 20, "probes")
        fds = self.proxy.fds()
        self.eventually(lambda: len(a.requests) > 200, "more probes")
        self.assertLessEqual(self.proxy.fds(), fds + 3)


if __name__ == "__main__":
    unittest.main()
