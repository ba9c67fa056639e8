"""A class is graded: what is missing or has changed, as many at a time as there are workers.

Everything that touches the gradebook or the course's folder happens in this process; the executor
has the work in between. What has been executed by the time that the gradebook is free is recorded
together: so the more workers there are, the less each waits for a disk. What has been graded is
known by its key, the hashes of submission and tests, which an autograded notebook carries in its
metadata. Since such a notebook gets to its place in one step when all else is done, a run that was
killed anywhere is continued by the next.
"""

import contextlib
import fcntl
import json
import logging
import secrets
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from errno import EACCES, EAGAIN, EDQUOT, EIO, ENOSPC, EROFS, EWOULDBLOCK
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from sqlalchemy.exc import OperationalError

from drinkdeep.cells import grade_id
from drinkdeep.grading.batch.cluster import translate_error
from drinkdeep.grading.batch.converter import Converter
from drinkdeep.grading.batch.notebook import parse_notebook
from drinkdeep.grading.batch.outcomes import Outcome, outcomes_file, write_outcomes
from drinkdeep.grading.batch.submission import Submission, read_submission
from drinkdeep.grading.batch.work import Work, perform
from drinkdeep.grading.errors import (
    CourseError,
    SandboxError,
    UnreadableError,
    WorkerLostError,
    WorkersError,
)
from drinkdeep.grading.judging.assignment import Assignment
from drinkdeep.grading.printable import printable
from drinkdeep.grading.sandbox.limits import Limits
from drinkdeep.grading.version import grader_version
from drinkdeep.notebook.beside import not_there, used_beside

logger = logging.getLogger(__name__)

WORTH_A_RETRY = ("timed_out", "kernel_died", "too_slow")
"""What an executed notebook's metadata say of a submission that gets a second try, alone."""


HELD = (EACCES, EAGAIN, EWOULDBLOCK)
"""What the system says of a file that another process has locked."""


@dataclass(frozen=True)
class Job:
    """A submission on its way."""

    submission: Submission
    work: Work
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Executed:
    """One that has come back."""

    job: Job
    texts: dict[str, str]
    """Its executed notebooks, as JSON, by name."""


class Stopped(Exception):
    """The run was stopped from outside before its end."""


