"""Grading one submission: a pure function from notebooks to a notebook.

It needs no gradebook and no folder of the course, so it can run in any process.
"""

import copy
import functools
from collections.abc import Mapping, Sequence
from typing import Any

from nbformat import NotebookNode, from_dict

from drinkdeep.cells import grade_id
from drinkdeep.checks import Raised
from drinkdeep.grading.graded import Checked, Missed, write_stops, write_verdict
from drinkdeep.grading.judging.assignment import Assignment
from drinkdeep.grading.judging.carried import carried_bytes
from drinkdeep.grading.judging.judge import Judge, Verdict
from drinkdeep.grading.judging.order import NOT_SHOWN, Step, questions_may_wait, steps
from drinkdeep.grading.sandbox.limits import Limits
from drinkdeep.grading.sandbox.student import StudentKernel
from drinkdeep.notebook.undefined import why_other_meaning, why_undefined


def execute(
    submission: NotebookNode,
    source: NotebookNode | Assignment,
    *,
    seed: int,
    limits: Limits | None = None,
    sandboxed: bool = True,
    beside: Mapping[str, bytes] | None = None,
) -> NotebookNode:
    """Run a sanitized submission, and grade it by its assignment's source notebook.

    A test asks when its solution cell has run, wherever the student has moved them: as a rule when
    all cells have (:mod:`drinkdeep.grading.judging.order`). What it found
    goes into its metadata (:mod:`drinkdeep.grading.graded`). Its outputs are the same as text, for
    people, and, as its value, the score, which is how nbgrader takes partial credit. The same
    arguments give the same notebook, except for what a student's code draws by itself. ``seed`` is
    what the hidden tests' inputs follow from; ``beside`` are files that the code finds, by name.
    Whoever grades many gives the source as an :class:`Assignment`, and it is read once.

    Raises
    ------
    CheckError
        If a test of the source isn't written as the judge needs it.
    SandboxError
        If no kernel can be started.
    """
    assignment = source if isinstance(source, Assignment) else Assignment(source)
    kernel = functools.partial(
        StudentKernel,
        limits or Limits(),
        sandboxed=sandboxed,
        modules=assignment.modules,
        beside=beside,
    )
    turns = steps(submission.cells, assignment)
    notebook = None
    if questions_may_wait(submission.cells, turns, assignment):
        # Python's sort keeps what is alike in its order.
        waiting = sorted(turns, key=lambda turn: turn.asks)
        with kernel() as student:
            notebook = _graded(submission, assignment, waiting, seed, student, whole=True)
    if notebook is None:  # a cell may have ended the kernel: what was answered above it counts
        with kernel() as student:
            notebook = _graded(submission, assignment, turns, seed, student)
    assert notebook is not None
    notebook.metadata["drinkdeep"]["carried_bytes"] = carried_bytes(submission, assignment.notebook)
    return notebook


def _graded(
    submission: NotebookNode,
    assignment: Assignment,
    turns: Sequence[Step],
    seed: int,
    student: StudentKernel,
    *,
    whole: bool = False,
) -> NotebookNode | None:
    """Return the notebook, graded in the order of ``turns``.

    None if it is to be graded as a ``whole``, and the kernel has ended before the first question.
    """
    notebook = copy.deepcopy(submission)
    judge = Judge(assignment, seed, student.cpu_clock())
    asked = False
    for turn in turns:
        cell = notebook.cells[turn.place]
        if turn.asks:
            if whole and not asked and student.ended:
                return None
            asked = True
            _grade(judge, assignment, cell, student, notebook.cells[: turn.run_before + 1])
            continue
        cell.outputs = student.run(cell.source, f"cell {turn.place + 1}")
        write_stops(cell, student.take_stops())
        cell.execution_count = turn.place + 1
    if not whole:
        _hide_what_came_after_a_question(notebook.cells, turns)
    notebook.metadata["drinkdeep"] = {
        "seed": seed,
        "timed_out": student.timed_out,
        "kernel_died": student.kernel_died,
        "too_slow": judge.too_slow,
    }
    return notebook


def _hide_what_came_after_a_question(cells: Sequence[NotebookNode], turns: Sequence[Step]) -> None:
    first = next((number for number, turn in enumerate(turns) if turn.asks), len(turns))
    for turn in turns[first:]:
        if not turn.asks and cells[turn.place].outputs:
            cells[turn.place].outputs = [
                from_dict({"output_type": "stream", "name": "stdout", "text": NOT_SHOWN})
            ]


def _grade(
    judge: Judge,
    assignment: Assignment,
    cell: NotebookNode,
    student: StudentKernel,
    cells: Sequence[NotebookNode],
) -> None:
    def ask(expression: str, shipped: str) -> Any:
        """Return the value; of an error, what in another cell is the reason as well."""
        value = student.answer(expression, shipped)
        if not isinstance(value, Raised):
            return value
        if value.kinds[:1] == ("NameError",):
            kind, words = why_undefined(value.message, cells) or ("", "")
            return Raised((kind,), words) if kind else value
        return Raised(value.kinds, value.message + why_other_meaning(value.message, cells))

    verdict: Verdict = judge.grade(assignment.tests[grade_id(cell) or ""], ask)
    write_verdict(
        cell,
        verdict.score,
        verdict.points,
        [Missed(finding.words, finding.detail) for finding in verdict.findings],
        [Checked(check.met, check.unknown) for check in verdict.checks],
    )
    write_stops(cell, student.take_stops())
    said = {"output_type": "stream", "name": "stdout", "text": f"{verdict}\n"}
    score = {
        "output_type": "execute_result",
        "data": {"text/plain": str(verdict.score)},
        "metadata": {},
        "execution_count": None,
    }
    # new_output() and the like would look each time whether it is what they have made.
    cell.outputs = [from_dict(said), from_dict(score)]
