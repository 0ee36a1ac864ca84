"""weir drill proxy: what a client sees through it. The faults themselves are told in src/drill/fault_proxy_test.cc."""

import re
import signal
import socket
import subprocess
import threading
import time
import unittest

from harness.waiting import PATIENCE
from harness.weir import WEIR


class FaultProxy(unittest.TestCase):
    def setUp(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.server.close)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        """Echoes, one thread a connection, until its socket is closed."""
        while True:
            try:
                peer, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.echo, args=(peer,), daemon=True).start()

    @staticmethod
    def echo(peer):
        with peer:
            try:
                while data := peer.recv(4096):
                    peer.sendall(data)
            except OSError:
                pass

    def proxy(self, *faults):
        process = subprocess.Popen(
            [WEIR, "drill", "proxy", "--to", f"127.0.0.1:{self.server.getsockname()[1]}", *faults],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.send_signal, signal.SIGTERM)
        port = re.search(r"on 127\.0\.0\.1:(\d+)", process.stdout.readline()).group(1)
        return int(port)

    def client(self, port):
        client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.addCleanup(client.close)
        return client

    def test_bytes_pass(self):
        client = self.client(self.proxy())
        client.sendall(b"hello")
        self.assertEqual(client.recv(100), b"hello")

    def test_delay(self):
        client = self.client(self.proxy("--delay", "150ms", "--direction", "upstream"))
        begun = time.monotonic()
        client.sendall(b"late")
        self.assertEqual(client.recv(100), b"late")
        self.assertGreaterEqual(time.monotonic() - begun, 0.15)

    def test_reset(self):
        client = self.client(self.proxy("--close", "reset"))
        client.sendall(b"x")
        with self.assertRaises(ConnectionResetError):
            client.recv(100)

    def test_the_limit_of_connections(self):
        port = self.proxy("--connection-limit", "1")
        first = self.client(port)
        first.sendall(b"a")
        self.assertEqual(first.recv(100), b"a")
        with self.assertRaises(ConnectionResetError):  # while it connects, or when it reads
            self.client(port).recv(100)


if __name__ == "__main__":
    unittest.main()
