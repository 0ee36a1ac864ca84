"""One measurement each: CPU and latency of a slice of load, system calls, memory of idle connections, instructions."""

import contextlib
import json
import re
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import host
import peers as peers_module
import processes


@dataclass(frozen=True)
class Load:
    """What the client asks for: a size by name, so many connections, a new one for each request or not."""
    size: str
    connections: int
    new_connections: bool = False
    streams: int = 0  # HTTP/2, so many at once on each connection
    tls: bool = False
    handshakes: str = ""  # nothing but these: "full" or "resumed"

    @property
    def title(self):
        if self.handshakes:
            return f"TLS 1.{2 if self.handshakes == 'resumed' else 3}, {self.handshakes} handshakes"
        if self.streams:
            return f"{self.size}, HTTP/2{' over TLS' if self.tls else ''}, {self.connections} connections of {self.streams} streams"
        kind = "a new connection per request" if self.new_connections else "keep-alive"
        return f"{self.size}, {self.connections} connections, {'TLS, ' if self.tls else ''}{kind}"


@dataclass(frozen=True)
class Sample:
    requests: int
    rate: float
    cpu_us: float
    p50_us: int
    p99_us: int
    busy: float  # CPUs that the proxy used
    set_busy: float  # the same with the origin where it shares the proxy's CPUs; interrupts are not in it
    errors: int


def wrk_command(url, load, seconds, hosts=None):
    close = ["-H", "Connection: close"] if load.new_connections else []
    return [host.find("wrk"), "-t1", f"-c{load.connections}", f"-d{seconds}", "--timeout", "10", *close,
            "-s", str(peers_module.HERE / "wrk_result.lua"), url, *(["--", str(hosts)] if hosts else [])]


def wrk_result(output):
    found = re.search(r"^RESULT (\{.*\})$", output, re.MULTILINE)
    if not found:
        raise RuntimeError(f"wrk said nothing that can be read:\n{output}")
    result = json.loads(found.group(1))
    result["errors"] = sum(result[kind] for kind in ("connect", "read", "write", "status", "timeout"))
    return result


def h2load_command(url, load, seconds):
    return [host.find("h2load"), "-t1", f"-c{load.connections}", f"-m{load.streams}", f"-D{seconds}", url]


def h2load_result(output):
    """h2load tells no percentiles: its mean stands for p50, its maximum for p99."""
    done = re.search(r"requests: \d+ total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed", output)
    took = re.search(r"finished in ([\d.]+)(us|ms|s),", output)
    status = re.search(r"status codes: (\d+) 2xx", output)
    times = re.search(r"time for request:\s+(\S+)\s+(\S+)\s+(\S+)", output)
    if not (done and took and status and times):
        raise RuntimeError(f"h2load said nothing that can be read:\n{output}")
    return {"requests": int(done.group(1)), "duration_us": _microseconds(took.group(1) + took.group(2)),
            "errors": int(done.group(2)) + abs(int(done.group(1)) - int(status.group(1))),
            "p50_us": _microseconds(times.group(3)), "p99_us": _microseconds(times.group(2))}


def _microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return int(float(number) * {"us": 1, "ms": 1e3, "s": 1e6}[unit])


def s_time_command(port, load, seconds):
    """One after the other. A session of TLS 1.3 comes after the handshake, when s_time has gone: it resumes 1.2."""
    kind = ["-reuse", "-tls1_2"] if load.handshakes == "resumed" else ["-new", "-tls1_3"]
    return [host.find("openssl"), "s_time", "-connect", f"127.0.0.1:{port}", "-time", str(seconds), *kind]


def s_time_result(output):
    """With -reuse, the last line of this kind is that of the resumed ones. The mean stands for p50 and p99."""
    found = re.findall(r"^(\d+) connections in (\d+) real seconds", output, re.MULTILINE)
    if not found:
        raise RuntimeError(f"s_time said nothing that can be read:\n{output}")
    count, seconds = map(int, found[-1])
    mean = int(seconds * 1e6 / max(count, 1))
    return {"requests": count, "duration_us": seconds * 1e6, "errors": output.count("ERROR"), "p50_us": mean,
            "p99_us": mean}


def run_load(stage, peer, load, seconds):
    if load.handshakes:
        return s_time_result(processes.run(s_time_command(peer.tls_port, load, seconds), stage.placement.client))
    url = peer.url("/" + load.size, load.tls)
    if load.streams:
        return h2load_result(processes.run(h2load_command(url, load, seconds), stage.placement.client))
    scale = peers_module.SCALED.get(peer.name)
    hosts = scale.routes if scale else None
    return wrk_result(processes.run(wrk_command(url, load, seconds, hosts), stage.placement.client))


def slice_of_load(stage, peer, load, seconds):
    """CPU time of all the proxy's threads over a run of the client, by the requests that it completed."""
    before, origin_before = processes.cpu_ns(peer.pid), processes.cpu_ns(peer.server.pid)
    result = run_load(stage, peer, load, seconds)
    cpu_us = (processes.cpu_ns(peer.pid) - before) / 1000
    origin_us = (processes.cpu_ns(peer.server.pid) - origin_before) / 1000
    beside = origin_us if stage.placement.origin == stage.placement.proxy else 0.0
    requests = max(result["requests"], 1)
    return Sample(requests=result["requests"], rate=requests * 1e6 / result["duration_us"], cpu_us=cpu_us / requests,
                  p50_us=result["p50_us"], p99_us=result["p99_us"], busy=cpu_us / result["duration_us"],
                  set_busy=(cpu_us + beside) / result["duration_us"],
                  errors=result["errors"] + (result["requests"] == 0))


