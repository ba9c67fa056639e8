"""nbgrader's own Autograde with the execution taken out of its middle.

Stock nbgrader sanitizes, executes and records one submission after another. Here :meth:`sanitize`
and :meth:`record` are two calls, so that the execution between them can happen elsewhere. All that
they do to a notebook and to the gradebook is done by the converter and the preprocessors of
``nbgrader_config.py``; no other process touches either.
"""

import contextlib
import hashlib
import inspect
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbconvert.writers.files import FilesWriter
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import AutogradeApp
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, Execute
from sqlalchemy.exc import DatabaseError

from drinkdeep.cells import grade_id, has_role
from drinkdeep.grading.batch.outcomes import STAGING
from drinkdeep.grading.batch.submission import Submission
from drinkdeep.grading.batch.transaction import Run, gradebook_opened_once
from drinkdeep.grading.errors import CourseError
from drinkdeep.grading.plugins.preprocessors import JudgedExecute

OTHER_SCHEMA = re.compile(r"no such (?:column|table)|does not exist")
"""What SQLite and PostgreSQL say of a table that isn't as it should be."""


class _Steps(NotebookExporter):
    """Preprocessors in a row, as an exporter has them, each at work on the same notebook.

    An exporter copies a notebook three times, and looks after each step whether it is valid still,
    to be safe from whatever its preprocessors may do; a class waits for that. Here whoever gives a
    notebook has no further use for it, and whoever writes it looks whether it is valid.
    """

    def __init__(self, converter: "Converter", preprocessors: Iterable[Any]) -> None:
        super().__init__(parent=converter, config=converter.config)  # type: ignore[no-untyped-call]
        for preprocessor in preprocessors:
            self.register_preprocessor(preprocessor)  # type: ignore[no-untyped-call]

    def take(
        self, notebook: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Let all of them have it."""
        resources = self._init_resources(resources)  # type: ignore[no-untyped-call]
        for preprocessor in self._preprocessors:
            notebook, resources = preprocessor(notebook, resources)
        return notebook, resources


class Converter(Autograde):  # type: ignore[misc]
    """Sanitizes and records submissions of one assignment.

    It works on a course directory in the staging folder and moves an autograded submission to its
    place when it is complete: nbgrader takes any folder there for a graded submission.
    """

    def __init__(self, app: AutogradeApp, assignment: str) -> None:
        """Use the application's course and configuration.

        Raises
        ------
        CourseError
            If the gradebook doesn't know the assignment, or another version of it.
        """
        self.course: CourseDirectory = app.coursedir
        self.course.assignment_id = assignment
        self.staging = Path(self.course.root, STAGING)
        super().__init__(
            coursedir=CourseDirectory(
                parent=app,
                root=self.course.root,
                assignment_id=assignment,
                submitted_directory=f"{STAGING}/submitted",
                autograded_directory=f"{STAGING}/autograded",
            ),
            parent=app,
        )
        self.assignment = assignment
        self._check_gradebook()
        self.writer = FilesWriter(parent=self)
        self._run: Run | None = None
        self._sanitizer = _Steps(self, self.sanitize_preprocessors)
        self._recorder = _Steps(
            self,
            [
                kind
                for kind in self.autograde_preprocessors
                if not (isinstance(kind, type) and issubclass(kind, (JudgedExecute, Execute)))
            ],
        )
        self.execution = JudgedExecute(parent=self._sanitizer)
        """What ``nbgrader_config.py`` says of the execution."""

    @contextlib.contextmanager
    def gradebook_opened_once(self) -> Iterator[None]:
        """Keep the gradebook open, and make one transaction of what is recorded at a time."""
        with gradebook_opened_once() as self._run:
            try:
                yield
            finally:
                self._run = None

    @cached_property
    def sources(self) -> dict[str, NotebookNode]:
        """The assignment's notebooks, by their names.

        Raises
        ------
        CourseError
            If there is none.
        """
        folder = Path(self.course.format_path(self.course.source_directory, ".", self.assignment))
        found: dict[str, NotebookNode] = {
            path.stem: nbformat.read(path, as_version=4) for path in sorted(folder.glob("*.ipynb"))
        }
        if not found:
            raise CourseError(
                f"There is no notebook in {folder}: see to the assignment's name, or give the "
                "course's folder with --course-dir."
            )
        return found

    @cached_property
    def tests(self) -> str:
        """The hash of what the assignment asks and expects, by when, and of what is taken off."""
        asked = {
            name: [[c.cell_type, c.source, c.metadata.get("nbgrader")] for c in notebook.cells]
            for name, notebook in self.sources.items()
        } | {"": [str(self._due), self.execution.limits, *self._penalties()]}
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()

    @cached_property
    def _due(self) -> datetime | None:
        """When the assignment is due, in UTC; None if it never is."""
        with self._opened_gradebook() as gradebook:
            due: datetime | None = gradebook.find_assignment(self.assignment).duedate
            return due

    def _penalties(self) -> Iterator[str]:
        """Yield what `nbgrader_config.py` says of lateness: settings, and the text of a plugin."""
        plugin = AssignLatePenalties(parent=self._recorder).plugin_class
        for kind in (AssignLatePenalties, *plugin.__mro__):
            if kind.__name__ in self.config and kind.__name__ != "object":
                yield repr(sorted(self.config[kind.__name__].items(), key=str))
        with contextlib.suppress(OSError, TypeError):  # a class that was typed has no file
            yield inspect.getsource(plugin)

    def students(self) -> list[str]:
        """Return those who have handed in the assignment."""
        return sorted(self._students())

    def known_students(self) -> set[str]:
        """Return all whom the gradebook knows."""
        with self._opened_gradebook() as gradebook:
            return {student.id for student in gradebook.students}

    def in_gradebook(self) -> set[str]:
        """Return those of whose submission the gradebook knows."""
        with self._opened_gradebook() as gradebook:
            submissions = gradebook.assignment_submissions(self.assignment)
            return {submission.student_id for submission in submissions}

    def submitted(self, student: str) -> Path:
        """Return the folder of what a student has handed in."""
        course = self.course
        return Path(course.format_path(course.submitted_directory, student, self.assignment))

    def autograded(self, student: str) -> Path:
        """Return the folder of what was graded of a student."""
        course = self.course
        return Path(course.format_path(course.autograded_directory, student, self.assignment))

    def sanitize(self, student: str, name: str, notebook: NotebookNode) -> NotebookNode:
        """Give a notebook the instructor's cells again; what is given is used up."""
        self._sanitizing = True
        sanitized, _ = self._sanitizer.take(notebook, self._resources(student, name))
        return sanitized

    def record(self, group: Sequence[tuple[Submission, Mapping[str, NotebookNode]]]) -> None:
        """Enter the grades of submissions into the gradebook, and put notebooks in their place.

        The grades of all are one transaction, and last before the notebooks are in their place;
        those last before this returns. Killed in between, or where it fails, it has to be done
        again from the start, which does no harm. What is given is used up.
        """
        try:
            with self._run.transaction() if self._run else contextlib.nullcontext():
                staged = [self._enter(submission, executed) for submission, executed in group]
                _make_durable(path for new, _ in staged for path in _contents(new))
            for new, place in staged:
                self._put_in_place(new, place)
            _make_durable({f for _, place in staged for f in (place.parent, place.parent.parent)})
        finally:
            self.clear()

    def _enter(
        self, submission: Submission, executed: Mapping[str, NotebookNode]
    ) -> tuple[Path, Path]:
        """Enter the grades of a submission; where its notebooks are now, and where they belong."""
        student = submission.student
        old = Path(self._format_source(self.assignment, student))
        new = Path(self._format_dest(self.assignment, student))
        old.mkdir(parents=True)
        new.mkdir(parents=True)  # the writer makes it only if it was another one before
        submission.copy_files(old)
        self.notebooks = []
        for name in executed:
            path = old / f"{name}.ipynb"
            path.touch()  # nbgrader looks whether it is there
            self.notebooks.append(str(path))
        self.run_pre_convert_hook()
        self.init_assignment(self.assignment, student)
        self._sanitizing = False
        try:
            for name, notebook in executed.items():
                resources = self._resources(student, name)
                graded, resources = self._recorder.take(notebook, resources)
                nbformat.validate(graded, relax_add_props=True)
                self.write_single_notebook(f"{nbformat.v4.writes(graded)}\n", resources)
            self.set_permissions(self.assignment, student)
        finally:
            self._sanitizing = True
        self.run_post_convert_hook()
        return new, self.autograded(student)

    def clear(self) -> None:
        """Throw away what a run has left in the staging."""
        for name in ("submitted", "autograded", "replaced"):
            shutil.rmtree(self.staging / name, ignore_errors=True)

    def _put_in_place(self, new: Path, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            replaced = self.staging / "replaced"
            replaced.mkdir(parents=True, exist_ok=True)
            place.rename(replaced / place.name)
        new.rename(place)

    def _format_dest(self, assignment_id: str, student_id: str, escape: bool = False) -> str:
        """Return where the autograded notebooks are written, whichever half is at work."""
        course = self.coursedir
        return str(
            course.format_path(course.autograded_directory, student_id, assignment_id, escape)
        )

    def _resources(self, student: str, name: str) -> dict[str, Any]:
        """As nbgrader makes them of a path; a path with odd names in it can't be taken apart."""
        return {
            "unique_key": name,
            "output_files_dir": f"{name}_files",
            "nbgrader": {
                "student": student,
                "assignment": self.assignment,
                "notebook": name,
                "db_url": self.coursedir.db_url,
            },
        }

    def _students(self) -> Iterator[str]:
        marker = "\0"
        before, after = str(self.submitted(marker)).split(marker)
        folder = Path(before)
        if before.endswith(os.sep) and folder.is_dir():
            for path in folder.iterdir():
                if not path.name.startswith(".") and os.path.lexists(f"{path}{after}"):
                    yield path.name

    @contextlib.contextmanager
    def _opened_gradebook(self) -> Iterator[Gradebook]:
        """Give the gradebook; a CourseError says why it can't be read."""
        try:
            with Gradebook(self.course.db_url, self.course.course_id) as gradebook:
                yield gradebook
        except DatabaseError as error:
            raise CourseError(_unreadable_gradebook(str(error.orig).strip())) from error

    def _check_gradebook(self) -> None:
        """See that the gradebook has the assignment as its source has it."""
        enter = f"enter it with `make release` or `nbgrader generate_assignment {self.assignment}`"
        with self._opened_gradebook() as gradebook:
            try:
                assignment = gradebook.find_assignment(self.assignment)
            except MissingEntry:
                assignment = None
            known = {
                notebook.name: (
                    {cell.name: cell.max_score for cell in notebook.grade_cells},
                    {cell.name: cell.source for cell in notebook.source_cells if cell.locked},
                )
                for notebook in (assignment.notebooks if assignment else [])
            }
        wanted = {name: _graded_and_locked(source) for name, source in self.sources.items()}
        if not known:
            raise CourseError(f"The gradebook doesn't know {self.assignment}: {enter}.")
        if known != wanted:
            raise CourseError(
                f"The gradebook knows another version of {self.assignment} than its source is: "
                f"{enter} --force."
            )


def _unreadable_gradebook(cause: str) -> str:
    """Say what to do about a gradebook that can't be read."""
    if OTHER_SCHEMA.search(cause):
        return (
            f"The gradebook was made by another version of nbgrader ({cause}): make a copy of it, "
            "and bring it up to date with `nbgrader db upgrade`."
        )
    if "locked" in cause:
        return (
            f"Another program holds the gradebook ({cause}): end it, be it Formgrader or one that "
            "shows databases, and run the command again."
        )
    return f"The gradebook can't be read ({cause}): see to that and run the command again."


def _graded_and_locked(source: NotebookNode) -> tuple[dict[str, float], dict[str, str]]:
    """Return the points of each graded cell, and the text of each that a student may not change."""
    points, locked = {}, {}
    for cell in source.cells:
        if name := grade_id(cell):
            if has_role(cell, "grade"):
                points[name] = float(cell.metadata.nbgrader.points)
            if not has_role(cell, "solution") and (
                has_role(cell, "grade") or has_role(cell, "locked")
            ):
                locked[name] = cell.source
    return points, locked


def _contents(folder: Path) -> Iterator[Path]:
    """Yield a folder, and all that is in it."""
    for root, _, names in os.walk(folder):
        yield from (Path(root) / name for name in names)
        yield Path(root)


def _make_durable(paths: Iterable[Path]) -> None:
    """See that files and folders outlast a power cut; a disk is faster with several at a time."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(_sync, paths))


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
