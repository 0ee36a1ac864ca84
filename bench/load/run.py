#!/usr/bin/env python3
"""weir load beside wrk, and beside a reference of what wrk2 does: `./dev bench load`.

CPU per request in a closed loop: both ask the same light server over the same number of connections, in turns, the
server on one CPU and the client on another; user and system time of the client's process over the requests that were
answered. Percentiles at a fixed rate: weir load and reference_client.cc in turns, against the light server as it is,
and against the same server stopped for 200 ms of every second. There theory knows the answer, too: a fifth of the
requests waits, evenly from 0 to 200 ms, so that p90 is 100 ms and p99 is 190 ms.

Two percentiles agree when their medians over the rounds lie no further apart than the rounds of one and the same client
do: that scatter is printed beside the difference."""

import argparse
import contextlib
import json
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "bench"
LIMIT = 1.1
STOPPED, EVERY = 0.2, 1.0
SHOWN = ("p50", "p75", "p90", "p95", "p99", "p99.9")
RESOLUTION = 0.01  # of weir's histogram


def build(folder):
    out = BUILD / folder
    for command in (["cmake", "-S", ROOT / "bench" / folder, "-B", out, "-DCMAKE_BUILD_TYPE=Release"],
                    ["cmake", "--build", out]):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return out


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def on(cpus):
    return lambda: os.sched_setaffinity(0, cpus)


@contextlib.contextmanager
def light_server(program, cpus):
    port = free_port()
    server = subprocess.Popen([program, "--port", str(port)], preexec_fn=on(cpus), stdout=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.02)
        yield server, port
    finally:
        server.send_signal(signal.SIGCONT)
        server.terminate()
        server.wait()


