"""The bank of answers: right and wrong ones to every exercise, and what each must earn.

    python tools/answer_bank.py [ASSIGNMENT …]     grade the bank, and print what isn't as it says,
                                                   or what `drinkdeep progress` sees otherwise

A file ``tests/answers/ASSIGNMENT.py`` is plain Python. Each block answers one exercise, from a line

    # %% EXERCISE | right
    # %% EXERCISE | wrong | POINTS | WORDS
    # %% EXERCISE | slip | POINTS | WORDS

to the next. Cells of the student's own that stand above the answer end in a line ``# ---``. WORDS
must stand in the feedback. What is wrong misses the point of its exercise, and
earns less than half; a slip has got the point and misses something beside it. From the blocks whole
submissions are made, as students hand them in: the first right answer to every exercise, the second
to every exercise, and likewise the wrong ones. An exercise with fewer answers is answered by the
reference solution; one that trains a network for many seconds isn't answered. One more is right,
and has given other meanings to all names that tests use and solutions don't.
"""

import ast
import contextlib
import copy
import io
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import zip_longest
from multiprocessing import get_context
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from drinkdeep.cells import grade_id, is_task, is_test
from drinkdeep.desk import progress
from drinkdeep.grading.graded import checked
from drinkdeep.grading.judging.assignment import Assignment, Exercise
from drinkdeep.grading.judging.execute import execute
from drinkdeep.grading.judging.judge import sites_of
from drinkdeep.notebook.scope import bound_names, free_names

