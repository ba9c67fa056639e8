"""Judge answers to single exercises, many of them, without their notebooks.

A whole notebook is what a student hands in, and what ``make bank`` grades. Whoever puts the tests
themselves to the test, by hundreds of mutants or under a hundred seeds, needs less: one exercise,
its given cells, and the real judge and sandbox. A kernel stays for the next answer, as it was.
"""

import contextlib
from collections.abc import Iterator, Sequence
from types import TracebackType

import nbformat
import torch

from drinkdeep.cells import is_task
from drinkdeep.grading.judging.assignment import Assignment, Exercise
from drinkdeep.grading.judging.judge import Judge, Verdict
from drinkdeep.grading.sandbox.limits import Limits
from drinkdeep.grading.sandbox.student import StudentKernel

LIMITS = Limits(cell_seconds=60, answer_seconds=60)
REMEMBER = "__given = dict(globals())"
# What an answer has left behind goes, and random numbers begin anew.
FORGET = """
for __name in [name for name in globals() if name not in __given and name != "__given"]:
    del globals()[__name]
globals().update(__given)
__import__("torch").manual_seed(0)
"""


class Workbench:
    """One exercise on the bench: answers are laid on it, one after the other.

    Its kernel has run the cells that are given above the exercise, and no other solution: an
    exercise doesn't build on others.
    """

    def __init__(
        self, assignment: Assignment, exercise: Exercise, judge: Judge, limits: Limits = LIMITS
    ) -> None:
        """Prepare; the kernel starts with the first answer."""
        self._assignment = assignment
        self._exercise = exercise
        self._judge = judge
        self._limits = limits
        self._kernels = contextlib.ExitStack()
        self._student: StudentKernel | None = None

    def __enter__(self) -> "Workbench":
        """Nothing is there yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the kernel."""
        self._kernels.close()

    def verdicts(
        self, code: str, seeds: Sequence[int], above: Sequence[str] = ()
    ) -> Iterator[Verdict]:
        """Yield what the exercise earns with this code in its cell, under each of the seeds.

        ``above`` are cells of the student's own, which ran before.
        """
        student = self._ready()
        for cell in (*above, code):
            student.run(cell)
        for seed in seeds:
            yield self._judge.grade(self._exercise, student.answer, seed)
        if student.timed_out or student.kernel_died:
            self._kernels.close()
            self._student = None

    def _ready(self) -> StudentKernel:
        if self._student is not None:
            self._student.run(FORGET)
            return self._student
        self._student = self._kernels.enter_context(
            StudentKernel(self._limits, modules=self._assignment.modules)
        )
        for _, cell in self._assignment.code():
            if cell is self._exercise.solution:
                break
            if not is_task(cell):
                self._student.run(cell.source)
        self._student.run(REMEMBER)
        return self._student


def exercises(notebook: nbformat.NotebookNode) -> dict[str, Exercise]:
    """Return the exercises of a source notebook by their names, in its order."""
    return Assignment(notebook).exercises


def benches(
    notebook: nbformat.NotebookNode, names: Sequence[str] = (), limits: Limits = LIMITS
) -> Iterator[tuple[Exercise, Workbench]]:
    """Yield each exercise of a source notebook, or each of those names, on its bench."""
    torch.set_num_threads(1)
    assignment = Assignment(notebook)
    judge = Judge(assignment, 0)
    for name, exercise in assignment.exercises.items():
        if not names or name in names:
            with Workbench(assignment, exercise, judge, limits) as bench:
                yield exercise, bench
