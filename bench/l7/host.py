"""The machine: what it is, what is installed on it, and which CPUs the proxy, the origin and the client get."""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

# Where a tool comes from on Debian 12, and what is lost without it.
PACKAGES = {
    "g++": "g++", "cmake": "cmake", "ninja": "ninja-build", "nginx": "nginx", "haproxy": "haproxy", "h2o": "h2o",
    "wrk": "wrk", "h2load": "nghttp2-client",
    "openssl": "openssl", "perf": "linux-perf", "strace": "strace", "valgrind": "valgrind",
}


def find(tool):
    """The path of a tool; nginx and haproxy live in sbin, which an ordinary user's PATH lacks."""
    return shutil.which(tool, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")


def missing(tools):
    """The Debian packages of those tools that are not installed."""
    return [PACKAGES[tool] for tool in tools if not find(tool)]


@dataclass(frozen=True)
class Placement:
    """CPUs of the measured proxy, of the origin (the upstream server behind it) and of the client."""
    proxy: frozenset
    origin: frozenset
    client: frozenset

    def text(self):
        named = [(name, "+".join(map(str, sorted(cpus)))) for name, cpus in vars(self).items()]
        return ", ".join(f"{name} on CPU {cpus}" for name, cpus in named)


def siblings(cpu):
    """The hardware threads that share a core with `cpu`."""
    path = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
    found = set()
    for part in path.read_text().strip().split(",") if path.exists() else [str(cpu)]:
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def placement(workers):
    """A CPU per worker, the client on others. The proxy's CPUs must be what is short: the origin has CPUs apart only
    where there are plenty, and otherwise shares the proxy's. Where there is none for the client, all run everywhere."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) <= workers:
        return Placement(*[frozenset(cpus)] * 3)
    proxy = frozenset(cpus[:workers])
    others = frozenset(cpus) - proxy
    apart = frozenset(cpu for cpu in others if not any(cpu in siblings(own) for own in proxy)) or others
    return Placement(proxy, apart if len(cpus) >= 4 * workers else proxy, apart)


def _line(path, key):
    for line in Path(path).read_text().splitlines():
        if line.startswith(key):
            return line.partition(":")[2].strip()
    return "unknown"


def _first_line(argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return ((done.stdout + done.stderr).splitlines() or ["unknown"])[0].strip()


def describe():
    """What figures of this machine must be read with."""
    return {
        "kernel": platform.release(),
        "cpu": _line("/proc/cpuinfo", "model name"),
        "cpus": len(os.sched_getaffinity(0)),
        "memory": _line("/proc/meminfo", "MemTotal"),
        "virtual": "hypervisor" in _line("/proc/cpuinfo", "flags").split(),
    }


def versions():
    argv = {"nginx": ["-v"], "haproxy": ["-v"], "wrk": ["-v"]}
    return {tool: _first_line([find(tool), *flags]) for tool, flags in argv.items() if find(tool)}
