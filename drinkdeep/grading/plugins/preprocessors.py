"""The nbgrader preprocessors that call the judge; ``nbgrader_config.py`` plugs them in.

The stock command ``nbgrader autograde`` and Formgrader's button use them alike.
"""

import copy
import functools
import multiprocessing
import secrets
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import ClearHiddenTests, GetGrades, NbGraderPreprocessor
from traitlets import Bool, Dict, Enum, Integer

from drinkdeep.cells import grade_id, has_role
from drinkdeep.grading.batch.submission import read_submission
from drinkdeep.grading.errors import UnreadableError
from drinkdeep.grading.graded import KEY
from drinkdeep.grading.judging.assignment import exercise_titles
from drinkdeep.grading.judging.restore import restore
from drinkdeep.grading.sandbox.limits import Limits

# Every nbgrader command loads this module, so torch, which most have no use for, is left to the
# process that executes.

Resources = dict[str, Any]


class Restore(NbGraderPreprocessor):  # type: ignore[misc]
    """Gives a submission the instructor's cells again, before nbgrader reads it."""

    def preprocess(
        self, notebook: NotebookNode, resources: Resources
    ) -> tuple[NotebookNode, Resources]:
        """Restore the submission."""
        return restore(notebook, _as_given_out(self, resources)), resources


class JudgedExecute(NbGraderPreprocessor):  # type: ignore[misc]
    """Runs a submission in the sandbox and grades it by the judge, in a process of its own."""

    seed = Integer(
        None, allow_none=True, help="What the hidden tests' inputs follow from; drawn if not set."
    ).tag(config=True)

    limits = Dict(
        key_trait=Enum([field.name for field in fields(Limits)]),
        value_trait=Integer(),
        help="What a submission may take, where it isn't as in drinkdeep.grading.sandbox.Limits.",
    ).tag(config=True)

    unsafe_without_sandbox = Bool(
        False,
        help="Run students' code with all of your rights, where there is no bubblewrap.",
    ).tag(config=True)

    def preprocess(
        self, notebook: NotebookNode, resources: Resources
    ) -> tuple[NotebookNode, Resources]:
        """Execute and grade the submission; its metadata say by which seed."""
        seed = secrets.randbits(40) if self.seed is None else self.seed
        graded = _process().submit(
            _execute,
            notebook,
            source_notebook(self, resources),
            seed=seed,
            limits=Limits(**self.limits),
            sandboxed=not self.unsafe_without_sandbox,
            beside=self._beside(resources["nbgrader"]),
        )
        return graded.result(), resources

    def _beside(self, name: dict[str, str]) -> dict[str, bytes]:
        """Return the files that the student's code finds beside it."""
        course = self.parent.parent.coursedir  # of the exporter, of the converter
        student, assignment = name["student"], name["assignment"]
        try:
            return read_submission(
                student,
                Path(course.format_path(course.submitted_directory, student, assignment)),
                wanted=[name["notebook"]],
                ignore=course.ignore,
                most_bytes=course.max_file_size * 1000,
            ).beside
        except UnreadableError:  # nbgrader has read the notebook all the same
            return {}


class HideTests(ClearHiddenTests):  # type: ignore[misc]
    """Takes the hidden tests out of what a student gets back.

    Of test cells only: whatever a student has written in a cell of their own is no marker.
    """

    def preprocess_cell(
        self, cell: NotebookNode, resources: Resources, index: int
    ) -> tuple[NotebookNode, Resources]:
        """Take its hidden tests out of a cell."""
        if has_role(cell, "grade"):
            cell, resources = super().preprocess_cell(cell, resources, index)
        return cell, resources


class Authorship(NbGraderPreprocessor):  # type: ignore[misc]
    """Says of each cell whether the course wrote it, and which exercise it belongs to.

    The course's is what the student may not edit, which Restore has seen to, and what else stands
    in the source notebook word for word. So nothing that a student has added or changed passes for
    it. Comes before HideTests, which changes the tests.
    """

    def preprocess(
        self, notebook: NotebookNode, resources: Resources
    ) -> tuple[NotebookNode, Resources]:
        """Give each cell's metadata ``drinkdeep.course`` and ``drinkdeep.title``."""
        source = source_notebook(self, resources)
        texts = {c.source: c for c in source.cells if c.cell_type == "markdown"}
        titles = exercise_titles(source)
        for number, cell in enumerate(notebook.cells, start=1):
            original = texts.get(cell.source) if cell.cell_type == "markdown" else None
            if original is not None:
                cell.attachments = copy.deepcopy(original.get("attachments", {}))
            cell.metadata.setdefault(KEY, NotebookNode()).update(
                course=not has_role(cell, "solution")
                and (original is not None or bool(grade_id(cell))),
                title=titles.get(grade_id(cell) or "", f"Cell {number}"),
            )
        return notebook, resources


