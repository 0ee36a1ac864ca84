"""weir ctl record: what is in a recording of live traffic, and what is refused."""

import csv
import unittest

from harness.case import Case
from harness.load import Load
from harness.upstream import hang_up
from harness.weir import run


class Record(Case):
    def setUp(self):
        super().setUp()
        self.file = str(self.directory / "recording.csv")

    def start(self, *endpoints, **options):
        self.proxy = self.weir(self.config(endpoints, workers=2, **options))

    def record(self, *arguments):
        return run("ctl", "--admin", f"127.0.0.1:{self.proxy.admin_port}", "record", "-o", self.file, *arguments)

    def recorded(self):
        """(header lines, rows by column, numbers as numbers)"""
        with open(self.file, encoding="utf-8", newline="") as file:
            lines = file.readlines()
        header = [line.rstrip("\n") for line in lines if line.startswith("#")]
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
        words = ("cluster", "endpoint", "path_hash")
        return header, [{key: value if key in words else int(value) for key, value in row.items()} for row in rows]

    def test_every_request_is_there(self):
        a, b = self.upstream("a"), self.upstream("b")
        self.start(a, b)
        with Load(self.port, threads=4, target="/here?x=1") as load:
            self.eventually(lambda: len(load.answers) > 20, load.text)
            done = self.record("--seconds", "1")
        self.assertEqual(0, done.returncode, done)
        header, rows = self.recorded()
        self.assertEqual("# weir recording 1", header[0])
        self.assertIn("# length_ns 1000000000", header)
        self.assertIn("# dropped 0", header)
        self.assertIn(f"# cluster app policy=p2c endpoints={a.address},{b.address}", header)
        self.assertIn(f"{len(rows)} requests in 1 s", done.stdout)
        self.assertGreater(len(rows), 20)
        self.assertEqual({a.address, b.address}, {row["endpoint"] for row in rows})
        self.assertEqual(1, len({row["path_hash"] for row in rows}), "the path without its query")
        for row in rows:
            self.assertLess(row["arrived_ns"], 1_000_000_000, row)
            self.assertTrue(0 < row["attempt_ns"] <= row["first_byte_ns"] <= row["latency_ns"], row)
            self.assertEqual((200, 1, 1, 0, 1), tuple(row[key] for key in
                             ("status", "idempotent", "tries", "bytes_in", "bytes_out")), row)
        # Of both workers, in the order of arrival.
        arrivals = [row["arrived_ns"] for row in rows]
        self.assertEqual(sorted(arrivals), arrivals)
        done = run("sim", "replay", self.file)
        self.assertEqual(0, done.returncode, done)
        self.assertIn("replayed", done.stdout)

    def test_retries_failures_and_refusals(self):
        bad, good = self.upstream("bad", hang_up), self.upstream("good")
        self.start(bad, good, cluster={"policy": "round_robin", "outlier_detection": "off"})
        self.proxy.post("/record?seconds=2")
        # Each worker takes turns, and one of the two gets three or more of six.
        for _ in range(6):
            self.assert_status(200, self.ask("GET", "/get"))
        for _ in range(6):
            self.ask("POST", "/post", body=b"12345")
        for endpoint in (bad, good):
            self.proxy.post(f"/drain?endpoint={endpoint.address}")
        self.eventually(lambda: self.ask().status == 503, "both are drained")
        self.eventually(lambda: self.proxy.admin("GET", "/recording").status == 200, "it is ready")
        with open(self.file, "wb") as file:
            file.write(self.proxy.admin("GET", "/recording").body)
        _, rows = self.recorded()
        gets = [row for row in rows if row["idempotent"] and row["status"] == 200]
        self.assertEqual({good.address}, {row["endpoint"] for row in gets})
        self.assertIn(2, {row["tries"] for row in gets}, "some were tried at the other endpoint first")
        failed = [row for row in rows if not row["idempotent"] and row["status"] == 502]
        self.assertTrue(failed, rows)
        for row in failed:
            self.assertEqual((bad.address, 0, 5, 1), tuple(row[key] for key in
                             ("endpoint", "first_byte_ns", "bytes_in", "tries")), "what it got was our own answer")
            self.assertGreater(row["attempt_ns"], 0)
        refused = [row for row in rows if row["status"] == 503]
        self.assertTrue(refused, rows)
        for row in refused:
            self.assertEqual(("", 0, 0, 0), tuple(row[key] for key in
                             ("endpoint", "attempt_ns", "first_byte_ns", "tries")))

    def test_one_at_a_time_and_of_a_cluster_that_exists(self):
        self.start(self.upstream("a"))
        done = self.record("--seconds", "1", "--cluster", "apq")
        self.assertEqual(2, done.returncode, done)
        self.assertIn("did you mean app?", done.stderr)
        self.assertEqual(2, self.record("--seconds", "0").returncode)
        self.assertEqual(404, self.proxy.admin("GET", "/recording").status)
        self.proxy.post("/record?seconds=2&cluster=app")
        done = self.record("--seconds", "1")
        self.assertEqual(1, done.returncode, "not now")
        self.assertIn("a recording is under way", done.stderr)
        self.eventually(lambda: self.proxy.admin("GET", "/recording").status == 200, "it is ready")


if __name__ == "__main__":
    unittest.main()
