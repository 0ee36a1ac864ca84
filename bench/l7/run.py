#!/usr/bin/env python3
"""Weir beside nginx, HAProxy and a relay that parses nothing, in one run on this machine: `./dev bench l7`.

README.md says how it measures and why so. The table goes to the standard output, progress to the standard error."""

import argparse
import json
import os
import resource
import signal
import statistics
import sys
from pathlib import Path

import host
import measure
import peers
import processes
import report
from measure import Load

KINDS = ["cpu", "h2", "h2up", "tls", "routes", "clusters", "syscalls", "rss", "websocket", "instructions"]
WARM_UP_SECONDS = 1
SYSCALL_ROUNDS = 3
SYSCALL_SECONDS = 5  # at least: in a shorter slice the set-up of 512 connections shows in what a request costs
NEW_CONNECTIONS = Load("100", 64, new_connections=True)
HTTP2_LOAD = {"connections": 16, "streams": 32}
IDLE_FEW, IDLE_MANY = 1000, 5000
IDLE_WEBSOCKETS = 4000  # each holds one of the 4096 places that a cluster of Weir has by default


def words(allowed):
    def parse(text):
        found = text.split(",")
        unknown = [word for word in found if word not in allowed]
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(allowed)}")
        return found
    return parse


def numbers(text):
    return [int(word) for word in text.split(",")]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="alternations per cell (default 7)")
    parser.add_argument("--seconds", type=int, default=2, help="length of one slice of load (default 2)")
    parser.add_argument("--sizes", type=words(["100", "1k", "64k"]), default=["100", "1k", "64k"])
    parser.add_argument("--connections", type=numbers, default=[64, 512], help="default 64,512")
    parser.add_argument("--peers", type=words(peers.ALL), help=f"default {','.join(peers.ALL)}")
    parser.add_argument("--only", type=words(KINDS), default=KINDS, help=f"default {','.join(KINDS)}")
    parser.add_argument("--weir", type=Path, default=peers.ROOT / "build" / "release" / "weir", help="the binary")
    parser.add_argument("--json", type=Path, help="write all figures there")
    given = parser.parse_args()
    if given.peers is None:
        given.peers = peers.ALL
        if not given.weir.exists():
            say(f"no {given.weir}: measuring the other peers only")
            given.peers = [name for name in peers.ALL if name not in peers.WEIRS]
    elif not given.weir.exists() and any(name in peers.WEIRS for name in given.peers):
        parser.error(f"no {given.weir}; build it, or name another with --weir")
    return given


def say(text):
    print(text, file=sys.stderr, flush=True)


def show(table):
    print(table + "\n", flush=True)