class OnlyPages(NbGraderPreprocessor):  # type: ignore[misc]
    """Leaves nothing in a student's folder of feedback/ but the course's pages.

    nbgrader copies there what lies beside the notebook, and what stands there goes back to people:
    a student's own page would look as if it were ours.
    """

    def preprocess(
        self, notebook: NotebookNode, resources: Resources
    ) -> tuple[NotebookNode, Resources]:
        """Return the notebook as it is."""
        sources = _folder(self, resources, "source_directory").glob("*.ipynb")
        # By the time stamp nbgrader sees that a submission is newer than its page, and by what the
        # exchange has laid beside the submission it gives the page back.
        ours = {
            "timestamp.txt",
            "submission_secret.txt",
            *(f"{path.stem}.html" for path in sources),
        }
        target = _folder(self, resources, "feedback_directory", resources["nbgrader"]["student"])
        for path in list(target.iterdir()) if target.is_dir() else ():
            # A page that is there before the first is written is the student's, too, or an old one.
            if path.name not in ours or (path.is_dir() and not path.is_symlink()):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        return notebook, resources


class Grades(GetGrades):  # type: ignore[misc]
    """nbgrader's grades, a person's comments, and which answers wait for a person to read them."""

    def preprocess(
        self, notebook: NotebookNode, resources: Resources
    ) -> tuple[NotebookNode, Resources]:
        """Return the notebook, with the gradebook's numbers in each graded cell's metadata."""
        notebook, resources = super().preprocess(notebook, resources)
        with Gradebook(self.db_url) as gradebook:
            submission = gradebook.find_submission_notebook(
                self.notebook_id, self.assignment_id, self.student_id
            )
            waiting = {grade.name: grade.needs_manual_grade for grade in submission.grades}
            by_hand = {comment.name: comment.manual_comment for comment in submission.comments}
        for cell in notebook.cells:
            if (name := grade_id(cell)) in waiting:
                cell.metadata.nbgrader["waiting"] = waiting[name]
            if name in by_hand:  # nbgrader itself comments on what was left as it was
                cell.metadata.nbgrader["comment"] = by_hand[name]
        resources["nbgrader"]["waiting"] = sum(waiting.values())
        return notebook, resources


def _execute(*arguments: Any, **options: Any) -> NotebookNode:
    from drinkdeep.grading.judging.execute import execute

    return execute(*arguments, **options)


@functools.cache
def _process() -> ProcessPoolExecutor:
    """Return one process for a whole batch, so that torch is imported once.

    Spawned and not forked, because nbgrader's own process may have threads.
    """
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def source_notebook(preprocessor: NbGraderPreprocessor, resources: Resources) -> NotebookNode:
    """Return the source of the assignment at hand; whoever gets it leaves it as it is."""
    path = _path(preprocessor, resources, "source_directory")
    return _read(path, path.stat().st_mtime_ns)


def _as_given_out(preprocessor: NbGraderPreprocessor, resources: Resources) -> NotebookNode:
    """Return the source, with its cells' ids in what students got, if that is there."""
    source = _path(preprocessor, resources, "source_directory")
    released = _path(preprocessor, resources, "release_directory")
    try:
        when = released.stat().st_mtime_ns
    except OSError:
        return source_notebook(preprocessor, resources)
    return _with_ids_of(source, source.stat().st_mtime_ns, released, when)


def _path(preprocessor: NbGraderPreprocessor, resources: Resources, directory: str) -> Path:
    """Return where the notebook at hand lies in a directory of the course's."""
    folder = _folder(preprocessor, resources, directory)
    return folder / f"{resources['nbgrader']['notebook']}.ipynb"


def _folder(
    preprocessor: NbGraderPreprocessor, resources: Resources, directory: str, student: str = "."
) -> Path:
    """Return where the assignment at hand lies in a directory of the course's."""
    course = preprocessor.parent.parent.coursedir  # of the exporter, of the converter
    assignment = resources["nbgrader"]["assignment"]
    return Path(course.format_path(getattr(course, directory), student, assignment))


@functools.lru_cache(maxsize=16)
def _read(path: Path, changed: int) -> NotebookNode:
    """Return a notebook as it was then."""
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


@functools.lru_cache(maxsize=16)
def _with_ids_of(source: Path, changed: int, released: Path, released_then: int) -> NotebookNode:
    """Return a notebook as it was then, with the ids that its cells have in another one.

    A cell's id follows from its text, and students got another text where a solution stood.
    """
    notebook = copy.deepcopy(_read(source, changed))
    try:
        given_out = _read(released, released_then).cells
    except (OSError, ValueError):
        return notebook
    # Before format 4.5 cells had no ids.
    ids = {grade_id(cell): cell.id for cell in given_out if grade_id(cell) and "id" in cell}
    for cell in notebook.cells:
        if grade_id(cell) in ids:
            cell.id = ids[grade_id(cell)]
    return notebook
