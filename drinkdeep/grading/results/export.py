"""Grades as files that others read: any spreadsheet, Canvas, Moodle. They plug into nbgrader:

    nbgrader export --exporter=drinkdeep.grading.results.export.CanvasExport --to=canvas.csv

Students are told apart by what the LMS knows them by, which nbgrader keeps beside each of them
(their e-mail, or ``lms_user_id``). Nobody is matched by name. Who has no grade is left out of a
file for an LMS: an empty field would take away there what a teacher has given. So such a file is of
one assignment; of several there are several files. Where something is lacking nothing is written,
and one sentence says what.

A name may have been chosen to be run: spreadsheets take a text that begins with ``=`` for a
formula. Such texts get an apostrophe in front, as OWASP advises on *CSV injection*.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, Student
from nbgrader.plugins import ExportPlugin
from traitlets import Dict, Enum, Unicode

from drinkdeep.grading.platforms.roster import RosterError, Table, change_command
from drinkdeep.grading.results import gradebook as read
from drinkdeep.grading.results.gradebook import GradebookError, Submission
from drinkdeep.grading.results.pages import points

RUN = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a text for a formula when it begins with it."""
SEPARATED = re.compile(rf"(;\s*)(?=[{re.escape(''.join(RUN))}])")
"""Where a formula would begin a field for a spreadsheet that takes semicolons for separators, as
it does where a comma is the decimal point. Quotation marks don't keep it from that."""
ID_NUMBER = "ID number"
"""Moodle's column for what nbgrader calls ``lms_user_id``."""

PASSED_OVER = re.compile(
    r"(?:Current|Final) (?:Score|Points|Grade)|Override (?:Score|Grade|Status)"
)
"""Canvas takes a column with one of these in its title for one of its own totals, and passes it
over (NON_ASSIGNMENT_COLUMN_HEADERS of its lib/gradebook_importer.rb)."""

POINTS_LINE = "Points Possible"
"""Canvas takes a line for that of the points if this is in its first column."""

Row = list[str]


class ExportError(Exception):
    """The file can't be made; the message says why, and what to do."""


def defused(text: str) -> str:
    """Return the text on one line, and such that no spreadsheet runs it."""
    line = SEPARATED.sub(r"\1'", " ".join(str(text or "").split()))
    return f"'{line}" if line.startswith(RUN) else line


class _Export(ExportPlugin):  # type: ignore[misc]
    """What the exports share: choosing, writing in one go, and saying what is wrong."""

    default_file = ""

    def export(self, gradebook: Gradebook) -> None:
        """Write the file that ``--to`` names."""
        target = Path(self.to or self.default_file)
        try:
            names = [str(name) for name in self.assignment] or [
                assignment.name for assignment in gradebook.assignments
            ]
            files = self.files(gradebook, names, read.students(gradebook, self.student), target)
        except (ExportError, GradebookError, RosterError) as error:
            raise SystemExit(f"{error} Nothing was written.") from None
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
            self.log.warning("Grades written to %s", path)

    def files(
        self, gradebook: Gradebook, names: list[str], students: list[Student], target: Path
    ) -> dict[Path, str]:
        """Return the text of each file for these assignments and students.

        Raises
        ------
        ExportError
            If what the gradebook has doesn't fit into such a file.
        """
        raise NotImplementedError


class CsvExport(_Export):
    """One line a student and assignment: nbgrader's own columns, safe in a spreadsheet.

    Who handed nothing in has 0 points.
    """

    default_file = "grades.csv"

    def files(
        self, gradebook: Gradebook, names: list[str], students: list[Student], target: Path
    ) -> dict[Path, str]:
        """Return the text of the one file."""
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
        return {target: written(rows)}


@dataclass(frozen=True)
class Grades:
    """What stands in a file for an LMS."""

    assignment: str
    most: float
    """The points that it is worth."""
    students: list[Student]
    """Those who have a grade."""
    scores: Mapping[str, str]
    """Student → points, as they are written."""
    everyone: list[Student]
    """The class, among whom these must be told apart."""

    def identified(self, field: str) -> dict[str, str]:
        """As the function of this name, of those who have a grade."""
        return identified(self.students, field, self.everyone)


