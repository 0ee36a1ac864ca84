"""House rules that a machine can see. Each is a ratchet: it holds today, so nothing may slip past it unseen.

The second half proves on small trees that each rule can fail.
"""

import re
import unittest

from house_tree import ROOT, TreeCase, is_product, sources

LINES_MAX = 600
# Unfinished work is named in the changelog or an issue, not hidden in the source.
MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK|[Ss]tub(?:bed)?|[Pp]laceholder|[Nn]ot implemented)\b")
# Time and chance are arguments. Only net makes Instants, and app seeds the generators.
AMBIENT = re.compile(r"\b(s?rand|random_device|(?:system|steady|high_resolution)_clock|clock_gettime|gettimeofday|"
                     r"time\((?:nullptr|NULL|0)\))(?=\W|$)")
AMBIENT_ALLOWED = ("src/net/", "src/app/")


def long_files(root):
    for path, name in sources(root, "src", "examples"):
        lines = len(path.read_text().splitlines())
        if lines > LINES_MAX:
            yield f"{name}: {lines} lines, of at most {LINES_MAX}: one subject per file"


def marks(root):
    for path, name in sources(root, "src", "examples"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := MARKS.search(line):
                yield f"{name}:{number}: {match.group()}: finish it or leave it out"


def ambient(root):
    for path, name in sources(root, "src"):
        if name.startswith(AMBIENT_ALLOWED) or not is_product(path):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := AMBIENT.search(line.split("//")[0]):
                yield f"{name}:{number}: {match.group()}: time and chance are arguments (Instant now, Prng&)"


def headers_without_guard_or_purpose(root):
    for path, name in sources(root, "src"):
        lines = path.read_text().splitlines()
        if path.suffix == ".h" and not (lines[:1] == ["#pragma once"] and lines[1:2] and lines[1].startswith("// ")):
            yield f"{name}:1: a header begins with #pragma once and a comment that says what it is for"


def orphans(root):
    """A source that no CMakeLists.txt names is not built, and a test that is not built cannot fail."""
    for path, name in sources(root, "src", "examples"):
        if path.suffix != ".cc":
            continue
        lists = next((folder / "CMakeLists.txt" for folder in path.parents
                      if (folder / "CMakeLists.txt").exists() or folder == root), None)
        if not lists.exists():
            yield f"{name}: no CMakeLists.txt beside or above it"
            continue
        words = re.split(r"[\s()\"]+", re.sub(r"#.*", "", lists.read_text()))
        if str(path.relative_to(lists.parent)) not in words:
            yield f"{name}: {lists.relative_to(root)} does not name it"


def own_headers_not_first(root):
    """What includes its own header first proves with each build that the header compiles alone (house/headers looks at
    the others)."""
    for path, name in sources(root, "src"):
        if path.suffix != ".cc" or not path.with_suffix(".h").exists():
            continue
        own = str(path.with_suffix(".h").relative_to(root / "src"))
        first = re.search(r'^#include\s*["<]([^">]+)', path.read_text(), re.MULTILINE)
        if not first or first.group(1) != own:
            yield f'{name}: #include "{own}" comes first'


RULES = [long_files, marks, ambient, headers_without_guard_or_purpose, orphans, own_headers_not_first]


class TheTree(TreeCase):
    def test_keeps_the_rules(self):
        for rule in RULES:
            with self.subTest(rule.__name__):
                self.assert_clean(rule(ROOT))

    def test_there_is_something_to_read(self):
        self.assertGreater(len(list(sources(ROOT, "src"))), 10)


class TheRules(TreeCase):
    """Rows: message, rule, expected finding (None: clean), files."""

    ROWS = [
        ("as long as allowed", long_files, None, {"src/a.cc": "\n" * LINES_MAX}),
        ("one line too long", long_files, "src/a.cc: 601 lines", {"src/a.cc": "\n" * (LINES_MAX + 1)}),
        ("a mark", marks, "src/a.cc:2: TODO", {"src/a.cc": "\n// TODO: later\n"}),
        ("a mark in an example", marks, "examples/e/a.h:1: stub", {"examples/e/a.h": "// a stub\n"}),
        ("a word that contains one", marks, None, {"src/a.cc": "int stubborn;\n"}),
        ("dice", ambient, "src/l7/a.cc:1: rand", {"src/l7/a.cc": "int x = rand();\n"}),
        ("a clock in the middle", ambient, "steady_clock",
         {"src/upstream/a.cc": "auto now = std::chrono::steady_clock::now();\n"}),
        ("the system's clock", ambient, "time(nullptr)", {"src/l7/a.cc": "auto t = ::time(nullptr);\n"}),
        ("net is where the clock is read", ambient, None, {"src/net/a.cc": "clock_gettime(0, &t);\n"}),
        ("a comment about clocks", ambient, None, {"src/l7/a.cc": "int x;  // not steady_clock\n"}),
        ("a name that contains one", ambient, None, {"src/l7/a.cc": "int operand = strand(1) + runtime(0);\n"}),
        ("a header without guard", headers_without_guard_or_purpose, "src/a.h:1: ", {"src/a.h": "// What for.\n"}),
        ("a header without purpose", headers_without_guard_or_purpose, "src/a.h:1: ",
         {"src/a.h": "#pragma once\n#include <vector>\n"}),
        ("a named source", orphans, None, {"src/m/CMakeLists.txt": "weir_module(m SOURCES a.cc)", "src/m/a.cc": ""}),
        ("named by the folder above", orphans, None,
         {"src/m/CMakeLists.txt": "weir_module(m SOURCES sub/a.cc)", "src/m/sub/a.cc": ""}),
        ("an orphan test", orphans, "src/m/a_test.cc: src/m/CMakeLists.txt does not name it",
         {"src/m/CMakeLists.txt": "weir_module(m SOURCES a.cc)", "src/m/a_test.cc": ""}),
        ("named only in a comment", orphans, "does not name it",
         {"src/m/CMakeLists.txt": "# a.cc\nweir_module(m)", "src/m/a.cc": ""}),
        ("a folder without list", orphans, "no CMakeLists.txt", {"src/m/a.cc": ""}),
        ("its own header first", own_headers_not_first, None,
         {"src/m/a.h": "", "src/m/a.cc": '// Why.\n#include "m/a.h"\n#include <vector>\n'}),
        ("another's header first", own_headers_not_first, 'src/m/a.cc: #include "m/a.h"',
         {"src/m/a.h": "", "src/m/a.cc": '#include <vector>\n#include "m/a.h"\n'}),
        ("its own header not at all", own_headers_not_first, 'src/m/a.cc: #include "m/a.h"',
         {"src/m/a.h": "", "src/m/a.cc": "int a;\n"}),
        ("a source without header", own_headers_not_first, None, {"src/m/a.cc": "#include <vector>\n"}),
    ]

    def test_rows(self):
        for message, rule, expected, files in self.ROWS:
            with self.subTest(message):
                self.assert_finds(expected, rule, files)


if __name__ == "__main__":
    unittest.main()
