"""The machine: what it is, what is installed on it, and which CPUs the proxy and the load get."""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

# Where a tool comes from on Debian 12, and what is lost without it.
PACKAGES = {
    "g++": "g++", "cmake": "cmake", "ninja": "ninja-build", "nginx": "nginx", "haproxy": "haproxy", "wrk": "wrk",
    "perf": "linux-perf", "strace": "strace", "valgrind": "valgrind",
}


def find(tool):
    """The path of a tool; nginx and haproxy live in sbin, which an ordinary user's PATH lacks."""
    return shutil.which(tool, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")


def missing(tools):
    """The Debian packages of those tools that are not installed."""
    return [PACKAGES[tool] for tool in tools if not find(tool)]


@dataclass(frozen=True)
class Placement:
    """CPUs of the measured proxy, and of the load (client and upstream server)."""
    proxy: frozenset
    load: frozenset

    def text(self):
        names = ["+".join(map(str, sorted(cpus))) for cpus in (self.proxy, self.load)]
        return f"proxy on CPU {names[0]}, load on CPU {names[1]}"


def siblings(cpu):
    """The hardware threads that share a core with `cpu`."""
    path = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
    found = set()
    for part in path.read_text().strip().split(",") if path.exists() else [str(cpu)]:
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def placement(workers):
    """A CPU per worker, the load on the others. Where CPUs do not suffice for that, all run everywhere."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2 * workers:
        return Placement(frozenset(cpus), frozenset(cpus))
    proxy = cpus[:workers]
    others = [cpu for cpu in cpus if cpu not in proxy]
    apart = [cpu for cpu in others if not any(cpu in siblings(own) for own in proxy)]
    return Placement(frozenset(proxy), frozenset(apart or others))


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
