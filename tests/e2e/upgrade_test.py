"""The binary is replaced while it serves: no request fails, what does not become ready is no harm, what was said of
endpoints is not forgotten, and nothing piles up."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import threading
import time
import unittest

from harness.case import Case
from harness.certificates import Authority, TlsClient
from harness.http2 import Http2Client
from harness.load import Load
from harness.ports import free_port
from harness.upstream import gated, hang_up, ok
from harness.waiting import PATIENCE
from harness.weir import WEIR
from harness.websocket import CLOSING, TEXT, WebSocket, echoing
from harness.wire import Client, Closed


class KeepAlive(Load):
    """As every client of HTTP/1: a connection that was closed while nothing was asked is no failure, another one is
    (RFC 9112 section 9.3.1)."""

    def _run(self):
        client, fresh = None, True
        while not self._ending.is_set():
            try:
                if client is None:
                    client, fresh = Client(self.port), True
                response = client.ask()
                self._note(response.status, response.get("x-instance", ""), response.get("x-weir-refusal", ""))
                fresh = False
                if response.get("connection") == "close":
                    client.close()
                    client = None
            except (OSError, Closed) as error:
                if fresh or client is None or client.buffer:
                    self._note(0, "", repr(error))
                if client is not None:
                    client.close()
                client = None


class Http2Load(Load):
    """One request after the other on a connection of HTTP/2, on a new one after GOAWAY. A stream beyond the last that
    GOAWAY names was not looked at, and may be sent again (RFC 9113 section 6.8)."""

    def _run(self):
        client = None
        while not self._ending.is_set():
            try:
                client = client or Http2Client(self.port)
                stream = client.ask("/")
                while stream not in client.ended and not client.gone:
                    client.read()
                refused = any(stream > last for last, _ in client.goaways)
                if stream in client.ended or not refused:
                    self._note(200 if client.bodies.get(stream) == b"a" else 0, "", f"{client.goaways} {client.resets}")
                if client.goaways or client.gone:
                    client.close()
                    client = None
            except OSError as error:
                self._note(0, "", repr(error))
                client = None


class UpgradeCase(Case):
    def script(self, text):
        path = self.directory / "weir-next"
        path.write_text("#!/bin/sh\n" + text + "\n")
        path.chmod(0o755)
        return path

    def assert_upgraded(self, proxy, *arguments):
        before = proxy.process.pid
        done = proxy.upgrade(*arguments)
        self.assertEqual(0, done.returncode, f"{done}\n{proxy.stderr()}")
        self.assertIn(f"process {proxy.process.pid}", done.stdout)
        self.assertNotEqual(before, proxy.process.pid)
        return done

    def assert_rolled_back(self, proxy, expected, *arguments):
        before = proxy.process.pid
        done = proxy.upgrade(*arguments)
        self.assertEqual(1, done.returncode, f"{done}\n{proxy.stderr()}")
        self.assertIn(expected, done.stderr)
        self.assertEqual(before, proxy.process.pid)
        self.assertEqual([], self.children(proxy))

    @staticmethod
    def children(proxy):
        return [pid for task in pathlib.Path(f"/proc/{proxy.process.pid}/task").iterdir()
                for pid in (task / "children").read_text().split()]

    @contextlib.contextmanager
    def no_failure(self, *kinds):
        """Load of these kinds; each must have been answered often, and never otherwise than well."""
        with contextlib.ExitStack() as stack:
            loads = [stack.enter_context(kind) for kind in kinds]
            for load in loads:
                self.eventually(lambda load=load: len(load.answers) > 20, load.text)
            yield loads
            since = time.monotonic()
            for load in loads:
                self.eventually(lambda load=load: len(load.since(since)) > 20, load.text)
        for load in loads:
            self.assertEqual([], load.failed()[:5], f"{type(load).__name__}: {load.text()}")


class Upgrades(UpgradeCase):
    def test_nobody_notices(self):
        a = self.process("a")
        proxy = self.weir(self.config([a], workers=2))
        with self.no_failure(KeepAlive(self.port, 6), Load(self.port, 3, per_connection=1), Http2Load(self.port, 2)):
            for _ in range(4):
                self.assert_upgraded(proxy)
        for former in proxy.former:
            self.assertEqual(0, former.wait(PATIENCE), proxy.stderr())
        lines = self.log_path.read_text().splitlines()
        self.assertTrue(all(json.loads(line)["status"] == 200 for line in lines), "both wrote whole lines")

    def test_another_number_of_workers(self):
        """Sockets that a smaller process would not serve keep their share of new connections."""
        a = self.process("a")
        config = self.config([a], workers=3)
        proxy = self.weir(config)
        with self.no_failure(Load(self.port, 4, per_connection=1)) as (load,):
            for workers in (1, 4, 2):
                proxy.write(config | {"workers": workers})
                self.assert_upgraded(proxy)
                self.assertEqual(workers, proxy.metric("weir_workers"))
                since = time.monotonic()
                self.eventually(lambda: len(load.since(since)) > 100, load.text)

    def test_listeners_come_and_go_with_the_configuration(self):
        a = self.upstream("a", ok)
        config = self.config([a])
        proxy = self.weir(config)
        other = free_port()
        listeners = config["listeners"]
        proxy.write(config | {"listeners": [*listeners, listeners[0] | {"name": "b", "http": f"127.0.0.1:{other}"}]})
        self.assert_upgraded(proxy)
        for port in (self.port, other):
            self.assertEqual(b"a", self.client(port).ask().body)
        proxy.write(config)
        self.assert_upgraded(proxy)
        self.assertEqual(b"a", self.ask().body)
        self.eventually(lambda: not self.listens(other), "the old process closes what nobody names")

    @staticmethod
    def listens(port):
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", port)) == 0

    def test_a_new_file_in_the_binarys_place(self):
        """What package managers do: the running program's file is gone, its name leads to the new one."""
        binary = self.directory / "weir"
        shutil.copy(WEIR, binary)
        proxy = self.weir(self.config([self.upstream("a", ok)]), binary=binary)
        shutil.copy(WEIR, self.directory / "fresh")
        (self.directory / "fresh").replace(binary)
        self.assertIn("(deleted)", os.readlink(f"/proc/{proxy.process.pid}/exe"))
        self.assert_upgraded(proxy)
        self.assertEqual(str(binary), os.readlink(f"/proc/{proxy.process.pid}/exe"))
        self.assertEqual(b"a", self.ask().body)

    def test_a_signal_does_it_too(self):
        proxy = self.weir(self.config([self.upstream("a", ok)]))
        proxy.signal(signal.SIGUSR2)
        self.eventually(lambda: json.loads(proxy.admin("GET", "/upgrade").body)["pid"] != proxy.process.pid,
                        proxy.stderr)
        proxy.follow()
        self.assertEqual(b"a", self.ask().body)

    def test_a_tunnel_lives_on(self):
        a = self.upstream("a", echoing)
        proxy = self.weir(self.config([a], route={"upgrade": {"drain_timeout": "120s"}}, drain_timeout="120s"))
        live = WebSocket(self.client(), "/live")
        self.assertEqual((TEXT, b"a"), live.receive())
        self.assert_upgraded(proxy)
        old, = proxy.former
        for size in (1, 70_000):
            self.assertTrue(live.echo(b"x" * size), "the old process relays it")
        self.assertIsNone(old.poll())
        newer = WebSocket(self.client(), "/live")
        self.assertEqual((TEXT, b"a"), newer.receive())
        live.send(CLOSING)
        self.assertEqual(CLOSING, live.receive()[0])
        self.assertEqual(0, old.wait(PATIENCE), proxy.stderr())
        self.assertTrue(newer.echo(b"still there"))

    def test_a_request_in_flight_is_answered_by_the_old_process(self):
        gate = threading.Event()
        a = self.upstream("a", gated(gate))
        proxy = self.weir(self.config([a], drain_timeout="120s", workers=1))
        slow, silent = self.client(), self.client()
        slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        self.eventually(lambda: "/slow" in a.targets, "it has arrived")
        self.assert_upgraded(proxy)
        self.assertEqual(b"", silent.to_end(), "the old worker drains")
        gate.set()
        response = slow.response()
        self.assertEqual((200, b"a", "close"), (response.status, response.body, response.get("connection")))
        self.assertEqual(0, proxy.former[0].wait(PATIENCE))

    def test_nothing_piles_up(self):
        a = self.process("a")
        proxy = self.weir(self.config([a], workers=2))
        self.assert_upgraded(proxy)
        self.assertEqual(200, self.ask().status)
        self.assertEqual(0, proxy.former[-1].wait(PATIENCE))
        fds, pids = proxy.fds(), set()
        for _ in range(9):
            self.assert_upgraded(proxy)
            self.assertEqual(200, self.ask().status)
            self.assertEqual(0, proxy.former[-1].wait(PATIENCE), proxy.stderr())
            pids.add(proxy.process.pid)
        self.eventually(lambda: proxy.fds() <= fds, lambda: f"{proxy.fds()} descriptors, {fds} in the beginning")
        self.assertEqual(9, len(pids))
        self.assertEqual([], self.children(proxy))
        self.assertEqual([proxy.process.pid], self.processes())

    def processes(self):
        """Of this story's configuration."""
        found = []
        for each in pathlib.Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if each.name.isdigit() and str(self.directory).encode() in (each / "cmdline").read_bytes():
                    found.append(int(each.name))
        return found

    def test_what_was_said_of_endpoints_holds(self):
        a, b, c, d = (self.upstream(name, ok) for name in "abcd")
        c.behaviour = hang_up
        config = self.config([a, b, c, d], cluster={"outlier_detection": {"base_ejection": "300s"}})
        proxy = self.weir(config)
        proxy.post(f"/drain?endpoint={a.address}")
        proxy.post(f"/weight?endpoint={b.address}&weight=7")
        with Load(self.port, 2):
            self.eventually(lambda: proxy.endpoint(c)["state"] == "ejected", lambda: proxy.endpoint(c))
        why = proxy.endpoint(c)["why"]
        self.assert_upgraded(proxy)
        self.assertEqual(("draining", 7), (proxy.endpoint(a)["state"], proxy.endpoint(b)["weight"]))
        self.assertEqual(("ejected", why), (proxy.endpoint(c)["state"], proxy.endpoint(c)["why"]))
        seen = len(c.requests)
        for _ in range(20):
            self.assert_status(200, self.ask())
        self.assertEqual(seen, len(c.requests))


    def test_tls_sessions_are_resumed(self):
        authority = Authority(self.directory / "ca")
        certificate = authority.issue("localhost", "localhost", "IP:127.0.0.1")
        proxy = self.weir(self.config([self.upstream("a", ok)], listener={"tls": certificate}))
        context = authority.context()
        with TlsClient(self.port, context) as client:
            client.ask()
            session = client.sock.session
        self.assert_upgraded(proxy)
        for _ in range(8):  # whichever process has it: the old one is gone at last
            with TlsClient(self.port, context, session=session) as client:
                self.assertEqual(b"a", client.ask().body)
                self.assertTrue(client.sock.session_reused)
        self.assertEqual(0, proxy.former[0].wait(PATIENCE))
        with TlsClient(self.port, context, session=session) as client:
            self.assertTrue(client.sock.session_reused)


