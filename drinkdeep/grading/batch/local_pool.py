"""Workers that are processes of this machine."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from drinkdeep.grading.errors import SandboxError, WorkerLostError
from drinkdeep.grading.sandbox import forkserver
from drinkdeep.grading.sandbox.forkserver import ForkServer
from drinkdeep.grading.version import grader_version


class LocalPool(Executor):
    """Processes of this machine. One that dies costs only what it was at.

    A ``ProcessPoolExecutor`` gives up all that it was asked for when one of its processes dies, so
    here each worker is one of its own, and the thread that waits for it starts another.
    """

    def __init__(self, workers: int, *, sandboxed: bool = True) -> None:
        """Prepare that many workers; each starts when it is first needed."""
        self._workers = workers
        self._threads = ThreadPoolExecutor(workers)
        self._own = threading.local()
        self._pools: list[ProcessPoolExecutor] = []
        # Workers are forks of a process that has torch loaded, and has not used it.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["drinkdeep.grading.batch.preload"])
        self._leash, self._end = self._context.Pipe(duplex=False)
        self._sandboxed = sandboxed
        self._server: ForkServer | None = None
        # Where it can't be had, whoever needs it says so.
        with contextlib.suppress(SandboxError):
            self._server = ForkServer(sandboxed=sandboxed)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As ``Executor`` says; WorkerLostError if the process dies over it."""
        return self._threads.submit(self._run, fn, args, kwargs)

    def warm(self) -> None:
        """Start the workers, which takes time that can be used otherwise."""
        for _ in range(self._workers):
            self.submit(grader_version)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers; with ``cancel_futures`` at once, whatever they are at."""
        if cancel_futures:
            self._end.close()
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        for pool in self._pools:
            pool.shutdown(wait=wait)
        self._end.close()
        self._leash.close()
        if self._server is not None:
            self._server.close()

    def _run(self, fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        pool: ProcessPoolExecutor | None = getattr(self._own, "pool", None)
        if pool is None:
            pool = self._own.pool = ProcessPoolExecutor(
                1,
                mp_context=self._context,
                initializer=_start_worker,
                initargs=(self._leash, self._server, self._sandboxed),
            )
            self._pools.append(pool)
        try:
            return pool.submit(fn, *args, **kwargs).result()
        except BrokenExecutor as error:
            self._own.pool = None
            self._pools.remove(pool)
            pool.shutdown(wait=False)
            raise WorkerLostError(str(error)) from error


def _start_worker(leash: Connection, server: ForkServer | None, sandboxed: bool) -> None:
    """Tie a worker's life to ours, however ours ends, and leave Ctrl-C to us."""
    if server is not None:
        forkserver.use(server, sandboxed=sandboxed)
    # Not SIG_IGN, which a kernel would inherit: it couldn't be interrupted then.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def watch() -> None:
        try:
            leash.recv()
        except (EOFError, OSError):
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def local_pool(workers: int, *, sandboxed: bool = True) -> Iterator[LocalPool]:
    """Start processes on this machine; when an exception ends it, so does what they are at."""
    pool = LocalPool(workers, sandboxed=sandboxed)
    try:
        yield pool
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


def cores() -> int:
    """Return how many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