ROOT = Path(__file__).parent.parent
ASSIGNMENTS = sorted(path.name for path in (ROOT / "solutions").iterdir() if path.is_dir())
CELL_END = re.compile(r"^# ---$", re.MULTILINE)
HEADER = re.compile(r"^# %% (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """One block of the bank; ``points`` is None for the full points of a right answer."""

    exercise: str
    code: str
    points: float | None = None
    words: str = ""
    slip: bool = False
    above: tuple[str, ...] = ()
    """Cells of the student's own, which run before."""


@dataclass(frozen=True)
class Submission:
    """A notebook as a student hands it in, and what each exercise must earn and be told.

    The notebook is made when it is asked for: most who list the bank grade none of it.
    """

    name: str
    make: Callable[[], NotebookNode]
    points: dict[str, float]
    words: dict[str, str]

    @cached_property
    def notebook(self) -> NotebookNode:
        """Return what is handed in."""
        return self.make()


def source(assignment: str) -> NotebookNode:
    """Read the source notebook of an assignment."""
    return _read(ROOT / "solutions" / assignment / f"{assignment}.ipynb")


def released(assignment: str) -> NotebookNode:
    """Read the notebook that students get."""
    return _read(ROOT / "exercises" / assignment / f"{assignment}.ipynb")


def _read(path: Path) -> NotebookNode:
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def answers(assignment: str) -> list[Answer]:
    """Return the blocks of an assignment's file."""
    path = ROOT / "tests" / "answers" / f"{assignment}.py"
    return parse(path.read_text(encoding="utf-8"), assignment)


def parse(text: str, assignment: str) -> list[Answer]:
    """Return the blocks of a file's text; ``assignment`` names it where it can't be read."""
    _, *parts = HEADER.split(text)
    found = []
    for header, code in zip(parts[::2], parts[1::2], strict=True):
        exercise, kind, *more = (part.strip() for part in header.split("|", 3))
        *above, code = (cell.strip() for cell in CELL_END.split(code))
        if kind == "right" and not more:
            found.append(Answer(exercise, code, above=tuple(above)))
        elif kind in ("wrong", "slip") and len(more) == 2:
            points, words = float(more[0]), more[1]
            found.append(Answer(exercise, code, points, words, kind == "slip", tuple(above)))
        else:
            raise ValueError(f"{assignment}: a header that can't be read: {header}")
    return found


def solutions(assignment: str) -> dict[str, Answer]:
    """Give the solution of each exercise, as an answer."""
    exercises = Assignment(source(assignment)).exercises
    return {name: Answer(name, exercise.solution.source) for name, exercise in exercises.items()}


def submissions(assignment: str) -> Iterator[Submission]:
    """Yield all submissions that are made of an assignment's bank, and those that need none."""
    exercises = Assignment(source(assignment)).exercises
    full = {name: ex.points for name, ex in exercises.items()}
    untouched = released(assignment)
    right = {name: Answer(name, exercise.solution.source) for name, exercise in exercises.items()}
    given_out = {grade_id(cell): cell.source for cell in untouched.cells}
    stubs = {
        name: Answer(name, given_out[name], 0.0, "not done yet")
        for name, exercise in exercises.items()
        if trains(exercise)
    }
    yield Submission("released", partial(released, assignment), dict.fromkeys(full, 0.0), {})
    yield _submission("solution", partial(released, assignment), right, full)
    yield _submission("rebound", partial(rebound, assignment), right | stubs, full)
    for kind in ("right", "wrong"):
        rows = [
            [
                a
                for a in answers(assignment)
                if a.exercise == name and bool(a.words) == (kind == "wrong")
            ]
            for name in full
        ]
        for number, row in enumerate(zip_longest(*rows), start=1):
            given = right | stubs | {answer.exercise: answer for answer in row if answer}
            yield _submission(f"{kind}-{number}", partial(released, assignment), given, full)


def _submission(
    name: str, begin: Callable[[], NotebookNode], given: dict[str, Answer], full: dict[str, float]
) -> Submission:
    points = {
        exercise: most if (earned := given[exercise].points) is None else earned
        for exercise, most in full.items()
    }
    words = {exercise: answer.words for exercise, answer in given.items() if answer.words}
    return Submission(name, partial(_filled, begin, given), points, words)


def _filled(begin: Callable[[], NotebookNode], given: dict[str, Answer]) -> NotebookNode:
    return filled(begin(), given)


def rebound(assignment: str) -> NotebookNode:
    """Return the students' notebook, with cells above the tasks that give names other meanings.

    They are those that tests use, be they the course's or Python's, and the solutions don't.
    """
    exercises = Assignment(source(assignment)).exercises.values()
    tests = [ast.parse(exercise.test.source) for exercise in exercises]
    solutions = [ast.parse(exercise.solution.source) for exercise in exercises]
    used = set().union(*(free_names(tree) | bound_names(tree) for tree in tests))
    kept = set().union(*(free_names(tree) | bound_names(tree) for tree in solutions))
    notebook = copy.deepcopy(released(assignment))
    # What the set-up and other cells of the course use as they run.
    for cell in notebook.cells:
        if cell.cell_type == "code" and not is_test(cell):
            kept = kept.union(*map(free_names, ast.parse(cell.source).body))
    line = f"{' = '.join(sorted(used - kept))} = None"
    cells = []
    for cell in notebook.cells:
        if is_task(cell) and cell.cell_type == "code":
            cells.append(new_code_cell(line))
        cells.append(cell)
    notebook.cells = cells
    return notebook


def trains(exercise: Exercise) -> bool:
    """Return whether it is a network that is judged, by the accuracy that it reaches."""
    return "expect_at_least(" in exercise.test.source


def filled(notebook: NotebookNode, given: dict[str, Answer]) -> NotebookNode:
    """Return the notebook with these answers written into it."""
    result = copy.deepcopy(notebook)
    cells = []
    for cell in result.cells:
        if (name := grade_id(cell)) in given:
            cell.source = given[name].code
            cells += [new_code_cell(own) for own in given[name].above]
        cells.append(cell)
    result.cells = cells
    return result


def feedback(cell: NotebookNode) -> str:
    """Return what a graded test cell tells the student."""
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def score(cell: NotebookNode) -> float:
    """Return what a graded test cell gives."""
    (value,) = (o.data["text/plain"] for o in cell.outputs if o.output_type == "execute_result")
    return float(value)


def faults(submission: Submission, graded: NotebookNode) -> Iterator[str]:
    """Yield what in a graded submission isn't as the bank says."""
    tests = {grade_id(cell): cell for cell in graded.cells}
    for name, points in submission.points.items():
        cell = tests[f"test_{name}"]
        told = feedback(cell)
        if abs(score(cell) - points) > 0.005:
            yield f"{submission.name}, {name}: {score(cell):g} points and not {points:g}:\n{told}"
        elif submission.words.get(name, "") not in told:
            yield f"{submission.name}, {name}: “{submission.words[name]}” isn't told:\n{told}"


def grade(
    assignment: str, submission: Submission, seed: int, *, by_student: bool = False
) -> list[str]:
    """Grade a submission in the sandbox; what isn't as the bank says.

    ``by_student``: or what ``drinkdeep progress`` sees otherwise.
    """
    graded = execute(submission.notebook, source(assignment), seed=seed)
    found = [*faults(submission, graded)]
    if by_student:
        found += differences(assignment, submission, graded)
    return [f"{assignment}, {fault}" for fault in found]


def differences(assignment: str, submission: Submission, graded: NotebookNode) -> Iterator[str]:
    """Yield where a student sees another verdict on the visible checks than the grader has."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{assignment}.ipynb"
        nbformat.write(submission.notebook, path)
        with contextlib.redirect_stderr(io.StringIO()):  # its bar
            standing = progress.standing(path)
        tasks = [task for task in standing.tasks if task.met is not None]
    exercises = Assignment(source(assignment)).tests
    went = dict(checked(graded))
    tests = [name for cell in graded.cells if is_test(cell) and (name := grade_id(cell))]
    for task, name in zip(tasks, tests, strict=True):
        visible = [
            check.met
            for check, site in zip(went[name], sites_of(exercises[name]), strict=True)
            if not site.hidden
        ]
        if task.answered and task.met != all(visible):
            here, there = ("met", "not") if task.met else ("not met", "they are")
            yield (
                f"{submission.name}, {name}: for the student the visible checks are {here}, for "
                f"the grader {there}"
            )


def main() -> int:
    """Grade the bank of the assignments that are named, or all; the exit code."""
    found = 0
    # As many as cores; spawned, since a forked torch may hang.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = [
            pool.submit(grade, assignment, submission, seed=1, by_student=True)
            for assignment in sys.argv[1:] or ASSIGNMENTS
            for submission in submissions(assignment)
        ]
        for job in jobs:
            for fault in job.result():
                print(fault)
                found += 1
    print(f"{len(jobs)} submissions graded, {found} faults")
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
