"""WebSockets (RFC 6455) for both ends of a story: frames as bytes, an endpoint that echoes, a client that speaks."""

import base64
import hashlib
import os
import struct

from harness.upstream import CLOSE, answer
from harness.wire import Closed, request

TEXT, BINARY, CLOSING, PING, PONG = 1, 2, 8, 9, 10
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()


def frame(opcode, payload=b"", masked=False):
    size = len(payload)
    mask_bit = 0x80 if masked else 0
    head = bytes([0x80 | opcode])
    if size < 126:
        head += bytes([mask_bit | size])
    elif size < 65536:
        head += bytes([mask_bit | 126]) + struct.pack("!H", size)
    else:
        head += bytes([mask_bit | 127]) + struct.pack("!Q", size)
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + _masked(payload, key)


def _masked(payload, key):
    whole = (key * (len(payload) // 4 + 1))[:len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")).to_bytes(len(payload), "big")


def read_frame(wire):
    """(opcode, payload, masked)"""
    first, second = wire.exactly(2)
    size = second & 0x7f
    if size == 126:
        size, = struct.unpack("!H", wire.exactly(2))
    elif size == 127:
        size, = struct.unpack("!Q", wire.exactly(8))
    key = wire.exactly(4) if second & 0x80 else None
    payload = wire.exactly(size)
    return first & 0x0f, _masked(payload, key) if key else payload, key is not None


def accepted(message):
    """The answer that agrees to a handshake."""
    return ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept_of(message.get('sec-websocket-key'))}\r\n\r\n").encode()


def echoing(wire, message, server):
    """Accepts the handshake, greets with its name and echoes until it is told goodbye. What it was told last is kept in
    `server.farewells`."""
    if (message.get("upgrade") or "").lower() != "websocket":
        wire.sock.sendall(answer(b"no websocket", "426 Upgrade Required"))
        return CLOSE
    wire.sock.sendall(accepted(message) + frame(TEXT, server.name.encode()))
    try:
        while True:
            opcode, payload, masked = read_frame(wire)
            if not masked:
                raise AssertionError("a client masks its frames")
            wire.sock.sendall(frame(PONG if opcode == PING else opcode, payload))
            if opcode == CLOSING:
                server.__dict__.setdefault("farewells", []).append(payload)
                return CLOSE
    except (Closed, OSError):
        return CLOSE


class WebSocket:
    """A client's end. `early` is sent right behind the request, before the answer, as an eager client might."""

    def __init__(self, client, target="/", *fields, early=b""):
        self.wire = client
        key = base64.b64encode(os.urandom(16)).decode()
        client.send(request("GET", target, ("Connection", "keep-alive, Upgrade"), ("Upgrade", "websocket"),
                            ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", key), *fields) + early)
        self.head = client.head()
        if self.head.status == 101 and self.head.get("sec-websocket-accept") != accept_of(key):
            raise AssertionError(f"not for this key: {self.head}")

    def send(self, opcode, payload=b""):
        self.wire.send(frame(opcode, payload, masked=True))

    def receive(self):
        opcode, payload, _ = read_frame(self.wire)
        return opcode, payload

    def echo(self, payload):
        self.send(BINARY, payload)
        return self.receive() == (BINARY, payload)
