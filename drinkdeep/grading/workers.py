"""Where submissions are executed: in processes of this machine, or on a Dask cluster.

Either is a ``concurrent.futures`` executor that runs :func:`perform`. All that a worker gets
travels with the :class:`Work`: it has neither the gradebook nor the course's folder.
"""

import contextlib
import hashlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import drinkdeep
from drinkdeep.grading import sandbox
from drinkdeep.grading.sandbox import Limits, SandboxError, Template
from drinkdeep.mnist_files import MnistError

# What executes is imported in perform(): the process that has the gradebook needs no torch.


class WorkerLostError(Exception):
    """The process that was at a submission has died."""


class GradingError(Exception):
    """It can't be done. The message says what is wrong, and what to do."""


class WorkersError(GradingError):
    """The workers can't do it."""


@dataclass(frozen=True)
class Work:
    """A submission to be executed, with all that is needed for it."""

    notebooks: dict[str, tuple[str, str]]
    """The sanitized notebook and its source, as JSON, by name."""
    seed: int
    limits: Limits
    sandboxed: bool
    version: str
    """The grader's, so that a worker that has another one can say so."""


DECIDES = (
    "checks.py",
    "transport.py",
    "grading/assignment.py",
    "grading/execute.py",
    "grading/intake.py",
    "grading/judge.py",
    "grading/kernel_template.py",
    "grading/preprocessors.py",
    "grading/questions.py",
    "grading/sandbox.py",
)
"""The modules on which a grade depends."""


def grader_version() -> str:
    """A hash of the code of ours that decides on grades, and of torch's version."""
    package = Path(drinkdeep.__file__).parent
    total = hashlib.sha256(metadata.version("torch").encode())
    for name in DECIDES:
        total.update((package / name).read_bytes())
    return total.hexdigest()


# The judge takes what is printed for itself, so a process does one submission at a time.
_one_at_a_time = threading.Lock()


def perform(work: Work) -> dict[str, str]:
    """Execute a submission; its notebooks, as JSON, by name.

    Raises
    ------
    WorkersError
        If this process has another version of the grader.
    """
    if work.version != grader_version():
        raise WorkersError(
            "A worker has another version of drinkdeep or of torch than this machine: install the "
            "same one there, and start the workers again."
        )
    import nbformat
    import torch

    from drinkdeep.grading.execute import execute

    with _one_at_a_time:
        torch.set_num_threads(1)
        return {
            name: nbformat.writes(
                execute(
                    nbformat.reads(submission, as_version=4),
                    nbformat.reads(source, as_version=4),
                    seed=work.seed,
                    limits=work.limits,
                    sandboxed=work.sandboxed,
                )
            )
            for name, (submission, source) in work.notebooks.items()
        }


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
        self._context.set_forkserver_preload(["drinkdeep.grading.preload"])
        self._leash, self._end = self._context.Pipe(duplex=False)
        self._sandboxed = sandboxed
        self._template: Template | None = None
        # Where it can't be had, whoever needs it says so.
        with contextlib.suppress(SandboxError, MnistError):
            self._template = Template(sandboxed=sandboxed)

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
        if self._template is not None:
            self._template.close()

    def _run(self, fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        pool: ProcessPoolExecutor | None = getattr(self._own, "pool", None)
        if pool is None:
            pool = self._own.pool = ProcessPoolExecutor(
                1,
                mp_context=self._context,
                initializer=_start_worker,
                initargs=(self._leash, self._template, self._sandboxed),
            )
            self._pools.append(pool)
        try:
            return pool.submit(fn, *args, **kwargs).result()
        except BrokenExecutor as error:
            self._own.pool = None
            self._pools.remove(pool)
            pool.shutdown(wait=False)
            raise WorkerLostError(str(error)) from error


def spare_imports() -> None:
    """Keep jsonschema from making a grammar of addresses, which takes it more than a second.

    It makes it whenever the package is there, for a format of which no notebook's schema speaks.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # so it isn't there


def _start_worker(leash: Connection, template: Template | None, sandboxed: bool) -> None:
    """Make a process one that ends with ours, however ours ends, and that leaves Ctrl-C to it."""
    if template is not None:
        sandbox.use(template, sandboxed=sandboxed)
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
def dask_cluster(address: str) -> Iterator[Executor]:
    """The workers of a Dask scheduler.

    Raises
    ------
    WorkersError
        If there is no Dask here, or no scheduler there.
    """
    try:
        from distributed import Client
    except ImportError:
        raise WorkersError(
            "--scheduler needs Dask, which is not installed: `pip install distributed`."
        ) from None
    try:
        client = Client(address, timeout=15, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise WorkersError(
            f"No Dask scheduler answers at {address} ({type(error).__name__}): start one with "
            "`dask scheduler`, or see to the address."
        ) from None
    with client:
        yield client.get_executor(pure=False)  # two submissions alike are two all the same


@contextmanager
def local_pool(workers: int, *, sandboxed: bool = True) -> Iterator[LocalPool]:
    """Processes of this machine; when an exception ends it, so does whatever they are at."""
    pool = LocalPool(workers, sandboxed=sandboxed)
    try:
        yield pool
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def told(error: BaseException) -> BaseException:
    """An error of an executor in our words, if there are any."""
    name = type(error).__name__
    if name == "KilledWorker":
        return WorkerLostError(str(error))
    if isinstance(error, CancelledError) or name == "FutureCancelledError":
        return WorkersError("The workers are gone: see whether the Dask scheduler still runs.")
    if isinstance(error, ImportError) or "deserialization" in str(error):
        return WorkersError(
            "The workers or their scheduler can't read the work: install the requirements of the "
            "course there too, in the same versions."
        )
    return error
