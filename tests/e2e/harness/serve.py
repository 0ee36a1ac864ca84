"""A small, quick HTTP server in a process of its own: serve.py NAME PORT [DELAY_MS [FAIL_PERCENT]].

Every request is answered with the name, after the delay; of the share that fails, with 500. Bodies must have a length.
"""

import asyncio
import sys


class Connection(asyncio.Protocol):
    def __init__(self, name, delay, fail_percent):
        self.name, self.delay, self.fail_percent = name, delay, fail_percent
        self.buffer = b""
        self.count = 0

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            length = 0
            if (at := head.find(b"\r\ncontent-length:")) >= 0:
                length = int(head[at + 17:].split(b"\r\n", 1)[0])
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length:]
            self.count += 1
            asyncio.get_running_loop().call_later(self.delay, self.answer)

    def answer(self):
        Connection.served += 1
        fails = Connection.served * self.fail_percent // 100 != (Connection.served - 1) * self.fail_percent // 100
        status = b"500 Internal Server Error" if fails else b"200 OK"
        self.transport.write(b"HTTP/1.1 %s\r\nX-Instance: %s\r\nContent-Length: %d\r\n\r\n%s" %
                             (status, self.name, len(self.name), self.name))

    served = 0


async def main(name, port, delay_ms="0", fail_percent="0"):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(name.encode(), int(delay_ms) / 1000, int(fail_percent)),
                                      "127.0.0.1", int(port), backlog=4096)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
