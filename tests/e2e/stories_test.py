"""The stories in docs/stories tell what their scenarios show.

In each page, a fence of one `weir sim` command is followed by a fence with what it prints, to the byte: the same file
and seed give the same run everywhere. WEIR_REGENERATE_DOCS=1 rewrites those blocks. What a page claims with its table
is asserted here, in a test of the page's name, so that a table that no longer shows it is not merely written anew.

WEIR names the binary.
"""

import functools
import json
import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import unittest

WEIR = os.environ.get("WEIR")
ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted(page for page in (ROOT / "docs" / "stories").glob("*.md") if page.name != "README.md")
SHOWN = re.compile(r"(?<=^```sh\n)(weir sim [^\n]*)\n```\n\n```\n(.*?)(?=^```$)", re.DOTALL | re.MULTILINE)


@functools.lru_cache(maxsize=None)
def run(command):
    """What a command prints, and what it found by variant."""
    weir, *arguments = shlex.split(command)
    assert weir == "weir", command
    with tempfile.TemporaryDirectory() as directory:
        found = pathlib.Path(directory) / "found.json"
        done = subprocess.run([WEIR, *arguments, "--json", str(found)], cwd=ROOT, timeout=120, text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, f"{command}: {done.stdout}"
        return done.stdout, {each["variant"]: each for each in json.loads(found.read_text())["variants"]}


def found_by(scenario):
    return run(f"weir sim scenarios/{scenario}.yaml")[1]


def regenerate(page):
    page.write_text(SHOWN.sub(lambda match: f"{match[1]}\n```\n\n```\n{run(match[1])[0]}", page.read_text()))


def p99(variant):
    return variant["latency_ms"]["p99"]


def failed_share(variant):
    return variant["failed"] / variant["requests"]


def endpoints(variant, tier=0):
    return variant["tiers"][tier]["endpoints"]


def busiest(variant, tier=0):
    return max(each["utilisation"] for each in endpoints(variant, tier))


@unittest.skipUnless(WEIR, "WEIR does not name the binary")
class Pages(unittest.TestCase):
    def test_what_is_shown_is_what_is_printed(self):
        for page in PAGES:
            if os.environ.get("WEIR_REGENERATE_DOCS"):
                regenerate(page)
            shown = SHOWN.findall(page.read_text())
            with self.subTest(page.name):
                self.assertTrue(shown, "a story shows a run")
            for command, output in shown:
                with self.subTest(page.name, command=command):
                    self.assertEqual(output, run(command)[0])

    def test_every_command_is_compared(self):
        for page in PAGES:
            text = page.read_text()
            with self.subTest(page.name):
                self.assertEqual(len(re.findall("^weir sim ", text, re.MULTILINE)), len(SHOWN.findall(text)))

    def test_every_page_has_its_claim_and_its_line(self):
        listed = (ROOT / "docs" / "stories" / "README.md").read_text()
        for page in PAGES:
            with self.subTest(page.name):
                self.assertTrue(hasattr(Claims, "test_" + page.stem.replace("-", "_")), "no claim of it is tested")
                self.assertIn(f"({page.name})", listed)


@unittest.skipUnless(WEIR, "WEIR does not name the binary")
class Claims(unittest.TestCase):
    """One test per page, of its name: that the run shows what the page says in words."""

    def test_long_lived(self):
        found = found_by("long-lived")
        turned_away = {name: each["failed"] - each["refusals"].get("upstream_reset", 0) for name, each in found.items()}
        for careless in ("round robin", "random"):
            self.assertGreater(turned_away[careless], 100, careless)
        for careful in ("p2c", "least request", "round robin, max_connections"):
            self.assertEqual(0, turned_away[careful], careful)
        cut = {name: each["refusals"]["upstream_reset"] for name, each in found.items()}
        self.assertLess(cut["p2c"], 0.9 * cut["round robin"])
        self.assertLess(cut["least request"], cut["p2c"])

    def test_sticky_sessions(self):
        loaded = {name: each["tiers"][1]["requests"] for name, each in found_by("sticky-grow").items()}
        moved = loaded["ring hash"] - loaded["maglev, nobody joins"]
        self.assertAlmostEqual(5000 / 5, moved, delta=100, msg="one of five has to move")
        self.assertLess(loaded["maglev"], 1.5 * loaded["ring hash"])
        self.assertGreater(loaded["not sticky (p2c)"], 10 * loaded["maglev"])
        hot = found_by("sticky-hot")
        self.assertGreater(busiest(hot["unbounded"]), 0.99)
        self.assertLess(10 * p99(hot["bounded 125%"]), p99(hot["unbounded, outlier detection"]))
        self.assertLess(p99(hot["bounded 125%"]), 1.05 * p99(hot["not sticky (p2c)"]))
        loaded = [hot[name]["tiers"][1]["requests"] for name in ("bounded 200%", "bounded 125%", "not sticky (p2c)")]
        self.assertGreater(loaded[1], 5 * loaded[0])
        self.assertGreater(loaded[2], 3 * loaded[1])

    def test_half_dead(self):
        found = found_by("half-dead")
        retries = {name: each["tiers"][0]["retries"] for name, each in found.items()}
        self.assertLess(3 * retries["hangs, active"], retries["hangs, nobody looks"])
        self.assertLess(3 * retries["hangs, outlier"], retries["hangs, active"])
        self.assertLess(3 * retries["hangs, nobody looks, p2c"], retries["hangs, active"])
        self.assertLess(3 * retries["hangs, both, p2c"], retries["hangs, outlier"])
        failed = {name: failed_share(each) for name, each in found.items()}
        self.assertGreater(failed["errors, nobody looks, p2c"], 1.2 * failed["errors, nobody looks"])
        self.assertLess(3 * failed["errors, outlier"], failed["errors, active"])

    def test_herd(self):
        found = found_by("herd")
        fetches = {name: each["tiers"][1]["requests"] for name, each in found.items()}
        self.assertGreater(failed_share(found["plain"]), 0.5)
        self.assertLess(failed_share(found["plain, database limited"]), 0.01)
        for name in ("singleflight", "early refresh", "both", "both, twice as early", "both, cache lost"):
            self.assertEqual(0, found[name]["failed"], name)
        self.assertGreater(fetches["plain"], 10 * fetches["singleflight"])
        self.assertGreater(fetches["early refresh"], 1.5 * fetches["both"])
        self.assertLess(2 * p99(found["both"]), p99(found["singleflight"]))
        self.assertLess(10 * p99(found["both, twice as early"]), p99(found["both"]))
        self.assertGreater(failed_share(found["early refresh, cache lost"]), 0.1)

    def test_hot_key(self):
        found = found_by("hot-key")
        for count in ("8 shards", "16 shards"):
            self.assertGreater(busiest(found[count], 1), 0.99, count)
            self.assertGreater(p99(found[count]), 2000, count)
        for mended in ("8 shards, any may answer (125%)", "8 shards, 1s cache in the app"):
            self.assertLess(busiest(found[mended], 1), 0.75, mended)
            self.assertLess(20 * p99(found[mended]), p99(found["8 shards"]), mended)

    def test_more_instances(self):
        found = found_by("more-instances")
        few = found["4 instances x 10"]
        self.assertGreater(p99(found["8 instances x 10"]), 1.5 * p99(few))
        for many in ("16 instances x 10", "4 instances x 40"):
            self.assertEqual(0, few["failed"])
            self.assertGreater(failed_share(found[many]), 0.4, many)
        for mended in ("16 instances x 2", "16 x 10, Weir lets 40 in"):
            self.assertLess(failed_share(found[mended]), 0.001, mended)
            self.assertLess(p99(found[mended]), 1.2 * p99(few), mended)
        self.assertGreater(busiest(found["16 instances x 10"]), 2 * busiest(few), "threads that wait look busy")

    def test_zones(self):
        found = found_by("zones")
        spread, near = found["no preference"], found["preference"]
        self.assertEqual(0, near["cross_zone_dollars_per_month"])
        self.assertGreater(spread["cross_zone_dollars_per_month"], 1000)
        self.assertLess(found["preference for items only"]["cross_zone_dollars_per_month"], 150)
        self.assertGreater(spread["latency_ms"]["p50"] - near["latency_ms"]["p50"], 6.6, "11 calls, two of three cross")
        self.assertGreater(p99(near), 0.9 * p99(spread), "an island has the longer tail")
        self.assertGreater(p99(found["60% in a, preference"]), 3 * p99(found["60% in a, no preference"]))

    def test_lose_one(self):
        found = found_by("lose-one")
        self.assertAlmostEqual(0.2, failed_share(found["1 of 1"]), delta=0.02)
        for safe in ("1 of 2, at 40% load", "1 of 4", "1 of 16"):
            self.assertLess(failed_share(found[safe]), 0.001, safe)
            self.assertLess(3 * p99(found[safe]), p99(found["1 of 2"]), safe)
        self.assertEqual(0, found["1 of 2"]["failed"])
        self.assertGreater(failed_share(found["1 of 2, panic off"]), 0.03)
        self.assertLess(p99(found["1 of 16"]), 1.25 * p99(found["0 of 16"]))

    def test_flash_sale(self):
        found = found_by("flash-sale")
        steps = ["autoscaling alone", "with limits", "with limits, boots in 15s", "with limits, target 30%", "12 ready"]
        shares = [failed_share(found[step]) for step in steps]
        self.assertEqual(sorted(shares, reverse=True), shares)
        self.assertGreater(shares[0], 0.8)
        self.assertLess(2 * shares[1], shares[0])
        self.assertLess(shares[-1], 0.001)
        tail = {name: found[name]["latency_ms"]["p99.9"] for name in ("12 ready", "12 ready, slow start")}
        self.assertLess(tail["12 ready, slow start"], 0.95 * tail["12 ready"])
        turns = found["12 ready, round robin"]["failed"]
        self.assertGreater(turns, 20 * found["12 ready, round robin, slow start"]["failed"])

    def test_stale_reports(self):
        found = found_by("stale-reports")
        chance = p99(found["at random"])
        self.assertLess(2 * p99(found["one gateway, least_request"]), chance)
        self.assertLess(p99(found["every 10ms, least_request"]), p99(found["every 10ms, p2c"]))
        self.assertLess(p99(found["every 100ms, p2c"]), 0.9 * p99(found["every 100ms, least_request"]))
        self.assertGreater(p99(found["every 1s, p2c"]), 1.2 * chance, "old reports are worse than none")
        for careful in ("every 1s, least_request", "every 1s, best of 8"):
            self.assertGreater(p99(found[careful]), 1.3 * p99(found["every 1s, p2c"]), careful)


if __name__ == "__main__":
    unittest.main()
