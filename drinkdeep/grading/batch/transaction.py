"""nbgrader's gradebook, opened once for a whole run, and written in one transaction a submission.

For one submission nbgrader opens its gradebook nine times, looks up each cell by a query over seven
tables, and commits after each. It has no extension point for that: every step makes a
``Gradebook`` of its own. So for the time of a run each that it makes is a
:class:`SharedGradebook`, which is one in all but three things. All share a session, which gives ids
in order, and which :meth:`Run.transaction` commits, and nobody else. What is looked up is known
from then on: of the course for the run, of a submission until its transaction ends. And nothing of
that is done with another version of nbgrader than the one that this was written for.
"""

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeVar

from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from drinkdeep.grading.errors import CourseError
from drinkdeep.nbgrader_version import unread

OF_A_SUBMISSION = (Student, SubmittedAssignment, SubmittedNotebook, Grade, Comment)
"""What the session forgets at the end of a transaction; all else is the course's."""

DRAWN = (SubmittedAssignment, SubmittedNotebook, Grade, Comment)
"""What has an id that nbgrader draws; a student's is the name."""

T = TypeVar("T")
_count = itertools.count()


def ordered_id() -> str:
    """Return an id, 32 letters long as nbgrader's, greater than those before while time goes on.

    nbgrader draws them. Each new entry then has its place somewhere in an index, and the larger the
    class is, the more pages of the database does a submission change.
    """
    return f"{time.time_ns() // 1000:014x}{next(_count) % 2**24:06x}{os.urandom(6).hex()}"


def require_nbgrader() -> None:
    """See that nbgrader is the version whose inner parts this folder relies on.

    Raises
    ------
    CourseError
        If it is another one.
    """
    if refusal := unread("`drinkdeep grade`"):
        raise CourseError(f"{refusal} (`nbgrader autograde` works with either.)")


class _Session(Session):
    """A session that nbgrader can't commit."""

    def commit(self) -> None:
        """Leave it to the end of the transaction; a query sends what it needs to know before."""

    def remove(self) -> None:
        """Leave it open: nbgrader takes it for a ``scoped_session``."""


@event.listens_for(_Session, "before_flush")
def _give_ids(session: _Session, *_: Any) -> None:
    for entry in session.new:
        if isinstance(entry, DRAWN) and entry.id is None:
            entry.id = ordered_id()


