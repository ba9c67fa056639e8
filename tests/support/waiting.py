"""Waiting for what comes about, however busy the machine is: never for a fixed time."""

import time
from collections.abc import Callable


def wait_for(
    condition: Callable[[], object],
    seconds: float = 120,
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Return once ``condition()`` holds; fail if it doesn't within so many seconds.

    ``pause`` sleeps between two looks, for so many seconds.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it didn't come about"
        pause(0.02)
