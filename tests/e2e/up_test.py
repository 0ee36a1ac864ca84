"""weir up: what it starts answers, and what it started is gone afterwards, whichever way it ends.

WEIR names the binary; timeline lies beside it.
"""

import http.client
import json
import os
import pathlib
import pty
import re
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from harness.ports import free_port
from harness.waiting import PATIENCE, wait_for

WEIR = os.environ.get("WEIR")

def until(condition, what):
    """Waits for a condition; what it returns once it holds."""
    value = wait_for(condition)
    if not value:
        raise AssertionError(f"not within {PATIENCE} s: {what}")
    return value


def children_of(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def lives(pid):
    """A zombie that nobody has reaped does not live."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def fetch(port, target, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


class Up:
    """One `weir up`, in a session of its own, as in a terminal of its own."""

    def __init__(self, temporary, *arguments, users=300, port=None, admin=None, **options):
        self.port = port or free_port()
        self.admin = admin or f"127.0.0.1:{free_port()}"
        self.process = subprocess.Popen(
            [WEIR, "up", "--users", str(users), "--port", str(self.port), "--admin", self.admin, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, "TMPDIR": str(temporary)}, **{"stdin": subprocess.DEVNULL, **options})
        self.said = {"out": "", "err": ""}
        self.readers = [threading.Thread(target=self.read, args=pair, daemon=True)
                        for pair in (("out", self.process.stdout), ("err", self.process.stderr))]
        for reader in self.readers:
            reader.start()

    def read(self, name, stream):
        for line in stream:
            self.said[name] += line

    @property
    def instances(self):
        """Name, port and fault port of each."""
        return [(name, int(port), int(fault)) for name, port, fault in re.findall(
            r"^timeline (\S+) +http://127\.0\.0\.1:(\d+) +faults http://127\.0\.0\.1:(\d+)/fault$", self.said["out"],
            re.M)]

    def ready(self):
        until(lambda: "ctrl-c ends everything\n" in self.said["out"] or self.process.poll() is not None, "a stack")
        if self.process.poll() is not None:
            raise AssertionError(f"it ended: {self.finish()}")
        return self

    def finish(self):
        """The exit status, and everything it said."""
        status = self.process.wait(PATIENCE)
        for reader in self.readers:
            reader.join(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()
        return status, self.said["out"], self.said["err"]


@unittest.skipUnless(WEIR, "WEIR does not name the binary")
class UpTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.temporary = pathlib.Path(directory.name) / "it's temporary"  # a name that needs quotes
        self.temporary.mkdir()

    def up(self, *arguments, **options):
        stack = Up(self.temporary, *arguments, **options)
        self.addCleanup(lambda: stack.process.poll() is not None or (stack.process.kill(), stack.finish()))
        return stack

    def leftovers(self):
        return [str(path) for path in self.temporary.iterdir()]

    def end_with_ctrl_c(self, stack):
        """To the whole foreground process group, as a terminal does."""
        children = children_of(stack.process.pid)
        os.killpg(stack.process.pid, signal.SIGINT)
        status, _, err = stack.finish()
        self.assertEqual(0, status, err)
        self.assertEqual([], [pid for pid in children if lives(pid)])
        return children

    def test_rung_2_serves_and_leaves_nothing_behind(self):
        stack = self.up().ready()
        self.assertEqual(["app-1", "app-2", "app-3"], [name for name, _, _ in stack.instances])

        status, _, body = fetch(stack.port, "/timeline/user2?limit=5")
        self.assertEqual((200, "user2", 5), (status, json.loads(body)["user"], len(json.loads(body)["posts"])))
        expected = {f"{name}:{port}" for name, port, _ in stack.instances}
        seen = set()
        until(lambda: seen.add(fetch(stack.port, "/")[1]["x-instance"]) or seen >= expected, "an answer from each")
        self.assertEqual(expected, seen)

        status, headers, body = fetch(stack.port, "/timeline/user2", accept="text/html")
        self.assertEqual((200, "text/html; charset=utf-8"), (status, headers["content-type"]))
        self.assertIn("<h1>timeline</h1>", body)
        for _, _, fault in stack.instances:
            self.assertEqual(200, fetch(fault, "/fault")[0])

        groups = {os.getpgid(pid) for pid in children_of(stack.process.pid)}
        self.assertNotIn(os.getpgid(stack.process.pid), groups, "ctrl-c is not for the instances to hear")
        self.assertEqual(3, len(self.end_with_ctrl_c(stack)))
        self.assertEqual([], self.leftovers())
        self.assertNotIn('"path"', stack.said["out"], "the access log is off unless asked for")

    def test_what_it_says_to_try_works(self):
        stack = self.up(users=1).ready()
        target = re.search(rf"try: curl http://127\.0\.0\.1:{stack.port}(/\S+)", stack.said["out"])[1]
        self.assertEqual(200, fetch(stack.port, target)[0])
        commands = re.findall(r"^weir +(?:admin|config) .*?   (\S.*)$", stack.said["out"], re.M)
        self.assertEqual(["endpoints", "reload"], [command.split()[-1] for command in commands])
        for command in commands:
            done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=PATIENCE, check=False)
            self.assertEqual(0, done.returncode, f"{command}: {done.stdout}{done.stderr}")
        self.end_with_ctrl_c(stack)

    def test_rung_1_is_one_instance(self):
        stack = self.up("--rung", "1", "--access-log", "stdout").ready()
        self.assertEqual(["app-1"], [name for name, _, _ in stack.instances])
        self.assertEqual(200, fetch(stack.port, "/timeline/user1")[0])
        self.assertEqual(1, len(self.end_with_ctrl_c(stack)))
        self.assertIn("/timeline/user1", stack.said["out"].partition("ctrl-c ends everything")[2])

    def test_killed_it_takes_its_instances_along(self):
        stack = self.up().ready()
        children = children_of(stack.process.pid)
        self.assertEqual(3, len(children))
        self.addCleanup(lambda: [os.kill(pid, signal.SIGKILL) for pid in children if lives(pid)])
        stack.process.kill()
        stack.finish()
        until(lambda: not any(map(lives, children)), "the instances end with it")

    def test_ctrl_c_while_it_seeds(self):
        stack = self.up(users=1_000_000)
        until(lambda: "timeline: users " in stack.said["err"], "seeding")
        children = children_of(stack.process.pid)
        os.killpg(stack.process.pid, signal.SIGINT)
        status, out, err = stack.finish()
        self.assertEqual((1, ""), (status, out))
        self.assertIn("weir: interrupted while seeding", err)
        self.assertEqual(([], []), ([pid for pid in children if lives(pid)], self.leftovers()))

    def test_a_hung_instance_is_ended_too(self):
        stack = self.up().ready()
        hung = children_of(stack.process.pid)[0]
        os.kill(hung, signal.SIGSTOP)
        self.end_with_ctrl_c(stack)
        self.assertEqual([], self.leftovers())

    def test_an_instance_that_dies_is_reported_and_can_be_started_again(self):
        stack = self.up().ready()
        name, port, _ = stack.instances[0]
        os.kill(children_of(stack.process.pid)[0], signal.SIGKILL)
        found = until(lambda: re.search(rf"{name} ended \(signal 9, Killed\).*yourself: (.*)\n", stack.said["err"]),
                      "a line about the death")
        self.assertNotIn(f"{name}:{port}", {fetch(stack.port, "/")[1]["x-instance"] for _ in range(20)})
        with subprocess.Popen(["sh", "-c", f"exec {found[1]}"], stderr=subprocess.PIPE, text=True) as again:
            try:
                self.assertIn(f"{name} serves http://127.0.0.1:{port}/", again.stderr.readline())
                self.assertEqual(200, fetch(port, "/timeline/user2")[0])
            finally:
                again.terminate()
        self.end_with_ctrl_c(stack)

    def test_sighup_reloads_the_file_that_it_shows(self):
        stack = self.up().ready()
        file = pathlib.Path(re.search(r"^weir +config +(.*?)   ", stack.said["out"], re.M)[1])
        name, port, _ = stack.instances[2]
        file.write_text(re.sub(r"endpoints: .*", f'endpoints: ["127.0.0.1:{port}"]', file.read_text()))
        os.kill(stack.process.pid, signal.SIGHUP)
        until(lambda: "configuration 2 is in force" in stack.said["err"], "a reload")
        self.assertEqual({f"{name}:{port}"}, {fetch(stack.port, "/")[1]["x-instance"] for _ in range(20)})
        self.end_with_ctrl_c(stack)

    def test_a_closed_terminal_ends_it(self):
        ours, theirs = pty.openpty()
        stack = self.up(stdin=theirs, preexec_fn=lambda: os.close(os.open(os.ttyname(theirs), os.O_RDWR))).ready()
        children = children_of(stack.process.pid)
        os.close(theirs)
        os.close(ours)
        stack.finish()
        self.assertEqual(([], []), ([pid for pid in children if lives(pid)], self.leftovers()))

    def test_two_at_once(self):
        stacks = [stack.ready() for stack in [self.up(), self.up()]]
        ports = [port for stack in stacks for _, *pair in stack.instances for port in pair]
        self.assertEqual(12, len(set(ports)), ports)
        for stack in stacks:
            self.assertEqual(200, fetch(stack.port, "/timeline/user2")[0])
        self.end_with_ctrl_c(stacks[0])
        self.assertEqual(200, fetch(stacks[1].port, "/timeline/user2")[0])
        self.end_with_ctrl_c(stacks[1])

    def test_kept_data(self):
        data = self.temporary / "kept"
        first = self.up("--data", str(data)).ready()
        status, _, err = (second := self.up("--data", str(data))).finish()
        self.assertEqual(1, status)
        self.assertIn("another weir up uses this directory", err)
        self.end_with_ctrl_c(first)
        key = (data / "timeline.key").read_text()

        again = self.up("--data", str(data), "--rung", "1").ready()
        self.assertIn("already seeded", again.said["err"])
        self.assertEqual(200, fetch(again.port, "/timeline/user2")[0])
        self.end_with_ctrl_c(again)
        self.assertEqual(key, (data / "timeline.key").read_text())

        (data / "weir.yaml").write_text("# mine\n")
        status, _, err = self.up("--data", str(data)).finish()
        self.assertEqual((1, "# mine\n"), (status, (data / "weir.yaml").read_text()), err)
        self.assertIn("was not written by weir up", err)

    def test_refusals(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            for message, expected_status, expected, arguments, options in [
                ("the port", 1, f"port {port} is in use .*choose another with --port\n", [], {"port": port}),
                ("the admin's port", 1, f"port {port} is in use .*choose another with --admin\n", [],
                 {"admin": f"127.0.0.1:{port}"}),
                ("no address", 1, "--admin 9901: an address is host:port", [], {"admin": "9901"}),
                ("nobody", 2, "--users", [], {"users": 0}),
                ("no instance", 2, "--instances", ["--instances", "0"], {}),
                ("rung 1 has one", 2, "rung 1 has one", ["--rung", "1", "--instances", "3"], {}),
                ("a rung that is not there", 2, "--rung", ["--rung", "3"], {}),
            ]:
                with self.subTest(message):
                    status, out, err = self.up(*arguments, **options).finish()
                    self.assertEqual((expected_status, ""), (status, out), err)
                    self.assertRegex(err, expected)
        self.assertEqual([], self.leftovers())


if __name__ == "__main__":
    unittest.main()
