"""A client and an endpoint of HTTP/2 that say exactly the frames a story wants. Field lists go out as literals; of those
that come in only the end of the stream is looked at. For whole clients there are curl, nghttp and h2load, for whole
endpoints nghttpd, nginx and gRPC's own."""

import contextlib
import socket
import struct
import threading

from harness.ports import free_port
from harness.waiting import PATIENCE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1
INITIAL_WINDOW_SIZE = 4
NO_ERROR, CANCEL, ENHANCE_YOUR_CALM = 0, 8, 11


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def hpack(fields):
    """Literals without indexing (RFC 7541 section 6.2.2), for texts of up to 126 bytes."""
    block = b""
    for pair in fields:
        block += b"\0" + b"".join(bytes([len(text)]) + text.encode("latin-1") for text in pair)
    return block


def get(target, *more, method="GET"):
    return hpack([(":method", method), (":scheme", "http"), (":authority", "story.test"), (":path", target), *more])


class Http2Client:
    def __init__(self, port, *settings):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.buffer = b""
        self.bodies, self.ended, self.resets, self.goaways = {}, set(), {}, []
        self.received = {}  # bytes of body by stream
        self.keep = True  # the bodies themselves
        self.gone = False
        self.next_stream = 1
        self.sock.sendall(PREFACE + frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in settings)))

    def close(self):
        self.sock.close()

    def say(self, *frames):
        """False when nobody listens any more."""
        try:
            self.sock.sendall(b"".join(frames))
        except OSError:
            self.gone = True
        return not self.gone

    def ask(self, target, *fields, method="GET", end=True):
        stream = self.next_stream
        self.next_stream += 2
        self.say(frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, get(target, *fields, method=method)))
        return stream

    def window(self, stream, more):
        return self.say(frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", more)))

    def read(self):
        """Takes in what comes next, and answers what has to be."""
        try:
            data = self.sock.recv(65536)
        except ConnectionError:
            data = b""
        self.gone = self.gone or not data
        self.buffer += data
        while len(self.buffer) >= 9:
            size = int.from_bytes(self.buffer[:3], "big")
            if len(self.buffer) < 9 + size:
                break
            kind, flags, stream = self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big")
            payload, self.buffer = self.buffer[9:9 + size], self.buffer[9 + size:]
            self._take(kind, flags, stream, payload)

    def _take(self, kind, flags, stream, payload):
        if kind == DATA:
            self.received[stream] = self.received.get(stream, 0) + len(payload)
            if self.keep:
                self.bodies[stream] = self.bodies.get(stream, b"") + payload
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            self.ended.add(stream)
        if kind == RST_STREAM:
            self.resets[stream] = int.from_bytes(payload, "big")
        if kind == SETTINGS and not flags & ACK:
            self.say(frame(SETTINGS, ACK, 0))
        if kind == GOAWAY:
            self.goaways.append(struct.unpack(">II", payload[:8]))

    def read_until(self, condition):
        while not condition():
            if self.gone:
                raise AssertionError(f"closed: ended {sorted(self.ended)[-5:]}, resets {self.resets}, {self.goaways}")
            self.read()

    def body(self, stream):
        self.read_until(lambda: stream in self.ended or stream in self.resets)
        return self.bodies.get(stream, b"")


class Http2Server:
    """`answer(stream)`: the frames with which a request is answered at once. `deaf`: it reads, and says nothing."""

    def __init__(self, answer):
        self.answer = answer
        self.deaf = False
        self.asked = 0
        self._sockets = []
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self._sockets.append(sock)
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with contextlib.suppress(OSError, EOFError), sock.makefile("rb") as stream:
            self._exactly(stream, len(PREFACE))
            if not self.deaf:
                sock.sendall(frame(SETTINGS, 0, 0))
            while True:
                head = self._exactly(stream, 9)
                self._exactly(stream, int.from_bytes(head[:3], "big"))
                kind, flags, number = head[3], head[4], int.from_bytes(head[5:], "big")
                if self.deaf:
                    continue
                if kind == SETTINGS and not flags & ACK:
                    sock.sendall(frame(SETTINGS, ACK, 0))
                elif kind == PING and not flags & ACK:
                    sock.sendall(frame(PING, ACK, 0, bytes(8)))
                elif kind == HEADERS:
                    self.asked += 1
                    sock.sendall(self.answer(number))

    @staticmethod
    def _exactly(stream, count):
        data = stream.read(count)
        if len(data) != count:
            raise EOFError
        return data
