"""Grade what a class has handed in: what is missing or has changed since the last time."""

import argparse
import contextlib
import gc
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from drinkdeep.grading import course_dir

if TYPE_CHECKING:
    from nbgrader.apps import AutogradeApp

    from drinkdeep.grading.batch.converter import Converter
    from drinkdeep.grading.batch.outcomes import Outcome

# What grades is imported in run(): the workers, which are started afresh, import this module.

INTERRUPTED = 130
"""The exit code of what was stopped by Ctrl-C, as a shell has it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("assignment", metavar="ASSIGNMENT", help="as its folder in solutions/")
    parser.add_argument(
        "--student",
        action="append",
        metavar="NAME",
        help="grade this student's submission only (may be given several times)",
    )
    parser.add_argument("--force", action="store_true", help="grade again what has not changed too")
    parser.add_argument(
        "--feedback",
        action="store_true",
        help="then make the feedback of those who were graded, in feedback/",
    )
    course_dir.add_arguments(parser)
    parser.add_argument(
        "--seed", type=int, help="what the hidden tests' inputs follow from; drawn if not given"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--workers", type=int, metavar="N", help="processes of this machine; default: its cores"
    )
    where.add_argument(
        "--scheduler", metavar="ADDRESS", help="grade on the cluster of this Dask scheduler"
    )
    for name, what in (
        ("--tls-ca-file", "whom a tls:// scheduler must be vouched for by"),
        ("--tls-cert", "what shows it who you are"),
        ("--tls-key", "the private key of that"),
    ):
        parser.add_argument(name, type=Path, metavar="FILE", help=what)
    parser.add_argument(
        "--unsafe-without-sandbox",
        action="store_true",
        help="run students' code with all of your rights, where there is no bubblewrap",
    )
    parser.add_argument("--verbose", action="store_true", help="show what nbgrader says")


def run(arguments: argparse.Namespace) -> int:
    """Grade; the exit code: 1 if something was left undone, 2 if nothing could be done."""
    from drinkdeep.grading.errors import GradingError, SandboxError

    if problem := _problem(arguments):
        print(problem, file=sys.stderr)
        return 2
    try:
        return _grade(arguments)
    except (GradingError, SandboxError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped before anything was graded.", file=sys.stderr)
        return INTERRUPTED


def _problem(arguments: argparse.Namespace) -> str | None:
    """Return what can be seen to be wrong before anything is started."""
    if arguments.workers is not None and arguments.workers < 1:
        return "There has to be a worker: give --workers 1 or more."
    if not arguments.scheduler and any(_certificates(arguments)):
        return "Certificates are for a scheduler: give its address, with --scheduler tls://…"
    return None


def _grade(arguments: argparse.Namespace) -> int:
    root = course_dir.course_folder(arguments.course_dir).resolve()
    from drinkdeep.grading.batch.cluster import Certificates, dask_cluster
    from drinkdeep.grading.batch.local_pool import cores, local_pool
    from drinkdeep.grading.sandbox import cgroup, forkserver

    certificates = Certificates(*(path and path.absolute() for path in _certificates(arguments)))
    with ExitStack() as stack:
        stack.enter_context(contextlib.chdir(root))
        if arguments.scheduler:
            executor = stack.enter_context(dask_cluster(arguments.scheduler, certificates))
            max_in_flight = 64  # enough for a scheduler to see that more workers are wanted
        else:
            number = arguments.workers or cores()
            executor = pool = stack.enter_context(
                local_pool(number, sandboxed=not arguments.unsafe_without_sandbox)
            )
            max_in_flight = 2 * number
            # They get ready while nbgrader is loaded here.
            pool.warm()

        from drinkdeep.grading.batch import pipeline
        from drinkdeep.grading.batch.converter import Converter
        from drinkdeep.grading.batch.roster import strangers

        app = _application(arguments)
        gc.freeze()  # what is loaded stays, and the collector would look at it again and again
        if caution := stack.enter_context(pipeline.exclusive_lock(root / "grading")):
            print(caution, file=sys.stderr)
        converter = Converter(app, arguments.assignment)
        students = _chosen(converter, arguments.student)
        known = converter.known_students()
        unsafe = arguments.unsafe_without_sandbox or converter.execution.unsafe_without_sandbox
        if not arguments.scheduler:
            forkserver.check(sandboxed=not unsafe)
            if not unsafe and (caution := cgroup.not_seen()):
                print(caution, file=sys.stderr)
        line = pipeline.Pipeline(
            converter,
            executor,
            max_in_flight=max_in_flight,
            force=arguments.force,
            seed=arguments.seed,
            sandboxed=not unsafe,
        )
        stack.enter_context(pipeline.stopped_by_signals(line.stop))
        bar = stack.enter_context(_Bar(arguments.assignment))
        try:
            outcomes = pipeline.grade_class(line, students, bar.tell)
        except pipeline.Stopped:
            bar.close()
            print(
                f"Stopped. {bar.done} of {bar.total} are done; the same command goes on with the "
                "others.",
                file=sys.stderr,
            )
            # An exception, so that what the workers are at is dropped.
            raise SystemExit(INTERRUPTED) from None
        bar.close()
    _report(arguments.assignment, outcomes)
    graded = [outcome.student for outcome in outcomes if outcome.state == "graded"]
    for sentence in strangers(graded, known):
        print(sentence)
    missing = _make_feedback(app, graded) if arguments.feedback else 0
    return int(missing > 0 or any(outcome.state == "failed" for outcome in outcomes))


def _certificates(arguments: argparse.Namespace) -> tuple[Path | None, ...]:
    return arguments.tls_ca_file, arguments.tls_cert, arguments.tls_key


def _application(arguments: argparse.Namespace) -> "AutogradeApp":
    """Return nbgrader's own, with the configuration of the course in which we are."""
    import logging
    import warnings

    from nbgrader.apps import AutogradeApp
    from sqlalchemy.exc import SAWarning

    # nbgrader leaves the order of two statements to SQLAlchemy, which warns of it.
    warnings.filterwarnings("ignore", category=SAWarning)
    if not arguments.verbose:  # it logs tracebacks of what it then raises
        logging.getLogger("tornado.application").setLevel(logging.CRITICAL)
    options = [f"--log-level={'INFO' if arguments.verbose else 'ERROR'}"]
    if arguments.db:
        options.append(f"--db={arguments.db}")
    app = AutogradeApp()
    app.initialize(options)
    return app