class Pipeline:
    """Grades one assignment of a class.

    Parameters
    ----------
    converter
        nbgrader's part of it, with the course.
    executor
        Runs :func:`~drinkdeep.grading.batch.work.perform` somewhere.
    max_in_flight
        How many submissions are on their way at a time: the workers, and some more so that none
        has to wait.
    force
        Grade again what has been graded.
    seed
        What the hidden tests' inputs follow from; drawn for each submission if it is None, and
        kept when the same submission is graded again.
    """

    def __init__(
        self,
        converter: Converter,
        executor: Executor,
        *,
        max_in_flight: int,
        force: bool = False,
        seed: int | None = None,
        sandboxed: bool = True,
    ) -> None:
        """Read what the assignment asks."""
        self.converter = converter
        self._executor = executor
        self._width = max_in_flight
        self._force = force
        self._seed = converter.execution.seed if seed is None else seed
        self._sandboxed = sandboxed
        self._modules = tuple(
            sorted({m for nb in converter.sources.values() for m in Assignment(nb).modules})
        )
        self._version = grader_version(self._modules)
        self._tests = f"{converter.tests}-{self._version}"
        self._sources = {name: json.dumps(nb) for name, nb in converter.sources.items()}
        self._ids = {
            name: {i for cell in nb.cells if (i := grade_id(cell))}
            for name, nb in converter.sources.items()
        }
        self.stop = threading.Event()
        """Set it to stop the run: what is on its way is dropped."""

    def run(self, students: Iterable[str]) -> Iterator[Outcome]:
        """Grade these; what has become of each, as it is known.

        Raises
        ------
        Stopped
            If ``stop`` was set. What has been yielded is recorded.
        CourseError, WorkersError, SandboxError
            If there is no point in going on.
        """
        again: list[str] = []
        yield from self._run(students, self._width, lambda job: again.append(_student(job)))
        # Nobody is punished for a busy machine: with nothing else running it counts.
        yield from self._run(again, 1, None)

    def _run(
        self, students: Iterable[str], max_in_flight: int, postpone: Callable[[Job], None] | None
    ) -> Iterator[Outcome]:
        waiting = deque(students)
        running: dict[Future[dict[str, str]], Job] = {}
        try:
            while waiting or running:
                while waiting and len(running) < max_in_flight:
                    prepared = self.prepare(waiting.popleft())
                    if isinstance(prepared, Outcome):
                        yield prepared
                    else:
                        running[self._executor.submit(perform, prepared.work)] = prepared
                    if self.stop.is_set():
                        raise Stopped
                done, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                if self.stop.is_set():
                    raise Stopped
                executed: list[_Executed] = []
                for future in [future for future in running if future in done]:
                    found = self._result(future, running.pop(future), postpone)
                    if isinstance(found, Outcome):
                        yield found
                    elif found is not None:
                        executed.append(found)
                yield from self._record(executed)
        finally:
            for future in running:
                future.cancel()

    def prepare(self, student: str) -> Job | Outcome:
        """Make a submission ready to be executed; or say what is known of it, if it need not be.

        One that is tried again later is prepared again then: kept, they would fill the memory.
        """
        course = self.converter.course
        try:
            submission = read_submission(
                student,
                self.converter.submitted(student),
                wanted=list(self._sources),
                ignore=course.ignore,
                most_bytes=course.max_file_size * 1000,
            )
            kept = self._kept(submission) or {}
            unchanged = kept.get("tests") == self._tests and student in self._in_gradebook
            if unchanged and not self._force:
                return Outcome(student, "unchanged", tuple(kept.get("notes", ())))
            return self._job(submission, kept)
        except UnreadableError as error:
            return Outcome(student, "unreadable", (str(error),))

    @cached_property
    def _in_gradebook(self) -> set[str]:
        """Of whose submission the gradebook knew before this run."""
        return self.converter.in_gradebook()

    def _kept(self, submission: Submission) -> dict[str, Any] | None:
        """Return what an autograded notebook says of how this very submission was graded."""
        folder = self.converter.autograded(submission.student)
        kept = None
        for name in submission.notebooks:
            try:
                metadata = json.loads((folder / f"{name}.ipynb").read_bytes())["metadata"]
                kept = metadata["drinkdeep"]
                if kept["submission"] != submission.digest:
                    return None
            except (OSError, ValueError, KeyError, TypeError):
                return None
        return kept

    def _job(self, submission: Submission, kept: dict[str, Any]) -> Job:
        notes = list(submission.notes)
        notebooks = {}
        not_seen = [n for n in submission.files if n not in submission.beside]
        not_seen += submission.not_kept
        for name, content in submission.notebooks.items():
            notebook, more = parse_notebook(content, self._ids[name])
            notes += more
            if used := used_beside(notebook.cells, not_seen):
                notes.append(f"{not_there([printable(name) for name in used])}.")
            sanitized = self.converter.sanitize(submission.student, name, notebook)
            notebooks[name] = (json.dumps(sanitized), self._sources[name])
        seed = self._seed
        if seed is None:
            seed = kept.get("seed", secrets.randbits(40))
        work = Work(
            notebooks,
            seed,
            Limits(**self.converter.execution.limits),
            self._sandboxed,
            self._modules,
            self._version,
            submission.beside,
        )
        return Job(submission, work, tuple(notes))

    def _result(
        self, future: Future[dict[str, str]], job: Job, postpone: Callable[[Job], None] | None
    ) -> _Executed | Outcome | None:
        """Return what has come of executing it; None if it was postponed."""
        student = _student(job)
        try:
            texts = future.result()
        except BaseException as raised:
            error = translate_error(raised)
            if isinstance(error, WorkersError | SandboxError):
                raise error from raised
            if isinstance(error, WorkerLostError) and postpone:
                postpone(job)
                return None
            logger.debug("%s could not be executed", student, exc_info=error)
            reason = (
                "The process that executed it died, twice"
                if isinstance(error, WorkerLostError)
                else f"Executing it failed ({type(error).__name__}: {str(error)[:200]})"
            )
            return Outcome(student, "failed", (*job.notes, f"{reason}: run the command again."))
        if postpone and any(_worth_a_retry(text) for text in texts.values()):
            postpone(job)
            return None
        return _Executed(job, texts)

    def _notebooks(self, executed: _Executed) -> dict[str, NotebookNode]:
        """Return what was executed, with what is to be known of it later."""
        notebooks = {name: nbformat.v4.reads(text) for name, text in executed.texts.items()}
        for notebook in notebooks.values():
            notebook.metadata.setdefault("drinkdeep", NotebookNode()).update(
                seed=executed.job.work.seed,
                submission=executed.job.submission.digest,
                tests=self._tests,
                notes=list(executed.job.notes),
            )
        return notebooks

    def _record(self, group: Sequence[_Executed]) -> Iterator[Outcome]:
        """Record these together; where that can't be done, each by itself."""
        if not group:
            return
        try:
            self.converter.record([(e.job.submission, self._notebooks(e)) for e in group])
        except Exception as error:
            if len(group) == 1:
                yield _not_recorded(group[0].job, error)
                return
        else:
            yield from (Outcome(_student(e.job), "graded", e.job.notes) for e in group)
            return
        for executed in group:
            yield from self._record([executed])


