"""The judge runs an exercise's tests and decides what it earns.

A test cell is rewritten before it runs here. What stands in ``observe(…)`` is not evaluated in this
process: it is sent to the student's kernel as text, together with the test's own names that occur
in it, and its value comes back as data. Each ``expect…`` is noted instead of raised. All else of
the cell is the instructor's code and runs here, beside the reference solution, which is why a
hidden test may say ``expect(observe(f(x)), f(x), …)``: outside of ``observe`` the name ``f`` is
the reference's.
"""

import contextlib
import hashlib
import io
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from nbformat import NotebookNode
from torch import Tensor

from drinkdeep import checks
from drinkdeep.checks import Finding, Raised
from drinkdeep.grading.judging.assignment import Assignment, Exercise
from drinkdeep.grading.judging.bounds import JudgingStopped, bounded
from drinkdeep.grading.judging.rewriting import rewritten
from drinkdeep.grading.judging.shipping import shipped

Ask = Callable[[str, str], Any]
"""Gives the value of (expression, captured), as :func:`~drinkdeep.transport.answer` takes them."""

Clock = Callable[[], float]
"""Gives the seconds of CPU time that all processes of the student's have taken so far."""

HARDLY_SLOW = 2
"""Up to how many times its limit an answer may have been slowed down by a busy machine: the same
work takes more CPU time beside another that uses the same caches, though not many times as much."""

MOST_FINDINGS, LONGEST = 5, 2_000
"""How many findings one check may have, and the characters of each one's words and detail."""
TOO_MUCH = (
    "To judge this answer took more time or memory than there is for an exercise: "
    "it is far larger than what is asked for."
)
NOT_DONE = "This task is not done yet."
UNPROVEN = (
    "This fits the example shown, but not yet other values: "
    "the task earns points once a test with new numbers is met too."
)
IN_PART = "What is met earns points once a test with new numbers is met too."


@dataclass
class CheckSite:
    """One ``expect…`` in a test cell, and how it went."""

    check: str
    share: float
    hidden: bool
    hint: str
    runs: int = 0
    findings: list[Finding] = field(default_factory=list)
    proves: bool = False
    """Whether a value was met that no constant answer would have met."""

    @property
    def role(self) -> str:
        """What meeting it shows; see :mod:`drinkdeep.checks`."""
        return str(getattr(checks, self.check).role)

    @property
    def met(self) -> bool:
        """Whether it ran, and was met each time."""
        return self.runs > 0 and not self.findings

    @property
    def unknown(self) -> str:
        """What was seen and has no words of its own yet; of a visible check, which has one input.

        A hidden one has other inputs for each submission, and its values tell nothing together.
        """
        return next((f.detail for f in self.findings if not (self.hidden or f.known)), "")

    def note(self, finding: Finding) -> None:
        """Note what is wrong, in a bounded length: a loop over an answer may find much."""
        if len(self.findings) < MOST_FINDINGS:
            words, detail = (
                text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
                for text in (finding.words, finding.detail)
            )
            self.findings.append(Finding(words, detail, known=finding.known))


@dataclass(frozen=True)
class Verdict:
    """What an exercise earns, and the words for the student."""

    score: float
    points: float
    findings: tuple[Finding, ...]
    checks: tuple[CheckSite, ...] = field(default=(), compare=False)
    """How each check of the test went, from top to bottom."""

    def __str__(self) -> str:
        """Return the feedback as text, for people."""
        return "\n".join([f"{self.score:g} of {self.points:g} points.", *map(str, self.findings)])


