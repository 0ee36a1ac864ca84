"""The systemd unit: systemd itself finds no fault with it, it is tight, and what it runs exists."""

import configparser
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from house_tree import ROOT

UNIT = ROOT / "packaging/weir.service"
WEIR = os.environ.get("WEIR")
# systemd's own score, 0 (nothing is possible) to 10; a service without any directive has 9.6.
EXPOSURE_MOST = 2.0
needs_systemd = unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")


def service(text=None):
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read_string(text or UNIT.read_text())
    return parser["Service"]


class Unit(unittest.TestCase):
    def analyze(self, verb, *arguments, text):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "weir.service"
            path.write_text(text)
            return subprocess.run(["systemd-analyze", verb, *arguments, str(path)], capture_output=True, text=True,
                                  timeout=60)

    @needs_systemd
    def test_systemd_understands_all_of_it(self):
        text = UNIT.read_text().replace("/usr/bin/weir", WEIR or "/bin/true")
        done = self.analyze("verify", "--man=no", text=text)
        said = [line for line in done.stderr.splitlines() if "weir.service" in line]
        self.assertEqual([], said)
        broken = self.analyze("verify", "--man=no", text=text.replace("ProtectSystem=strict", "ProtectSystems=strict"))
        self.assertIn("ProtectSystems", broken.stderr, "a misspelt directive is found")

    @needs_systemd
    def test_it_is_tight(self):
        done = self.analyze("security", "--offline=true", text=UNIT.read_text())
        found = re.search(r"exposure level for weir.service: ([\d.]+)", done.stdout)
        self.assertTrue(found, done.stdout + done.stderr)
        self.assertLessEqual(float(found.group(1)), EXPOSURE_MOST)

    def test_what_it_asks_for_is_there(self):
        unit = service()
        self.assertEqual(("notify", "all"), (unit["Type"], unit["NotifyAccess"]))
        self.assertEqual("/bin/kill -HUP $MAINPID", unit["ExecReload"])
        self.assertEqual(("CAP_NET_BIND_SERVICE",) * 2, (unit["AmbientCapabilities"], unit["CapabilityBoundingSet"]))
        for setting in ("ExecStart", "ExecStartPre"):
            program, verb, *_ = unit[setting].split()
            self.assertEqual("/usr/bin/weir", program)
            if WEIR:
                done = subprocess.run([WEIR, verb, "--help"], capture_output=True, text=True, timeout=60)
                self.assertEqual(0, done.returncode, f"weir {verb}")
                self.assertIn("-c", done.stdout)


if __name__ == "__main__":
    unittest.main()
