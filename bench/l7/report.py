"""What the samples say: medians, ratios paired round by round, the issue's targets, a table and JSON."""

import statistics
from dataclasses import asdict, dataclass

BASES = ["relay", "nginx", "haproxy", "h2o"]
METRICS = ["cpu_us", "rate", "p50_us", "p99_us"]


class Cell:
    """The samples of one load: one per peer and round, the peers of a round measured in one go."""

    def __init__(self, title, load, placement):
        self.title = title
        self.load = load
        self.placement = placement
        self.samples = {}

    def add(self, peer, sample):
        self.samples.setdefault(peer, []).append(sample)

    def values(self, peer, metric):
        return [getattr(sample, metric) for sample in self.samples[peer]]

    def median(self, peer, metric):
        return statistics.median(self.values(peer, metric))

    def errors(self, peer):
        return sum(self.values(peer, "errors"))

    def spread(self, peer):
        """Half the range of the middle half, relative to the median: how much noise the CPU figure carries."""
        values = sorted(self.values(peer, "cpu_us"))
        quarter = len(values) // 4
        middle = values[quarter:len(values) - quarter]
        return (middle[-1] - middle[0]) / 2 / statistics.median(values)

    def ratio(self, peer, base, metric):
        """The median of the rounds' ratios. Noise that lasts longer than a round meets both and cancels."""
        pairs = zip(self.values(peer, metric), self.values(base, metric))
        return statistics.median(a / max(b, 1e-9) for a, b in pairs)

    def to_json(self):
        peers = {}
        for peer in self.samples:
            bases = [base for base in self.samples if base != peer]
            peers[peer] = {
                **{metric: self.median(peer, metric) for metric in [*METRICS, "busy", "set_busy"]},
                "cpu_spread": self.spread(peer), "errors": self.errors(peer),
                "ratios": {base: {metric: self.ratio(peer, base, metric) for metric in METRICS} for base in bases},
                "rounds": [asdict(sample) for sample in self.samples[peer]],
            }
        return {"title": self.title, **asdict(self.load), "placement": self.placement, "peers": peers}


def compared(names):
    """(peer, base) pairs worth a line of the table: Weir beside each base; without Weir the peers beside the relay."""
    scaled = [(name, base) for name, base in SCALE_TARGETS if {name, base} <= set(names)]
    if scaled:
        return scaled
    weirs = [name for name in names if name.startswith("weir")]
    if weirs:
        bases = [name for name in BASES if name in names] or ["weir" if "weir" in weirs else weirs[0]]
        return [(name, base) for name in weirs for base in bases if name != base]
    return [(name, "relay") for name in names if name != "relay" and "relay" in names]


def cell_table(cell):
    lines = [f"{cell.title} ({cell.placement})",
             f"  {'':24}{'CPU µs/req':>11}{'±':>6}{'req/s':>10}{'p50 µs':>10}{'p99 µs':>10}{'busy':>7}{'CPU set':>9}"]
    for peer in cell.samples:
        cpu, rate, p50, p99 = (cell.median(peer, metric) for metric in METRICS)
        failed = f"  {cell.errors(peer)} ERRORS" if cell.errors(peer) else ""
        lines.append(f"  {peer:24}{cpu:11.2f}{cell.spread(peer):6.0%}{rate:10.0f}{p50:10.0f}{p99:10.0f}"
                     f"{cell.median(peer, 'busy'):7.0%}{cell.median(peer, 'set_busy'):9.0%}{failed}")
    for peer, base in compared(cell.samples):
        cpu, rate, p50, p99 = (cell.ratio(peer, base, metric) for metric in METRICS)
        lines.append(f"  {peer + ' / ' + base:24}{cpu:11.3f}{'':6}{rate:10.3f}{p50:10.3f}{p99:10.3f}")
    return "\n".join(lines)


def value_table(title, values, form):
    """One figure per peer, with its ratios."""
    lines = [title]
    lines += [f"  {peer:24}{value:{form}}" for peer, value in values.items()]
    lines += [f"  {peer + ' / ' + base:24}{values[peer] / values[base]:11.3f}" for peer, base in compared(values)
              if values[base] > 0]
    return "\n".join(lines)


def with_ratios(values):
    return {peer: {"value": value, "ratios": {base: value / other for base, other in values.items()
                                              if base != peer and other > 0}} for peer, value in values.items()}


@dataclass
class Verdict:
    what: str
    value: float
    limit: float

    @property
    def met(self):
        return self.value <= self.limit

    def text(self):
        return f"  {'met ' if self.met else 'MISS'}  {self.value:9.3f} <= {self.limit:8.2f}  {self.what}"


