"""Clients who do not wait for each other: requests leave at the instants of a schedule, however late answers are.

    run = send(port, [(0.00, "/a"), (0.01, "/b")])
    run.percentile(99), run.lateness(99)

One thread; a request takes the connection that was used last of those that are free, or a new one.
"""

import asyncio
import math
from dataclasses import dataclass, field


def percentile(values, percent):
    """The value below or at which so many percent lie."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


@dataclass
class Run:
    latencies: list = field(default_factory=list)  # s, from sending to the end of the answer; of those with status 200
    late: list = field(default_factory=list)       # s, by which requests left after their instant
    failed: list = field(default_factory=list)     # first lines of other answers, or what went wrong

    def percentile(self, percent):
        return percentile(self.latencies, percent)

    def lateness(self, percent):
        return percentile(self.late, percent)


class _Connection(asyncio.Protocol):
    """One request at a time; answers must have a length and be short."""

    def __init__(self):
        self._buffer = b""
        self._answer = None

    def connection_made(self, transport):
        self.transport = transport

    def ask(self, target):
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(b"GET %s HTTP/1.1\r\nHost: example.org\r\n\r\n" % target.encode())
        return self._answer

    def data_received(self, data):
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.index(b"\r\ncontent-length:")
        if len(self._buffer) < end + 4 + int(head[at + 17:].split(b"\r\n", 1)[0]):
            return
        self._buffer = b""
        self._answer.set_result(head.split(b"\r\n", 1)[0].decode("latin-1"))

    def connection_lost(self, error):
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(f"connection lost: {error}")


async def _ask(port, target, when, idle, run):
    loop = asyncio.get_running_loop()
    connection = idle.pop() if idle else (await loop.create_connection(_Connection, "127.0.0.1", port))[1]
    sent = loop.time()
    run.late.append(sent - when)
    start = await connection.ask(target)
    if start == "http/1.1 200 ok":
        run.latencies.append(loop.time() - sent)
        idle.append(connection)
    else:
        run.failed.append(start)
        connection.transport.close()


async def _send(port, schedule):
    loop = asyncio.get_running_loop()
    run, idle, asking = Run(), [], []
    begin = loop.time() + 0.1
    for at, target in schedule:
        await asyncio.sleep(begin + at - loop.time())
        asking.append(asyncio.create_task(_ask(port, target, begin + at, idle, run)))
    await asyncio.gather(*asking)
    for connection in idle:
        connection.transport.close()
    return run


def send(port, schedule):
    """`schedule`: (seconds from the beginning, target), ascending."""
    return asyncio.run(_send(port, schedule))
