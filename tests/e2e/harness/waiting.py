"""Waiting for what happens elsewhere, instead of for time to pass."""

import time

# s: for a busy machine. A limit costs time only when it fails; what a story shows must not hang on it.
PATIENCE = 60.0


def wait_for(condition, seconds=PATIENCE):
    """The condition's value once it is true, or its last value."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return value


class Still:
    """A condition for wait_for: whether what `value` tells has stayed the same for a while (of `seconds`)."""

    def __init__(self, value, seconds=1.0):
        self._value = value
        self._seconds = seconds
        self._last = None
        self._since = 0.0

    def __call__(self):
        value = self._value()
        if value != self._last:
            self._last, self._since = value, time.monotonic()
        return time.monotonic() - self._since > self._seconds
