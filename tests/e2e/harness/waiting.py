"""Waiting for what happens elsewhere, instead of for time to pass."""

import time


def wait_for(condition, seconds=10.0):
    """The condition's value once it is true, or its last value."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return value
