"""What the checks of the tree share: where it is, which files count, and small trees to prove that a check can fail."""

import pathlib
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent


def sources(root, *folders):
    """(path, name from the root) of every C++ file, in order."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cc"):
                yield path, str(path.relative_to(root))


def is_product(path):
    """Tests, benches and fuzz targets may do what the product may not: start threads, measure, throw dice."""
    return not (path.stem.endswith(("_test", "_bench")) or path.stem.startswith("fuzz_"))


class TreeCase(unittest.TestCase):
    longMessage = False

    def assert_clean(self, found):
        found = list(found)
        self.assertFalse(found, "\n" + "\n".join(found))

    def assert_finds(self, expected, check, files):
        """`check` reads a tree of `files` and finds exactly one offence that contains `expected`; None: a clean tree."""
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            found = list(check(root))
        if expected is None:
            self.assert_clean(found)
        else:
            self.assertTrue(len(found) == 1 and expected in found[0], f"expected {expected!r}, found {found}")
