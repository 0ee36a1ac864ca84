"""Endpoints that do as they are told: a server on a thread per connection, whose behaviour is a function and may change
while it runs, and (kill -9 needs one) a server in a process of its own.

    endpoint = Upstream("a", status(500))
    endpoint.behaviour = ok
    endpoint.requests      # what arrived, whole
    endpoint.accepted      # connections that were accepted

A behaviour gets the connection's Wire, the request and the server. It answers with bytes and returns whether the
connection is kept. One marked with @raw_body gets the request before its body has been read.
"""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading

from harness.ports import free_port
from harness.waiting import PATIENCE
from harness.wire import Closed, Wire

KEEP, CLOSE = True, False


def raw_body(behaviour):
    behaviour.raw_body = True
    return behaviour


def answer(body=b"", status="200 OK", *fields, head_only=False):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (b"" if head_only else body)


def ok(wire, request, server):
    """Says who it is."""
    wire.sock.sendall(answer(server.name.encode(), "200 OK", f"X-Instance: {server.name}",
                             head_only=request.method == "HEAD"))
    return KEEP


def echo(wire, request, server):
    """Tells what arrived, as JSON."""
    text = json.dumps({"start": request.start, "fields": request.fields, "body": request.body.decode("latin-1"),
                       "trailers": request.trailers, "instance": server.name}).encode()
    wire.sock.sendall(answer(text))
    return KEEP


def status(code, *fields):
    def behaviour(wire, request, server):
        wire.sock.sendall(answer(b"from " + server.name.encode(), f"{code} Because", *fields))
        return KEEP
    return behaviour


def delay(seconds, then=ok):
    """Answers late; leaves early when the client does or the test ends."""
    def behaviour(wire, request, server):
        server.ending.wait(seconds)
        return then(wire, request, server)
    return behaviour


def gated(gate, then=ok):
    """Answers once the gate (an Event) is set: the request is in flight until the story says so."""
    def behaviour(wire, request, server):
        gate.wait(PATIENCE)
        return then(wire, request, server)
    return behaviour


def hang_up(wire, request, server):
    """Reads the request and leaves without a word."""
    return CLOSE


def never(wire, request, server):
    """Half dead: accepts, reads, and says nothing until the other side leaves."""
    server.waiting.append(request)
    with contextlib.suppress(OSError):
        wire.sock.recv(1)
    server.left.append(request)
    return CLOSE


def says(data, then=CLOSE):
    """Exactly these bytes, whatever was asked."""
    def behaviour(wire, request, server):
        wire.sock.sendall(data)
        return then
    return behaviour


def once(first, then):
    """`first` for the first request the server sees, `then` for all others."""
    seen = []

    def behaviour(wire, request, server):
        with server.lock:
            chosen = then if seen else first
            seen.append(request)
        return chosen(wire, request, server)
    return behaviour


def every_other(first, second):
    count = [0]

    def behaviour(wire, request, server):
        with server.lock:
            count[0] += 1
            odd = count[0] % 2
        return (first if odd else second)(wire, request, server)
    return behaviour


class Upstream:
    def __init__(self, name="a", behaviour=ok, host="127.0.0.1", port=None):
        self.name = name
        self.host = host
        self.behaviour = behaviour
        self.requests = []
        self.waiting = []
        self.left = []
        self.accepted = 0
        self.lock = threading.Lock()
        self.ending = threading.Event()
        self._connections = set()
        self.port = port or free_port()
        self.address = f"{host}:{self.port}"
        self.listen()

    def listen(self):
        self._listener = socket.create_server((self.host, self.port), backlog=4096)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    @property
    def open(self):
        """Connections that are open now."""
        return len(self._connections)

    @property
    def targets(self):
        return [each.target for each in self.requests]

    def of(self, method):
        return [each for each in self.requests if each.method == method]

    def _accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.accepted += 1
                self._connections.add(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = Wire(sock)
        try:
            keep = KEEP
            while keep and not self.ending.is_set():
                while not wire.buffer:
                    wire.more()
                head = wire.head()
                behaviour = self.behaviour
                if not getattr(behaviour, "raw_body", False):
                    self._read_body(wire, head)
                with self.lock:
                    self.requests.append(head)
                keep = behaviour(wire, head, self)
        except (Closed, OSError, ValueError):
            pass
        finally:
            with self.lock:
                self._connections.discard(sock)
            sock.close()

    @staticmethod
    def _read_body(wire, head):
        if head.get("transfer-encoding"):
            head.body, head.trailers = wire.chunks()
        else:
            head.body = wire.exactly(int(head.get("content-length", 0)))

    def drop_connections(self):
        """Closes every connection, idle or not, and keeps listening."""
        with self.lock:
            connections = list(self._connections)
        for sock in connections:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def tell_all(self, data):
        """Sends bytes on every connection, asked or not."""
        with self.lock:
            connections = list(self._connections)
        for sock in connections:
            with contextlib.suppress(OSError):
                sock.sendall(data)

    def refuse(self):
        """Stops listening until `listen`: connecting is refused."""
        # close() alone would leave the thread in accept() holding the socket.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_connections()

    def stop(self):
        self.ending.set()
        self.refuse()


class UpstreamProcess:
    """The same in a process of its own, which can be killed, or frozen: then the kernel accepts and nobody answers."""

    def __init__(self, name, port, *arguments, script="serve.py"):
        self.name = name
        self.port = port
        self.address = f"127.0.0.1:{port}"
        self._arguments = arguments
        self._script = pathlib.Path(__file__).with_name(script)
        self.start()

    def start(self):
        self._process = subprocess.Popen([sys.executable, self._script, self.name, str(self.port), *self._arguments],
                                         stdout=subprocess.PIPE)
        if self._process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"{self._script} did not start")

    def kill(self):
        """kill -9, which ends a frozen process too."""
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def freeze(self):
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self._process.pid, signal.SIGCONT)

    stop = kill