class _LmsExport(_Export):
    """A file for an LMS: of one assignment, and of those alone who have a grade for it."""

    titles: "Dict[str, str]" = Dict(
        help="What the LMS calls an assignment, where that is another name than nbgrader's."
    ).tag(config=True)

    one_at_a_time = ""
    """What is said if there are several assignments, but one is needed."""

    def files(
        self, gradebook: Gradebook, names: list[str], students: list[Student], target: Path
    ) -> dict[Path, str]:
        """Write the text of the file, or of one for each assignment that has a grade."""
        scores = {name: self.scores(gradebook, name, students) for name in names}
        graded = [name for name in names if scores[name]]
        if not graded:
            raise ExportError(f"Nobody has a grade for {' or '.join(names) or 'anything'} yet.")
        if len(graded) == 1:
            paths = {graded[0]: target}
        elif self.one_at_a_time:
            raise ExportError(self.one_at_a_time)
        else:
            paths = {n: target.with_name(f"{target.stem}-{n}{target.suffix}") for n in graded}
        everyone = read.students(gradebook)
        texts = {}
        for name, path in paths.items():
            have = [student for student in students if student.id in scores[name]]
            most = read.assignment(gradebook, name).max_score
            texts[path] = self.table(Grades(name, most, have, scores[name], everyone))
        return texts

    def table(self, grades: "Grades") -> str:
        """Return the text of a file.

        Raises
        ------
        ExportError
            If the grades don't fit what the platform has.
        """
        raise NotImplementedError

    def title(self, name: str) -> str:
        """Return the LMS's name of an assignment."""
        return defused(self.titles.get(name, name))

    def scores(self, gradebook: Gradebook, name: str, students: list[Student]) -> dict[str, str]:
        """Student → the points that count, as the LMS reads them; who has none isn't there."""
        chosen = {student.id for student in students}
        found = {
            student: submission
            for student, submission in read.submissions(
                gradebook, read.assignment(gradebook, name).name
            ).items()
            if student in chosen
        }
        if waiting := sorted(student for student, s in found.items() if s.waiting):
            self.log.warning(
                "%s: answers of %s wait for a person, so their points are not all there yet.",
                name,
                ", ".join(waiting),
            )
        return {student: points(submission.score) for student, submission in found.items()}


class CanvasExport(_LmsExport):
    """What Canvas's gradebook takes in (*Import*): students by an assignment.

    With ``--CanvasExport.gradebook``, the file that Canvas's *Export* gives, the students and the
    assignment are looked up in it, and stand in ours as they stand there. Without it Canvas finds
    an assignment by its title and the number that its own export puts after it:
    ``c.CanvasExport.titles = {"01_cost": "Exercises 1 (98765)"}``.

    Canvas looks for whom it doesn't find by an id by their name, so two people of one name would
    get one grade. Hence our column *Student* has what is nobody's name.
    """

    default_file = "canvas.csv"
    columns = ("ID", "SIS User ID", "SIS Login ID")

    identify_by = Enum(
        columns, "ID", help="The column of Canvas's that nbgrader's lms_user_id belongs into."
    ).tag(config=True)

    gradebook = Unicode(help="The file that Canvas's gradebook exports.").tag(config=True)

    def table(self, grades: Grades) -> str:
        """Return the text of the file."""
        known = grades.identified("lms_user_id")
        if self.identify_by == "ID" and (odd := [i for i in known.values() if not i.isdecimal()]):
            raise ExportError(
                f"Canvas's ID is a number, and {odd[0]} is none: "
                "if it is the SIS ID or the login, say so with --CanvasExport.identify_by."
            )
        if self.gradebook:
            title, ids = self._looked_up(grades, known)
        else:
            title = self.title(grades.assignment)
            ids = {
                student: {c: value if c == self.identify_by else "" for c in self.columns}
                for student, value in known.items()
            }
            self.log.warning(
                "Whether Canvas knows these students and “%s” was not looked up: "
                "--CanvasExport.gradebook names the file that its gradebook exports. What Canvas "
                "doesn't know it asks about, or adds as new.",
                title,
            )
        if own := PASSED_OVER.search(title):
            raise ExportError(
                f"Canvas would pass over the grades of “{title}”, because its title has “{own[0]}” "
                "in it, as Canvas's own totals have: give the assignment another title there."
            )
        # The importer wants these columns in this order, and the points in the second line.
        rows = [["Student", *self.columns, "Section", title]]
        rows.append([f"    {POINTS_LINE}", "", "", "", "", points(grades.most)])
        for student in grades.students:
            person = defused(f"{full_name(student)} ({student.id})")
            person = person.replace(POINTS_LINE, POINTS_LINE.replace(" ", "-"))
            row_ids = [ids[student.id][c] for c in self.columns]
            rows.append([person, *row_ids, "", grades.scores[student.id]])
        return written(rows)

    def _looked_up(
        self, grades: Grades, known: Mapping[str, str]
    ) -> tuple[str, dict[str, dict[str, str]]]:
        """Return the title of the assignment, and what Canvas knows each student by."""
        table = Table.read(Path(self.gradebook))
        if table.place(self.identify_by) is None:
            raise ExportError(f"{self.gradebook} has no column “{self.identify_by}”.")
        wanted = self.titles.get(grades.assignment, grades.assignment)
        # Canvas puts the assignment's number behind its title.
        numbered = re.compile(rf"{re.escape(wanted)}(?: \(\d+\))?")
        titles = [column for column in table.header if numbered.fullmatch(column.strip())]
        if len(titles) != 1:
            several = f"{len(titles)} assignments" if titles else "no assignment"
            raise ExportError(
                f"{self.gradebook} has {several} “{wanted}”: give its title, with the number, as "
                f'c.CanvasExport.titles = {{"{grades.assignment}": "…"}}.'
            )
        lines = {table.column(line, self.identify_by): line for line in table.lines}
        if lost := sorted(student for student, value in known.items() if value not in lines):
            raise ExportError(
                f"{self.gradebook} has no line with the {self.identify_by} of {', '.join(lost)}: "
                "see to their lms_user_id, and to --CanvasExport.identify_by."
            )
        for line in table.lines:
            there = table.column(line, titles[0]).replace(",", ".")
            if table.column(line, "ID") or POINTS_LINE not in line[0]:
                continue
            if _number(there) not in (None, grades.most):
                raise ExportError(_other_maximum("Canvas", there, grades.most))
        return titles[0], {
            student: {
                column: _harmless(table.column(lines[value], column)) for column in self.columns
            }
            for student, value in known.items()
        }


