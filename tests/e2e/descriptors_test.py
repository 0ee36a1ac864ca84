"""The table of descriptors is full: accepting pauses without spinning, and goes on as soon as some are free."""

import time
import unittest

from harness.case import Case
from harness.crowd import Crowd
from harness.upstream import never
from harness.weir import SANITIZED
from harness.wire import request

OPEN_FILES = 200


class Descriptors(Case):
    def crowd(self, count):
        crowd = Crowd(self.port, count)
        self.addCleanup(crowd.close)
        return crowd

    def test_too_many_clients(self):
        a = self.upstream("a")
        proxy = self.weir(self.config([a]), open_files=OPEN_FILES)
        early = self.client()
        self.assert_status(200, early.ask())
        crowd = self.crowd(400)
        self.eventually(lambda: proxy.fds() >= OPEN_FILES - 1, lambda: f"the table is full: {proxy.fds()}")
        before, begin = proxy.cpu_seconds(), time.monotonic()
        for _ in range(20):
            self.assert_status(200, early.ask(), "those inside are served")
            time.sleep(0.05)  # a stretch of wall time to compare the CPU time with
        spent = (proxy.cpu_seconds() - before) / (time.monotonic() - begin)
        self.assertLess(spent, 0.3, "share of one core while the door is closed")
        self.assertIsNone(proxy.process.poll())

        late = self.client()
        late.send(request("GET", "/late"))
        crowd.close()
        self.assert_status(200, late.response(), "who waited is served as soon as descriptors are free")
        self.eventually(lambda: proxy.fds() < 60, lambda: f"descriptors are given back: {proxy.fds()}")

    @unittest.skipIf(SANITIZED,
                     "UBSan looks at objects through a pipe, and takes the lack of descriptors for a bad object")
    def test_none_left_for_the_endpoint(self):
        """The client is inside, the connection to the endpoint cannot be made: it is told why, and nothing leaks."""
        a = self.upstream("a", never)
        proxy = self.weir(self.config([a], route={"timeout": "60s", "retry": "off"},
                                      cluster={"outlier_detection": "off"}),
                          open_files=OPEN_FILES)
        crowd = self.crowd(OPEN_FILES)
        crowd.send(request("GET", "/"))
        crowd.receive(until=lambda: crowd.statuses().get("503"))
        statuses = crowd.statuses()
        self.assertGreater(statuses.get("503", 0), 0, statuses)
        refused = next(each for each in crowd.members if each.received)
        self.assertIn(b"rule=out_of_fds", refused.received)
        self.assertLessEqual(set(statuses), {None, "503"}, statuses)
        crowd.close()
        self.eventually(lambda: proxy.fds() < 60, lambda: f"descriptors are given back: {proxy.fds()}")
        self.assertEqual(0, proxy.endpoint(a)["failures"], "it was not the endpoint's fault")


if __name__ == "__main__":
    unittest.main()