# --- system calls ---

def syscall_tool():
    """perf counts in the kernel and hardly slows the proxy; strace stops it twice per call, changing its batches."""
    event = ["-e", "raw_syscalls:sys_enter"]
    if host.find("perf"):
        probe = subprocess.run([host.find("perf"), "stat", "-x,", *event, "true"], capture_output=True, text=True,
                               check=False)
        if probe.returncode == 0 and _perf_count(probe.stderr) is not None:
            return "perf"
    return "strace" if host.find("strace") else None


def syscalls_per_request(stage, peer, load, seconds, tool):
    wrk = wrk_command(peer.url("/" + load.size), load, seconds)
    count = _perf_syscalls if tool == "perf" else _strace_syscalls
    calls, output = count(stage, peer, wrk)
    result = wrk_result(output)
    return calls / max(result["requests"], 1), result["errors"]


def _perf_count(text):
    found = re.search(r"^(\d+),.*raw_syscalls:sys_enter", text, re.MULTILINE)
    return int(found.group(1)) if found else None


def _perf_syscalls(stage, peer, wrk):
    """perf counts the given processes for as long as the command runs."""
    counts = stage.directory / "perf.txt"
    pids = ",".join(map(str, processes.tree(peer.pid)))
    output = processes.run([host.find("perf"), "stat", "-x,", "-o", str(counts), "-e", "raw_syscalls:sys_enter",
                            "-p", pids, "--", *wrk], stage.placement.client)
    calls = _perf_count(counts.read_text())
    if calls is None:
        raise RuntimeError(f"perf counted nothing:\n{counts.read_text()}")
    return calls, output


def _strace_syscalls(stage, peer, wrk):
    counts = stage.directory / "strace.txt"
    pids = processes.tree(peer.pid)
    attach = [argument for pid in pids for argument in ("-p", str(pid))]
    tracer = processes.start([host.find("strace"), "-c", "-f", "-o", str(counts), *attach], stage.placement.client)
    try:
        processes.wait_until(lambda: all(_traced(pid) for pid in pids), 10, "strace attaches")
        output = processes.run(wrk, stage.placement.client)
    finally:
        processes.stop(tracer, signal.SIGINT)
    found = re.search(r"^\s*100\.00\s.*?(\d+)\s+(?:\d+\s+)?total$", counts.read_text(), re.MULTILINE)
    if not found:
        raise RuntimeError(f"strace counted nothing:\n{counts.read_text()}")
    return int(found.group(1)), output


def _traced(pid):
    return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text()


# --- memory ---

# What a connection does before it is idle, and how long the body of its answer is: one request, so that whatever a proxy
# keeps after it is counted; or the beginning of a WebSocket, which holds a connection to the upstream, too.
IDLE_KEEP_ALIVE = (b"GET /100 HTTP/1.1\r\nHost: bench\r\n\r\n", 100)
IDLE_WEBSOCKET = (b"GET /ws HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                  b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 0)


def idle_connection_kib(stage, name, few, many, kind=IDLE_KEEP_ALIVE):
    """Private memory per idle connection: the slope between few and many, so that what comes once does not count."""
    peer = stage.start(name)
    try:
        with contextlib.ExitStack() as held:
            open_idle(held, peer.port, few, *kind)
            before = processes.anonymous_kib(peer.pid)
            open_idle(held, peer.port, many - few, *kind)
            return (processes.anonymous_kib(peer.pid) - before) / (many - few)
    finally:
        processes.stop(peer.process)


def open_idle(held, port, count, request, body_bytes):
    for _ in range(count):
        connection = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
        connection.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer or len(answer.partition(b"\r\n\r\n")[2]) < body_bytes:
            piece = connection.recv(65536)
            if not piece:
                raise RuntimeError("an idle connection was closed")
            answer += piece


# --- instructions ---

def instructions_per_request(stage, name, short=2000, long=10000, connections=64):
    """User-space instructions: a long run minus a short one, so that starting and ending do not count."""
    spent = [_instructions(stage, name, requests, connections) for requests in (short, long)]
    return (spent[1] - spent[0]) / (long - short)


def _instructions(stage, name, requests, connections):
    counts = stage.directory / f"callgrind.{name}.{requests}"
    peer = stage.start(name, under=[host.find("valgrind"), "--tool=callgrind", f"--callgrind-out-file={counts}"])
    try:
        processes.run([str(peers_module.PROGRAMS / "fixed_client"), "--port", str(peer.port), "--path", "/100",
                       "--requests", str(requests), "--connections", str(connections)], stage.placement.client)
    finally:
        processes.stop(peer.process)
    found = re.search(r"^(?:totals|summary): (\d+)", counts.read_text(), re.MULTILINE)
    if not found:
        raise RuntimeError(f"callgrind counted nothing for {name}")
    return int(found.group(1))
