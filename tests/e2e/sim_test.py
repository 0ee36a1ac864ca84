"""weir sim: the same file and seed give the same bytes, a wrong file says where, and what is written can be read.

WEIR names the binary.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as xml

WEIR = os.environ.get("WEIR")
FIRST = pathlib.Path(__file__).resolve().parents[2] / "scenarios" / "first.yaml"

SMALL = """
duration: 12s
warm_up: 2s
clients: {rate: 200}
tiers: {endpoints: {count: 3, concurrency: 4, service_time: {distribution: exponential, mean: 20ms}}}
faults: {kind: die, at: 4s, for: 3s}
variants:
  - {name: p2c}
  - {name: turns, set: {tiers.cluster.policy: round_robin}}
"""


@unittest.skipUnless(WEIR, "WEIR does not name the binary")
class Sim(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        (self.folder / "small.yaml").write_text(SMALL)

    def sim(self, *arguments):
        return subprocess.run([WEIR, "sim", *arguments], cwd=self.folder, timeout=120, text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def succeed(self, *arguments):
        done = self.sim(*arguments)
        self.assertEqual((0, ""), (done.returncode, done.stderr), done.stdout)
        return done.stdout

    def digests(self, *arguments):
        runs = json.loads(self.succeed("small.yaml", "--json", "-", *arguments))["variants"]
        return {run["variant"]: run["digest"] for run in runs}

    def test_the_same_seed_gives_the_same_bytes(self):
        for name in ("one.json", "two.json"):
            self.succeed("small.yaml", "--seed", "7", "--json", name)
        self.assertEqual((self.folder / "one.json").read_bytes(), (self.folder / "two.json").read_bytes())

    def test_another_seed_or_policy_gives_another_run(self):
        first = self.digests()
        self.assertEqual({"p2c", "turns"}, set(first))
        self.assertNotEqual(first["p2c"], first["turns"])
        self.assertNotEqual(first["p2c"], self.digests("--seed", "8")["p2c"])

    def test_a_variant_alone_is_the_run_that_it_is_beside_others(self):
        self.assertEqual({"turns": self.digests()["turns"]}, self.digests("--variant", "turns"))

    def test_no_law_is_broken(self):
        for run in json.loads(self.succeed("small.yaml", "--json", "-"))["variants"]:
            laws = run["laws"]
            self.assertEqual([], laws["broken"])
            self.assertEqual(laws["arrived"], laws["answered"] + laws["failed"] + laws["open"])
            self.assertGreater(run["requests"], 1500)

    def test_the_table_has_a_row_for_each_variant(self):
        said = self.succeed("small.yaml")
        self.assertRegex(said, r"(?m)^  variant +requests +failed +p50 ")
        for name in ("p2c", "turns"):
            self.assertRegex(said, rf"(?m)^  {name} +[0-9,]+ +[0-9.]+%")

    def test_what_is_written_can_be_read(self):
        self.succeed("small.yaml", "--svg", "plot.svg", "--html", "page.html")
        root = xml.parse(self.folder / "plot.svg").getroot()
        self.assertEqual("{http://www.w3.org/2000/svg}svg", root.tag)
        page = (self.folder / "page.html").read_text()
        self.assertTrue(page.startswith("<!doctype html>"))
        for element in page.split("<svg ")[1:]:
            xml.fromstring("<svg " + element.partition("</svg>")[0] + "</svg>")

    def test_what_is_shown_is_the_same_scenario(self):
        (self.folder / "shown.yaml").write_text(self.succeed("small.yaml", "--variant", "turns", "--show"))
        shown = json.loads(self.succeed("shown.yaml", "--json", "-"))["variants"][0]
        self.assertEqual(self.digests()["turns"], shown["digest"])

    def test_the_first_scenario_shows_what_it_promises(self):
        runs = json.loads(self.succeed(str(FIRST), "--json", "-"))["variants"]
        p99 = {run["variant"]: run["latency_ms"]["p99"] for run in runs}
        self.assertLess(2 * p99["p2c"], p99["round robin"])

    def test_a_mistake_is_told_with_its_place(self):
        for message, expected, arguments, text in [
            ("a wrong setting", 'bad.yaml:1:11: clients[0].rat: unknown setting "rat"', ["bad.yaml"],
             "clients: {rat: 5}\ntiers: {endpoints: {}}\n"),
            ("no such file", "none.yaml: cannot be opened", ["none.yaml"], ""),
            ("no such variant", 'has no variant "p2d"; expected one of p2c, turns; did you mean "p2c"?',
             ["small.yaml", "--variant", "p2d"], ""),
            ("no file named", "which scenario?", [], ""),
            ("nowhere to write", "cannot be written", ["small.yaml", "--json", "no/such/folder.json"], ""),
            ("a seed in words", "--seed", ["small.yaml", "--seed", "seven"], ""),
        ]:
            with self.subTest(message):
                (self.folder / "bad.yaml").write_text(text)
                done = self.sim(*arguments)
                self.assertEqual(2, done.returncode, done.stderr)
                self.assertIn(expected, done.stderr)


if __name__ == "__main__":
    unittest.main()
