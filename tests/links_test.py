"""A simulation touches no socket, no clock, no thread and no inexact libm, and this reads it from the objects.

tests/layers_test.py says the same of the includes; here it is what the linker sees, so that nothing slips in through a
third party's header. Two things are looked at:
  - the libraries of the pure modules (LIBRARIES in the environment): what they need from outside, which is our own
    doing and not what libstdc++ or a sanitizer drags into every program;
  - the program sim_links_without_net (SIM_LINKS_WITHOUT_NET): that nothing of the impure modules is in it.
The second half proves on objects compiled for it that the check can fail.
"""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from house_tree import TreeCase
from layers_test import PURE

DOORS = re.compile(
    r"(?:socket|socketpair|connect|bind|listen|accept4?|send(?:to|msg|mmsg)?|recv(?:from|msg|mmsg)?|getaddrinfo"
    r"|(?:epoll|eventfd|timerfd|signalfd|io_uring)\w*|poll|ppoll|select|pselect"
    r"|clock_(?:gettime|nanosleep|getres)|gettimeofday|time|nanosleep|usleep|sleep|pthread_create|thrd_create|fork"
    r"|s?rand|random|getrandom|getentropy"
    r"|std::thread::.*|std::jthread::.*|std::random_device::.*|std::chrono::_V2::\w+::now\(\)"
    r"|std::condition_variable::.*)(?:@.*)?")
# Functions of the C library whose last bit depends on processor and version; sqrt and fmod are exact everywhere.
INEXACT = re.compile(r"(?:log(?:2|10|1p)?|exp(?:2|10|m1)?|pow|cbrt|hypot|a?(?:sin|cos|tan)h?|sincos|atan2"
                     r"|[lt]gamma(?:_r)?|erfc?)[fl]?(?:@.*)?")
IMPURE = re.compile(r"\bweir::(?:net|http|upstream|app|l7::(?!core\b)\w+)::")


def symbols(path, *options):
    """Names as nm tells them, one per symbol; the names of an archive's members are left out."""
    lines = subprocess.run(["nm", "-C", *options, path], check=True, capture_output=True, text=True).stdout.splitlines()
    found = (re.fullmatch(r"(?:[0-9a-f]+)?\s*[a-zA-Z] (.+)", line) for line in lines)
    return sorted({match.group(1) for match in found if match})


def doors(library):
    return [f"{library.name}: needs {name}" for name in symbols(library, "--undefined-only") if DOORS.fullmatch(name)]


def inexact(library):
    return [f"{library.name}: needs {name}, which base/exact_math.h has for every machine alike"
            for name in symbols(library, "--undefined-only") if INEXACT.fullmatch(name)]


def impurities(program):
    return [f"{program.name}: holds {name}" for name in symbols(program) if IMPURE.search(name)]


class TheLibraries(TreeCase):
    def libraries(self):
        return [pathlib.Path(name) for name in os.environ["LIBRARIES"].split(":")]

    def test_every_pure_module_is_looked_at(self):
        expected = {f"libweir_{module.replace('/', '_')}.a" for module in PURE}
        self.assertEqual({library.name for library in self.libraries()}, expected)

    def test_need_no_door(self):
        self.assert_clean(finding for library in self.libraries() for finding in doors(library))

    def test_give_the_same_bits_everywhere(self):
        self.assert_clean(finding for library in self.libraries() for finding in inexact(library))

    def test_there_is_something_to_read(self):
        for library in self.libraries():
            with self.subTest(library.name):
                self.assertGreater(len(symbols(library, "--undefined-only")), 5)


class TheProgram(TreeCase):
    def test_holds_nothing_impure(self):
        program = pathlib.Path(os.environ["SIM_LINKS_WITHOUT_NET"])
        self.assertIn("main", symbols(program))
        self.assert_clean(impurities(program))


class TheCheck(TreeCase):
    """Rows: message, expected finding (None: clean), check, source."""

    ROWS = [
        ("arithmetic", None, doors, "double f(double x) { return x * x; }"),
        ("a clock", "needs std::chrono::_V2::steady_clock::now()", doors,
         "#include <chrono>\nauto f() { return std::chrono::steady_clock::now(); }"),
        ("the system's clock", "needs clock_gettime", doors,
         "#include <ctime>\nvoid f(timespec* t) { clock_gettime(CLOCK_MONOTONIC, t); }"),
        ("a socket", "needs socket", doors,
         "#include <sys/socket.h>\nint f() { return socket(AF_INET, SOCK_STREAM, 0); }"),
        ("an event loop", "needs epoll_create1", doors, "#include <sys/epoll.h>\nint f() { return epoll_create1(0); }"),
        ("a thread", "needs std::thread::", doors, "#include <thread>\nvoid f() { std::thread([] {}).join(); }"),
        ("chance", "needs rand", doors, "#include <cstdlib>\nint f() { return std::rand(); }"),
        ("a name that only contains one", None, doors, "void reconnect_all(); void f() { reconnect_all(); }"),
        ("a function of ours of that name", None, doors,
         "namespace weir { int time(int); }\nint f() { return weir::time(1); }"),
        ("the C library's logarithm", "needs log", inexact,
         "#include <cmath>\ndouble f(double x) { return std::log(x); }"),
        ("its power", "needs pow", inexact,
         "#include <cmath>\ndouble f(double x, double y) { return std::pow(x, y); }"),
        ("a square root is exact", None, inexact, "#include <cmath>\ndouble f(double x) { return std::sqrt(x); }"),
        ("a loop of net", "holds weir::net::run()", impurities, "namespace weir::net { void run() {} }"),
        ("a caller of net", "holds weir::net::run()", impurities,
         "namespace weir::net { void run(); }\nvoid f() { weir::net::run(); }"),
        ("a class of l7 around its core", "holds weir::l7::Proxy::run()", impurities,
         "namespace weir::l7 { struct Proxy { void run(); }; void Proxy::run() {} }"),
        ("the core of l7", None, impurities,
         "namespace weir::l7::core { struct Router { void run(); }; void Router::run() {} }"),
        ("a network of sim", None, impurities, "namespace weir::sim { void network() {} }"),
    ]

    @staticmethod
    def found_in(check, source):
        with tempfile.TemporaryDirectory() as directory:
            unit = pathlib.Path(directory) / "unit.o"
            subprocess.run([os.environ["COMPILER"], "-std=c++20", "-x", "c++", "-c", "-o", unit, "-"], input=source,
                           check=True, text=True)
            return check(unit)

    def test_rows(self):
        for message, expected, check, source in self.ROWS:
            with self.subTest(message):
                found = self.found_in(check, source)
                if expected is None:
                    self.assert_clean(found)
                else:
                    self.assertTrue(any(expected in finding for finding in found),
                                    f"expected {expected!r}, found {found}")


if __name__ == "__main__":
    unittest.main()
