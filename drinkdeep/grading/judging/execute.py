"""Grading one submission: a pure function from notebooks to a notebook.

It needs no gradebook and no folder of the course, so it can run in any process.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from nbformat import NotebookNode, from_dict

from drinkdeep.cells import grade_id
from drinkdeep.checks import Raised
from drinkdeep.grading.graded import Checked, Missed, write_stops, write_verdict
from drinkdeep.grading.judging.assignment import Assignment
from drinkdeep.grading.judging.carried import carried_bytes
from drinkdeep.grading.judging.judge import Judge, Verdict
from drinkdeep.grading.sandbox.limits import Limits
from drinkdeep.grading.sandbox.student import StudentKernel
from drinkdeep.notebook.undefined import why_other_meaning, why_undefined


def execute(
    submission: NotebookNode,
    source: NotebookNode,
    *,
    seed: int,
    limits: Limits | None = None,
    sandboxed: bool = True,
    beside: Mapping[str, bytes] | None = None,
) -> NotebookNode:
    """Run a sanitized submission, and grade it by its assignment's source notebook.

    A test cell runs after its solution cell, wherever the student has moved them. What it found
    goes into its metadata (:mod:`drinkdeep.grading.graded`). Its outputs are the same as text, for
    people, and, as its value, the score, which is how nbgrader takes partial credit. The same
    arguments give the same notebook, except for what a student's code draws by itself. ``seed`` is
    what the hidden tests' inputs follow from; ``beside`` are files that the code finds, by name.

    Raises
    ------
    CheckError
        If a test of the source isn't written as the judge needs it.
    SandboxError
        If no kernel can be started.
    """
    notebook = copy.deepcopy(submission)
    assignment = Assignment(source)
    with StudentKernel(
        limits or Limits(), sandboxed=sandboxed, modules=assignment.modules(), beside=beside
    ) as student:
        judge = Judge(assignment, seed, student.cpu_clock())
        done: set[str] = set()
        waiting: list[NotebookNode] = []
        for place, cell in enumerate(notebook.cells):
            name = grade_id(cell)
            if name in assignment.tests:
                waiting.append(cell)
            elif cell.cell_type == "code":
                cell.outputs = student.run(cell.source, f"cell {place + 1}")
                write_stops(cell, student.take_stops())
                cell.execution_count = place + 1
                done.add(name or "")
            # A solution cell that isn't there at all has been answered elsewhere, or nowhere.
            for test in [w for w in waiting if assignment.tests[grade_id(w) or ""].name in done]:
                _grade(judge, assignment, test, student, notebook.cells)
                waiting.remove(test)
        for test in waiting:
            _grade(judge, assignment, test, student, notebook.cells)
        notebook.metadata["drinkdeep"] = {
            "seed": seed,
            "timed_out": student.timed_out,
            "kernel_died": student.kernel_died,
            "too_slow": judge.too_slow,
            "carried_bytes": carried_bytes(submission, source),
        }
    return notebook


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
