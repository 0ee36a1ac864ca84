"""The page that is committed built is that of its sources, small, and asks nobody else for anything.

Building Weir takes no node, so src/console/bundle/ is committed; `./dev console` builds it. The hash in it is that of
what it was built from (console/vite.config.js computes the same).
"""

import gzip
import hashlib
import re
import unittest

from house_tree import ROOT

CONSOLE = ROOT / "console"
BUNDLE = ROOT / "src/console/bundle"
GZIP_BYTES_MAX = 45 * 1000
PINNED = ["index.html", "package-lock.json", "tsconfig.json", "vite.config.js"]


def sources_hash(files):
    """Of (name, bytes), in the order of their names."""
    whole = hashlib.sha256()
    for name, content in sorted(files):
        whole.update(f"{name}\n".encode() + content)
    return whole.hexdigest()


def sources():
    names = PINNED + [f"src/{path.name}" for path in (CONSOLE / "src").iterdir()]
    return [(name, (CONSOLE / name).read_bytes()) for name in names]


class TheBundle(unittest.TestCase):
    def test_is_that_of_its_sources(self):
        script = (BUNDLE / "console.js").read_text()
        match = re.match(r"/\*! Weir console; sources ([0-9a-f]{64})\.", script)
        self.assertTrue(match, "console.js does not begin with the hash of its sources")
        self.assertEqual(sources_hash(sources()), match.group(1),
                         "console/ has changed since the bundle was built: ./dev console builds it, then commit both")

    def test_a_change_of_any_source_is_seen(self):
        files = sources()
        for i, (name, content) in enumerate(files):
            changed = files[:i] + [(name, content + b" ")] + files[i + 1:]
            self.assertNotEqual(sources_hash(files), sources_hash(changed), name)

    def test_is_small(self):
        sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in BUNDLE.iterdir()}
        self.assertLessEqual(sum(sizes.values()), GZIP_BYTES_MAX, sizes)

    def test_has_the_notices_of_what_it_contains(self):
        self.assertIn("Jason Miller", (BUNDLE / "LICENSE.preact").read_text())
        self.assertIn("Contains Preact", (BUNDLE / "console.js").read_text()[:400])

    def test_names_nothing_that_is_elsewhere(self):
        for path in BUNDLE.glob("*.*"):
            if path.name == "LICENSE.preact":
                continue
            found = set(re.findall(r"""(?:https?:)?//[\w.-]+\.\w+[^\s"'`)]*""", path.read_text()))
            # Names of XML's vocabularies, which nobody fetches.
            self.assertEqual(set(), {each for each in found if not each.startswith("http://www.w3.org/")}, path.name)

    def test_is_all_that_is_embedded(self):
        self.assertEqual({"index.html", "console.css", "console.js", "LICENSE.preact"},
                         {path.name for path in BUNDLE.iterdir()})


if __name__ == "__main__":
    unittest.main()
