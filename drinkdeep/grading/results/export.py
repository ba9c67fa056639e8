"""Grades as files that others read: any spreadsheet, Canvas, Moodle. They plug into nbgrader:

    nbgrader export --exporter=drinkdeep.grading.results.export.CanvasExport --to=canvas.csv

Students are told apart by what the LMS knows them by, which nbgrader keeps beside each of them
(``nbgrader db student add ada --lms-user-id=4711 --email=ada@example.org``). Nobody is matched by
name. Where something is lacking nothing is written, and one sentence says what.

A name may have been chosen to be run: spreadsheets take a text that begins with ``=`` for a
formula. Such texts get an apostrophe in front, as OWASP advises on *CSV injection*.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from nbgrader.api import Gradebook, Student
from nbgrader.plugins import ExportPlugin
from traitlets import Dict, Enum, Unicode

from drinkdeep.grading.results import gradebook as read
from drinkdeep.grading.results.gradebook import GradebookError, Submission
from drinkdeep.grading.results.pages import points

RUN = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a text for a formula when it begins with it."""

Row = list[str]


class ExportError(Exception):
    """The file can't be made; the message says why, and what to do."""


def defused(text: str) -> str:
    """The text on one line, and such that no spreadsheet runs it."""
    line = " ".join(str(text or "").split())
    return f"'{line}" if line.startswith(RUN) else line


class _Export(ExportPlugin):  # type: ignore[misc]
    """What the exports share: choosing, writing in one go, and saying what is wrong."""

    default_file = ""

    titles: "Dict[str, str]" = Dict(
        help="What the LMS calls an assignment, where that is another name than nbgrader's."
    ).tag(config=True)

    def export(self, gradebook: Gradebook) -> None:
        """Write the file that ``--to`` names."""
        target = Path(self.to or self.default_file)
        try:
            names = [str(name) for name in self.assignment] or [
                assignment.name for assignment in gradebook.assignments
            ]
            text = self.table(gradebook, names, read.students(gradebook, self.student))
        except (ExportError, GradebookError) as error:
            raise SystemExit(f"{error} Nothing was written.") from None
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="")
        self.log.info("Grades written to %s", target)

    def table(self, gradebook: Gradebook, names: list[str], students: list[Student]) -> str:
        """The text of the file for these assignments and students."""
        raise NotImplementedError

    def title(self, name: str) -> str:
        """The LMS's name of an assignment."""
        return defused(self.titles.get(name, name))

    def scores(self, gradebook: Gradebook, name: str) -> dict[str, str]:
        """Student → the points that count, as the LMS reads them; who has none isn't there."""
        found = read.submissions(gradebook, read.assignment(gradebook, name).name)
        if waiting := sorted(student for student, s in found.items() if s.waiting):
            self.log.warning(
                "%s: answers of %s wait for a person, so their points are not all there yet.",
                name,
                ", ".join(waiting),
            )
        return {student: points(submission.score) for student, submission in found.items()}


class CsvExport(_Export):
    """One line a student and assignment: nbgrader's own columns, safe in a spreadsheet.

    Who handed nothing in has 0 points.
    """

    default_file = "grades.csv"

    def table(self, gradebook: Gradebook, names: list[str], students: list[Student]) -> str:
        """The text of the file."""
        rows = [
            [
                *("assignment", "duedate", "timestamp"),
                *("student_id", "last_name", "first_name", "email"),
                *("raw_score", "late_submission_penalty", "score", "max_score"),
            ]
        ]
        for name in names:
            entry = read.assignment(gradebook, name)
            found = read.submissions(gradebook, name)
            for student in students:
                earned = found.get(student.id, Submission(0.0, 0.0, False, ""))
                person = (student.id, student.last_name, student.first_name, student.email)
                rows.append(
                    [
                        defused(name),
                        str(entry.duedate or ""),
                        earned.handed_in,
                        *map(defused, person),
                        *map(points, (earned.earned, earned.penalty, earned.score)),
                        points(entry.max_score),
                    ]
                )
        return written(rows)


class CanvasExport(_Export):
    """What Canvas's gradebook takes in (*Import*): students by assignments.

    Canvas finds an assignment by its title, and by the number that its own export puts after it:
    ``c.CanvasExport.titles = {"01_cost": "Exercises 1 (98765)"}``. An empty field leaves a grade as
    it is, and that is what who handed nothing in gets.
    """

    default_file = "canvas.csv"
    columns = ("ID", "SIS User ID", "SIS Login ID")

    identify_by = Enum(
        columns, "ID", help="The column of Canvas's that nbgrader's lms_user_id belongs into."
    ).tag(config=True)

    def table(self, gradebook: Gradebook, names: list[str], students: list[Student]) -> str:
        """The text of the file."""
        known = identified(students, "lms_user_id")
        if self.identify_by == "ID" and (odd := [i for i in known.values() if not i.isdecimal()]):
            raise ExportError(
                f"Canvas's ID is a number, and {odd[0]} is none: "
                "if it is the SIS ID or the login, say so with --CanvasExport.identify_by."
            )
        scores = [self.scores(gradebook, name) for name in names]
        most = [points(read.assignment(gradebook, name).max_score) for name in names]
        # The importer wants these columns in this order, and the points in the second line.
        rows = [["Student", *self.columns, "Section", *map(self.title, names)]]
        rows.append(["    Points Possible", "", "", "", "", *most])
        for student in students:
            ids = [known[student.id] if c == self.identify_by else "" for c in self.columns]
            earned = [score.get(student.id, "") for score in scores]
            rows.append([defused(full_name(student)), *ids, "", *earned])
        return written(rows)


