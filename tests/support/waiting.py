"""Waiting for what comes about, however busy the machine is: never for a fixed time."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path


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


def unhurriedly(_: float) -> None:
    """Pause so long that the program that is asked comes to do something else as well."""
    time.sleep(0.5)


@contextlib.contextmanager
def explained_by(folder: Path) -> Iterator[None]:
    """Add the last of each log in a folder to whatever goes wrong."""
    try:
        yield
    except Exception as error:
        for path in folder.glob("*log"):
            error.add_note(f"{path.name}: {path.read_text('utf-8', errors='replace')[-5000:]}")
        raise