# (peer, base, sizes, at most): CPU per request as a ratio, at every number of keep-alive connections.
CPU_TARGETS = [
    ("weir", "relay", ("100", "1k"), 1.15),
    ("weir", "nginx", ("100", "1k"), 0.82),
    ("weir", "haproxy", ("100", "1k"), 0.70),
    ("weir", "nginx", ("64k",), 0.90),
    ("weir-pipeline", "nginx", ("100", "1k"), 0.60),
    ("weir2", "weir", ("100", "1k", "64k"), 1.10),
]
# (many, few): CPU per request as a ratio, at most.
# The last has no limit: with one endpoint few connections are in use, and it is those of the system that cost most.
SCALE_TARGETS = {("weir-10000-routes", "weir-10-routes"): 1.10, ("weir-999-idle", "weir-1-cluster"): 1.10,
                 ("weir-1000-clusters", "weir-1000-endpoints"): 1.10, ("weir-1000-clusters", "weir-1-cluster"): None}
SYSCALL_TARGETS = {"weir": 4.2, "weir-pipeline": 2.5}
HTTP2_TARGET = 0.80
TLS_TARGETS = {"": 0.80, "full": 1.0, "resumed": 1.0}  # by Load.handshakes; keep-alive without
HTTP2_UPSTREAM_TARGET = 0.75
INSTRUCTIONS_TARGET = 8000
IDLE_KIB_TARGET = 4
WEBSOCKET_KIB_TARGET = 8


def verdicts(results):
    """One per target and measured cell; targets whose peers were not measured are silent."""
    found = []
    for cell in results.cells:
        for peer, base, sizes, limit in CPU_TARGETS:
            fits = cell.load.size in sizes and not (
                cell.load.new_connections or cell.load.streams or cell.load.tls)
            if fits and peer in cell.samples and base in cell.samples:
                found.append(Verdict(f"CPU per request, {peer} / {base}: {cell.load.title}",
                                     cell.ratio(peer, base, "cpu_us"), limit))
        for (peer, base), limit in SCALE_TARGETS.items():
            if limit is not None and {peer, base} <= set(cell.samples):
                found.append(Verdict(f"CPU per request, {peer} / {base}: {cell.load.title}",
                                     cell.ratio(peer, base, "cpu_us"), limit))
        if {"weir-h1up", "weir-h2up"} <= set(cell.samples) and cell.load.size != "64k":
            found.append(Verdict(f"CPU per request, HTTP/2 / HTTP/1.1 with the {cell.title}",
                                 cell.ratio("weir-h2up", "weir-h1up", "cpu_us"), HTTP2_UPSTREAM_TARGET))
        for base in ("haproxy", "h2o"):
            if cell.load.streams and cell.load.size != "64k" and {"weir", base} <= set(cell.samples):
                found.append(Verdict(f"CPU per request, weir / {base}: {cell.load.title}",
                                     cell.ratio("weir", base, "cpu_us"), HTTP2_TARGET))
    for cell in results.cells:
        if not cell.load.tls or cell.load.streams or "weir" not in cell.samples:
            continue
        found += [Verdict(f"CPU, weir / {base}: {cell.load.title}", cell.ratio("weir", base, "cpu_us"),
                          TLS_TARGETS[cell.load.handshakes])
                  for base in ("nginx", "haproxy") if base in cell.samples]
    for title, values in results.syscalls.items():
        found += [Verdict(f"system calls per request, {peer}: {title}", values[peer], limit)
                  for peer, limit in SYSCALL_TARGETS.items() if peer in values]
    if "weir" in results.instructions:
        found.append(Verdict("user-space instructions per request, weir", results.instructions["weir"],
                             INSTRUCTIONS_TARGET))
    if "weir" in results.idle_kib:
        found.append(Verdict("KiB of private memory per idle connection, weir", results.idle_kib["weir"],
                             IDLE_KIB_TARGET))
    if "weir" in results.websocket_kib:
        found.append(Verdict("KiB of private memory per idle WebSocket, weir", results.websocket_kib["weir"],
                             WEBSOCKET_KIB_TARGET))
    return found


class Results:
    """All that one run found."""

    def __init__(self, about):
        self.about = about
        self.cells = []
        self.syscalls = {}  # by load, then by peer
        self.instructions = {}
        self.idle_kib = {}
        self.websocket_kib = {}
        self.errors = 0

    def to_json(self):
        return {
            **self.about,
            "cells": [cell.to_json() for cell in self.cells],
            "syscalls_per_request": {title: with_ratios(values) for title, values in self.syscalls.items()},
            "instructions_per_request": with_ratios(self.instructions),
            "rss_kib_per_1000_idle_connections": with_ratios({peer: kib * 1000 for peer, kib in self.idle_kib.items()}),
            "websocket_kib": with_ratios(self.websocket_kib),
            "verdicts": [{**asdict(verdict), "met": verdict.met} for verdict in verdicts(self)],
            "errors": self.errors,
        }

    def verdict_table(self):
        lines = [verdict.text() for verdict in verdicts(self)]
        return "\n".join(["Targets", *lines]) if lines else ""