def _chosen(converter: "Converter", wanted: list[str] | None) -> list[str]:
    """Return the students whose submissions are looked at."""
    from drinkdeep.grading.errors import CourseError
    from drinkdeep.grading.printable import printable

    students = converter.students()
    if not students:
        raise CourseError(
            f"Nobody has handed in {converter.assignment}: submissions are looked for in "
            f"{converter.submitted('STUDENT')}."
        )
    for name in wanted or []:
        if name not in students:
            raise CourseError(f"{printable(name)} has not handed in {converter.assignment}.")
    return sorted(set(wanted)) if wanted else students


def _report(assignment: str, outcomes: "list[Outcome]") -> None:
    """Say what has become of the class, and what was wrong with whose submission."""
    from drinkdeep.grading.batch.outcomes import count
    from drinkdeep.grading.printable import printable

    words = {
        "graded": "graded",
        "unchanged": "graded before and unchanged",
        "unreadable": "not to be graded",
        "failed": "failed",
    }
    counts = count(outcomes)
    told = [f"{counts[state]} {word}" for state, word in words.items() if counts[state]]
    print(f"{assignment}: {', '.join(told)}.")
    for outcome in outcomes:
        if outcome.notes and outcome.state != "unchanged":
            verdict = "" if outcome.state == "graded" else "Not graded. "
            print(f"  {printable(outcome.student)}: {verdict}{' '.join(outcome.notes)}")


def _make_feedback(app: "AutogradeApp", students: list[str]) -> int:
    """Let nbgrader make the feedback of these anew; of how many that could not be done."""
    from drinkdeep.grading.batch.feedback import FeedbackOf
    from drinkdeep.grading.printable import printable

    missing = FeedbackOf(students, app).make() if students else []
    made = len(students) - len(missing)
    print(f"The feedback of {made} is in {app.coursedir.feedback_directory}/.")
    if missing:
        print(
            f"Of {', '.join(map(printable, missing))} it could not be made: "
            "the same command with --force and --verbose says why.",
            file=sys.stderr,
        )
    return len(missing)


class _Bar:
    """How far the run is: a bar in a terminal, else a line now and then."""

    def __init__(self, assignment: str) -> None:
        self._name = assignment
        self._bar: tqdm[None] | None = None
        self._lines = not sys.stderr.isatty()
        self.done = self.total = 0

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def tell(self, outcome: "Outcome | None", total: int) -> None:
        """Take note of an outcome, or of the start."""
        if self._bar is None:
            self.total = total
            if total:
                kind = _Lines if self._lines else tqdm
                self._bar = kind(
                    total=total,
                    desc=self._name,
                    unit="submission",
                    mininterval=10 if self._lines else 0.1,
                    dynamic_ncols=True,
                )
        if outcome is not None and self._bar is not None:
            self.done += 1
            if outcome.state == "unchanged":  # it took no time, and says nothing of the others
                self._bar.initial += 1
            self._bar.update()

    def close(self) -> None:
        """Leave it as it is."""
        if self._bar is not None:
            self._bar.close()


class _Lines(tqdm):  # type: ignore[misc]  # tqdm ships no type information
    """A tqdm whose every state is a line of its own, for what is no terminal."""

    def display(self, *_: object, **__: object) -> None:
        """Write the line."""
        state = self.format_dict
        rate = (self.n - self.initial) / state["elapsed"] if state["elapsed"] else 0
        left = self.format_interval((self.total - self.n) / rate) if rate else "?"
        print(
            f"{self.desc}: {self.n} of {self.total}, {rate:.2f} a second, {left} left",
            file=self.fp,
            flush=True,
        )
