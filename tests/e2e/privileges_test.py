"""What Weir gives up: root, capabilities, system calls. Started as root it opens its ports and then is nobody."""

import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import unittest

from harness.case import Case
from harness.load import Load
from harness.weir import WEIR, run
from harness.wire import ask

USER = "nobody"
NET_BIND_SERVICE = 1 << 10
needs_root = unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else: run as root")


def free_low_port():
    """One below 1024 that nobody has."""
    for port in range(1023, 600, -1):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise unittest.SkipTest("no port below 1024 is free")


class PrivilegesCase(Case):
    def setUp(self):
        super().setUp()
        self.directory.chmod(0o755)
        (self.directory / "logs").mkdir()

    @property
    def log_path(self):
        return self.directory / "logs" / "access.log"

    def privileged(self, user=USER, **more):
        """A configuration that the user can read, and a directory for logs that is his."""
        shutil.chown(self.directory / "logs", user)
        return self.config([self.upstream("a")], privileges={"user": user}, **more)

    def threads(self):
        """/proc's status of every thread, as dicts."""
        for task in pathlib.Path(f"/proc/{self.proxy.process.pid}/task").iterdir():
            lines = (task / "status").read_text().splitlines()
            yield {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}

    def assert_unprivileged(self, capabilities=0, filters=1):
        uid, gid = pwd.getpwnam(USER).pw_uid, pwd.getpwnam(USER).pw_gid
        seen = list(self.threads())
        self.assertGreater(len(seen), 2, "workers and more")
        for each in seen:
            self.assertEqual([str(uid)] * 4, each["Uid"].split(), each["Name"])
            self.assertEqual([str(gid)] * 4, each["Gid"].split(), each["Name"])
            self.assertNotIn("0", each["Groups"].split(), each["Name"])
            self.assertEqual("1", each["NoNewPrivs"], each["Name"])
            self.assertEqual("2" if filters else "0", each["Seccomp"], each["Name"])
            self.assertIn(int(each["CapEff"], 16), (0, capabilities), each["Name"])
            self.assertIn(int(each["CapPrm"], 16), (0, capabilities), each["Name"])
        main = next(each for each in seen if each["Pid"] == str(self.proxy.process.pid))
        for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd"):
            self.assertEqual(capabilities, int(main[kind], 16), kind)
        if filters:
            # A worker takes on its own as its thread begins, which may be after the process has said that it is ready.
            self.eventually(lambda: filters + 1 == max(int(each["Seccomp_filters"]) for each in self.threads()),
                            "workers have one more")


