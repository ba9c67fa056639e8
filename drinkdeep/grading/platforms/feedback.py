"""Give feedback back: the pages of a class as one archive, named so that the platform takes it in.

Moodle's *Upload multiple feedback files in a zip* and Canvas's *Upload submissions* find a student
by the numbers in the name that their own archive gave to what was handed in, so the pages are named
by those. ``drinkdeep collect`` has written them down.
"""

import argparse
import contextlib
import sys
import zipfile
from pathlib import Path

from nbgrader.api import Gradebook

from drinkdeep.grading import course_dir
from drinkdeep.grading.course_dir import application, course_folder
from drinkdeep.grading.errors import CourseError, GradingError
from drinkdeep.grading.platforms.names import CANVAS, MOODLE, Reading, reply
from drinkdeep.grading.platforms.record import Record
from drinkdeep.grading.printable import listed, printable
from drinkdeep.grading.results import gradebook as read

WHERE = {
    MOODLE: "In Moodle: the assignment, Submissions, Actions, “Upload multiple feedback files in a "
    "zip”; the feedback type “Feedback files” has to be on.",
    CANVAS: "In Canvas: the assignment, “Upload submissions”. It shows a page under the name of "
    "the file that was handed in.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("assignment", metavar="ASSIGNMENT", help="as its folder in solutions/")
    parser.add_argument(
        "--to", type=Path, metavar="FILE", help="default: feedback/ASSIGNMENT.zip, in the course"
    )
    course_dir.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Make the archive; the exit code: 1 if somebody's page lacks, 2 if none could be made."""
    target = arguments.to.absolute() if arguments.to else None
    try:
        with contextlib.chdir(course_folder(arguments.course_dir)):
            return _pack(arguments.assignment, target, arguments.db)
    except GradingError as error:
        print(error, file=sys.stderr)
        return 2


def _pack(assignment: str, target: Path | None, db: str | None) -> int:
    app = application(db)
    course = app.coursedir
    record = Record.read(assignment)
    if record.platform not in WHERE:
        raise CourseError(
            f"No archive of Moodle's or Canvas's with {assignment} was taken in by `drinkdeep "
            "collect`, so whom it gives a page to can't be known."
        )
    with Gradebook(course.db_url, course.course_id) as gradebook:
        graded = set(read.submissions(gradebook, assignment))
    pages: dict[str, Path] = {}
    lacking, stale = [], []
    for student, known in record.students.items():
        if student not in graded:
            continue
        folder = Path(course.format_path(course.feedback_directory, student, assignment))
        own = sorted(folder.glob("*.html"))
        autograded = Path(course.format_path(course.autograded_directory, student, assignment))
        if not own:
            lacking.append(student)
        elif any(_is_older(page, autograded / f"{page.stem}.ipynb") for page in own):
            stale.append(student)
        else:
            reading = Reading(**known["reading"])
            pages |= {reply(record.platform, reading, page.name): page for page in own}
    again = f"make them with `nbgrader generate_feedback {assignment} --force`."
    for whose, why in ((lacking, "There is no page for"), (stale, "Graded since their page:")):
        if whose:
            print(f"{why} {listed(map(printable, whose))}: {again}")
    if not pages:
        raise CourseError(f"There is no page of {assignment} to give back.")
    path = target or Path(course.feedback_directory) / f"{assignment}.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, page in sorted(pages.items()):
            archive.write(page, name)
    new.replace(path)
    print(f"{len(pages)} pages for {record.platform} are in {path}. {WHERE[record.platform]}")
    return int(bool(lacking or stale))


def _is_older(page: Path, graded: Path) -> bool:
    return graded.exists() and page.stat().st_mtime < graded.stat().st_mtime