class Run:
    """The gradebook for as long as a run lasts."""

    current: ClassVar["Run | None"] = None

    def __init__(self) -> None:
        """Prepare; the first step that opens the gradebook makes the engine."""
        self.engine: Engine | None = None
        self._session: _Session | None = None
        self._in_transaction = False
        self.course: dict[tuple[str, ...], Any] = {}
        """What has been looked up of the course, by how: nobody changes it while a run lasts."""
        self.known: dict[tuple[str, ...], Any] = {}
        """What has been looked up of a submission, by how, in this transaction."""

    @property
    def session(self) -> _Session:
        """The one that all steps share."""
        if self._session is None:
            # What is written is known: nobody else writes.
            self._session = _Session(self.engine, expire_on_commit=False)
        return self._session

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all that is written within last, or nothing of it."""
        self._in_transaction = True
        try:
            yield
            if self._session is not None:
                Session.commit(self._session)
        except BaseException:
            if self._session is not None:
                self._session.rollback()
                self._session.expunge_all()  # a rollback leaves nothing loaded
                self.course.clear()
            raise
        finally:
            self._in_transaction = False
            self._forget()

    def step_done(self) -> None:
        """Let go of the database after a step that stands for itself."""
        if not self._in_transaction and self._session is not None:
            Session.commit(self._session)

    def end(self) -> None:
        """Close the gradebook."""
        if self._session is not None:
            self._session.close()
        if self.engine is not None:
            self.engine.dispose()

    def _forget(self) -> None:
        """Let go of the submission; else the memory would grow with the class."""
        self.known.clear()
        if self._session is None:
            return
        for entry in list(self._session):
            if isinstance(entry, OF_A_SUBMISSION):
                self._session.expunge(entry)
            elif isinstance(entry, Assignment | Notebook):  # each lists who has handed it in
                self._session.expire(entry, ["submissions"])


class SharedGradebook(Gradebook):  # type: ignore[misc]
    """What nbgrader gets for a ``Gradebook`` while a run lasts."""

    run: Run

    def close(self) -> None:
        """Leave the session to the others."""
        self.run.step_done()

    def find_assignment(self, name: str) -> Any:
        """As nbgrader's."""
        return self._once(self.run.course, super().find_assignment, name)

    def find_notebook(self, name: str, assignment: str) -> Any:
        """As nbgrader's."""
        return self._once(self.run.course, super().find_notebook, name, assignment)

    def find_source_cell(self, name: str, notebook: str, assignment: str) -> Any:
        """As nbgrader's; all of a notebook come together."""
        cells = self._once(self.run.course, self._source_cells, notebook, assignment)
        return cells.get(name) or super().find_source_cell(name, notebook, assignment)

    def find_graded_cell(self, name: str, notebook: str, assignment: str) -> Any:
        """As nbgrader's; all of a notebook come together."""
        cells = self._once(self.run.course, self._graded_cells, notebook, assignment)
        return cells.get(name) or super().find_graded_cell(name, notebook, assignment)

    def find_student(self, student_id: str) -> Any:
        """As nbgrader's."""
        return self._once(self.run.known, super().find_student, student_id)

    def add_student(self, student_id: str, **more: Any) -> Any:
        """As nbgrader's; it is known from then on."""
        added = super().add_student(student_id, **more)
        self.run.known["find_student", student_id] = added
        return added

    def find_submission(self, assignment: str, student: str) -> Any:
        """As nbgrader's."""
        return self._once(self.run.known, super().find_submission, assignment, student)

    def add_submission(self, assignment: str, student: str, **more: Any) -> Any:
        """As nbgrader's; it is known from then on, and what belongs to it is in the database."""
        added = super().add_submission(assignment, student, **more)
        self.db.flush()
        self.run.known["find_submission", assignment, student] = added
        return added

    def find_submission_notebook(self, notebook: str, assignment: str, student: str) -> Any:
        """As nbgrader's; all of a submission come together."""
        with contextlib.suppress(MissingEntry):
            for submitted in self.find_submission(assignment, student).notebooks:
                if submitted.name == notebook:
                    return submitted
        return super().find_submission_notebook(notebook, assignment, student)

    def find_grade(self, grade_cell: str, notebook: str, assignment: str, student: str) -> Any:
        """As nbgrader's; all of a notebook come together."""
        grades = self._once(self.run.known, self._grades, notebook, assignment, student)
        found = grades.get(grade_cell)
        return found or super().find_grade(grade_cell, notebook, assignment, student)

    def find_comment(self, solution_cell: str, notebook: str, assignment: str, student: str) -> Any:
        """As nbgrader's; all of a notebook come together."""
        comments = self._once(self.run.known, self._comments, notebook, assignment, student)
        found = comments.get(solution_cell)
        return found or super().find_comment(solution_cell, notebook, assignment, student)

    def _once(self, known: dict[tuple[str, ...], Any], find: Callable[..., T], *names: str) -> T:
        key = (find.__name__, *names)
        if key not in known:
            known[key] = find(*names)
        found: T = known[key]
        return found

    def _source_cells(self, notebook: str, assignment: str) -> dict[str, Any]:
        return {cell.name: cell for cell in self.find_notebook(notebook, assignment).source_cells}

    def _graded_cells(self, notebook: str, assignment: str) -> dict[str, Any]:
        found = self.find_notebook(notebook, assignment)
        return {cell.name: cell for cell in [*found.task_cells, *found.grade_cells]}

    def _grades(self, *place: str) -> dict[str, Any]:
        return {grade.name: grade for grade in self.find_submission_notebook(*place).grades}

    def _comments(self, *place: str) -> dict[str, Any]:
        return {comment.name: comment for comment in self.find_submission_notebook(*place).comments}


@contextlib.contextmanager
def gradebook_opened_once() -> Iterator[Run]:
    """Let all steps of nbgrader share the gradebook, for as long as this lasts.

    Raises
    ------
    CourseError
        If nbgrader is another version than it was written for.
    """
    require_nbgrader()
    open_first = Gradebook.__init__
    run = Run()

    def open_again(
        self: Any, db_url: str, course_id: str = "default_course", authenticator: Any = None
    ) -> None:
        if run.engine is None:  # makes tables and course where there are none
            open_first(self, db_url, course_id, authenticator)
            run.engine = self.engine
            self.db.remove()
        self.__class__ = SharedGradebook
        self.run, self.engine, self.db = run, run.engine, run.session
        self.course_id, self.authenticator = course_id, authenticator

    Gradebook.__init__ = open_again
    try:
        yield run
    finally:
        Gradebook.__init__ = open_first
        run.end()
