"""Endpoints that die, go silent or answer with errors, under load: judged by their traffic, without a probe."""

import time
import unittest

from harness.case import QUICK_EJECTION, Case
from harness.load import Load


class Outliers(Case):
    def start(self, endpoints, cluster=None, route=None):
        self.proxy = self.weir(self.config(endpoints, cluster=cluster, route=route, workers=2))

    def state(self, endpoint):
        return self.proxy.endpoint(endpoint)["state"]

    def await_ejection(self, endpoint, load):
        self.eventually(lambda: self.state(endpoint) == "ejected",
                        lambda: f"{endpoint.name} is ejected; {load.text()}; {self.proxy.endpoints()}")

    def assert_left_alone(self, endpoint, load):
        """An ejected endpoint gets no requests, but for those that had been sent its way already."""
        self.eventually(lambda: self.proxy.endpoint(endpoint)["in_flight"] == 0, self.proxy.endpoints)
        before = self.proxy.endpoint(endpoint)["requests"]
        self.run_on(load)
        self.assertLessEqual(self.proxy.endpoint(endpoint)["requests"], before + load.threads, load.text())

    def assert_all_served(self, load, since=0.0):
        answers = load.since(since)
        self.assertGreater(len(answers), 50, load.text(answers))
        self.assertEqual([], load.failed(answers)[:5], load.text(answers))

    def run_on(self, load, count=300):
        """Until so many answers have come from now on; that moment."""
        begin = time.monotonic()
        self.eventually(lambda: len(load.since(begin)) >= count, lambda: f"{count} more answers; {load.text()}")
        return begin


class Killed(Outliers):
    def test_kill_one_of_three(self):
        """kill -9 under load: no idempotent request fails, and the other two carry on. Then it comes back."""
        a, b, c = (self.process(name) for name in "abc")
        self.start([a, b, c], cluster={"outlier_detection": QUICK_EJECTION})
        with Load(self.port) as load:
            self.run_on(load)
            a.kill()
            self.await_ejection(a, load)
            self.run_on(load, 600)
            a.start()
            begin = time.monotonic()
            self.eventually(lambda: load.by_instance(load.since(begin))["a"] > 20, lambda: f"a is back; {load.text()}")
        self.assert_all_served(load)

    def test_kill_all_but_one(self):
        a, b, c = (self.process(name) for name in "abc")
        self.start([a, b, c],
                   cluster={"outlier_detection": {"base_ejection": "300s", "max_ejected": 100}, "panic": "off"})
        with Load(self.port) as load:
            self.run_on(load)
            a.kill()
            self.await_ejection(a, load)
            b.kill()
            self.await_ejection(b, load)
            begin = self.run_on(load)
        self.assert_all_served(load)
        self.assertEqual({"c"}, set(load.by_instance(load.since(begin))))

    def test_kill_two_of_three_with_all_defaults(self):
        """Limits on ejection must not turn the dead into the most attractive: they are always idle."""
        a, b, c = (self.process(name) for name in "abc")
        self.start([a, b, c])
        with Load(self.port) as load:
            self.run_on(load)
            a.kill()
            b.kill()
            self.eventually(lambda: "ejected" in (self.state(a), self.state(b)), self.proxy.endpoints)
            self.run_on(load, 500)
            begin = self.run_on(load, 1000)
        answers = load.since(begin)
        self.assertLess(len(load.failed(answers)), len(answers) * 0.02, load.text(answers))

    def test_the_last_one_is_never_ejected(self):
        a = self.process("a")
        self.start([a], cluster={"outlier_detection": {"base_ejection": "60s"}})
        with Load(self.port, threads=2) as load:
            self.run_on(load, 20)
            a.kill()
            self.eventually(lambda: len(load.failed()) > 50, load.text)
            a.start()
            begin = time.monotonic()
            self.eventually(lambda: load.by_instance(load.since(begin))["a"] > 20,
                            lambda: f"a serves again; {load.text()}")
        self.assertEqual({200, 503, 502}, {each.status for each in load.answers} | {502}, load.text())


