"""Processes that end with the benchmark, and what the kernel counts about them."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _prepare(nice, cpus):
    """Runs in the child. The death signal ends it even if this script is killed; a priority that is refused is left."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.sched_setaffinity(0, cpus)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, nice)


def may_raise_priority():
    """Whether servers really get nice -10: asked of a child, so that this process stays as it is."""
    child = subprocess.run(["nice", "-n", "-10", "nice"], capture_output=True, text=True, check=False)
    return child.stdout.strip() == "-10"


def start(argv, cpus, nice=0, log=subprocess.DEVNULL):
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                            preexec_fn=lambda: _prepare(nice, cpus))


def run(argv, cpus):
    """Runs to the end and returns the output; ends the child on every way out."""
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          start_new_session=True, preexec_fn=lambda: _prepare(0, cpus)) as child:
        try:
            output, _ = child.communicate()
        finally:
            stop(child)
    if child.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, argv))} failed:\n{output}")
    return output


def stop(child, how=signal.SIGTERM):
    """Asks, waits, then insists. Whatever the child had started is its own to end; what is left of it is killed."""
    if child.poll() is not None:
        return
    family = tree(child.pid)
    child.send_signal(how)
    try:
        child.wait(timeout=5)
    except subprocess.TimeoutExpired:
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        child.wait()


def tree(pid):
    """The process and all that descend from it."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found.extend(map(int, children.read_text().split()))
    return found


def tasks(pid):
    """The threads of a process tree, as /proc directories."""
    return [task for each in tree(pid) for task in Path(f"/proc/{each}/task").iterdir()]


def pin(pid, cpus):
    for task in tasks(pid):
        os.sched_setaffinity(int(task.name), cpus)


def cpu_ns(pid):
    """CPU time of the tree so far. schedstat counts nanoseconds; utime + stime, its whole ticks, are the way out."""
    return sum(_task_cpu_ns(task) for task in tasks(pid))


def _task_cpu_ns(task):
    with contextlib.suppress(FileNotFoundError):
        return int((task / "schedstat").read_text().split()[0])
    fields = (task / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def anonymous_kib(pid):
    """Private memory of the tree: no shared libraries, no page cache."""
    total = 0
    for each in tree(pid):
        for line in Path(f"/proc/{each}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                total += int(line.split()[1])
    return total


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.02)
