"""The folder of a course with its class, as an instructor has it: for tests and for benchmarks."""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from programs import environment
from traitlets.config import Config

from drinkdeep.cells import grade_id

ROOT = Path(__file__).parents[2]
OURS = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
"""The settings of our course."""


class Course:
    """A course's folder and its gradebook. The folder is made; what is in it stays."""

    def __init__(self, folder: Path, *, settings: str = OURS, db_url: str | None = None) -> None:
        self.folder = folder
        self.db_url = db_url or f"sqlite:///{folder}/gradebook.db"
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "nbgrader_config.py").write_text(settings, encoding="utf-8")

    def take(self, name: str, source: Path = ROOT / "solutions") -> None:
        """Take an assignment, with what lies beside its notebook; one of ours by default."""
        shutil.copytree(source / name, self.folder / "solutions" / name)

    def write(self, name: str, notebook: NotebookNode) -> None:
        """Write an assignment's source, in place of the one that is there."""
        path = self.folder / "solutions" / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)

    def generate(self, name: str) -> None:
        """Have nbgrader make what students get, and enter the assignment into the gradebook."""
        os.environ["PATH"] = environment()["PATH"]
        settings = Config()
        settings.CourseDirectory.root = str(self.folder)
        settings.CourseDirectory.course_id = "drinkdeep"
        settings.CourseDirectory.source_directory = "solutions"
        settings.CourseDirectory.release_directory = "exercises"
        settings.CourseDirectory.db_url = self.db_url
        settings.NbGrader.log_level = logging.ERROR
        if self.db_url == f"sqlite:///{self.folder}/gradebook.db":
            gradebook = self.folder / "gradebook.db"
            if not gradebook.exists():
                gradebook.write_bytes(empty_gradebook())
        result = NbGraderAPI(config=settings).generate_assignment(name, force=True)
        assert result["success"], result

    def released(self, name: str) -> NotebookNode:
        """The notebook that students get."""
        return nbformat.read(self.folder / "exercises" / name / f"{name}.ipynb", 4)

    def submitted(self, student: str, name: str) -> Path:
        """The folder of a student's submission, which is made if it isn't there."""
        folder = self.folder / "submitted" / student / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def submit(self, student: str, name: str, notebook: NotebookNode) -> Path:
        """Hand in a notebook under the assignment's name; where it lies."""
        path = self.submitted(student, name) / f"{name}.ipynb"
        nbformat.write(notebook, path)
        return path

    def autograded(self, student: str, name: str) -> NotebookNode:
        """A student's notebook as it was graded."""
        path = self.folder / "autograded" / student / name / f"{name}.ipynb"
        return nbformat.read(path, as_version=4)

    def feedback(self, student: str, name: str) -> str:
        """The page with a student's feedback."""
        path = self.folder / "feedback" / student / name / f"{name}.html"
        return path.read_text(encoding="utf-8")

    def gradebook(self) -> Gradebook:
        """The course's gradebook, open: to be used in a ``with``."""
        return Gradebook(self.db_url, "drinkdeep")

    def scores(self, student: str, name: str) -> dict[str, float | None]:
        """Cell → what it earned by itself."""
        with self.gradebook() as gradebook:
            grades = gradebook.find_submission_notebook(name, name, student).grades
            return {grade.name: grade.auto_score for grade in grades}

    def run(self, *command: str, code: int = 0, **variables: str) -> str:
        """Give a command of ours or nbgrader's in the folder; what it says."""
        program, *words = command
        module = {"drinkdeep": "drinkdeep.command"}.get(program, program)
        done = subprocess.run(
            [sys.executable, "-m", module, *words],
            cwd=self.folder,
            env=environment(**variables),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


@cache
def empty_gradebook() -> bytes:
    """A gradebook as nbgrader makes it, by another program that takes a second each time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gradebook.db"
        Gradebook(f"sqlite:///{path}", "drinkdeep").close()
        return path.read_bytes()


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    """The first cell that has this nbgrader id."""
    return next(cell for cell in notebook.cells if grade_id(cell) == name)
