"""Headroom as the console tells it, before an endpoint whose capacity is known: it does not guess, it learns while load
changes, and what it then says falls as load grows."""

import json
import math
import subprocess
import unittest

from harness.case import Case
from harness.events import Events
from harness.waiting import wait_for
from harness.weir import WEIR

# An endpoint works on two requests at a time; how long, in microseconds, is an exponential distribution of mean 12 ms
# in five equal parts. So it can take 167 requests per second, and not one more.
PLACES = 2
DEMANDS = [1_266, 4_280, 8_316, 14_447, 31_691]
CAPACITY = PLACES * 1e6 * len(DEMANDS) / sum(DEMANDS)
LOW, HIGH = 0.4, 0.85


class Headroom(Case):
    def setUp(self):
        super().setUp()
        self.endpoint = self.process("a", PLACES, script="serve_queue.py")
        self.proxy = self.weir(self.config([self.endpoint], cluster={"outlier_detection": {"enabled": False}}))
        self.events = Events(self.proxy.admin_port)
        self.addCleanup(self.events.close)
        self.generator = None
        self.addCleanup(self.end_load)

    def load(self, *shares, each=600):
        """Asks for these shares of the capacity, `each` so many seconds, until something else is asked for."""
        self.end_load()
        plan = {"target": f"127.0.0.1:{self.port}", "arrivals": "poisson", "rate": round(shares[0] * CAPACITY),
                "duration": f"{each * len(shares)}s",
                "stages": [{"at": f"{each * i}s", "rate": round(share * CAPACITY)}
                           for i, share in enumerate(shares) if i > 0],
                "requests": [{"name": f"d{demand}", "path": f"/{demand}"} for demand in DEMANDS]}
        path = self.directory / "load.yaml"
        path.write_text(json.dumps({key: value for key, value in plan.items() if value}))
        self.generator = subprocess.Popen([WEIR, "load", "--plan", path, "--quiet"], stdout=subprocess.DEVNULL,
                                          stderr=subprocess.PIPE, text=True)

    def end_load(self):
        if self.generator is not None:
            self.generator.terminate()
            self.generator.communicate()

    def headroom(self):
        now = self.events["now"]
        return now["clusters"][0]["headroom"] if now else {"state": "nothing was told"}

    def known(self):
        headroom = self.headroom()
        return headroom["state"] in ("extrapolated", "measured") and headroom

    def learn(self):
        """Load goes up and down until it is known; how soon depends on chance and on how busy the machine is."""
        for _ in range(4):
            self.load(0.25, 0.35, 0.45, 0.6, 0.7, 0.8, 0.87, 0.92, 0.5, each=5)
            if found := wait_for(lambda: self.known() or self.generator.poll() is not None and self.headroom()):
                if found["state"] in ("extrapolated", "measured"):
                    return found
        self.fail(f"not known after four ramps: {self.headroom()}")

    def left_at(self, share):
        """What is left at that load, once the rate that is told is near it."""
        self.load(share)
        def left():
            known = self.known()
            near = known and abs(known["rate"] / CAPACITY - share) < 0.12
            return near and 1 - known["rate"] / known["knee"]
        return self.eventually(left, lambda: f"{share:.0%} of the capacity: {self.headroom()}")

    def test_it_is_not_known_then_learned_and_falls_as_load_grows(self):
        self.eventually(lambda: self.headroom()["state"] == "no_traffic", "nothing is known without traffic")
        self.load(LOW)
        self.eventually(lambda: self.headroom()["state"] == "one_level", "one load alone tells nothing of another")
        self.assertEqual(0, self.headroom()["confidence"])

        learned = self.learn()
        for key in ("rate", "seen", "knee", "knee_low", "knee_high", "base_ms", "confidence"):
            self.assertTrue(math.isfinite(learned[key]), f"{key}: {learned}")
        self.assertLessEqual(learned["knee_low"], learned["knee"], learned)
        self.assertLessEqual(learned["knee"], learned["knee_high"], learned)
        self.assertTrue(0 <= learned["confidence"] <= 1, learned)
        self.assertGreater(learned["base_ms"], 0, learned)
        # A queue's latency doubles before its capacity. Whatever else is busy here can only lower that.
        self.assertLess(learned["knee"], 1.3 * CAPACITY, learned)

        much = self.left_at(LOW)
        little = self.left_at(HIGH)
        self.assertLess(little, much)
        self.assertLess(much, 1)


if __name__ == "__main__":
    unittest.main()
