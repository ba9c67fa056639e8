"""Enter a class list into the gradebook: a table of students, as a spreadsheet saves it.

``nbgrader db student import`` takes commas, no blanks and UTF-8 without a mark at the front, and
says of all else that a column is missing. What spreadsheets write is read here.
"""

import argparse
import contextlib
import sys
from collections import Counter
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from drinkdeep.grading import course_dir
from drinkdeep.grading.batch.submission import check_name
from drinkdeep.grading.course_dir import application, course_folder
from drinkdeep.grading.errors import GradingError, UnreadableError
from drinkdeep.grading.platforms.roster import RosterError, Table
from drinkdeep.grading.printable import listed, printable

FIELDS = ("first_name", "last_name", "email", "lms_user_id")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument(
        "table",
        type=Path,
        metavar="FILE",
        help=f"a CSV file with a column “id”, and with any of {', '.join(FIELDS)}",
    )
    course_dir.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Enter all of them, or nobody; the exit code."""
    table = arguments.table.absolute()
    try:
        students = read(table)
        with contextlib.chdir(course_folder(arguments.course_dir)):
            course = application(arguments.db).coursedir
            print(enter(students, course.db_url, course.course_id))
    except GradingError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def read(path: Path) -> dict[str, dict[str, str]]:
    """Return what is said of each student, by the id; what a table leaves empty isn't in it.

    Raises
    ------
    RosterError
        If the table hasn't got an id, a good one and one of its own, for everybody.
    """
    table = Table.read(path)
    if table.place("id") is None:
        there = listed(printable(name) for name in table.header)
        raise RosterError(
            f"{path} has no column “id”, which says what each student's folder is called; it has "
            f"{there or 'none at all'}."
        )
    found: dict[str, dict[str, str]] = {}
    for number, line in enumerate(table.lines, start=1):
        student = table.column(line, "id")
        where = f"{path}, student {number}"
        if not student:
            raise RosterError(f"{where}: there is no id, only {listed(map(printable, line))}.")
        if student in found:
            raise RosterError(f"{where}: {printable(student)} is there twice.")
        try:
            check_name(student)
        except UnreadableError as error:
            raise RosterError(f"{where}, {printable(student)}: {error}") from None
        if "/" in student or student.startswith("."):
            raise RosterError(f"{where}: {printable(student)} can't be the name of a folder.")
        said = {name: table.column(line, name) for name in FIELDS}
        found[student] = {name: value for name, value in said.items() if value}
    if not found:
        raise RosterError(f"{path} has nobody in it, below the line that names the columns.")
    return found


def enter(students: dict[str, dict[str, str]], db_url: str, course_id: str) -> str:
    """Enter them, and say how many were new. Of who is there, what the table lacks is left."""
    done: Counter[str] = Counter()
    with Gradebook(db_url, course_id) as gradebook:
        for student, fields in students.items():
            try:
                known = gradebook.find_student(student)
            except MissingEntry:
                gradebook.add_student(student, **fields)
                done["new"] += 1
                continue
            changed = {name: v for name, v in fields.items() if getattr(known, name) != v}
            for name, value in changed.items():
                setattr(known, name, value)
            gradebook.db.commit()
            done["changed" if changed else "as they were"] += 1
    counts = ", ".join(f"{count} {what}" for what, count in done.items())
    return f"{len(students)} students in the gradebook: {counts}."
