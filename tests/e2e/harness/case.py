"""The frame of a story: what it starts ends with it, by process id, and what fails says what was seen."""

import pathlib
import shutil
import tempfile
import unittest

from harness.ports import free_port
from harness.upstream import Upstream, UpstreamProcess, ok
from harness.waiting import PATIENCE, wait_for
from harness.weir import SANITIZED, Weir
from harness.wire import Client, ask

# Quick to judge and to recover, so that a story takes seconds. Stories about the defaults leave these alone.
QUICK_EJECTION = {"base_ejection": "500ms", "max_ejection": "1s"}


class Case(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="weir-e2e-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.port = free_port()

    def upstream(self, name="a", behaviour=ok, **options):
        endpoint = Upstream(name, behaviour, **options)
        self.addCleanup(endpoint.stop)
        return endpoint

    def process(self, name, *arguments, **options):
        endpoint = UpstreamProcess(name, free_port(), *map(str, arguments), **options)
        self.addCleanup(endpoint.stop)
        return endpoint

    def config(self, endpoints, *, cluster=None, route=None, listener=None, **top):
        """One listener, one route, one cluster named app; the log goes to a file. No slow start unless the story is
        about it: it blurs what is counted."""
        addresses = [each if isinstance(each, (str, dict)) else each.address for each in endpoints]
        return {"listeners": [{"name": "web", "http": f"127.0.0.1:{self.port}", "access_log": str(self.log_path),
                               "routes": [{"to": "app"} | (route or {})]} | (listener or {})],
                "clusters": {"app": {"endpoints": addresses, "slow_start": "off"} | (cluster or {})},
                "drain_timeout": "5s"} | top

    @property
    def log_path(self):
        return self.directory / "access.log"

    def weir(self, config, **options):
        proxy = Weir(self.directory, config, **options)
        self.addCleanup(self._end, proxy)
        return proxy.start()

    def _end(self, proxy):
        """Ends it as an operator would; whatever the story, it must have lived until then and leave with 0."""
        status = proxy.process.poll()
        if status is not None:
            proxy.close()
        else:
            for client in getattr(self, "_clients", []):
                client.close()
            try:
                status = proxy.end()
            except Exception as error:  # whatever happened, nothing may stay behind
                proxy.kill()
                self.fail(f"SIGTERM: {error}\n{proxy.stderr()}")
            finally:
                proxy.close()
        for process in proxy.former:
            process.wait(PATIENCE)
        if status != 0:
            self.fail(f"weir ended with {status}\n{proxy.stderr()[-4000:]}")

    def client(self, port=None, **options):
        client = Client(port or self.port, **options)
        self._clients = getattr(self, "_clients", []) + [client]
        self.addCleanup(client.close)
        return client

    def ask(self, method="GET", target="/", *fields, **options):
        return ask(self.port, method, target, *fields, **options)

    def eventually(self, condition, what):
        """The condition's value once it is true; fails with what it was last."""
        value = wait_for(condition)
        if not value:
            self.fail(f"not within {PATIENCE} s: {what() if callable(what) else what}; last seen: {value!r}")
        return value

    def assert_status(self, expected, response, message=""):
        self.assertEqual(expected, response.status,
                         f"{message}: {response.start} {response.fields} {response.body[:300]!r}")

    def assert_memory(self, kib, limit_kib, message=""):
        """Bounded memory. Sanitizers keep what was freed for a while, which hides nothing but how little it was."""
        self.assertLess(kib, limit_kib + (512 * 1024 if SANITIZED else 0), message)
