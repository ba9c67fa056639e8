"""Bounds on the judge itself, which looks at whatever a student's code has answered.

A test may walk through an answer that is far longer than what was asked for. The kernel's bounds
don't hold here: the judge runs in the grader's own process.
"""

import contextlib
import ctypes
import threading
import time
from collections.abc import Iterator

import psutil

CPU_SECONDS = 20
"""The CPU time that judging one exercise may take; it takes milliseconds."""
MEMORY_BYTES = 2 * 2**30
"""The memory by which the process may grow meanwhile."""
TICK = 0.2
"""How often it is looked at, in seconds."""


class JudgingStopped(BaseException):  # no error of the test's, which may catch those
    """The judge was at one exercise for too long, or needed too much for it."""


@contextlib.contextmanager
def bounded(cpu_seconds: float = CPU_SECONDS, memory_bytes: int = MEMORY_BYTES) -> Iterator[None]:
    """Stop what this thread does when it takes more CPU time or memory than that.

    Raises
    ------
    JudgingStopped
        Between two steps of Python's; what runs in C is waited for.
    """
    thread = threading.get_ident()
    process = psutil.Process()
    most = process.memory_info().rss + memory_bytes
    if hasattr(time, "pthread_getcpuclockid"):
        clock = time.pthread_getcpuclockid(thread)
    else:
        clock = time.CLOCK_MONOTONIC  # macOS can't tell the CPU time of another thread
    end = time.clock_gettime(clock) + cpu_seconds
    done = threading.Event()
    lock = threading.Lock()

    def watch() -> None:
        while not done.wait(TICK):
            if time.clock_gettime(clock) > end or process.memory_info().rss > most:
                with lock:
                    if not done.is_set():
                        _raise(thread, ctypes.py_object(JudgingStopped))
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        with lock:
            done.set()
            _raise(thread, None)  # one that is on its way and has not arrived
        watcher.join()


def _raise(thread: int, error: object) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), error)
