"""Several workers are one proxy: what one learns of an endpoint, all know, limits hold for all together, and a crowd of
connections is spread over them."""

import collections
import pathlib
import time
import unittest

from harness.case import Case
from harness.crowd import Crowd
from harness.load import Load
from harness.upstream import hang_up, never
from harness.wire import request


class Workers(Case):
    def test_an_ejection_is_known_to_all(self):
        """Requests that fail at one worker and those at another add up, and spare both."""
        bad, good = self.upstream("bad", hang_up), self.upstream("good")
        proxy = self.weir(self.config([bad, good], workers=4, route={"retry": {"attempts": 3}},
                                      cluster={"policy": "round_robin", "outlier_detection": {"base_ejection": "60s"}}))
        clients = [self.client() for _ in range(32)]  # over all workers
        for _ in range(10):
            for client in clients:
                self.assertEqual(b"good", client.ask().body)
        self.assertEqual("ejected", proxy.endpoint(bad)["state"])
        self.assertLess(len(bad.requests), 15, "five in a row, however many workers")

    def test_load_is_seen_by_all(self):
        """p2c sees the whole process's load: one endpoint that holds requests gets no more, from no worker."""
        held, free = self.upstream("held", never), self.upstream("free")
        proxy = self.weir(self.config([held, free], workers=4, cluster={"outlier_detection": "off"},
                                      route={"timeout": "60s"}))
        for i in range(40):
            client = self.client()
            client.send(request("GET", "/"))
            self.eventually(lambda: len(held.requests) + len(free.requests) > i, f"request {i} has arrived")
            self.eventually(lambda: proxy.endpoint(free)["in_flight"] == 0, "and was answered, if it will be")
        taken = len(held.requests)
        self.assertLessEqual(taken, 2, "of 40: the first one held is seen by every later pick")
        self.assertEqual(taken, proxy.endpoint(held)["in_flight"])

    def test_a_limit_is_the_processs(self):
        a = self.upstream("a", never)
        self.weir(self.config([a], workers=4, route={"timeout": "60s"},
                              cluster={"circuit_breaker": {"max_requests": 5, "max_pending": 0}}))
        crowd = Crowd(self.port, 40)
        self.addCleanup(crowd.close)
        crowd.send(request("GET", "/"))
        crowd.receive(until=lambda: crowd.statuses().get("503") == 35)
        self.assertEqual({None: 5, "503": 35}, crowd.statuses())
        self.eventually(lambda: len(a.requests) == 5, lambda: f"the others arrived: {len(a.requests)}")

    def test_a_crowd(self):
        """Many connections at once: all are served, several times, and idle ones are cheap."""
        count = 4000
        quick = self.process("quick")
        proxy = self.weir(self.config([quick], workers=2))
        self.ask()
        idle = proxy.rss_kib()
        crowd = Crowd(self.port, count)
        self.addCleanup(crowd.close)
        for _ in range(3):
            for member in crowd.members:
                member.received = b""
            crowd.send(request("GET", "/"))
            crowd.receive(until=lambda: all(member.received.endswith(b"quick") for member in crowd.members))
            self.assertEqual({"200": count}, crowd.statuses())
        self.assertEqual(0, crowd.ended)
        self.assert_memory(proxy.rss_kib() - idle, count * 8, f"KiB for {count} connections")

    def test_connections_are_spread(self):
        quick = self.process("quick")
        proxy = self.weir(self.config([quick], workers=2))
        with Load(self.port, threads=16, per_connection=10) as load:  # enough connections for chance to be fair
            self.eventually(lambda: len(load.answers) > 2000, load.text)
            spent = collections.Counter()
            for task in pathlib.Path(f"/proc/{proxy.process.pid}/task").iterdir():
                spent[task.name] = int((task / "schedstat").read_text().split()[0])
        busiest = [ns for _, ns in spent.most_common(2)]
        self.assertGreater(busiest[1] * 5, busiest[0], f"two workers work: {spent}")

    def test_an_idle_connection_that_changes_hands_may_have_ended(self):
        """What one worker no longer needs it offers to the others. Whatever happened to it meanwhile, a request that
        must not be repeated may not meet a dead connection, nor an answer that nobody asked for."""
        poison = b"HTTP/1.1 200 OK\r\nX-Poison: 1\r\nContent-Length: 6\r\n\r\npoison"
        a = self.upstream("a")
        self.weir(self.config([a], workers=2, cluster={"outlier_detection": "off"}))
        for message, meddle in [("closed", a.drop_connections),
                                ("an answer nobody asked for", lambda: a.tell_all(poison))]:
            with self.subTest(message):
                self.assert_status(200, self.ask())
                time.sleep(1.6)  # idle for long enough to be offered; nothing outside shows that it was
                meddle()
                time.sleep(0.3)  # it has arrived
                response = self.ask("POST", "/", body=b"order")
                self.assert_status(200, response, message)
                self.assertEqual((b"a", None), (response.body, response.get("x-poison")), message)

    def test_one_worker_is_enough(self):
        a = self.upstream("a")
        self.weir(self.config([a], workers=1))
        with Load(self.port, threads=8) as load:
            self.eventually(lambda: len(load.answers) > 500, load.text)
        self.assertEqual([], load.failed()[:5], load.text())


if __name__ == "__main__":
    unittest.main()
