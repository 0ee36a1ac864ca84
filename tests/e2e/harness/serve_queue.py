"""An endpoint that is a queue, in a process of its own: serve_queue.py NAME PORT [PLACES].

GET /12500 demands 12.5 ms of one of its places (default: one); who finds none free waits, first come, first served. A
place is a sum in a list and not a thread that burns: many such endpoints keep their times on a machine of two cores.
"""

import asyncio
import sys


class Queue:
    def __init__(self, places):
        self._free_at = [0.0] * places

    def end_of(self, demand, now):
        """When the work that arrives now will be done; takes the place."""
        place = self._free_at.index(min(self._free_at))
        self._free_at[place] = max(now, self._free_at[place]) + demand
        return self._free_at[place]


class Connection(asyncio.Protocol):
    def __init__(self, name, queue):
        self._answer = b"HTTP/1.1 200 OK\r\nX-Instance: %s\r\nContent-Length: 2\r\n\r\nok" % name
        self._queue = queue
        self._buffer = b""

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            target = self._buffer[:end].split(b" ", 2)[1]
            self._buffer = self._buffer[end + 4:]
            loop = asyncio.get_running_loop()
            loop.call_at(self._queue.end_of(int(target[1:]) / 1e6, loop.time()), self._transport.write, self._answer)


async def main(name, port, places="1"):
    queue = Queue(int(places))
    server = await asyncio.get_running_loop().create_server(lambda: Connection(name.encode(), queue), "127.0.0.1",
                                                            int(port), backlog=4096)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
