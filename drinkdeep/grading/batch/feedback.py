"""The feedback of a class, made by nbgrader, whatever its students' folders are called."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from nbgrader.apps import AutogradeApp
from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException


class FeedbackOf(GenerateFeedback):  # type: ignore[misc]
    """nbgrader's, for these students and no others.

    Its own takes a student's name for a pattern, and cuts blanks off its ends.
    """

    def __init__(self, students: Sequence[str], app: AutogradeApp) -> None:
        """Make what is there of theirs anew, in the course of the application."""
        super().__init__(coursedir=app.coursedir, parent=app, force=True)
        self._students = students

    def init_notebooks(self) -> None:
        """Find the graded notebooks."""
        self.notebooks: list[str] = []
        folders = [Path(self._format_source(self._assignment, name)) for name in self._students]
        self.assignments = {str(f): sorted(map(str, f.glob("*.ipynb"))) for f in folders}

    def make(self) -> list[str]:
        """Make it; those of whom it could not be made."""
        with contextlib.suppress(NbGraderException):  # it has gone on, and logged why
            self.start()
        return [
            name
            for name in self._students
            if not any(Path(self._format_dest(self._assignment, name)).glob("*.html"))
        ]

    @property
    def _assignment(self) -> str:
        return str(self.coursedir.assignment_id)
