"""An assignment as its source notebook in ``solutions/`` has it.

An exercise is a solution cell with the nbgrader id ``NAME`` and, below it, a test cell with the id
``test_NAME``. In a test cell, the lines between the hidden-test markers stay with the instructor.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from nbformat import NotebookNode

from drinkdeep.cells import grade_id, has_role, headings

BEGIN_SOLUTION, END_SOLUTION = "### BEGIN SOLUTION", "### END SOLUTION"
BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
TEST_PREFIX = "test_"


def regions(source: str, begin: str, end: str) -> list[tuple[int, int]]:
    """Return the first and last line of each marked region, markers included, counted from 1."""
    found = []
    first = 0
    for number, line in enumerate(source.splitlines(), start=1):
        if line.strip() == begin:
            first = number
        elif line.strip() == end:
            found.append((first, number))
    return found


def without(source: str, marked: list[tuple[int, int]]) -> str:
    """Return the source without the lines of these regions."""
    return "\n".join(
        line
        for number, line in enumerate(source.splitlines(), start=1)
        if not any(first <= number <= last for first, last in marked)
    )


def exercise_titles(source: NotebookNode) -> dict[str, str]:
    """Return the title of each nbgrader cell: the heading that it stands under, without points."""
    titles = {}
    title = ""
    for cell in source.cells:
        if not has_role(cell, "grade"):
            for heading in headings(cell):
                title = heading["title"]
        if name := grade_id(cell):
            titles[name] = title or name
    return titles


@dataclass(frozen=True)
class Exercise:
    """One exercise: what the student answers, and the test cell that grades it."""

    name: str
    solution: NotebookNode
    test: NotebookNode

    @property
    def test_id(self) -> str:
        """The nbgrader id of the test cell."""
        return TEST_PREFIX + self.name

    @property
    def points(self) -> float:
        """The most that it earns."""
        return float(self.test.metadata.nbgrader.points)

    @cached_property
    def hidden(self) -> list[tuple[int, int]]:
        """The regions of hidden tests in the test cell."""
        return regions(self.test.source, BEGIN_HIDDEN, END_HIDDEN)


@dataclass(frozen=True)
class Assignment:
    """What the source notebook asks and expects."""

    notebook: NotebookNode

    @cached_property
    def exercises(self) -> dict[str, Exercise]:
        """Each automatically graded exercise by its name, in the notebook's order."""
        cells = {name: cell for cell in self.notebook.cells if (name := grade_id(cell))}
        return {
            name: Exercise(name, cell, cells[TEST_PREFIX + name])
            for name, cell in cells.items()
            if has_role(cell, "solution") and TEST_PREFIX + name in cells
        }

    @cached_property
    def written(self) -> dict[str, NotebookNode]:
        """Each cell that a person grades, by its id."""
        return {
            name: cell
            for cell in self.notebook.cells
            if has_role(cell, "solution") and has_role(cell, "grade") and (name := grade_id(cell))
        }

    @cached_property
    def tests(self) -> dict[str, Exercise]:
        """Each exercise by the id of its test cell."""
        return {exercise.test_id: exercise for exercise in self.exercises.values()}

    def code(self) -> Iterator[tuple[int, NotebookNode]]:
        """Yield each code cell that is no test, with its place in the notebook."""
        for place, cell in enumerate(self.notebook.cells):
            if cell.cell_type == "code" and grade_id(cell) not in self.tests:
                yield place, cell

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """What its code imports, itself or by torch, so that it can be loaded before."""
        found = set()
        for _, cell in self.code():
            try:
                tree = ast.parse(cell.source)
            except SyntaxError:  # a magic of IPython's, say: what it needs is loaded when it runs
                continue
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    found |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module)
                elif isinstance(node, ast.Attribute) and node.attr == "optim":
                    found.add("torch._dynamo")  # which the first optimizer imports
        return tuple(sorted(found))


def solution_lines(assignment: Assignment) -> set[str]:
    """Return the lines that only the instructor has: those of solutions and hidden tests."""
    secret: list[str] = []
    for exercise in assignment.exercises.values():
        for cell, begin, end in (
            (exercise.solution, BEGIN_SOLUTION, END_SOLUTION),
            (exercise.test, BEGIN_HIDDEN, END_HIDDEN),
        ):
            lines = cell.source.splitlines()
            for first, last in regions(cell.source, begin, end):
                secret += lines[first : last - 1]
    return {line.strip() for line in secret if re.search(r"\w", line)}