@needs_root
class FromRoot(PrivilegesCase):
    def test_all_threads_give_up_everything(self):
        self.proxy = self.weir(self.privileged(workers=2))
        self.assert_unprivileged()
        self.assert_status(200, self.ask())
        self.assertIn(f"runs as {USER}, system calls are filtered", self.proxy.stderr())
        self.assertNotIn("running as root", self.proxy.stderr())

    def test_a_low_port_is_opened_and_a_reload_may_open_another(self):
        low, other = free_low_port(), None
        config = self.privileged(workers=2)
        config["listeners"][0]["http"] = f"127.0.0.1:{low}"
        self.proxy = self.weir(config)
        self.assert_unprivileged(capabilities=NET_BIND_SERVICE)
        self.assert_status(200, ask(low, "GET", "/"))
        other = free_low_port()
        config["listeners"].append(config["listeners"][0] | {"name": "other", "http": f"127.0.0.1:{other}"})
        self.proxy.write(config)
        self.proxy.post("/reload")
        self.eventually(lambda: ask(other, "GET", "/").status == 200, "the new one serves")

    def test_without_a_low_port_a_reload_can_open_none(self):
        config = self.privileged(workers=1)
        self.proxy = self.weir(config)
        low = free_low_port()
        config["listeners"].append(config["listeners"][0] | {"name": "low", "http": f"127.0.0.1:{low}"})
        self.proxy.write(config)
        answer = self.proxy.admin("POST", "/reload")
        self.assert_status(409, answer)
        self.assertIn(f"listener 127.0.0.1:{low}: ", json.loads(answer.body)["error"])
        self.assertIn("Permission denied", json.loads(answer.body)["error"])
        self.assert_status(200, self.ask())

    def test_logs_are_opened_anew_after_a_rotation(self):
        self.proxy = self.weir(self.privileged(workers=1))
        self.ask("GET", "/before")
        self.eventually(lambda: "/before" in self.log_path.read_text(), "it is logged")
        self.assertEqual(USER, self.log_path.owner())
        self.log_path.rename(self.log_path.with_suffix(".1"))
        self.proxy.signal(signal.SIGHUP)
        self.eventually(self.log_path.exists, "the file is there again")
        self.ask("GET", "/after")
        self.eventually(lambda: "/after" in self.log_path.read_text(), "and is written to")
        self.assertEqual(USER, self.log_path.owner())
        self.assertNotIn("cannot be", self.proxy.stderr())

    def test_what_a_reload_will_not_be_able_to_read_is_told_at_once(self):
        config = self.privileged(workers=1, admin_token_file="token")
        token = self.directory / "token"
        token.write_text("correct-horse-battery-staple")
        token.chmod(0o600)
        (self.directory / "logs").chmod(0o700)
        shutil.chown(self.directory / "logs", "root")
        self.proxy = self.weir(config)
        self.assertIn(f"token cannot be read as {USER}: reloads will be refused", self.proxy.stderr())
        self.assertIn(f"access.log cannot be written as {USER}", self.proxy.stderr())
        self.proxy.signal(signal.SIGHUP)
        self.eventually(lambda: "token: cannot be opened: Permission denied" in self.proxy.stderr(),
                        "the reload is refused, and says why")
        self.assert_status(200, self.ask())

    def test_an_upgrade_goes_on_within_the_cage(self):
        self.assertTrue(os.access(WEIR, os.X_OK))
        if subprocess.run(["setpriv", "--reuid", USER, "--clear-groups", WEIR, "--help"], capture_output=True,
                          check=False).returncode != 0:
            self.skipTest(f"{USER} cannot execute {WEIR}: a directory above it is closed to him")
        low = free_low_port()
        config = self.privileged(workers=2)
        config["listeners"][0]["http"] = f"127.0.0.1:{low}"
        self.proxy = self.weir(config)
        before = self.proxy.process.pid
        done = self.proxy.upgrade()
        self.assertEqual(0, done.returncode, f"{done}\n{self.proxy.stderr()}")
        self.assertNotEqual(before, self.proxy.process.pid)
        self.assert_unprivileged(capabilities=NET_BIND_SERVICE)  # the filter is inherited, not added to
        self.assert_status(200, ask(low, "GET", "/"))

    def test_the_filter_can_be_left_off(self):
        config = self.privileged(workers=1)
        config["privileges"]["seccomp"] = False
        self.proxy = self.weir(config)
        self.assert_unprivileged(filters=0)
        self.assertIn("system calls are not filtered", self.proxy.stderr())

    def test_load_reload_and_drain_go_as_ever(self):
        config = self.privileged(workers=2, cluster={"health_check": {"http": "/healthz", "interval": "50ms"}})
        self.proxy = self.weir(config)
        with Load(self.port, threads=4) as load:
            for i in range(3):
                self.eventually(lambda: len(load.answers) > 50 * (i + 1), "answers come")
                config["clusters"]["app"]["slow_start"] = f"{i + 1}s"
                self.proxy.write(config)
                self.proxy.post("/reload")
        self.assertEqual([], load.failed(), load.text())
        self.assertEqual(0, self.proxy.end())

    def test_files_with_endpoints_and_names_are_still_found(self):
        a = self.upstream("a")
        listed = self.directory / "endpoints.json"
        listed.write_text(json.dumps([a.address]))
        config = self.config([{"file": str(listed)}], privileges={"user": USER}, workers=1)
        shutil.chown(self.directory / "logs", USER)
        self.proxy = self.weir(config)
        self.assert_status(200, self.ask())
        b = self.upstream("b")
        fresh = listed.with_suffix(".new")
        fresh.write_text(json.dumps([b.address]))
        fresh.replace(listed)
        self.eventually(lambda: self.ask().body == b"b", "the change is seen")

    def test_who_cannot_be_taken_on(self):
        for privileges, words in (({"user": "no-such-user"}, 'privileges.user: there is no user "no-such-user"'),
                                  ({"user": "root"}, "privileges.user: root is who has all privileges"),
                                  ({"user": USER, "group": "no-such"}, 'privileges.group: there is no group "no-such"')):
            path = self.directory / "weir.yaml"
            path.write_text(json.dumps(self.config(["127.0.0.1:1"], admin="off", privileges=privileges)))
            done = run("run", "-c", str(path))
            self.assertEqual(1, done.returncode, done.stderr)
            self.assertIn(words, done.stderr)

    def test_root_that_stays_root_is_warned(self):
        self.proxy = self.weir(self.config([self.upstream()]))
        self.assertIn("running as root: name an unprivileged user as privileges.user", self.proxy.stderr())


@unittest.skipIf(os.geteuid() == 0, "as somebody who is not root")
class NotRoot(PrivilegesCase):
    def test_only_root_can_become_somebody(self):
        path = self.directory / "weir.yaml"
        path.write_text(json.dumps(self.config(["127.0.0.1:1"], admin="off", privileges={"user": USER})))
        done = run("run", "-c", str(path))
        self.assertEqual(1, done.returncode)
        self.assertIn(f"only root can become {USER}", done.stderr)


if __name__ == "__main__":
    unittest.main()
