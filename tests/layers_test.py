"""The tree is the architecture, and this keeps it true.

src/LAYERS says who may include whom. This reads every #include "..." under src/, examples/ and bench/ and fails with
file, line and the broken rule. A module is the longest name of LAYERS that a path starts with (l7/core before l7).
The second half proves on small trees that the check can fail.
"""

import re
import unittest

from house_tree import ROOT, TreeCase, is_product, sources

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# Every folder whose includes are read, and what its modules' names start with in LAYERS.
TREES = {"src": "", "examples": "examples/", "bench": "bench/"}

# Modules that decide and do not act: bytes and values in, bytes and values out. What they may not include is every
# door to a socket, a clock, a thread or chance; time and randomness reach them as arguments (Instant, Prng&).
# <arpa/inet.h> and <netinet/in.h> are not among them: inet_pton is arithmetic on text.
PURE = {"base", "model", "balance", "proto", "plot", "l7/core", "sim"}
DOORS = {
    "a socket": "sys/socket.h sys/epoll.h sys/select.h sys/un.h sys/uio.h netinet/tcp.h netdb.h "
                "poll.h unistd.h sys/eventfd.h sys/timerfd.h sys/signalfd.h csignal signal.h",
    "a clock": "chrono ctime time.h sys/time.h sys/timerfd.h",
    "a thread": "thread mutex shared_mutex condition_variable future semaphore barrier latch pthread.h",
    "chance": "random sys/random.h",
}
FORBIDDEN = {header: what for what, headers in DOORS.items() for header in headers.split()}


class LayersError(Exception):
    """LAYERS itself is wrong."""


def read_layers(text):
    """{module: set of modules it may include, or None for all}."""
    layers = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        module, colon, allowed = line.partition(":")
        module = module.strip()
        if not colon:
            raise LayersError(f"src/LAYERS:{number}: no colon")
        if module in layers:
            raise LayersError(f"src/LAYERS:{number}: {module} stands twice")
        layers[module] = None if allowed.strip() == "*" else set(allowed.split())
    for module, allowed in layers.items():
        for name in sorted(allowed or ()):
            if name not in layers:
                raise LayersError(f"src/LAYERS: {module} may include {name}, which is no module")
    refuse_cycles(layers)
    return layers


def refuse_cycles(layers):
    """Modules are taken away once everything they may include is gone; what stays is a cycle."""
    left = {module: set(allowed) for module, allowed in layers.items() if allowed is not None}
    while left:
        free = [module for module, allowed in left.items() if not allowed & left.keys()]
        if not free:
            raise LayersError(f"src/LAYERS: a cycle among {' '.join(sorted(left))}")
        for module in free:
            del left[module]


def module_of(path, layers):
    """Longest module that the path lies in; None if none."""
    inside = [module for module in layers if path == module or path.startswith(module + "/")]
    return max(inside, key=len, default=None)


def broken_rules(root):
    """Every violation in the tree as "file:line: rule"."""
    layers = read_layers((root / "src" / "LAYERS").read_text())
    found = []
    for tree, prefix in TREES.items():
        for path, name in sources(root, tree):
            module = module_of(prefix + str(path.relative_to(root / tree)), layers)
            if module is None:
                found.append(f"{name}:1: lies in no module of src/LAYERS")
                continue
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                match = INCLUDE.match(line)
                rule = match and broken_rule(root, path, module, layers, *match.groups())
                if rule:
                    found.append(f"{name}:{number}: {rule}")
    return found


def broken_rule(root, path, module, layers, bracket, header):
    if bracket == "<":
        if module in PURE and header in FORBIDDEN and is_product(path):
            return f"{module} is pure and <{header}> is a door to {FORBIDDEN[header]}"
        return None
    beside = not (root / "src" / header).exists() and (path.parent / header).exists()
    if beside and "src" in path.relative_to(root).parts[:1]:
        return f'"{header}" is written from its folder; write it from src/'
    if beside:
        return None
    other = module_of(header, layers)
    if other is None:
        return f'"{header}" lies in no module of src/LAYERS'
    allowed = layers[module]
    if other == module or allowed is None or other in allowed:
        return None
    return f'"{header}": {module} may not include {other} (src/LAYERS: "{module}: {" ".join(sorted(allowed))}")'