class MoodleExport(_LmsExport):
    """What Moodle's *Grades → Import → CSV file* takes in: students by an assignment.

    There, map *from* and *to* the e-mail address, or *from* and *to* the ID number, and the column
    of the grades to the assignment; a new grade item would be worth 100 points. Whatever is
    imported so Moodle takes for changed by hand, and changes no more when the worksheet comes or
    somebody grades the assignment: so use :class:`MoodleWorksheet` where you can, and never both.
    """

    default_file = "moodle.csv"

    identify_by = Enum(
        ("email", "lms_user_id"),
        "email",
        help="What Moodle knows a student by: the e-mail address, or its ID number.",
    ).tag(config=True)

    def table(self, grades: Grades) -> str:
        """Return the text of the file."""
        self.log.warning(
            "What Moodle takes in from this file it keeps for good: the worksheet, and grading in "
            "the assignment, no longer change it. The worksheet (MoodleWorksheet) is better, and "
            "the two exclude each other."
        )
        known = grades.identified(self.identify_by)
        key = "Email address" if self.identify_by == "email" else ID_NUMBER
        rows = [[key, "First name", "Last name", self.title(grades.assignment)]]
        for student in grades.students:
            person = map(defused, (student.first_name, student.last_name))
            rows.append([known[student.id], *person, grades.scores[student.id]])
        return written(rows)


