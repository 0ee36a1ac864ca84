"""Many clients' requests on few connections (cluster.pipeline): everybody gets the answer to what they asked, and what
happens to one request does not happen to its neighbours."""

import json
import threading
import unittest

from harness.case import Case
from harness.load import Load
from harness.upstream import CLOSE, KEEP, echo, gated, ok
from harness.waiting import PATIENCE
from harness.wire import Client, request


class Coalescing(Case):
    def start(self, behaviour, **options):
        self.a = self.upstream("a", behaviour)
        self.proxy = self.weir(self.config([self.a], cluster={"pipeline": 8, "outlier_detection": "off"}, workers=1,
                                           **options))

    def burst(self, count):
        """So many clients ask at once, each for something of its own; what each was told."""
        clients = [self.client() for _ in range(count)]
        for i, client in enumerate(clients):
            client.send(request("GET", f"/{i}"))
        return [client.response() for client in clients]

    def test_everybody_gets_their_own(self):
        self.start(echo)
        for _ in range(10):
            targets = [json.loads(each.body)["start"].split()[1] for each in self.burst(50)]
            self.assertEqual([f"/{i}" for i in range(50)], targets)
        self.assertLess(self.a.accepted, 50, "connections are shared")

    def test_under_load(self):
        self.start(ok)
        right, wrong = [], []

        def ask(name):
            with Client(self.port) as client:
                for i in range(100):
                    body = f"{name}-{i}"
                    response = client.ask("PUT" if i % 5 == 0 else "GET", f"/{body}",
                                          body=body.encode() if i % 5 == 0 else None)
                    told = json.loads(response.body)["start"].split()[1]
                    (right if told == f"/{body}" else wrong).append((body, response.body))

        self.a.behaviour = echo
        threads = [threading.Thread(target=ask, args=(name,)) for name in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertEqual([], wrong[:3])
        self.assertEqual(12 * 100, len(right))

    def test_a_neighbour_that_leaves(self):
        gate = threading.Event()
        self.start(gated(gate, echo), route={"timeout": "120s"})
        clients = [self.client() for _ in range(30)]
        for i, client in enumerate(clients):
            client.send(request("GET", f"/{i}"))
        self.eventually(lambda: self.a.requests, "some have arrived")
        for client in clients[::3]:
            client.close()
        gate.set()
        for i, client in enumerate(clients):
            if i % 3:
                self.assertEqual(f"/{i}", json.loads(client.response().body)["start"].split()[1])

    def test_a_connection_that_dies_on_the_way(self):
        """The endpoint answers two requests of a connection and leaves: those behind are repeated, for they may be."""
        count = {}

        def two_each(wire, message, server):
            echo(wire, message, server)
            count[wire] = count.get(wire, 0) + 1
            return KEEP if count[wire] < 2 else CLOSE

        self.start(two_each, route={"retry": {"attempts": 5}})
        for _ in range(5):
            answers = self.burst(20)
            self.assertEqual([200] * 20, [each.status for each in answers])
            self.assertEqual([f"/{i}" for i in range(20)],
                             [json.loads(each.body)["start"].split()[1] for each in answers])

    def test_a_post_travels_alone(self):
        self.start(ok)
        with Load(self.port, threads=8, method="POST", body=b"x") as load:
            self.eventually(lambda: len(load.answers) > 300, load.text)
        self.assertEqual([], load.failed()[:5], load.text())


if __name__ == "__main__":
    unittest.main()