class TheTree(TreeCase):
    def test_includes_follow_the_layers(self):
        self.assert_clean(broken_rules(ROOT))

    def test_the_reader_sees_includes(self):
        """A check that reads nothing would pass too."""
        layers = read_layers((ROOT / "src" / "LAYERS").read_text())
        seen = {module_of(match.group(2), layers)
                for path, _ in sources(ROOT, "src")
                for match in map(INCLUDE.match, path.read_text().splitlines()) if match}
        self.assertIn("base", seen)

    def test_pure_modules_rest_on_pure_modules(self):
        layers = read_layers((ROOT / "src" / "LAYERS").read_text())
        for module in PURE & layers.keys():
            self.assertLessEqual(layers[module], PURE, f"{module} is pure, so what it includes must be")


class TheCheck(TreeCase):
    """Each row is a tree with at most one offence: message, expected finding (None: clean), LAYERS, files."""

    LAYERS = "base:\nbalance: base\nnet: base\nl7/core: balance base\nl7: l7/core net base\napp: *\nexamples/shop: net\n"
    ROWS = [
        ("what LAYERS allows", None, {"src/net/a.cc": '#include "base/time.h"\n'}),
        ("a module includes itself", None, {"src/net/a.cc": '#include "net/loop.h"\n'}),
        ("the star allows all", None, {"src/app/main.cc": '#include "l7/proxy.h"\n#include <thread>\n'}),
        ("balance includes net", 'src/balance/p2c.cc:2: "net/loop.h": balance may not include net',
         {"src/balance/p2c.cc": '#include <vector>\n#include "net/loop.h"\n'}),
        ("spaces do not hide it", "src/base/a.h:1: ", {"src/base/a.h": '  #  include  "net/loop.h"\n'}),
        ("nobody includes the top", "l7 may not include app", {"src/l7/a.cc": '#include "app/main.h"\n'}),
        ("the longest module counts: a core has its own rule", "l7/core may not include net",
         {"src/l7/core/route.cc": '#include "net/loop.h"\n'}),
        ("the longest module counts: around the core", None, {"src/l7/proxy.cc": '#include "l7/core/route.h"\n'}),
        ("a core does not know what is around it", "l7/core may not include l7",
         {"src/l7/core/route.cc": '#include "l7/proxy.h"\n'}),
        ("a name that only starts alike", "src/network/a.cc:1: lies in no module", {"src/network/a.cc": ""}),
        ("an unknown module is included", '"utils/x.h" lies in no module', {"src/net/a.cc": '#include "utils/x.h"\n'}),
        ("a file of src in no module", "src/main.cc:1: lies in no module", {"src/main.cc": ""}),
        ("an include written from its folder", "write it from src/",
         {"src/net/a.cc": '#include "loop.h"\n', "src/net/loop.h": ""}),
        ("an example keeps to its line", "examples/shop may not include l7",
         {"examples/shop/main.cc": '#include "l7/proxy.h"\n'}),
        ("an example includes what lies beside it", None,
         {"examples/shop/main.cc": '#include "cart.h"\n', "examples/shop/cart.h": ""}),
        ("a pure module opens a socket", "balance is pure and <sys/socket.h> is a door to a socket",
         {"src/balance/p2c.cc": "#include <sys/socket.h>\n"}),
        ("a pure module reads a clock", "<chrono> is a door to a clock", {"src/base/a.h": "#include <chrono>\n"}),
        ("a pure module starts a thread", "<thread> is a door to a thread",
         {"src/l7/core/route.cc": "#include <thread>\n"}),
        ("a pure module throws dice", "<random> is a door to chance", {"src/balance/p2c.cc": "#include <random>\n"}),
        ("a pure module's test may start threads", None, {"src/balance/p2c_test.cc": "#include <thread>\n"}),
        ("a commented include is none", None, {"src/base/a.h": '// #include "net/loop.h"\n'}),
    ]

    def test_rows(self):
        for message, expected, files in self.ROWS:
            with self.subTest(message):
                self.assert_finds(expected, broken_rules, {"src/LAYERS": self.LAYERS, **files})

    def test_layers_that_are_wrong(self):
        for message, expected, text in [
            ("a cycle of two", "a cycle among a b", "a: b\nb: a\n"),
            ("a longer cycle, beside clean modules", "a cycle among a b c", "base:\na: b base\nb: c\nc: a base\n"),
            ("an unknown name", "b, which is no module", "a: b\n"),
            ("a module twice", "LAYERS:2: a stands twice", "a:\na:\n"),
            ("no colon", "LAYERS:1: no colon", "a b\n"),
        ]:
            with self.subTest(message), self.assertRaisesRegex(LayersError, re.escape(expected)):
                read_layers(text)


if __name__ == "__main__":
    unittest.main()
