"""What the report and the exports read in nbgrader's gradebook, in a few queries."""

from collections.abc import Iterator
from dataclasses import dataclass

from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Gradebook,
    MissingEntry,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)


class GradebookError(Exception):
    """The gradebook lacks what is asked for; the message says what, and what to do."""


@dataclass(frozen=True)
class Submission:
    """What one student earned for one assignment."""

    earned: float
    """Points before the penalty for lateness, a person's included."""
    penalty: float
    """The points that lateness costs."""
    waiting: bool
    """Whether an answer waits for a person to read it."""
    handed_in: str
    """The time stamp; "" if there is none."""

    @property
    def score(self) -> float:
        """The points that count; never below zero."""
        return max(0.0, self.earned - self.penalty)


@dataclass(frozen=True)
class Cell:
    """A graded cell, and what every student who handed in earned for it."""

    notebook: str
    name: str
    most: float
    scores: dict[str, float]
    """Student → points."""
    waiting: frozenset[str]
    """The students whose answer waits for a person."""


def students(gradebook: Gradebook, only: list[str] | None = None) -> list[Student]:
    """Return the students of the course, or those of these ids, by id.

    Raises
    ------
    GradebookError
        If one of them isn't in the gradebook.
    """
    everyone = sorted(gradebook.students, key=lambda student: student.id)
    if unknown := sorted({str(name) for name in only or []} - {s.id for s in everyone}):
        raise GradebookError(f"The gradebook knows no student {', '.join(unknown)}.")
    return [student for student in everyone if not only or student.id in map(str, only)]


def assignment(gradebook: Gradebook, name: str) -> Assignment:
    """Return an assignment of the course.

    Raises
    ------
    GradebookError
        If there is none of that name.
    """
    try:
        return gradebook.find_assignment(name)
    except MissingEntry:
        known = ", ".join(sorted(a.name for a in gradebook.assignments)) or "no assignment"
        raise GradebookError(f"The gradebook has no assignment {name}; it has {known}.") from None


def submissions(gradebook: Gradebook, name: str) -> dict[str, Submission]:
    """Student → what they earned; who handed nothing in, or isn't graded yet, isn't there."""
    rows = (
        gradebook.db.query(
            SubmittedAssignment.student_id,
            SubmittedAssignment.score,
            SubmittedAssignment.late_submission_penalty,
            SubmittedAssignment.needs_manual_grade,
            SubmittedAssignment.timestamp,
        )
        .join(Assignment)
        .filter(Assignment.name == name)
    )
    return {
        student: Submission(score, penalty, bool(waiting), str(stamp or ""))
        for student, score, penalty, waiting, stamp in rows
    }


def cells(gradebook: Gradebook, name: str) -> Iterator[Cell]:
    """Yield the graded cells of an assignment, in no particular order."""
    rows = (
        gradebook.db.query(
            Notebook.name,
            BaseCell.name,
            Grade.score,
            Grade.needs_manual_grade,
            SubmittedAssignment.student_id,
        )
        .select_from(Grade)
        .join(BaseCell, Grade.cell_id == BaseCell.id)
        .join(Notebook, BaseCell.notebook_id == Notebook.id)
        .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .filter(Assignment.name == name)
        .all()
    )
    for notebook in assignment(gradebook, name).notebooks:
        for cell in [*notebook.grade_cells, *notebook.task_cells]:
            own = [row for row in rows if row[:2] == (notebook.name, cell.name)]
            yield Cell(
                notebook.name,
                cell.name,
                cell.max_score,
                {student: score for *_, score, _, student in own},
                frozenset(student for *_, waiting, student in own if waiting),
            )
