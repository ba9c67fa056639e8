"""One call in a process of its own, with a bound on its time and on its memory.

What a student wrote is read by parsers, native ones among them, and some of it was written to
break them. In a process of its own a parser that crashes, that never ends or that takes all memory
costs that one student's page and nobody else's.
"""

import contextlib
import multiprocessing
import resource
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

CPU_SECONDS, CLOCK_SECONDS = 30, 300
"""The CPU time that one call may take, and the time on the clock, for when the machine is busy."""
MEMORY_BYTES = 2 * 2**30
"""The memory that one call may take, besides what is loaded before it."""


class OwnProcessError(Exception):
    """The call gave no value; the message says why."""


def call(
    function: Callable[..., str],
    *arguments: Any,
    cpu_seconds: int = CPU_SECONDS,
    clock_seconds: int = CLOCK_SECONDS,
    memory_bytes: int = MEMORY_BYTES,
) -> str:
    """Return what a module's function returns, called in a new process.

    Parameters
    ----------
    function, arguments
        What is called, and with what; both are pickled.
    cpu_seconds, clock_seconds
        The time it may take.
    memory_bytes
        The address space it may take in addition (Linux; elsewhere only the time is bounded).

    Raises
    ------
    OwnProcessError
        If it took too long or too much, crashed or raised an exception.
    """
    # Forks of a process that has no threads. It loads the function's module once for all calls.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", function.__module__])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(
        target=_bounded, args=(theirs, function, arguments, cpu_seconds, memory_bytes), daemon=True
    )
    process.start()
    theirs.close()
    try:
        if not ours.poll(clock_seconds):
            raise OwnProcessError(f"it took more than {clock_seconds} s")
        done, value = ours.recv()
    except (EOFError, OSError):  # no answer: it was ended by a bound, or by a fault of a parser's
        process.join()
        raise OwnProcessError(f"its process ended with code {process.exitcode}") from None
    finally:
        ours.close()
        process.kill()
        process.join()
    if not done:
        raise OwnProcessError(value)
    return str(value)


def _bounded(
    answer: Connection,
    function: Callable[..., str],
    arguments: tuple[Any, ...],
    cpu_seconds: int,
    memory_bytes: int,
) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    try:
        result = True, function(*arguments)
    except BaseException as error:
        # Its traceback may be as long as what it was given.
        result = False, f"{type(error).__name__}: {error}"[:500]
    with contextlib.suppress(BrokenPipeError):
        answer.send(result)