class MoodleWorksheet(_LmsExport):
    """Fills the grades into the *grading worksheet* of one assignment of Moodle's.

    Moodle gives every student of an assignment an identifier of its own, so download the worksheet
    there first, and name it with ``--MoodleWorksheet.worksheet``. Only the lines of those who have
    a grade are kept, and of those no comment: Moodle has taken the formatting out of it, and would
    put the bare text in the comment's place.
    """

    default_file = "moodle-worksheet.csv"
    one_at_a_time = "A worksheet is for one assignment: name it with --assignment."

    worksheet = Unicode(help="The file that Moodle gave.").tag(config=True)

    # What its importer looks at, and what tells a person who is who.
    columns = (
        *("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum grade"),
        *("Grade can be changed", "Last modified (submission)", "Last modified (grade)"),
    )

    def table(self, grades: Grades) -> str:
        """Return the text of the file."""
        if not self.worksheet:
            raise ExportError(
                "Name the worksheet that Moodle gave, with --MoodleWorksheet.worksheet."
            )
        table = Table.read(Path(self.worksheet))
        for column in ("Identifier", "Email address", "Grade", "Last modified (grade)"):
            if table.place(column) is None:
                raise ExportError(
                    f"{self.worksheet} has no column “{column}”: download the grading worksheet "
                    "in English, with the e-mail addresses shown."
                )
        self._compare(table, grades.most)
        emails = {email: student for student, email in grades.identified("email").items()}
        kept = [place for c in self.columns if (place := table.place(c)) is not None]
        named = table.place("Full name")
        rows = [[table.header[place] for place in kept]]
        found, fixed = set(), []
        for line in table.lines:
            student = emails.get(table.column(line, "Email address").casefold())
            if student is None:
                continue
            found.add(student)
            if table.column(line, "Grade can be changed").casefold() == "no":
                fixed.append(student)
            line[kept[rows[0].index(table.header[table.place("Grade") or 0])]] = grades.scores[
                student
            ]
            if named is not None:  # all else are Moodle's own words, which it reads again
                line[named] = defused(line[named])
            rows.append([line[place] for place in kept])
        if lost := sorted(set(emails.values()) - found):
            raise ExportError(f"{self.worksheet} has no line with the e-mail of {', '.join(lost)}.")
        if fixed:
            self.log.warning(
                "Moodle will leave the grade of %s as it is: it was changed in its gradebook, or "
                "imported there, and is locked.",
                ", ".join(sorted(fixed)),
            )
        self.log.warning(
            "Upload it soon: Moodle passes over whoever was graded there after this worksheet was "
            "downloaded, and doesn't say so."
        )
        return written(rows)

    def _compare(self, table: Table, most: float) -> None:
        """Points would be worth something else there if Moodle's maximum is another one."""
        if table.place("Maximum grade") is None:
            raise ExportError(
                f"{self.worksheet} has no column “Maximum grade”, so whether the points are worth "
                "the same there can't be told: download the grading worksheet in English."
            )
        for line in table.lines:
            there = table.column(line, "Maximum grade").replace(",", ".")
            if _number(there) != most:
                raise ExportError(_other_maximum("Moodle", there or "a scale", most))


def _harmless(number: str) -> str:
    """Return what Canvas knows somebody by; nothing if a spreadsheet would run it.

    It is found by another column, and with an apostrophe it would be somebody else.
    """
    return number if defused(number) == number else ""


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _other_maximum(platform: str, there: str, most: float) -> str:
    return (
        f"In {platform} the most is {there}, here it is {points(most)} points: "
        "set the maximum of the assignment there, and download the file again."
    )


def identified(students: Iterable[Student], field: str, everyone: list[Student]) -> dict[str, str]:
    """Student → what the LMS knows them by: the field ``email`` or ``lms_user_id`` of each.

    Raises
    ------
    ExportError
        If one has none, somebody of the class has the same, or a spreadsheet would run it.
    """
    # Moodle keeps addresses in lower case and compares them letter by letter.
    values = {
        student.id: (value.casefold() if field == "email" else value)
        for student in everyone
        for value in [str(getattr(student, field) or "").strip()]
    }
    known = {student.id: values[student.id] for student in students}
    if lacking := sorted(name for name, value in known.items() if not value):
        (first,) = (student for student in everyone if student.id == lacking[0])
        raise ExportError(
            f"The gradebook has no {field} of {', '.join(lacking)}: "
            f"add it with `{change_command(first, **{field: '…'})}`, "
            "or choose students with --student."
        )
    times = Counter(values.values())
    for value in known.values():
        if times[value] > 1:
            same = ", ".join(sorted(name for name in values if values[name] == value))
            raise ExportError(
                f"{same} have the same {field}, {value}: the LMS can't tell them apart."
            )
        if defused(value) != value:
            raise ExportError(
                f"The {field} {value!r} would be run by a spreadsheet, and can't be changed."
            )
    return known


def full_name(student: Student) -> str:
    """Last name, first name; the id of who has neither."""
    return ", ".join(filter(None, (student.last_name, student.first_name))) or str(student.id)


def written(rows: Iterable[Row]) -> str:
    """Return the rows as comma-separated values."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
