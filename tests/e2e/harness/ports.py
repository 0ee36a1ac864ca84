"""Ports that nobody has, for whoever wants to listen."""

import contextlib
import os
import socket

_given = set()


def free_port():
    """A port nobody listens on, never the same twice. Below the range that outgoing connections take theirs from: one
    of those could have it by the time somebody wants to listen on it."""
    first = 10_000 + os.getpid() * 211 % 20_000  # far from those of a story that runs beside this one
    for port in range(first, 32_000):
        if port in _given:
            continue
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("127.0.0.1", port))
            _given.add(port)
            return port
    raise AssertionError("no free port")
