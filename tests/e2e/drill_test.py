"""weir drill: a fault is put into a real stack and taken back, whatever happens in between.

WEIR names the binary; timeline lies beside it. The phases are short: what drills find is for `weir drill` itself.
"""

import json
import pathlib
import signal
import subprocess
import tempfile
import unittest

from harness.ports import free_port
from harness.waiting import PATIENCE, wait_for
from harness.weir import WEIR, run
from harness.wire import ask

DRILL = {
    "title": "One instance is killed",
    "remedy": "the retry hid it",
    "hypothesis": ["errors < 20%"],
    "load": {"rate": 40, "ids": {"user": {"count": 100}}},
    "phases": {"warm_up": "1s", "before": "2s", "during": "3s", "after": "12s"},
    "blast_radius": {"instances": 1, "failed": "100%"},
    "abort": {"errors": "99%", "for": "10s"},
    "faults": {"kind": "kill"},
    # Round robin, so that each instance is asked soon enough to be missed: P2C may ask one of three hardly ever.
    "arms": [{"name": "with", "cluster": {"slow_start": "off", "policy": "round_robin"}}],
    "expect": ["with.during.errors < 50%", "with.detect < 3s"],
}


class Drills(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="weir-drill-")
        self.addCleanup(temporary.cleanup)
        self.directory = pathlib.Path(temporary.name)
        self.up = None

    def file(self, **changes):
        path = self.directory / "drill.yaml"
        path.write_text(json.dumps(DRILL | changes))
        return path

    def start_stack(self):
        self.admin = free_port()
        self.data = self.directory / "data"
        self.up = subprocess.Popen(
            [WEIR, "up", "--users", "200", "--port", str(free_port()), "--admin", f"127.0.0.1:{self.admin}", "--data",
             self.data], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(self.end_stack)
        self.assertTrue(wait_for(lambda: self.healthy()), "the stack did not begin to serve")
        self.original = (self.data / "weir.yaml").read_text()

    def end_stack(self):
        self.up.terminate()
        self.up.wait(PATIENCE)

    def get(self, target):
        try:
            answer = ask(self.admin, "GET", target, host="127.0.0.1")
        except OSError:
            return None
        return json.loads(answer.body) if answer.status == 200 else None

    def healthy(self):
        said = self.get("/endpoints")
        return said and all(each["state"] == "healthy" for each in said["clusters"][0]["endpoints"])

    def drill(self, *arguments):
        return subprocess.Popen([WEIR, "drill", *map(str, arguments), "--on", f"127.0.0.1:{self.admin}"],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self, process):
        said, _ = process.communicate(timeout=2 * PATIENCE)
        return process.returncode, said

    def assert_restored(self):
        self.assertEqual((self.data / "weir.yaml").read_text(), self.original, "the configuration file")
        self.assertTrue(wait_for(lambda: self.healthy()), self.get("/endpoints"))
        stack = self.get("/stack")
        for each in stack["instances"]:
            self.assertGreater(each["pid"], 0, stack)

    def test_a_killed_instance_is_missed_found_and_back(self):
        self.start_stack()
        page, figures = self.directory / "page.html", self.directory / "figures.json"
        status, said = self.finish(self.drill(self.file(), "--html", page, "--json", figures))
        self.assertEqual(status, 0, said)
        self.assertIn("holds: the retry hid it", said)
        self.assert_restored()
        found = json.loads(figures.read_text())
        labels = [each["label"] for each in found["arms"][0]["marks"]]
        self.assertEqual(["kill app-3", "everything taken back"], labels)
        self.assertTrue(any(one["state"] != "healthy" for sample in found["arms"][0]["samples"]
                            for one in sample["endpoints"]), "nobody was ever unhealthy")
        text = page.read_text()
        self.assertIn("kill app-3", text)
        self.assertIn("in flight at each endpoint", text)
        self.assertRegex(found["arms"][0]["configuration"], "^[0-9a-f]{16}$")
        self.assertIn(found["arms"][0]["configuration"], text)
        self.assertNotIn("<script", text)

    def test_an_expectation_that_fails_is_named(self):
        self.start_stack()
        status, said = self.finish(self.drill(self.file(expect=["with.during.good > 4000"])))
        self.assertEqual(status, 1, said)
        self.assertRegex(said, r"fails: with: good during the fault: \S+, expected > 4000")
        self.assert_restored()

    def test_reloads_and_moved_paths_are_counted(self):
        self.start_stack()
        figures = self.directory / "figures.json"
        status, said = self.finish(self.drill(self.file(
            faults=[{"kind": "reload", "every": "200ms", "for": "1s"}, {"kind": "use", "endpoints": 3, "at": "1500ms"}],
            arms=[{"name": "with", "endpoints": 2, "cluster": {"policy": "ring_hash", "hash_on": "path", "bounded_load": "off",
                                                               "slow_start": "off"}}],
            expect=["with.during.reloads > 0.95 * with.during.asked", "with.before.moved < 0.5%",
                    "with.keys_moved > 1%", "with.keys_moved < 99%"]), "--json", figures))
        self.assertEqual(status, 0, said)
        during = json.loads(figures.read_text())["arms"][0]["phases"]["during"]
        self.assertEqual(during["asked"], 5)
        self.assertEqual(during["reloads"], 6, "five that were asked for, and the one that added an endpoint")
        self.assert_restored()

    def test_ctrl_c_takes_everything_back(self):
        self.start_stack()
        process = self.drill(self.file(phases=DRILL["phases"] | {"during": "60s"}))
        self.assertTrue(wait_for(lambda: any(each["pid"] == 0 for each in self.get("/stack")["instances"])))
        process.send_signal(signal.SIGINT)
        status, said = self.finish(process)
        self.assertEqual(status, 3, said)
        self.assertIn("interrupted", said)
        self.assert_restored()

    def test_an_abort_condition_ends_it(self):
        self.start_stack()
        status, said = self.finish(self.drill(self.file(
            faults={"kind": "application", "instances": "all", "errors": "100%"},
            blast_radius={"instances": "all", "failed": "100%"}, abort={"errors": "50%", "for": "2s"},
            phases=DRILL["phases"] | {"during": "60s"})))
        self.assertEqual(status, 3, said)
        self.assertIn("aborted: errors above 50 % for 2s", said)
        self.assert_restored()

    def test_without_a_steady_state_nothing_is_broken(self):
        self.start_stack()
        status, said = self.finish(self.drill(self.file(hypothesis=["p50 < 0.001ms"])))
        self.assertEqual(status, 3, said)
        self.assertIn("no steady state to begin with", said)
        self.assertNotIn("kill app-3\n", said.split("arm with")[1])
        self.assert_restored()

    def test_a_stack_of_its_own_goes_with_it(self):
        status = run("drill", self.file(phases={"warm_up": "1s", "before": "2s", "during": "2s", "after": "12s"}), "--json",
                     "-", timeout=2 * PATIENCE)
        self.assertEqual(status.returncode, 0, status.stderr)
        self.assertEqual(json.loads(status.stdout)["status"], "holds")


class CommandLine(unittest.TestCase):
    """Rows: message, arguments, status, what is said."""

    def test_rows(self):
        rows = [
            ("the list", ["drill", "list"], 0, "kill-instance"),
            ("an unknown name", ["drill", "kil-instance"], 2, "did you mean kill-instance?"),
            ("a file that is not there", ["drill", "./none.yaml"], 2, "none.yaml"),
            ("nobody at the address", ["drill", "kill-instance", "--on", "127.0.0.1:1"], 2, "no stack of weir up there"),
            ("no address", ["drill", "kill-instance", "--on", "x"], 2, "--on"),
            ("a proxy to nowhere", ["drill", "proxy", "--to", "nowhere"], 2, "--to"),
            ("a proxy with a wrong delay", ["drill", "proxy", "--to", "127.0.0.1:1", "--delay", "5"], 2, "--delay"),
        ]
        for message, arguments, status, expected in rows:
            with self.subTest(message):
                done = run(*arguments)
                self.assertEqual(done.returncode, status, done.stdout + done.stderr)
                self.assertIn(expected, done.stdout + done.stderr)

    def test_a_wrong_file_says_where(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "d.yaml"
            path.write_text("title: t\nfaults: {kind: kil}\n")
            done = run("drill", path)
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"{path}:2:16: faults[0].kind: unknown kind \"kil\"", done.stderr)


if __name__ == "__main__":
    unittest.main()
