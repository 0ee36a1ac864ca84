"""What the console is told: GET /events read as it comes, the newest of each kind kept."""

import http.client
import json
import threading


class Events:
    """`events["now"]`: the newest event of that name, parsed; None before the first."""

    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._connection.request("GET", "/events")
        self._response = self._connection.getresponse()
        if self._response.status != 200:
            raise AssertionError(f"GET /events: {self._response.status} {self._response.read()!r}")
        self._newest = {}
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __getitem__(self, name):
        return self._newest.get(name)

    def _read(self):
        name = ""
        # Ends when Weir does, or when the story closes the connection.
        try:
            for line in self._response:
                kind, _, rest = line.decode().rstrip("\n").partition(": ")
                if kind == "event":
                    name = rest
                elif kind == "data":
                    self._newest[name] = json.loads(rest)
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass

    def close(self):
        if self._connection.sock is not None:
            self._connection.sock.close()
        self._connection.close()