class Judge:
    """Grades the exercises of one submission.

    Parameters
    ----------
    assignment
        The source, with the reference solution and all tests.
    seed
        From it and the exercise's name follow the fresh inputs of the hidden tests.
    cpu
        What the student's processes have taken, if that is known; it is asked at each stopwatch.
    """

    def __init__(self, assignment: Assignment, seed: int, cpu: Clock | None = None) -> None:
        """Prepare; the reference solution runs as far as each test needs it."""
        self._assignment = assignment
        self._seed = seed
        self._cpu = cpu
        self.too_slow = False
        """Whether anything right took too long, as it may only have beside a busy neighbour."""
        self._reference: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
        self._code = assignment.code()
        self._places = {
            name: place
            for place, cell in enumerate(assignment.notebook.cells)
            for name in assignment.tests
            if cell is assignment.tests[name].test
        }
        self._next: tuple[int, NotebookNode] | None = next(self._code, None)

    def grade(self, exercise: Exercise, ask: Ask, seed: int | None = None) -> Verdict:
        """Run the exercise's tests against a student's kernel, with a seed in place of the judge's.

        Exercises are graded in the notebook's order; one may be graded again.

        Raises
        ------
        CheckError
            If the test isn't written as the judge needs it.
        """
        self._run_reference_before(self._places[exercise.test_id])
        test = _Test(exercise, self._fresh_seed(exercise, seed), ask, self._cpu)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                with bounded():
                    test.run(dict(self._reference))
            except JudgingStopped:
                test.note_stop()
        self.too_slow |= test.too_slow
        return _verdict(exercise, test.sites)

    def _run_reference_before(self, place: int) -> None:
        while self._next is not None and self._next[0] < place:
            _, cell = self._next
            self._next = next(self._code, None)
            # A cell that shows a mistake raises, and says so with this tag.
            shows_a_mistake = "raises-exception" in cell.metadata.get("tags", [])
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
                contextlib.suppress(*([Exception] if shows_a_mistake else [])),
            ):
                exec(compile(cell.source, "<reference>", "exec"), self._reference)

    def _fresh_seed(self, exercise: Exercise, seed: int | None) -> int:
        text = f"{self._seed if seed is None else seed} {exercise.name}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7])


def sites_of(exercise: Exercise) -> list[CheckSite]:
    """Return the checks of an exercise, none of which has run."""
    _, sites = rewritten(exercise.test.source, exercise.solution.source, tuple(exercise.hidden))
    return [CheckSite(*site) for site in sites]


class _Test:
    """A test cell on its way: rewritten, and run statement by statement."""

    def __init__(self, exercise: Exercise, seed: int, ask: Ask, cpu: Clock | None) -> None:
        self._statements, sites = rewritten(
            exercise.test.source, exercise.solution.source, tuple(exercise.hidden)
        )
        self.sites = [CheckSite(*site) for site in sites]
        self._ask = ask
        self._seed = seed
        self._cpu = cpu
        self._timed: tuple[str, str, Any] | None = None
        """An expression that was timed, what was shipped with it, and its value."""
        self.too_slow = False
        """Whether something right was too slow, and may not be on an idle machine."""
        self._timeout: Raised | None = None
        self._at: list[int] = []
        """The numbers of the sites in the statement that runs."""

    def run(self, names: dict[str, Any]) -> None:
        """Run it with these names, the reference's, in reach."""
        names["__judge__"] = self
        for code, sites in self._statements:
            self._at = sites
            try:
                exec(code, names)
            except Exception as error:
                # The test met something that it wasn't written for, such as a text where it takes
                # the mean of a tensor. What it would have checked is missed, the rest goes on.
                for site in (self.sites[number] for number in sites):
                    # Of a hidden test the student gets nothing of its inputs, here as elsewhere.
                    detail = "" if site.hidden else f"{type(error).__name__}: {error}"
                    site.runs += 1
                    site.note(Finding("The answer has a form that this test can't read.", detail))

    def note_stop(self) -> None:
        """Note that it was stopped: what it was at is missed, and what it hasn't come to."""
        for number in self._at:
            self.sites[number].note(Finding(TOO_MUCH, ""))

    # What a rewritten cell calls.

    def query(self, expression: str, captured: Mapping[str, Any]) -> Any:
        """Ask for the value of a student's expression; not once more if one took too long."""
        names = shipped(captured)
        if self._timed is not None and self._timed[:2] == (expression, names):
            return self._timed[2]
        return self._asked(expression, names)

    def _asked(self, expression: str, names: str) -> Any:
        if self._timeout is None:
            value = self._ask(expression, names)
            if not (isinstance(value, Raised) and "TimeoutError" in value.kinds):
                return value
            self._timeout = value
        return self._timeout

    def time(self, expression: str, captured: Mapping[str, Any], limit: float = 0.0) -> Any:
        """Return the seconds it takes, by the judge's clock or of CPU time, whichever are less.

        Any below ``limit`` will do. What came of the first run is kept: a check of time has that
        looked at as well, and what is slow need not run twice.
        """
        names = shipped(captured)
        values: list[Any] = []

        def run() -> None:
            # The value's way to the judge takes time, too; if that is too much it is left there.
            # And it is asked of other numbers, so that who has kept the first answer gains nothing.
            if values:
                again = shipped(_varied(captured, len(values)))
                values.append(self._asked(f"[({expression}), None][1]", again))
            else:
                values.append(self._asked(expression, names))

        clocks = [time.perf_counter, *([self._cpu] if self._cpu else [])]
        seconds = checks.best_time(run, enough=limit, clocks=clocks)
        self._timed = (expression, names, values[0])
        raised = [value for value in values if isinstance(value, Raised)]
        return raised[0] if raised else seconds

    def fresh(self, seed: int = 0) -> torch.Generator:
        """Random numbers that this grading run alone has."""
        return torch.Generator().manual_seed((self._seed + seed) % 2**63)

    def check(self, name: str, number: int, value: Any, *arguments: Any, **options: Any) -> None:
        """Note how an ``expect…`` went."""
        site = self.sites[number]
        options.pop("share", None)
        raised = value if isinstance(value, Raised) else None
        try:
            finding = getattr(checks, name).explain(value, *arguments, **options)
        except checks.Unanswered:
            finding = Finding(NOT_DONE, "")
        if name == "expect_faster" and isinstance(value, float) and finding is not None:
            by_luck = self._cpu is None or value < HARDLY_SLOW * arguments[0]
            self.too_slow |= by_luck and finding.words == options["hint"]
        if raised and raised.is_stub:
            finding = Finding(NOT_DONE, "")
        elif finding is not None and site.hidden:
            # The student gets the words and what is wrong in form, and nothing of the inputs.
            detail = f"Your code raised {raised.kinds[0]}." if raised else finding.form
            finding = Finding(finding.words, detail, known=finding.known)
        site.runs += 1
        if finding is not None:
            site.note(finding)
        elif not is_guessable(arguments[0] if arguments else options.get("wanted")):
            site.proves = True


