"""A name server that does as it is told, on UDP and TCP of one port, with answers that change while it runs.

    names = NameServer()
    names.set("app.test", a=["127.0.0.2"], ttl=1)
    names.set("app.test", SERVFAIL)
    names.set("_http._tcp.app.test", srv=[(priority, weight, port, "app.test")])
    names.asked            # (name, type, "udp" or "tcp") of every question

A name that was not set does not exist. RFC 1035 has the format.
"""

import contextlib
import ipaddress
import socket
import struct
import threading

from harness.ports import free_port

A, AAAA, SRV = 1, 28, 33
NXDOMAIN, SERVFAIL, REFUSED = "nxdomain", "servfail", "refused"
SILENT = "silent"        # no answer at all
TRUNCATED = "truncated"  # over UDP, a promise that TCP has more
_CODES = {NXDOMAIN: 3, SERVFAIL: 2, REFUSED: 5}
_UDP_BYTES = 512         # beyond this an answer is truncated


def _name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.rstrip(".").split(".")) + b"\0"


def _data(kind, value):
    if kind == SRV:
        priority, weight, port, target = value
        return struct.pack("!HHH", priority, weight, port) + _name(target)
    return ipaddress.ip_address(value).packed


def _question(packet):
    """Its name, type, and where it ends."""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(labels).lower(), struct.unpack_from("!H", packet, at + 1)[0], at + 5


class NameServer:
    def __init__(self):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.asked = []
        self._zone = {}
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._tcp = socket.create_server(("127.0.0.1", self.port))
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def set(self, name, what=None, *, a=(), aaaa=(), srv=(), ttl=0, **kinds):
        """`what`: one of the words above, or a function from the query's bytes to the answer's, for all types; `kinds`:
        the same for one type, as in AAAA=SERVFAIL."""
        records = {A: list(a), AAAA: list(aaaa), SRV: list(srv)}
        special = {kind: kinds.get(word, what) for word, kind in (("A", A), ("AAAA", AAAA), ("SRV", SRV))}
        self._zone[name] = (records, special, ttl)

    def count(self, name, kind=A):
        return sum(each[:2] == (name, kind) for each in self.asked)

    def stop(self):
        for sock in (self._udp, self._tcp):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _answer(self, packet, transport):
        """The answer's bytes, or None."""
        name, kind, end = _question(packet)
        self.asked.append((name, kind, transport))
        records, special, ttl = self._zone.get(name, ({}, {kind: NXDOMAIN}, 0))
        said = special.get(kind)
        if said == SILENT:
            return None
        if callable(said):
            return said(packet)
        found = [] if said in _CODES else records.get(kind, [])
        body = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, ttl, len(_data(kind, each))) + _data(kind, each)
                        for each in found)
        flags = 0x8580 | _CODES.get(said, 0)
        if transport == "udp" and (said == TRUNCATED or end + len(body) > _UDP_BYTES):
            flags, found, body = flags | 0x0200, [], b""
        return packet[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0) + packet[12:end] + body

    def _serve_udp(self):
        while True:
            try:
                packet, peer = self._udp.recvfrom(4096)
                if not packet:  # shut down
                    return
                if answer := self._answer(packet, "udp"):
                    self._udp.sendto(answer, peer)
            except OSError:
                return

    def _serve_tcp(self):
        while True:
            try:
                sock, _ = self._tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_connection, args=(sock,), daemon=True).start()

    def _serve_connection(self, sock):
        with sock, sock.makefile("rb") as stream, contextlib.suppress(OSError):
            while len(length := stream.read(2)) == 2:
                if answer := self._answer(stream.read(struct.unpack("!H", length)[0]), "tcp"):
                    sock.sendall(struct.pack("!H", len(answer)) + answer)
