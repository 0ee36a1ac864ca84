"""Load: threads that ask, one request after the other, on connections they keep, and remember every answer."""

import collections
import contextlib
import threading
import time
from dataclasses import dataclass

from harness.waiting import PATIENCE
from harness.wire import Client, Closed


@dataclass
class Answer:
    at: float  # when it ended, monotonic
    status: int  # 0: no answer
    instance: str = ""
    error: str = ""


class Load:
    """`with Load(port) as load: ...`: runs meanwhile, and has ended after. A client that loses its connection opens a
    new one and repeats nothing: what that costs is seen."""

    def __init__(self, port, threads=8, method="GET", target="/", body=None, per_connection=0, timeout=PATIENCE):
        self.port = port
        self.threads = threads
        self.answers = []
        self._request = (method, target)
        self._body = body
        self._per_connection = per_connection
        self._timeout = timeout
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._ending.set()
        for thread in self._threads:
            thread.join(self._timeout + 5)

    def _run(self):
        client, used = None, 0
        while not self._ending.is_set():
            try:
                if client is None:
                    client, used = Client(self.port, self._timeout), 0
                response = client.ask(*self._request, body=self._body)
                used += 1
                self._note(response.status, response.get("x-instance", ""), response.get("x-weir-refusal", ""))
                if response.get("connection") == "close" or used == self._per_connection:
                    client.close()
                    client = None
            except (OSError, Closed, ValueError) as error:
                self._note(0, "", repr(error))
                with contextlib.suppress(AttributeError):
                    client.close()
                client = None
        if client is not None:
            client.close()

    def _note(self, status, instance, error):
        self.answers.append(Answer(time.monotonic(), status, instance, error))

    def since(self, moment):
        return [each for each in list(self.answers) if each.at >= moment]

    def failed(self, answers=None):
        return [each for each in (list(self.answers) if answers is None else answers) if each.status != 200]

    def by_instance(self, answers=None):
        return collections.Counter(each.instance for each in (list(self.answers) if answers is None else answers))

    def text(self, answers=None):
        """What was seen, in one line."""
        answers = list(self.answers) if answers is None else answers
        kinds = collections.Counter((each.status, each.error) for each in answers)
        return f"{len(answers)} answers, {dict(self.by_instance(answers))}, {dict(kinds.most_common(8))}"
