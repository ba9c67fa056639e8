"""A small course of one small assignment, and students who hand it in."""

import shutil
import subprocess
import sys
from pathlib import Path

import courses
import nbformat
from courses import cell
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from programs import environment

NAME = "double"
POINTS = 4.0
RIGHT = "def double(x):\n    return 2 * x"

SETUP = "from drinkdeep.checks import all_met, expect, fresh, observe\nimport torch"
SOLUTION = """def double(x):
    ### BEGIN SOLUTION
    return x + x
    ### END SOLUTION"""
TEST = """expect(observe(double(3.0)), 6.0, hint="Twice as much.")
### BEGIN HIDDEN TESTS
x = torch.rand(5, generator=fresh())
expect(observe(double(x)), double(x), hint="Twice as much, of each.")
### END HIDDEN TESTS
all_met()"""


def source() -> NotebookNode:
    """The source notebook."""
    return new_notebook(
        cells=[
            _cell(SETUP, "setup", locked=True),
            _cell(SOLUTION, "double", solution=True),
            _cell(TEST, "test_double", grade=True, points=POINTS),
            _cell("Why?", "why", kind="markdown", grade=True, solution=True, points=2),
        ],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}
        },
    )


def _cell(text: str, name: str, *, kind: str = "code", **roles: object) -> NotebookNode:
    make = new_code_cell if kind == "code" else new_markdown_cell
    nbgrader = {"grade": False, "solution": False, "locked": False, "task": False, **roles}
    nbgrader["locked"] = nbgrader["locked"] or not nbgrader["solution"]
    nbgrader |= {"grade_id": name, "schema_version": 3, "cell_type": kind}
    return make(text, metadata={"nbgrader": nbgrader, "tags": ["raises-exception"]})


class Course(courses.Course):
    """The course of this assignment alone."""

    def make(self) -> None:
        """Write the assignment, and enter it into the gradebook."""
        self.release(source())

    def release(self, notebook: NotebookNode) -> None:
        """Make the assignment of this source."""
        self.write(NAME, notebook)
        self.generate(NAME)

    def copy(self, folder: Path) -> "Course":
        """Another like it."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Course(folder)

    def released(self, name: str = NAME) -> NotebookNode:
        return super().released(name)

    def answered(self, code: str = RIGHT) -> NotebookNode:
        """The students' notebook with an answer."""
        notebook = self.released()
        cell(notebook, "double").source = code
        return notebook

    def submitted(self, student: str, name: str = NAME) -> Path:
        return super().submitted(student, name)

    def hand_in(self, student: str, code: str = RIGHT, name: str = NAME) -> Path:
        """Hand in a notebook with this answer, under this name."""
        path = self.submitted(student) / f"{name}.ipynb"
        nbformat.write(self.answered(code), path)
        return path

    def score(self, student: str) -> float | None:
        """What the gradebook has for the test."""
        return self.scores(student, NAME)["test_double"]

    def autograded(self, student: str, name: str = NAME) -> NotebookNode:
        return super().autograded(student, name)

    def grade(self, *options: str, assignment: str = NAME) -> subprocess.CompletedProcess[str]:
        """Run the command."""
        return subprocess.run(
            self.command(*options, assignment=assignment),
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def command(self, *options: str, assignment: str = NAME) -> list[str]:
        command = [sys.executable, "-m", "drinkdeep.command", "grade", assignment]
        return [*command, f"--course-dir={self.folder}", *options]
