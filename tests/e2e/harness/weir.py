"""Weir as a process: configuration in, addresses and /proc out. Configurations are dicts (JSON is YAML), or text."""

import json
import mmap
import os
import pathlib
import resource
import signal
import subprocess

from harness import wire
from harness.ports import free_port
from harness.successor import Successor
from harness.waiting import PATIENCE, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[3]
WEIR = os.environ.get("WEIR") or str(ROOT / "build/release/weir")


def _is_sanitized():
    with open(WEIR, "rb") as binary, mmap.mmap(binary.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return text.find(b"__asan_init") >= 0 or text.find(b"__tsan_init") >= 0


SANITIZED = _is_sanitized()


def run(*arguments, timeout=PATIENCE):
    """A verb that ends by itself."""
    return subprocess.run([WEIR, *arguments], capture_output=True, text=True, timeout=timeout)


class Weir:
    def __init__(self, directory, config, open_files=None, stdout=None, binary=WEIR, environment=None):
        self.path = pathlib.Path(directory) / "weir.yaml"
        self.stderr_path = pathlib.Path(directory) / "stderr"
        self.stdout_path = pathlib.Path(directory) / "stdout"
        self.admin_port = free_port()
        self.write(config)
        self._open_files = open_files
        self._stdout = stdout  # "pipe": process.stdout, to be read or not; otherwise a file
        self._binary = binary
        self._environment = environment or {}
        self.process = None
        self.former = []  # processes that others have taken over from

    def write(self, config):
        """Replaces the configuration file as an editor would: at once."""
        if not isinstance(config, str):
            config = json.dumps({"admin": f"127.0.0.1:{self.admin_port}"} | config, indent=1)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(config)
        fresh.replace(self.path)

    def start(self):
        def limit():
            if self._open_files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (self._open_files, self._open_files))

        with open(self.stderr_path, "wb") as stderr, open(self.stdout_path, "wb") as stdout:
            target = subprocess.PIPE if self._stdout == "pipe" else stdout
            self.process = subprocess.Popen([self._binary, "run", "-c", self.path], stdin=subprocess.DEVNULL,
                                            stdout=target, stderr=stderr, preexec_fn=limit,
                                            env=os.environ | self._environment)
        wait_for(lambda: "listening on" in self.stderr() or self.process.poll() is not None)
        if "listening on" not in self.stderr() or self.process.poll() is not None:
            raise AssertionError(f"weir did not start: {self.process.poll()}\n{self.stderr()}\n{self.path.read_text()}")
        return self

    def stderr(self):
        return self.stderr_path.read_text(errors="replace")

    def stdout(self):
        return self.stdout_path.read_text(errors="replace")

    def signal(self, number):
        os.kill(self.process.pid, number)

    def ctl(self, *arguments):
        return run("ctl", "--admin", f"127.0.0.1:{self.admin_port}", *arguments)

    def upgrade(self, *arguments):
        """weir ctl upgrade, and what it said. From then on this object is about the process that serves."""
        done = self.ctl("upgrade", *arguments)
        self.follow()
        return done

    def follow(self):
        pid = json.loads(self.admin("GET", "/upgrade").body)["pid"]
        if pid != self.process.pid:
            self.former.append(self.process)
            self.process = Successor(pid)

    def end(self, within=PATIENCE):
        """SIGTERM, and the exit status."""
        self.signal(signal.SIGTERM)
        return self.process.wait(within)

    def kill(self):
        for process in [*self.former, self.process]:
            if process.poll() is None:
                process.kill()
                process.wait()

    def close(self):
        if self.process.stdout:
            self.process.stdout.close()

    # ---- what it costs -----------------------------------------------------------------------------------------

    def rss_kib(self, peak=False):
        key = "VmHWM:" if peak else "VmRSS:"
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1])
        raise AssertionError("no VmRSS: the process has ended")

    def fds(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # ---- the admin interface -----------------------------------------------------------------------------------

    def admin(self, method, target, *fields):
        if method != "GET":
            fields = (("X-Weir-Admin", "1"), *fields)
        return wire.ask(self.admin_port, method, target, *fields, body=None if method == "GET" else b"",
                        host="127.0.0.1")

    def post(self, target):
        answer = self.admin("POST", target)
        if answer.status != 200:
            raise AssertionError(f"POST {target}: {answer.start} {answer.body!r}\n{self.stderr()}")
        return answer

    def endpoints(self):
        """By address, what /endpoints says; an address must be in one cluster only."""
        clusters = json.loads(self.admin("GET", "/endpoints").body)["clusters"]
        return {each["name"]: each for cluster in clusters for each in cluster["endpoints"]}

    def endpoint(self, upstream):
        return self.endpoints()[upstream.address]

    def metric(self, name, /, **labels):
        """The sum of a metric's series that carry these labels."""
        total = 0.0
        for line in self.admin("GET", "/metrics").body.decode().splitlines():
            series, _, value = line.rpartition(" ")
            found, _, rest = series.partition("{")
            if found == name and all(f'{key}="{text}"' in rest for key, text in labels.items()):
                total += float(value)
        return total
