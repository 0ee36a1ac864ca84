"""A recording of the live proxy, replayed in the simulator, predicts what happens when the change is really made.

Four endpoints work on one request at a time and are half busy; clients do not wait for each other. The run under
round_robin is recorded. From it the simulator says what p50 and p99 would be under another policy, and with three
endpoints; then both are done to the live proxy under the same arrivals and demands, and measured by the clients.
"""

import json
import random
import subprocess
import unittest

from harness.case import Case
from harness.open_loop import send
from harness.weir import WEIR, run

SECONDS = 20
RATE = 82            # requests per second: four endpoints are 48 % busy, three 63 %
# One request in seven is slow, so that it matters who waits behind whom.
QUICK_US, SLOW_US, SLOW_SHARE = (10_000, 20_000), (60_000, 90_000), 0.15
OFF_MAX = 0.15
# The sender's own lateness says whether the machine kept up: clients that stall measure themselves.
LATE_MAX = 0.010     # s, of 99 %
TRIES = 3


def schedule(seed):
    """Poisson arrivals with demands that the endpoints read from the path."""
    dice = random.Random(seed)
    at, requests = 0.0, []
    while (at := at + dice.expovariate(RATE)) < SECONDS:
        demand = SLOW_US if dice.random() < SLOW_SHARE else QUICK_US
        requests.append((at, f"/{dice.randint(*demand)}"))
    return requests


class Replay(Case):
    REQUESTS = schedule(2)

    def setUp(self):
        super().setUp()
        self.endpoints = [self.process(name, script="serve_queue.py") for name in "abcd"]
        self.recording = str(self.directory / "recording.csv")

    def under(self, policy, endpoints):
        return self.config(self.endpoints[:endpoints], cluster={"policy": policy}, workers=1)

    def measure(self, begin=lambda: None, end=lambda: None):
        """A run under load, as the clients see it."""
        for left in reversed(range(TRIES)):
            begin()
            measured = send(self.port, self.REQUESTS)
            end()
            late = measured.lateness(99)
            self.assertEqual([], measured.failed[:5])
            if late <= LATE_MAX:
                return measured
            print(f"the machine stalled: 1 % of the requests left {late * 1e3:.1f} ms late or more; {left} tries left")
        self.skipTest(f"the machine stalled {TRIES} times: this measures it and not the proxy")

    def record(self):
        """The run that the predictions are made from."""
        def begin():
            self._recorder = subprocess.Popen(
                [WEIR, "ctl", "--admin", f"127.0.0.1:{self.proxy.admin_port}", "record", "--seconds", str(SECONDS + 1),
                 "--cluster", "app", "-o", self.recording], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.addCleanup(self._recorder.communicate)
            self.addCleanup(self._recorder.kill)
            self.assertIn("recording for", self._recorder.stderr.readline())

        def end():
            said = self._recorder.communicate()
            self.assertEqual(0, self._recorder.returncode, said)
            self.assertIn(f"{len(self.REQUESTS)} requests", said[0])

        return self.measure(begin, end)

    def predict(self, *changes):
        figures = str(self.directory / "figures.json")
        done = run("sim", "replay", self.recording, *changes, "--json", figures)
        self.assertEqual(0, done.returncode, done)
        with open(figures, encoding="utf-8") as file:
            found = json.load(file)
        self.assertEqual(1, found["concurrency"], "inferred")
        return found

    def compare(self, what, predicted, live):
        for percent in (50, 99):
            expected, seen = predicted[f"p{percent}_ms"], live.percentile(percent) * 1e3
            off = expected / seen - 1
            print(f"{what:<28} p{percent}: predicted {expected:6.1f} ms, live {seen:6.1f} ms, off by {off:+.1%}")
            self.assertLessEqual(abs(off), OFF_MAX, f"{what}, p{percent}")

    def test_what_is_predicted_happens(self):
        self.proxy = self.weir(self.under("round_robin", 4))
        recorded = self.record()
        self.compare("unchanged", self.predict()["replayed"], recorded)
        for what, change, policy, endpoints in (
                ("least_request", ("--policy", "least_request"), "least_request", 4),
                ("three endpoints", ("--endpoints", "3"), "round_robin", 3)):
            predicted = self.predict(*change)["predicted"]
            self.proxy.write(self.under(policy, endpoints))
            self.proxy.post("/reload")
            live = self.measure()
            self.compare(what, predicted, live)
            self.assertGreater(abs(live.percentile(99) / recorded.percentile(99) - 1), OFF_MAX,
                               f"{what}: who predicts no change must fail")


if __name__ == "__main__":
    unittest.main()