class MoodleExport(_Export):
    """What Moodle's *Grades → Import → CSV file* takes in: students by assignments.

    There, map *from* and *to* the e-mail address, or *from* and *to* the ID number. Who handed
    nothing in has an empty field, which leaves a grade as it is.
    """

    default_file = "moodle.csv"

    identify_by = Enum(
        ("email", "lms_user_id"),
        "email",
        help="What Moodle knows a student by: the e-mail address, or its ID number.",
    ).tag(config=True)

    def table(self, gradebook: Gradebook, names: list[str], students: list[Student]) -> str:
        """The text of the file."""
        known = identified(students, self.identify_by)
        scores = [self.scores(gradebook, name) for name in names]
        key = "Email address" if self.identify_by == "email" else "ID number"
        rows = [[key, "First name", "Last name", *map(self.title, names)]]
        for student in students:
            person = map(defused, (student.first_name, student.last_name))
            earned = [score.get(student.id, "") for score in scores]
            rows.append([known[student.id], *person, *earned])
        return written(rows)


class MoodleWorksheet(_Export):
    """Fills the grades into the *offline grading worksheet* of one assignment of Moodle's.

    Moodle gives every student of an assignment an identifier of its own, so download the worksheet
    there first, and name it with ``--MoodleWorksheet.worksheet``. All else in it stays as it is.
    """

    default_file = "moodle-worksheet.csv"

    worksheet = Unicode(help="The file that Moodle gave.").tag(config=True)

    def table(self, gradebook: Gradebook, names: list[str], students: list[Student]) -> str:
        """The text of the file."""
        if len(names) != 1:
            raise ExportError("A worksheet is for one assignment: name it with --assignment.")
        header, *lines = self._lines()
        for column in ("Identifier", "Email address", "Grade"):
            if column not in header:
                raise ExportError(
                    f"{self.worksheet} has no column “{column}”: download the grading worksheet "
                    "in English, with the e-mail addresses shown."
                )
        self._compare(header, lines, read.assignment(gradebook, names[0]).max_score)
        emails = {email: name for name, email in identified(students, "email").items()}
        scores = self.scores(gradebook, names[0])
        places = header.index("Email address"), header.index("Grade")
        for line in lines:
            score = scores.pop(emails.get(line[places[0]].strip().casefold(), ""), None)
            if score is not None:
                line[places[1]] = score
        if lost := sorted(scores.keys() & {student.id for student in students}):
            raise ExportError(f"{self.worksheet} has no line with the e-mail of {', '.join(lost)}.")
        return written([header, *lines])

    def _lines(self) -> list[Row]:
        if not self.worksheet:
            raise ExportError(
                "Name the worksheet that Moodle gave, with --MoodleWorksheet.worksheet."
            )
        try:
            text = Path(self.worksheet).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ExportError(f"{self.worksheet} can't be read: {error}.") from None
        return list(csv.reader(io.StringIO(text))) or [[]]

    def _compare(self, header: Row, lines: list[Row], most: float) -> None:
        """Points would be worth something else there if Moodle's maximum is another one."""
        if "Maximum Grade" not in header:
            return
        for line in lines:
            there = line[header.index("Maximum Grade")].replace(",", ".")
            if there and float(there) != most:
                raise ExportError(
                    f"In Moodle the most is {there}, here it is {points(most)} points: "
                    "set the maximum grade of the assignment there, and download it again."
                )


def identified(students: Iterable[Student], field: str) -> dict[str, str]:
    """Student → what the LMS knows them by: the field ``email`` or ``lms_user_id`` of each.

    Raises
    ------
    ExportError
        If one has none, two have the same, or a spreadsheet would run it.
    """
    # Moodle keeps addresses in lower case and compares them letter by letter.
    known = {
        student.id: (value.casefold() if field == "email" else value)
        for student in students
        for value in [str(getattr(student, field) or "").strip()]
    }
    option = "--" + field.replace("_", "-")
    if lacking := sorted(name for name, value in known.items() if not value):
        raise ExportError(
            f"The gradebook has no {field} of {', '.join(lacking)}: "
            f"add it with `nbgrader db student add {lacking[0]} {option}=…`, "
            "or choose students with --student."
        )
    for value, times in Counter(known.values()).items():
        if times > 1:
            same = ", ".join(sorted(name for name in known if known[name] == value))
            raise ExportError(
                f"{same} have the same {field}, {value}: the LMS can't tell them apart."
            )
        if defused(value) != value:
            raise ExportError(f"The {field} {value!r} begins like a formula, and can't be changed.")
    return known


def full_name(student: Student) -> str:
    """Last name, first name; the id of who has neither."""
    return ", ".join(filter(None, (student.last_name, student.first_name))) or str(student.id)


def written(rows: Iterable[Row]) -> str:
    """The rows as comma-separated values."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
