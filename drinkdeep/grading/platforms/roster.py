"""The platforms' lists of people, and who of them is which student of the gradebook.

Moodle's is the *grading worksheet* of the assignment, whose first column has the numbers that its
archive has too; Canvas's is what its gradebook exports.
"""

import csv
import io
import re
import shlex
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Student

from drinkdeep.grading.errors import GradingError
from drinkdeep.grading.platforms.names import CANVAS, MOODLE
from drinkdeep.notebook.file_text import decoded


class RosterError(GradingError):
    """A list of people can't be used; the message says why, and what to do."""


@dataclass(frozen=True)
class Person:
    """One line of a platform's list."""

    number: str
    """Moodle's of the participant, Canvas's of the user."""
    names: tuple[str, ...]
    """The ways in which the platform may write the name."""
    email: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)
    """By the column: what else the platform knows them by."""


SEPARATORS = (",", ";", "\t")
"""What spreadsheets put between two values; the first, if there is but one."""


@dataclass(frozen=True)
class Table:
    """A file of comma-separated values, with its columns found however they are written."""

    path: Path
    header: list[str]
    lines: list[list[str]]

    @classmethod
    def read(cls, path: Path) -> "Table":
        """Read it.

        Raises
        ------
        RosterError
            If it can't be read.
        """
        try:
            text, _ = decoded(path.read_bytes())
        except OSError as error:
            raise RosterError(f"{path} can't be read ({error.strerror}): see to that.") from None
        if text.startswith("PK\x03\x04"):  # an archive, as spreadsheets' own files are
            raise RosterError(f"{path} is a spreadsheet's own file: save the table as CSV.")
        first, _, rest = text.partition("\n")
        if first.lower().startswith("sep="):  # a spreadsheet's note to itself
            text, first = rest, rest.partition("\n")[0]
        separator = max(SEPARATORS, key=first.count)
        try:
            header, *lines = list(
                csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
            ) or [[]]
        except csv.Error as error:
            raise RosterError(f"{path} is no table of values ({error}): save it anew.") from None
        # Moodle and spreadsheets may leave out what is empty at a line's end.
        filled = [line + [""] * (len(header) - len(line)) for line in lines if any(line)]
        return cls(path, header, filled)

    def place(self, column: str) -> int | None:
        """Return where a column stands, if it is there."""
        found = [i for i, name in enumerate(self.header) if _same(name, column)]
        return found[0] if found else None

    def column(self, line: Sequence[str], column: str) -> str:
        """Return what a line has in a column; "" if it isn't there."""
        place = self.place(column)
        return "" if place is None else line[place].strip()


@dataclass(frozen=True)
class Roster:
    """A platform's people."""

    platform: str
    people: tuple[Person, ...]

    @classmethod
    def read(cls, path: Path) -> "Roster":
        """Read Moodle's grading worksheet, or what Canvas's gradebook exports.

        Raises
        ------
        RosterError
            If it is neither.
        """
        table = Table.read(path)
        if table.place("Identifier") is not None:
            people = tuple(_of_moodle(table))
            if not any(person.email or person.ids for person in people):
                raise RosterError(
                    f"{path} says of nobody who they are: have Moodle show the e-mail addresses, "
                    "reveal the students' identities, and download the worksheet again."
                )
            return cls(MOODLE, people)
        if table.place("ID") is not None and (
            table.place("Student") is not None or table.place("LastName") is not None
        ):
            return cls(CANVAS, tuple(_of_canvas(table)))
        raise RosterError(
            f"{path} is neither Moodle's grading worksheet, which has a column “Identifier” if it "
            "is downloaded in English, nor what Canvas's gradebook exports, which has “Student” "
            "and “ID”."
        )


def _of_moodle(table: Table) -> Iterable[Person]:
    for line in table.lines:
        # “Participant 4”
        number = table.column(line, "Identifier").rpartition(" ")[2]
        ids = {"ID number": table.column(line, "ID number")}
        yield Person(
            number,
            # Of somebody who may no longer come, Moodle puts the name in HTML.
            (re.sub(r"<[^>]*>", "", table.column(line, "Full name")).strip(),),
            table.column(line, "Email address"),
            {column: value for column, value in ids.items() if value},
        )


def _of_canvas(table: Table) -> Iterable[Person]:
    for line in table.lines:
        number = table.column(line, "ID")
        if not number.isdecimal():  # the points, or what is muted
            continue
        name = table.column(line, "Student") or (
            table.column(line, "LastName") + table.column(line, "FirstName")
        )
        ids = {column: table.column(line, column) for column in ("SIS User ID", "SIS Login ID")}
        login = ids["SIS Login ID"]
        yield Person(
            number,
            (name,),
            login if "@" in login else "",
            {"ID": number, **{column: value for column, value in ids.items() if value}},
        )


def agree(written: str, name: str) -> bool:
    """Return whether a name may be this one: platforms drop signs, and turn names round.

    Canvas used to drop all letters beyond ASCII, too.
    """
    ascii_alone = "".join(c for c in unicodedata.normalize("NFKC", name) if c.isascii())
    return _letters(written) in (_letters(name), _letters(ascii_alone))


def _letters(name: str) -> list[str]:
    return sorted(c for c in unicodedata.normalize("NFKC", name).casefold() if c.isalnum())


def _same(one: str, other: str) -> bool:
    """Return whether two names of columns say the same: “First name” and first_name do."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def students_of(person: Person, students: Iterable[Student], lms_column: str) -> list[Student]:
    """Return the students of the gradebook that a person of a platform may be: one, if all is well.

    Parameters
    ----------
    person
        Of the platform's list.
    students
        Of the gradebook.
    lms_column
        The column of the list in which nbgrader's ``lms_user_id`` stands.
    """
    email = person.email.casefold()
    number = person.ids.get(lms_column, "")
    return [
        student
        for student in students
        if (email and str(student.email or "").strip().casefold() == email)
        or (number and str(student.lms_user_id or "").strip() == number)
    ]


def add_command(student_id: str, **known: str | None) -> str:
    """Return the command that enters or changes a student, for a shell.

    nbgrader empties each field that isn't named, so all that is known stands in it.
    """
    options = [f"--{name.replace('_', '-')}={value}" for name, value in known.items() if value]
    return shlex.join(["nbgrader", "db", "student", "add", student_id, *options])


def change_command(student: Student, **new: str) -> str:
    """Return the command that changes some fields of a student, and keeps the others."""
    fields = ("first_name", "last_name", "email", "lms_user_id")
    return add_command(student.id, **{f: new.get(f) or getattr(student, f) for f in fields})