def measured(command, cpus):
    """Output, and CPU seconds of the process with all its threads."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(list(map(str, command)), preexec_fn=on(cpus), capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def by_wrk(port, path, connections, seconds, cpus):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "-s", ROOT / "bench" / "l7" / "wrk_result.lua",
               f"http://127.0.0.1:{port}{path}"]
    output, cpu = measured(command, cpus)
    requests = json.loads(re.search(r"^RESULT (\{.*\})$", output, re.MULTILINE).group(1))["requests"]
    return 1e6 * cpu / requests, requests / seconds


def by_weir(weir, port, path, connections, seconds, cpus):
    command = [weir, "load", f"http://127.0.0.1:{port}{path}", "--connections", connections, "--duration",
               f"{seconds}s", "--quiet", "--json", "-"]
    output, cpu = measured(command, cpus)
    requests = json.loads(output)["good"]
    return 1e6 * cpu / requests, requests / seconds


def closed_loop(options, program, placement):
    server_cpus, client_cpus = placement
    print("CPU of the client per request in a closed loop, microseconds (median of the rounds)\n")
    print(f"{'':24}{'wrk':>10}{'weir load':>12}{'ratio':>8}   requests/s: {'wrk':>8}{'weir load':>12}")
    worst = 0
    with light_server(program, server_cpus) as (_, port):
        for path in ("/100", "/1k"):
            for connections in (16, 64, 256):
                seen = {"wrk": [], "weir": []}
                for number in range(options.rounds + 1):
                    for name in ("wrk", "weir") if number % 2 == 0 else ("weir", "wrk"):
                        arguments = (port, path, connections, options.seconds, client_cpus)
                        sample = by_wrk(*arguments) if name == "wrk" else by_weir(options.weir, *arguments)
                        if number > 0:  # the first round warms up
                            seen[name].append(sample)
                cpu = {name: statistics.median(each[0] for each in samples) for name, samples in seen.items()}
                rate = {name: statistics.median(each[1] for each in samples) for name, samples in seen.items()}
                ratio = cpu["weir"] / cpu["wrk"]
                worst = max(worst, ratio)
                print(f"{path[1:] + ', ' + str(connections) + ' connections':24}{cpu['wrk']:10.2f}{cpu['weir']:12.2f}"
                      f"{ratio:7.2f}x               {rate['wrk']:8.0f}{rate['weir']:12.0f}", flush=True)
    print(f"\nworst ratio {worst:.2f}, limit {LIMIT}\n")
    return worst <= LIMIT


@contextlib.contextmanager
def stopping(server):
    """Stopped for 200 ms of every second, by the clock and not by what the stopping costs."""
    over = threading.Event()

    def run():
        began = time.monotonic()
        number = 0
        while not over.is_set():
            time.sleep(max(0, began + number * EVERY + (EVERY - STOPPED) - time.monotonic()))
            server.send_signal(signal.SIGSTOP)
            time.sleep(max(0, began + (number + 1) * EVERY - time.monotonic()))
            server.send_signal(signal.SIGCONT)
            number += 1
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def fixed_rate(options, programs, placement):
    server_cpus, client_cpus = placement
    light, reference = programs

    def by_reference(port):
        output, _ = measured([reference, "--port", port, "--path", "/100", "--rate", options.rate, "--seconds",
                              options.fixed_seconds, "--connections", options.connections], client_cpus)
        found = json.loads(output)
        return {name: found[name] / 1e6 for name in SHOWN}

    def by_load(port):
        output, _ = measured([options.weir, "load", f"http://127.0.0.1:{port}/100", "--rate", options.rate, "--duration",
                              f"{options.fixed_seconds}s", "--connections-max", options.connections, "--quiet",
                              "--json", "-"], client_cpus)
        found = json.loads(output)
        return {name: (found["response"][name + "_ns"] or float("nan")) / 1e6 for name in SHOWN}  # nan: too few

    good = True
    for title, stops, rounds in (("the light server as it is", False, options.fixed_rounds),
                                 ("stopped for 200 ms of every second", True, options.stopped_rounds)):
        seen = {"reference": [], "weir load": []}
        with light_server(light, server_cpus) as (server, port), \
                stopping(server) if stops else contextlib.nullcontext():
            for number in range(rounds):
                order = list(seen) if number % 2 == 0 else list(reversed(seen))
                for name in order:
                    seen[name].append(by_reference(port) if name == "reference" else by_load(port))
        print(f"response time from the intended start at {options.rate}/s, milliseconds: {title}, {rounds} rounds\n")
        print_fixed(seen, stops)
        good = agreement(seen) and good
    return good


def row(name, figures):
    print(f"{name:24}" + "".join(f"{each:9.3f}" for each in figures))


def print_fixed(seen, stops):
    print(f"{'':24}" + "".join(f"{name:>9}" for name in SHOWN))
    for name, samples in seen.items():
        for what, of in (("median", statistics.median), ("least", min), ("most", max)):
            row(f"{name}, {what}", (of(s[p] for s in samples) for p in SHOWN))
    if stops:
        row("theory", (max(0, 1000 * STOPPED * (1 - (1 - float(p[1:]) / 100) / STOPPED)) for p in SHOWN))


def agreement(seen):
    """Whether the difference of the medians lies within the scatter: the larger range of a client's own rounds."""
    medians = {name: {p: statistics.median(s[p] for s in samples) for p in SHOWN} for name, samples in seen.items()}
    difference = {p: medians["weir load"][p] - medians["reference"][p] for p in SHOWN}
    scatter = {p: max(RESOLUTION * medians["reference"][p],
                      *(max(s[p] for s in samples) - min(s[p] for s in samples) for samples in seen.values()))
               for p in SHOWN}
    row("difference of medians", difference.values())
    row("scatter", scatter.values())
    apart = [p for p in SHOWN if not abs(difference[p]) <= scatter[p]]
    print(f"\n{'apart beyond the scatter: ' + ', '.join(apart) if apart else 'within the scatter'}\n", flush=True)
    return not apart


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", type=Path, default=ROOT / "build" / "release" / "weir")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of one closed-loop slice")
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=256, help="at the fixed rate")
    parser.add_argument("--fixed-seconds", type=int, default=10)
    parser.add_argument("--fixed-rounds", type=int, default=7)
    parser.add_argument("--stopped-rounds", type=int, default=3)
    parser.add_argument("--only", choices=["closed", "fixed"])
    options = parser.parse_args()
    cpus = sorted(os.sched_getaffinity(0))
    placement = ({cpus[0]}, {cpus[-1]})
    light, reference = build("l7") / "light_server", build("load") / "reference_client"
    good = True
    if options.only != "fixed":
        good = closed_loop(options, light, placement)
    if options.only != "closed":
        good = fixed_rate(options, (light, reference), placement) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
