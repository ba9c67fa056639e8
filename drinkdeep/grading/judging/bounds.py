"""Bounds on the judge itself, which looks at whatever a student's code has answered.

A test may walk through an answer that is far longer than what was asked for. The kernel's bounds
don't hold here: the judge runs in the grader's own process.
"""

import contextlib
import ctypes
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

CPU_SECONDS = 20
"""The CPU time that judging one exercise may take; it takes milliseconds."""
MEMORY_BYTES = 2 * 2**30
"""The memory by which the process may grow meanwhile."""
TICK = 0.2
"""How often it is looked at, in seconds."""


class JudgingStopped(BaseException):  # no error of the test's, which may catch those
    """The judge was at one exercise for too long, or needed too much for it."""


@dataclass(eq=False)
class _Judging:
    """What a thread is at, and what it may take for that."""

    thread: int
    clock: int
    end: float
    most_bytes: int

    @property
    def exceeded(self) -> bool:
        """Whether it has taken more."""
        if time.clock_gettime(self.clock) > self.end:
            return True
        return bool(psutil.Process().memory_info().rss > self.most_bytes)


_lock = threading.Lock()
_judgings: set[_Judging] = set()
_some = threading.Event()
_watcher: threading.Thread | None = None


@contextlib.contextmanager
def bounded(cpu_seconds: float = CPU_SECONDS, memory_bytes: int = MEMORY_BYTES) -> Iterator[None]:
    """Stop what this thread does when it takes more CPU time or memory than that.

    Raises
    ------
    JudgingStopped
        Between two steps of Python's; what runs in C is waited for.
    """
    thread = threading.get_ident()
    if hasattr(time, "pthread_getcpuclockid"):
        clock = time.pthread_getcpuclockid(thread)
    else:
        clock = time.CLOCK_MONOTONIC  # macOS can't tell the CPU time of another thread
    most_bytes = psutil.Process().memory_info().rss + memory_bytes
    judging = _Judging(thread, clock, time.clock_gettime(clock) + cpu_seconds, most_bytes)
    _watch(judging)
    try:
        yield
    finally:
        with _lock:
            _judgings.discard(judging)
            if not _judgings:
                _some.clear()
            _raise(thread, None)  # one that is on its way and has not arrived


def _watch(judging: _Judging) -> None:
    """Have it looked at, by one thread for all that there ever are: to start one takes long."""
    global _watcher
    with _lock:
        _judgings.add(judging)
        _some.set()
        if _watcher is None or not _watcher.is_alive():  # as in a process that was just forked
            _watcher = threading.Thread(target=_keep_watch, daemon=True)
            _watcher.start()


def _keep_watch() -> None:
    while _some.wait():
        time.sleep(TICK)
        with _lock:
            for judging in [judging for judging in _judgings if judging.exceeded]:
                _judgings.discard(judging)
                _raise(judging.thread, ctypes.py_object(JudgingStopped))


def _raise(thread: int, error: object) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), error)
