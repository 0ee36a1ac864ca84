"""HTTP/1.1 as bytes on a socket, for both ends of a test: it reads messages as they come and hides nothing.

Strict where a test must see a fault of Weir's (framing), lenient where the test itself misbehaves on purpose.
"""

import socket
from dataclasses import dataclass, field

from harness.waiting import PATIENCE


class Closed(Exception):
    """The peer ended the connection in the middle of, or instead of, a message."""


@dataclass
class Message:
    """A request or a response: `start` is the first line, field names are in lower case, order is kept."""
    start: str
    fields: list
    body: bytes = b""
    trailers: list = field(default_factory=list)

    def all(self, name):
        return [value for each, value in self.fields if each == name]

    def get(self, name, default=None):
        return next(iter(self.all(name)), default)

    @property
    def status(self):
        return int(self.start.split(" ", 2)[1])

    @property
    def method(self):
        return self.start.split(" ", 1)[0]

    @property
    def target(self):
        return self.start.split(" ")[1]


class Wire:
    """A socket with a buffer: heads, bodies by length, chunks, or until the end."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise Closed(f"closed with {self.buffer[:200]!r} pending")
        self.buffer += data

    def line(self):
        while b"\r\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode("latin-1")

    def exactly(self, count):
        while len(self.buffer) < count:
            self.more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def fields(self):
        found = []
        while line := self.line():
            name, _, value = line.partition(":")
            found.append((name.lower(), value.strip()))
        return found

    def head(self):
        return Message(self.line(), self.fields())

    def chunks(self):
        """The body of a chunked message, and its trailers."""
        body = []
        while size := int(self.line().split(";")[0], 16):
            body.append(self.exactly(size))
            if (end := self.exactly(2)) != b"\r\n":
                raise ValueError(f"chunk of {size} ends with {end!r}")
        return b"".join(body), self.fields()

    def to_end(self):
        """Everything until the peer closes. A reset counts as an end; `was_reset` tells."""
        self.was_reset = False
        try:
            while data := self.sock.recv(65536):
                self.buffer += data
        except ConnectionError:
            self.was_reset = True
        data, self.buffer = self.buffer, b""
        return data

    def request(self, with_body=True):
        message = self.head()
        if not with_body:
            return message
        if message.get("transfer-encoding"):
            message.body, message.trailers = self.chunks()
        else:
            message.body = self.exactly(int(message.get("content-length", 0)))
        return message

    def response(self, method="GET"):
        """The next final response; informational ones are gathered in its `informational`."""
        informational = []
        while (message := self.head()).status < 200:
            informational.append(message)
        message.informational = informational
        if method == "HEAD" or message.status in (204, 304):
            return message
        if message.get("transfer-encoding"):
            message.body, message.trailers = self.chunks()
        elif (length := message.get("content-length")) is not None:
            message.body = self.exactly(int(length))
        else:
            message.body = self.to_end()
        return message

    def close(self):
        self.sock.close()

    def reset(self):
        """Closes with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()


class Client(Wire):
    """A client of 127.0.0.1:port that sends what it is told, byte for byte."""

    def __init__(self, port, timeout=PATIENCE):
        super().__init__(socket.create_connection(("127.0.0.1", port), timeout))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def ask(self, method="GET", target="/", *fields, body=None, host="example.org"):
        """One well-formed request and its response; `fields` are (name, value)."""
        self.send(request(method, target, *fields, body=body, host=host))
        return self.response(method)


def request(method="GET", target="/", *fields, body=None, host="example.org", version="HTTP/1.1"):
    lines = [f"{method} {target} {version}", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in fields]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


def ask(port, method="GET", target="/", *fields, body=None, host="example.org", timeout=PATIENCE):
    """One request on a connection of its own."""
    with Client(port, timeout) as client:
        return client.ask(method, target, *fields, body=body, host=host)