def _not_recorded(job: Job, error: Exception) -> Outcome:
    """Return what has become of a submission that could not be recorded.

    Raises
    ------
    CourseError
        If the next one couldn't be, either.
    """
    student = _student(job)
    if isinstance(error, UnreadableError):
        return Outcome(student, "unreadable", (str(error),))
    if (cause := _fatal_cause(error)) is not None:
        raise CourseError(
            f"The grades of {student} can't be written ({cause}): see to that and run the "
            "command again, which goes on here."
        ) from error
    logger.debug("%s could not be recorded", student, exc_info=error)
    reason = f"nbgrader could not record it ({type(error).__name__}: {str(error)[:200]})"
    return Outcome(student, "failed", (*job.notes, f"{reason}: run the command again."))


def _fatal_cause(error: Exception) -> str | None:
    """Return the cause of a fault that the next submission would meet as well."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OperationalError):
            return str(cause.orig).strip()
        if isinstance(cause, OSError) and cause.errno in (ENOSPC, EDQUOT, EROFS, EIO):
            return str(cause.strerror)
        cause = cause.__cause__ or cause.__context__  # nbgrader raises another in its place
    return None


def _student(job: Job) -> str:
    return job.submission.student


def _worth_a_retry(text: str) -> bool:
    said = json.loads(text)["metadata"].get("drinkdeep", {})
    return any(said.get(name) for name in WORTH_A_RETRY)


@contextlib.contextmanager
def exclusive_lock(staging: Path) -> Iterator[str]:
    """See that no other run grades in this course at the same time.

    Gives a sentence, or nothing: a file system that can't lock files keeps nobody from grading.

    Raises
    ------
    CourseError
        If one does, or if nothing can be written there.
    """
    try:
        staging.mkdir(exist_ok=True)
        lock = (staging / "lock").open("w")
    except OSError as error:
        raise CourseError(f"{staging} can't be written ({error.strerror}): see to that.") from None
    with lock:
        yield _lock(lock.fileno(), staging)


def _lock(file: int, staging: Path) -> str:
    """Lock a file until the process ends, however that ends; what keeps that from being done."""
    how = fcntl.LOCK_EX | fcntl.LOCK_NB
    try:
        try:
            fcntl.flock(file, how)
        except OSError as error:
            if error.errno in HELD:
                raise
            fcntl.lockf(file, how)  # some file systems of clusters have one and not the other
    except OSError as error:
        if error.errno in HELD:
            raise CourseError(
                "Another run is grading in this course: wait for its end, or stop it."
            ) from None
        return (
            f"The file system of {staging} can't lock files ({error.strerror}), so nothing keeps "
            "two runs apart: see that only one grades at a time."
        )
    return ""


@contextlib.contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and a polite kill set an event, for as long as this lasts."""
    handled = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def grade_class(
    pipeline: Pipeline,
    students: list[str],
    progress: Callable[[Outcome | None, int], None],
) -> list[Outcome]:
    """Grade what is to be graded of these students, and write down what has become of each.

    ``progress`` is told of each outcome, and how many there will be.
    """
    converter = pipeline.converter
    with converter.gradebook_opened_once(), contextlib.chdir(converter.course.root):
        converter.clear()
        outcomes: list[Outcome] = []
        progress(None, len(students))
        try:
            for outcome in pipeline.run(students):
                outcomes.append(outcome)
                progress(outcome, len(students))
        finally:
            outcomes.sort(key=lambda outcome: outcome.student)
            write_outcomes(outcomes_file(converter.staging.parent, converter.assignment), outcomes)
            converter.clear()
    return outcomes
