"""Everything at once: clients that leave, lie, pipeline and dawdle; endpoints that break in every way; reloads, drains
and weights. Whatever fails, nobody gets somebody else's answer, nothing is left behind, and the process lives.

WEIR_SEED repeats a run's choices (not its timing); WEIR_CHAOS_SECONDS makes it longer.
"""

import contextlib
import os
import random
import threading
import time
import unittest

from harness.case import Case
from harness.upstream import CLOSE, KEEP, answer
from harness.waiting import PATIENCE
from harness.wire import Client, Closed, request

SECONDS = float(os.environ.get("WEIR_CHAOS_SECONDS", "10"))
SEED = int(os.environ.get("WEIR_SEED", random.randrange(1 << 30)))
POISON = b"HTTP/1.1 200 OK\r\nX-Id: poison\r\nContent-Length: 6\r\n\r\npoison"


def body_of(name, size):
    return (name.encode() + b" ") * (size // (len(name) + 1) + 1)


class Endpoint:
    """Behaves differently with every request. What it says with status 200 carries the id it was asked for."""

    def __init__(self, seed, poisons):
        self.random = random.Random(seed)
        self.weights = [30, 10, 5, 6, 8, 6, 4, 2, 2 if poisons else 0]

    raw_body = True  # it reads bodies itself, or not

    def __call__(self, wire, message, server):
        with server.lock:
            what = self.random.choices([self.good, self.chunked, self.big, self.fails, self.breaks, self.malformed,
                                        self.early, self.stalls, self.poisons], self.weights)[0]
        if what != self.early:
            self.read_body(wire, message)
        return what(wire, message)

    @staticmethod
    def read_body(wire, message):
        if message.get("expect"):
            wire.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if message.get("transfer-encoding"):
            wire.chunks()
        else:
            wire.exactly(int(message.get("content-length", 0)))

    @staticmethod
    def say(wire, message, body, *fields):
        wire.sock.sendall(answer(body, "200 OK", f"X-Id: {message.get('x-id')}", *fields,
                                 head_only=message.method == "HEAD"))

    def good(self, wire, message):
        self.say(wire, message, body_of(message.get("x-id"), 20))
        return KEEP if self.random.random() < 0.95 else CLOSE  # without a word

    def chunked(self, wire, message):
        body = body_of(message.get("x-id"), 3000)
        name = message.get("x-id").encode()
        wire.sock.sendall(b"HTTP/1.1 200 OK\r\nX-Id: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % name)
        if message.method != "HEAD":
            for at in range(0, len(body), 700):
                piece = body[at:at + 700]
                wire.sock.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            wire.sock.sendall(b"0\r\nX-Trailer: 1\r\n\r\n")
        return KEEP

    def big(self, wire, message):
        self.say(wire, message, body_of(message.get("x-id"), 400_000))
        return KEEP

    def fails(self, wire, message):
        status = self.random.choice(["500 Oops", "502 Bad", "503 Busy", "504 Late", "404 None"])
        wire.sock.sendall(answer(b"sorry", status, f"X-Id: {message.get('x-id')}", head_only=message.method == "HEAD"))
        return KEEP

    def breaks(self, wire, message):
        """Off in the middle of something, in one of two ways."""
        name = message.get("x-id").encode()
        head = b"HTTP/1.1 200 OK\r\nX-Id: " + name
        wire.sock.sendall(self.random.choice([b"", b"HTT", head + b"\r\nContent-Length: 99999\r\n\r\n" + name,
                                              head + b"\r\nTransfer-Encoding: chunked\r\n\r\n55\r\n" + name]))
        if self.random.random() < 0.5:
            wire.reset()
        return CLOSE

    def malformed(self, wire, message):
        head = b"HTTP/1.1 200 OK\r\nX-Id: %s\r\n" % message.get("x-id").encode()
        wire.sock.sendall(self.random.choice([
            b"nonsense\r\n\r\n", head + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            head + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
            head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 103 Hint\r\n\r\n" * 40,
            b"HTTP/1.1 101 Switch\r\n\r\n"]))
        return KEEP

    def early(self, wire, message):
        wire.sock.sendall(answer(b"no", "403 No", f"X-Id: {message.get('x-id')}", head_only=message.method == "HEAD"))
        return CLOSE

    def stalls(self, wire, message):
        with contextlib.suppress(OSError):
            wire.sock.recv(1)
        return CLOSE

    def poisons(self, wire, message):
        """A whole answer, and then one more that nobody asked for."""
        data = answer(body_of(message.get("x-id"), 20), "200 OK", f"X-Id: {message.get('x-id')}",
                      head_only=message.method == "HEAD")
        wire.sock.sendall(data + POISON)
        return KEEP


class Crowd:
    """Clients on threads; `wrong` gathers answers that belonged to somebody else."""

    def __init__(self, port, seed, count):
        self.port = port
        self.wrong = []
        self.statuses = {}
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(f"c{i}", random.Random(f"{seed}/{i}")), daemon=True)
                        for i in range(count)]

    def run(self, name, rng):
        number = 0
        while not self.ending.is_set():
            with contextlib.suppress(OSError, Closed, ValueError), Client(self.port, 20) as client:
                for _ in range(rng.randrange(1, 8)):
                    number += 1
                    does = rng.choice([self.get, self.get, self.head, self.put, self.chunks, self.pipeline, self.old,
                                       self.leave, self.half_a_request, self.dawdle, self.expect, self.garbage])
                    does(client, rng, f"{name}-{number}")

    def check(self, response, name):
        self.statuses[response.status] = self.statuses.get(response.status, 0) + 1
        told = response.get("x-id")
        if told not in (None, name) or (response.status == 200 and told is None):
            self.wrong.append((name, response.start, response.fields, response.body[:80]))
        elif response.status == 200 and response.body and set(response.body.split()) != {name.encode()}:
            self.wrong.append((name, response.start, response.body[:200]))
        if response.get("connection") == "close":
            raise Closed

    def get(self, client, rng, name):
        client.send(request("GET", "/" + name, ("X-Id", name)))
        self.check(client.response(), name)

    def head(self, client, rng, name):
        client.send(request("HEAD", "/" + name, ("X-Id", name)))
        self.check(client.response("HEAD"), name)

    def put(self, client, rng, name):
        method = rng.choice(["PUT", "POST"])
        client.send(request(method, "/" + name, ("X-Id", name), body=bytes(rng.choice([0, 10, 5000, 60_000, 200_000]))))
        self.check(client.response(), name)

    def chunks(self, client, rng, name):
        client.send(f"POST /{name} HTTP/1.1\r\nHost: a\r\nX-Id: {name}\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(rng.randrange(5)):
            client.send(b"400\r\n" + bytes(1024) + b"\r\n")
        client.send(b"0\r\nX-T: 1\r\n\r\n")
        self.check(client.response(), name)

    def pipeline(self, client, rng, name):
        names = [f"{name}-{i}" for i in range(rng.randrange(2, 10))]
        client.send(b"".join(request("GET", "/" + each, ("X-Id", each)) for each in names))
        for each in names:
            self.check(client.response(), each)

    def old(self, client, rng, name):
        client.send(f"GET /{name} HTTP/1.0\r\nX-Id: {name}\r\n\r\n")
        response = client.response()
        if response.status == 200 and not response.get("content-length") and client.was_reset:
            raise Closed
        self.check(response, name)

    def expect(self, client, rng, name):
        client.send(request("PUT", "/" + name, ("X-Id", name), ("Expect", "100-continue"), body=b"hello"))
        self.check(client.response(), name)

    def leave(self, client, rng, name):
        client.send(request("GET", "/" + name, ("X-Id", name)) * rng.choice([1, 1, 4]))
        client.sock.settimeout(rng.random() * 0.01 + 0.0001)
        with contextlib.suppress(TimeoutError):
            client.sock.recv(100)
        rng.choice([client.reset, client.close])()
        raise Closed

    def half_a_request(self, client, rng, name):
        whole = request("PUT", "/" + name, ("X-Id", name), body=bytes(3000))
        client.send(whole[:rng.randrange(1, len(whole))])
        rng.choice([client.reset, client.close])()
        raise Closed

    def dawdle(self, client, rng, name):
        for byte in request("GET", "/" + name, ("X-Id", name)):
            client.send(bytes([byte]))
        self.check(client.response(), name)

    def garbage(self, client, rng, name):
        client.send(bytes(rng.randrange(256) for _ in range(rng.randrange(1, 200))) + b"\r\n\r\n")
        client.sock.settimeout(1)
        client.to_end()
        raise Closed


class Chaos(Case):
    def test_a_connection_per_request(self):
        self.run_chaos(pipeline="off", poisons=True)

    def test_shared_connections(self):
        """Where requests share connections an answer too many cannot be told from the next one: nobody sends any."""
        self.run_chaos(pipeline=4, poisons=False)

    def run_chaos(self, pipeline, poisons):
        endpoints = [self.upstream(name, Endpoint(f"{SEED}/{name}", poisons)) for name in "abcd"]
        rng = random.Random(SEED)

        def configuration(some):
            cluster = {"pipeline": pipeline, "outlier_detection": {"base_ejection": "200ms", "max_ejection": "500ms"},
                       "circuit_breaker": {"max_requests": 40, "max_pending": 10, "max_connections": 20}}
            return self.config(some, workers=2, cluster=cluster,
                               route={"timeout": "2s", "retry": {"attempts": 3, "backoff_base": "1ms"}},
                               listener={"timeouts": {"header": "1s", "body": "1s", "write": "1s", "idle": "2s"}})

        proxy = self.weir(configuration(endpoints))
        crowd = Crowd(self.port, SEED, 16)
        for thread in crowd.threads:
            thread.start()
        end = time.monotonic() + SECONDS
        # A busy machine needs longer for what is worth judging.
        while time.monotonic() < end or (crowd.statuses.get(200, 0) <= 200 and time.monotonic() < end + PATIENCE):
            proxy.write(configuration(rng.sample(endpoints, rng.randrange(2, 5))))
            proxy.post("/reload")
            one = rng.choice(list(proxy.endpoints()))
            for target in (f"/drain?endpoint={one}", f"/weight?endpoint={one}&weight={rng.randrange(5)}",
                           f"/undrain?endpoint={one}", f"/weight?endpoint={one}&weight=1"):
                proxy.post(target)
                crowd.ending.wait(rng.random() * 0.2)
            if rng.random() < 0.2:
                rng.choice(endpoints).drop_connections()
            self.assertIsNone(proxy.process.poll(), f"seed {SEED}: it died\n{proxy.stderr()[-4000:]}")
        crowd.ending.set()
        for thread in crowd.threads:
            thread.join(PATIENCE)
        self.assertEqual([], crowd.wrong[:5], f"seed {SEED}: answers to the wrong client")
        self.assertGreater(crowd.statuses.get(200, 0), 200, f"seed {SEED}: {crowd.statuses}")
        self.assert_nothing_left(proxy)

    def assert_nothing_left(self, proxy):
        def left():
            told = proxy.endpoints()
            return {"in flight": sum(each["in_flight"] for each in told.values()),
                    "requests": proxy.metric("weir_cluster_requests_in_flight"),
                    "pending": proxy.metric("weir_cluster_pending"),
                    "clients": proxy.metric("weir_connections")}

        self.eventually(lambda: not any(left().values()), lambda: f"seed {SEED}: left behind: {left()}")


if __name__ == "__main__":
    unittest.main()