def _varied(captured: Mapping[str, Any], times: int) -> dict[str, Any]:
    """Return the names with tensors that are a little larger each time; their shapes stay."""
    return {
        name: value * (1 + times / 2**20)
        if isinstance(value, Tensor) and value.is_floating_point()
        else value
        for name, value in captured.items()
    }


def is_guessable(wanted: Any) -> bool:
    """Return whether a program that always answers the same might have met this by chance.

    So it is for 0, 1, True, False, NaN and None, for what holds nothing, and for what holds
    one of these over and over again.
    """
    leaves = list(_leaves(wanted))
    first = leaves[0] if leaves else None
    if any(leaf != first and not (_is_nan(leaf) and _is_nan(first)) for leaf in leaves):
        return False
    return first is None or first == "" or _is_nan(first) or first in (0, 1)


def _leaves(wanted: Any) -> Iterator[Any]:
    if isinstance(wanted, Tensor):
        yield from wanted.detach().reshape(-1).tolist()
    elif isinstance(wanted, Mapping):
        for item in wanted.values():
            yield from _leaves(item)
    elif isinstance(wanted, list | tuple):
        for item in wanted:
            yield from _leaves(item)
    else:
        yield wanted


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _verdict(exercise: Exercise, sites: list[CheckSite]) -> Verdict:
    """Return what the sites add up to.

    A value or what supports it counts only once a hidden check has been met by a value that no
    constant gives, so that neither a program that always answers the same earns anything, nor one
    that knows the visible examples by heart. Short answers count by themselves.
    """
    proven = any(
        site.met and site.hidden and site.role == "value" and site.proves for site in sites
    )
    met = [site for site in sites if site.met and site.role != "form"]
    paid = [site for site in met if proven or site.role == "answer"]
    score = exercise.points * sum(s.share for s in paid) / sum(s.share for s in sites)
    findings = [finding for site in sites for finding in site.findings]
    if len(paid) < len(met) and not any(finding.words == NOT_DONE for finding in findings):
        fits = all(site.met for site in sites if not site.hidden and site.role != "form")
        findings.append(Finding(UNPROVEN if fits else IN_PART, ""))
    return Verdict(round(score, 2), exercise.points, tuple(dict.fromkeys(findings)), tuple(sites))
