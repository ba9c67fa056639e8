"""A small course of one small assignment, and students who hand it in."""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config

from drinkdeep.cells import grade_id

ROOT = Path(__file__).parents[2]
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


class Course:
    """A course's folder."""

    def __init__(self, folder: Path, *, db_url: str | None = None) -> None:
        self.folder = folder
        self.db_url = db_url or f"sqlite:///{folder}/gradebook.db"

    def make(self) -> None:
        """Write it, and enter its assignment into the gradebook."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "nbgrader_config.py", self.folder)
        self.release(source())

    def release(self, notebook: NotebookNode) -> None:
        """Make an assignment of this source, as `nbgrader generate_assignment` does."""
        path = self.folder / "solutions" / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)
        release(self.folder, NAME, self.db_url)

    def copy(self, folder: Path) -> "Course":
        """Another like it."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Course(folder)

    def released(self) -> NotebookNode:
        return nbformat.read(self.folder / "exercises" / NAME / f"{NAME}.ipynb", 4)

    def answered(self, code: str = RIGHT) -> NotebookNode:
        """The students' notebook with an answer."""
        notebook = self.released()
        next(c for c in notebook.cells if grade_id(c) == "double").source = code
        return notebook

    def submitted(self, student: str) -> Path:
        """The folder of a student's submission, which is made if it isn't there."""
        folder = self.folder / "submitted" / student / NAME
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def hand_in(self, student: str, code: str = RIGHT, name: str = NAME) -> Path:
        """Hand in a notebook with this answer."""
        path = self.submitted(student) / f"{name}.ipynb"
        nbformat.write(self.answered(code), path)
        return path

    def score(self, student: str) -> float | None:
        """What the gradebook has for the test."""
        with Gradebook(self.db_url, "drinkdeep") as gradebook:
            score: float | None = gradebook.find_grade(
                "test_double", NAME, NAME, student
            ).auto_score
            return score

    def autograded(self, student: str) -> NotebookNode:
        return nbformat.read(self.folder / "autograded" / student / NAME / f"{NAME}.ipynb", 4)

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


def environment() -> dict[str, str]:
    """With the programs of this Python, of which nbgrader calls alembic by its name."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def release(folder: Path, assignment: str, db_url: str) -> None:
    """Let nbgrader make an assignment of its source, and enter it into a gradebook."""
    os.environ["PATH"] = environment()["PATH"]
    settings = Config()
    settings.CourseDirectory.root = str(folder)
    settings.CourseDirectory.course_id = "drinkdeep"
    settings.CourseDirectory.source_directory = "solutions"
    settings.CourseDirectory.release_directory = "exercises"
    settings.CourseDirectory.db_url = db_url
    settings.NbGrader.log_level = logging.ERROR
    result = NbGraderAPI(config=settings).generate_assignment(assignment, force=True)
    assert result["success"], result