class Rollbacks(UpgradeCase):
    def test_what_does_not_become_ready_is_no_harm(self):
        a = self.process("a")
        config = self.config([a], workers=2, upgrade={"ready_timeout": "1s"})
        proxy = self.weir(config)
        self.ask()
        fds = proxy.fds()
        with self.no_failure(KeepAlive(self.port, 3), Load(self.port, 2, per_connection=1)):
            self.assert_rolled_back(proxy, "exit status 3", "--binary", self.script("exit 3"))
            self.assert_rolled_back(proxy, "signal 9", "--binary", self.script("kill -9 $$"))
            self.assert_rolled_back(proxy, "not ready within 1s", "--binary", self.script("sleep 1000 & wait"))
            self.assert_rolled_back(proxy, "absent", "--binary", self.directory / "absent")
            path = self.script("exit 0")
            path.chmod(0o777)
            self.assert_rolled_back(proxy, "can be written by others", "--binary", path)
            proxy.write(json.dumps({"clusters": {"app": [a.address]}, "listeners": [{"http": "nonsense"}]}))
            self.assert_rolled_back(proxy, "weir.yaml:1")
            taken = socket.create_server(("127.0.0.1", 0))
            self.addCleanup(taken.close)
            listener = config["listeners"][0] | {"name": "b", "http": f"127.0.0.1:{taken.getsockname()[1]}"}
            proxy.write(config | {"listeners": [*config["listeners"], listener]})
            self.assert_rolled_back(proxy, "in use")
            proxy.write(config)
            self.assert_upgraded(proxy)
        self.eventually(lambda: proxy.fds() <= fds + 8, lambda: f"{proxy.fds()} descriptors, {fds} before")

    def test_one_at_a_time(self):
        a = self.upstream("a", ok)
        proxy = self.weir(self.config([a], upgrade={"ready_timeout": "120s"}))
        waits = self.script("exec sleep 1000")
        started = threading.Thread(target=proxy.ctl, args=("upgrade", "--binary", waits), daemon=True)
        started.start()
        self.eventually(lambda: self.children(proxy), proxy.stderr)
        done = proxy.ctl("upgrade")
        self.assertEqual(1, done.returncode, done)
        self.assertIn("under way", done.stderr)
        done = proxy.ctl("drain", a.address)
        self.assertNotEqual(0, done.returncode, "it would be forgotten")
        self.assertIn("under way", done.stderr)
        self.assertEqual(409, proxy.admin("POST", "/reload").status)
        child, = self.children(proxy)
        self.assertEqual(0, proxy.end(), proxy.stderr())
        self.assertFalse(pathlib.Path(f"/proc/{child}").exists(), "it ends with the process that started it")
        started.join(PATIENCE)

    def test_not_while_it_drains(self):
        gate = threading.Event()
        a = self.upstream("a", gated(gate))
        proxy = self.weir(self.config([a], drain_timeout="120s"))
        client = self.client()
        client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        self.eventually(lambda: a.requests, "it has arrived")
        proxy.signal(signal.SIGTERM)
        self.eventually(lambda: "draining" in proxy.stderr(), proxy.stderr)
        done = proxy.ctl("upgrade")
        self.assertEqual(1, done.returncode, done)
        self.assertIn("draining", done.stderr)
        gate.set()
        self.assertEqual(200, client.response().status)


