"""Many clients at once on one thread: non-blocking sockets that send what they are told and gather what comes."""

import contextlib
import selectors
import socket
import time

from harness.waiting import PATIENCE


class Crowd:
    """`count` connections to 127.0.0.1:port. Each has `received` bytes and, once the peer closed it, `ended`."""

    class Member:
        def __init__(self, sock):
            self.sock = sock
            self.received = b""
            self.ended = False

    def __init__(self, port, count):
        self._selector = selectors.DefaultSelector()
        self.members = []
        for _ in range(count):
            sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
            sock.setblocking(False)
            member = self.Member(sock)
            self.members.append(member)
            self._selector.register(sock, selectors.EVENT_READ, member)

    def send(self, data):
        """To all that are still connected; short data always fits the socket's buffer."""
        for member in self.members:
            if not member.ended:
                with contextlib.suppress(OSError):
                    member.sock.send(data)

    def receive(self, seconds=PATIENCE, until=lambda: False):
        """Takes what comes, until `until()` or the time is over."""
        end = time.monotonic() + seconds
        while not until() and time.monotonic() < end:
            for key, _ in self._selector.select(0.05):
                self._read(key.data)

    def _read(self, member):
        try:
            data = member.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        member.received += data
        if not data:
            member.ended = True
            self._selector.unregister(member.sock)

    @property
    def ended(self):
        return sum(member.ended for member in self.members)

    def statuses(self):
        """How many answers there were of each status; None stands for a connection that got none."""
        counts = {}
        for member in self.members:
            found = member.received.split(b" ", 2)[1].decode() if member.received.startswith(b"HTTP/1.1 ") else None
            counts[found] = counts.get(found, 0) + 1
        return counts

    def close(self):
        for member in self.members:
            member.sock.close()
        self._selector.close()