class Benchmark:
    def __init__(self, stage, options, results):
        self.stage = stage
        self.options = options
        self.results = results
        self.running = {}

    def peer(self, name):
        """Peers start when first needed and stay: idle, they cost nothing, and all keep their warm state."""
        if name not in self.running:
            self.running[name] = self.stage.start(name)
        return self.running[name]

    def names(self, *without):
        return [name for name in self.options.peers if name not in ("h2o", *peers.HTTP2_UPSTREAM, *without)]

    def h2(self):
        names = [name for name in self.options.peers if name in peers.HTTP2]
        for tls in (False, True):
            for size in self.options.sizes:
                load = Load(size, **HTTP2_LOAD, tls=tls)
                self.cell(load.title, load, names)

    def tls(self):
        names = [name for name in self.options.peers if name in peers.TLS]
        for size in self.options.sizes:
            load = Load(size, self.options.connections[0], tls=True)
            self.cell(load.title, load, names)
        for handshakes in ("full", "resumed"):
            load = Load("100", 1, tls=True, handshakes=handshakes)
            self.cell(load.title, load, names)

    def h2up(self):
        names = [name for name in self.options.peers if name in peers.HTTP2_UPSTREAM]
        for size in self.options.sizes:
            for connections in self.options.connections:
                load = Load(size, connections)
                self.cell(f"h2o upstream: {load.title}", load, names)

    def cpu(self):
        loads = [Load(size, connections) for size in self.options.sizes for connections in self.options.connections]
        for load in loads:
            self.cell(load.title, load, self.names("weir2"))
        self.cell(NEW_CONNECTIONS.title, NEW_CONNECTIONS, self.names("weir2", "weir-pipeline"))
        if "weir" in self.options.peers and "weir2" in self.options.peers:
            self.two_workers()

    def routes(self):
        self.scaled("routes", ["weir-10-routes", "weir-10000-routes"])

    def clusters(self):
        self.scaled("clusters", ["weir-1-cluster", "weir-999-idle", "weir-1000-endpoints", "weir-1000-clusters"])

    def scaled(self, what, names):
        """Few and many of something, of which every request takes another."""
        if "weir" in self.options.peers:
            load = Load(self.options.sizes[0], self.options.connections[0])
            self.cell(f"{what}: {load.title}", load, names)

    def two_workers(self):
        """One worker and two under the same placement, which the one worker's figures elsewhere do not have."""
        before = self.stage.placement
        pair = [self.peer("weir"), self.peer("weir2")]
        self.stage.place(host.placement(2), pair)
        load = Load(self.options.sizes[0], self.options.connections[0])
        self.cell(f"two workers: {load.title}", load, ["weir", "weir2"])
        self.stage.place(before, pair)

    def cell(self, title, load, names):
        if not names:
            return
        cell = report.Cell(title, load, self.stage.placement.text())
        for name in names:
            self.slice(name, load, WARM_UP_SECONDS)
        for number in range(self.options.rounds):
            say(f"{title}: round {number + 1} of {self.options.rounds}")
            # Every other round runs backwards, so that no peer always follows the same one.
            for name in names if number % 2 == 0 else reversed(names):
                cell.add(name, self.slice(name, load, self.options.seconds))
        self.results.cells.append(cell)
        self.results.errors += sum(cell.errors(name) for name in names)
        show(report.cell_table(cell))

    def slice(self, name, load, seconds):
        peer = self.peer(name)
        sample = measure.slice_of_load(self.stage, peer, load, seconds)
        self.stage.check(peer)
        return sample

    def syscalls(self):
        tool = measure.syscall_tool()
        if tool is None:
            return say("system calls: neither perf nor strace can count them here")
        for connections in self.options.connections:
            load = Load("100", connections)
            counts = {name: [] for name in self.names("weir2")}
            for number in range(SYSCALL_ROUNDS):
                say(f"system calls: {load.title}, round {number + 1} of {SYSCALL_ROUNDS}")
                for name in counts:
                    count, errors = measure.syscalls_per_request(self.stage, self.peer(name), load,
                                                                 max(self.options.seconds, SYSCALL_SECONDS), tool)
                    counts[name].append(count)
                    self.results.errors += errors
            medians = {name: statistics.median(values) for name, values in counts.items()}
            self.results.syscalls[load.title] = medians
            show(report.value_table(f"system calls per request ({tool}): {load.title}", medians, "11.2f"))

    def rss(self):
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        many = min(IDLE_MANY, limit // 2 - 100)
        for name in self.names("weir2"):
            say(f"memory of {many} idle connections: {name}")
            self.results.idle_kib[name] = measure.idle_connection_kib(self.stage, name, min(IDLE_FEW, many // 2), many)
        per_thousand = {name: kib * 1000 for name, kib in self.results.idle_kib.items()}
        show(report.value_table("private memory per 1,000 idle connections, KiB", per_thousand, "11.0f"))

    def websocket(self):
        """nginx passes upgrades on only where it is told to, which would be another configuration."""
        for name in self.names("weir2", "weir-pipeline", "nginx"):
            say(f"memory of {IDLE_WEBSOCKETS} idle WebSockets: {name}")
            self.results.websocket_kib[name] = measure.idle_connection_kib(self.stage, name, IDLE_FEW, IDLE_WEBSOCKETS,
                                                                           measure.IDLE_WEBSOCKET)
        show(report.value_table("private memory per idle WebSocket, KiB", self.results.websocket_kib, "11.2f"))

    def instructions(self):
        for name in self.names("weir2"):
            say(f"instructions: {name}")
            self.results.instructions[name] = measure.instructions_per_request(self.stage, name)
        show(report.value_table("user-space instructions per request (callgrind)", self.results.instructions, "11.0f"))


def needed_tools(options):
    tools = {"g++", "cmake", "ninja", "openssl"} | ({"nginx", "haproxy", "h2o"} & set(options.peers))
    if "h2" in options.only:
        tools.add("h2load")
    if "h2up" in options.only:
        tools.add("h2o")
    if {"cpu", "h2up", "tls", "routes", "clusters", "syscalls"} & set(options.only):
        tools.add("wrk")
    if "syscalls" in options.only and not host.find("perf"):
        tools.add("strace")
    if "instructions" in options.only:
        tools.add("valgrind")
    return sorted(tools)


def allow_many_descriptors():
    """This process holds the idle connections, and the peers inherit its limits."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main():
    options = arguments()
    packages = host.missing(needed_tools(options))
    if packages:
        sys.exit(f"missing, on Debian 12: apt install {' '.join(packages)}")
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # As an exception, so that every `with` on the way out ends what it started.
        signal.signal(ending, lambda number, frame: sys.exit(128 + number))
    allow_many_descriptors()
    peers.build_programs()
    about = {"machine": host.describe(), "versions": host.versions(), "weir": str(options.weir),
             "rounds": options.rounds, "seconds": options.seconds, "servers_nice": peers.SERVER_NICE}
    if not processes.may_raise_priority():
        about["servers_nice"] = os.getpriority(os.PRIO_PROCESS, 0)
        say("not allowed to raise priorities: servers keep theirs, expect more noise (run as root for nice -10)")
    machine = about["machine"]
    nice = about["servers_nice"]
    show(f"{machine['cpu']}, {machine['cpus']} CPUs, Linux {machine['kernel']}; servers at nice {nice}\n"
         + "\n".join(about["versions"].values()))
    results = report.Results(about)
    with peers.Stage(options.weir) as stage:
        benchmark = Benchmark(stage, options, results)
        for kind in KINDS:
            if kind in options.only:
                getattr(benchmark, kind)()
    verdicts = results.verdict_table()
    if verdicts:
        show(verdicts)
    if options.json:
        options.json.write_text(json.dumps(results.to_json(), indent=1) + "\n")
    return 1 if results.errors else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as error:
        sys.exit(f"bench: {error}")