class Around(UpgradeCase):
    def test_the_admin_interface_may_move(self):
        proxy = self.weir(self.config([self.upstream("a", ok)]))
        config, before = json.loads(proxy.path.read_text()), proxy.admin_port
        proxy.admin_port = free_port()
        proxy.write(config | {"admin": f"127.0.0.1:{proxy.admin_port}"})
        moved, proxy.admin_port = proxy.admin_port, before
        done = proxy.ctl("upgrade")
        self.assertEqual(0, done.returncode, f"{done}\n{proxy.stderr()}")
        proxy.admin_port = moved
        proxy.follow()
        self.assertEqual(200, proxy.admin("GET", "/healthz").status)

    def test_systemd_is_told(self):
        path = self.directory / "notify"
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind(str(path))
        manager.settimeout(PATIENCE)

        def heard():
            return dict(line.split("=", 1) for line in manager.recv(4096).decode().splitlines())

        proxy = self.weir(self.config([self.upstream("a", ok)]), environment={"NOTIFY_SOCKET": str(path)})
        self.assertEqual("1", heard().get("READY"))
        proxy.signal(signal.SIGHUP)
        self.assertEqual("1", heard().get("RELOADING"))
        self.assertEqual("1", heard().get("READY"))
        self.assert_rolled_back(proxy, "exit status 1", "--binary", self.script("exit 1"))
        self.assertEqual("1", heard().get("RELOADING"))
        self.assertEqual("1", heard().get("READY"))
        self.assert_upgraded(proxy)
        self.assertEqual("1", heard().get("RELOADING"))
        said = heard()
        self.assertEqual((str(proxy.process.pid), "1"), (said.get("MAINPID"), said.get("READY")))
        client = self.client()
        client.send(b"GET / HTTP/1.1\r\n")  # keeps it from ending at once
        proxy.signal(signal.SIGTERM)
        self.assertEqual("1", heard().get("STOPPING"))
        refusals = proxy.stderr().count("reload refused")
        proxy.signal(signal.SIGHUP)
        self.eventually(lambda: proxy.stderr().count("reload refused") > refusals, proxy.stderr)
        client.close()
        self.assertEqual(0, proxy.process.wait(PATIENCE))
        manager.settimeout(0)
        self.assertRaises(BlockingIOError, manager.recv, 4096)  # a SIGHUP made no serving process of one that drains


if __name__ == "__main__":
    unittest.main()