class HalfDead(Outliers):
    """It accepts and never answers: nothing fails quickly, so only time can tell."""

    def test_idempotent_requests_survive(self):
        a, b, c = (self.process(name) for name in "abc")
        self.start([a, b, c], cluster={"outlier_detection": {"base_ejection": "300s"}},
                   route={"timeout": "4s", "retry": {"attempts": 2}})
        with Load(self.port) as load:
            self.run_on(load)
            a.freeze()
            self.await_ejection(a, load)
            self.assertLessEqual(self.proxy.endpoint(a)["failures"], 2 * load.threads, "each met it twice at most")
            self.assert_left_alone(a, load)
            a.thaw()
        self.assert_all_served(load)

    def test_the_share_of_errors_is_bounded(self):
        """POST cannot be repeated: what the silent endpoint took is lost, its fair share at most; then nothing is."""
        a, b, c = (self.process(name) for name in "abc")
        self.start([a, b, c], cluster={"outlier_detection": {"base_ejection": "300s"}}, route={"timeout": "2s"})
        with Load(self.port, threads=12, method="POST", body=b"order") as load:
            self.run_on(load)
            a.freeze()
            frozen = time.monotonic()
            self.await_ejection(a, load)
            self.eventually(lambda: self.proxy.endpoint(a)["in_flight"] == 0, "what it held has timed out")
            judged = time.monotonic()
            self.run_on(load)  # by then each client has taken note of what it was told
            settled = time.monotonic()
            self.run_on(load)
            a.thaw()
        during = [each for each in load.answers if frozen <= each.at < judged]
        failed = [each for each in load.failed() if frozen <= each.at < settled]
        self.assertTrue(failed, "some must have met it")
        self.assertEqual({504}, {each.status for each in failed}, load.text())
        self.assertLessEqual(len(failed), len(during) / 3, load.text(during))
        self.assertLessEqual(len(failed), 2 * load.threads, "each client met it twice at most")
        self.assert_all_served(load, settled)


class Erring(Outliers):
    def test_half_of_the_answers_are_500(self):
        sick, well = self.process("sick", 0, 50), self.process("well")
        self.start([sick, well], cluster={"outlier_detection": {"base_ejection": "300s"}})
        with Load(self.port, threads=4) as load:
            self.await_ejection(sick, load)
            self.assert_left_alone(sick, load)
        self.assertEqual(0, self.proxy.endpoint(well)["ejections"])
        self.assertRegex(self.proxy.endpoint(sick)["last_ejection"], r"\d", "it says why, with numbers")

    def test_a_few_errors_eject_nobody(self):
        """10 % is below the floor: it is still worth more than its absence."""
        worse, well = self.process("worse", 0, 10), self.process("well")
        self.start([worse, well])
        with Load(self.port, threads=4) as load:
            self.run_on(load, 2000)
        self.assertEqual((0, 0), tuple(self.proxy.endpoint(each)["ejections"] for each in (worse, well)))
        self.assertEqual({200, 500}, {each.status for each in load.answers}, load.text())

    def test_all_are_equally_bad(self):
        """The fault is elsewhere: traffic still flows, to all of them."""
        a, b = self.process("a", 0, 60), self.process("b", 0, 60)
        self.start([a, b])
        with Load(self.port, threads=4) as load:
            begin = self.run_on(load, 1500)
        seen = load.by_instance(load.since(begin))
        self.assertGreater(min(seen["a"], seen["b"]), 100, load.text())
        self.assertEqual({200, 500}, {each.status for each in load.answers}, load.text())

    def test_both_dead_and_back(self):
        """Everything fails, then recovers: nobody stays locked out for the length of an ejection that helped no one."""
        a, b = self.process("a"), self.process("b")
        self.start([a, b])
        with Load(self.port, threads=4) as load:
            self.run_on(load)
            a.kill()
            b.kill()
            self.eventually(lambda: len(load.failed()) > 100, load.text)
            a.start()
            b.start()
            begin = time.monotonic()
            self.eventually(lambda: len([1 for each in load.since(begin) if each.status == 200]) > 100, load.text)
            self.eventually(lambda: {"a", "b"} <= set(load.by_instance(load.since(begin))), load.text)

    def test_a_slow_one_among_quick_ones(self):
        slow, quick, quicker = self.process("slow", 400), self.process("quick", 2), self.process("quicker", 2)
        self.start([slow, quick, quicker],
                   cluster={"outlier_detection": {"base_ejection": "300s"}, "policy": "round_robin"})
        with Load(self.port, threads=12) as load:
            self.await_ejection(slow, load)
            self.assert_left_alone(slow, load)
        self.assert_all_served(load)


if __name__ == "__main__":
    unittest.main()
