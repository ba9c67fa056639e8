"""Take in what a class has handed in on a learning platform: an archive becomes ``submitted/``.

Whose a file is follows from what the platform has written, and from its list of people; nobody is
entered into the gradebook without being asked for. What is done is remembered in
``grading/ASSIGNMENT.archive.json``, so that the command can be given again, with the same archive
or a later one, and so that feedback finds its way back.
"""

import argparse
import contextlib
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nbgrader.api import Gradebook

from drinkdeep.grading import course_dir
from drinkdeep.grading.batch.submission import NOTEBOOK
from drinkdeep.grading.course_dir import application, course_folder
from drinkdeep.grading.errors import CourseError, GradingError
from drinkdeep.grading.platforms import unpack
from drinkdeep.grading.platforms.archive import Source, Top, opened, outermost
from drinkdeep.grading.platforms.names import MOODLE, PLAIN, which_notebook
from drinkdeep.grading.platforms.people import NotFoundError, People
from drinkdeep.grading.platforms.record import Record
from drinkdeep.grading.platforms.roster import Roster, RosterError
from drinkdeep.grading.platforms.taking import Owned, Taken, chosen, digest_of, unpacked
from drinkdeep.grading.platforms.unpack import ArchiveError
from drinkdeep.grading.printable import listed, on_one_line, printable
from drinkdeep.grading.results.export import ID_NUMBER, CanvasExport

if TYPE_CHECKING:
    from nbgrader.apps import NbGrader


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument(
        "archive", type=Path, metavar="ARCHIVE", help="the platform's zip, or the folder of it"
    )
    parser.add_argument(
        "--worksheet",
        type=Path,
        metavar="FILE",
        help="who is who: Moodle's grading worksheet of the assignment, or Canvas's gradebook",
    )
    parser.add_argument(
        "--assignment", metavar="NAME", help="if it doesn't follow from the notebooks' names"
    )
    parser.add_argument(
        "--add-students",
        action="store_true",
        help="enter whom the gradebook lacks, as the worksheet knows them",
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="replace what lies in submitted/ and didn't come from an archive",
    )
    course_dir.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Take the archive in; the exit code: 1 if somebody's work was not, 2 if nobody's could be."""
    archive = arguments.archive.absolute()
    worksheet = arguments.worksheet.absolute() if arguments.worksheet else None
    try:
        with contextlib.chdir(course_folder(arguments.course_dir)):
            app = application(arguments.db)
            result = collect(
                app,
                archive,
                worksheet,
                arguments.assignment,
                add_students=arguments.add_students,
                replaced=arguments.replace,
            )
    except GradingError as error:
        print(error, file=sys.stderr)
        return 2
    result.tell()
    return int(bool(result.left))


@dataclass(frozen=True)
class Left:
    """What was not taken in."""

    name: str
    """The outermost name, as it can be shown."""
    why: str
    """A sentence, or several: what is wrong, and what to do."""


@dataclass
class Result:
    """What has been taken in, and what not."""

    assignment: str
    form: str
    archive: str
    taken: list[Taken] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    nothing: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    def tell(self) -> None:
        """Print it."""
        made = "" if self.form == PLAIN else f", which {self.form} has made"
        print(f"{self.assignment}, from {printable(self.archive)}{made}:")
        states = Counter(taken.state for taken in self.taken)
        words = {"new": "taken in", "newer": "replaced by what is newer", "unchanged": "unchanged"}
        counts = [f"{states[state]} {word}" for state, word in words.items() if states[state]]
        print(f"  {', '.join(counts) or 'Nothing was taken in'}.")
        for one in self.taken:
            told = f": {' '.join(one.notes)}" if one.notes else "."
            origin = listed(printable(owned.top.name) for owned in one.owned)
            print(f"  {printable(one.student)}, from {origin}{told}")
        if self.added:
            print(f"Entered into the gradebook: {listed(map(printable, self.added))}.")
        if self.late:
            print(
                f"Late, says {self.form}: {listed(map(printable, self.late))}. An archive has no "
                "times of handing in, so nbgrader takes no points off for it."
            )
        if self.left:
            print("Not taken in:")
            for left in self.left:
                print(f"  {left.name}: {on_one_line(left.why)}")
        if self.nothing:
            print(f"Nothing was handed in by {listed(map(printable, self.nothing))}.")


def collect(
    app: "NbGrader",
    archive: Path,
    worksheet: Path | None = None,
    assignment: str | None = None,
    *,
    add_students: bool = False,
    replaced: bool = False,
) -> Result:
    """Take in what a class has handed in.

    Parameters
    ----------
    app
        An application of nbgrader's, in the course's folder.
    archive
        What the platform gave, as a file or unpacked.
    worksheet
        The platform's list of people.
    assignment
        Which it is; else the one whose notebooks are in it.
    add_students
        Whether people whom the gradebook lacks are entered.
    replaced
        Whether a submission that came in another way is replaced.

    Raises
    ------
    GradingError
        If nothing could be taken in.
    """
    from drinkdeep.grading.batch.pipeline import exclusive_lock

    course = app.coursedir
    roster = Roster.read(worksheet) if worksheet else None
    with (
        opened(archive) as source,
        exclusive_lock(Path("grading")),
        Gradebook(course.db_url, course.course_id) as gradebook,
        tempfile.TemporaryDirectory(dir="grading") as staging,
    ):
        if not source.files():
            raise CourseError(f"There is no file in {archive}: download it again.")
        name = assignment or _assignment(app, source.files())
        notebooks = _notebooks(app, name)
        everyone = {student.id for student in gradebook.students}
        form, tops = outermost(source.files(), notebooks, everyone)
        if form == MOODLE and roster is None:
            raise RosterError(
                "Moodle's archive knows people by numbers of this one assignment: download its "
                "grading worksheet too, and name it with --worksheet."
            )
        if roster is not None and roster.platform != form:
            raise RosterError(
                f"The list of people is {roster.platform}'s, and the archive is not: its files are "
                "not named so."
            )
        column = ID_NUMBER if form == MOODLE else CanvasExport(parent=app).identify_by
        people = People(
            form,
            roster,
            gradebook,
            lms_column=column,
            notebooks=notebooks,
            add_students=add_students,
        )
        record = Record.read(name)
        result = Result(name, form, archive.name)
        result.left += [Left(printable(entry), why) for entry, why in source.refused]
        for student, owned in _owners(tops, people, result).items():
            place = Path(course.format_path(course.submitted_directory, student, name))
            folder = Path(staging) / "files"
            try:
                taken = _take(source, student, owned, notebooks, folder)
                _put(taken, place, Path(staging) / "new", record, replaced=replaced)
                result.taken.append(taken)
                record.enter(form, taken)
            except ArchiveError as error:
                shown = listed(printable(one.top.name) for one in owned)
                result.left.append(Left(shown, str(error)))
            shutil.rmtree(folder, ignore_errors=True)
            if any(one.reading.late for one in owned):
                result.late.append(student)
        record.write()
        gradebook.db.commit()
        result.added = people.added
        result.nothing = people.nothing_from(
            {
                student
                for student in people.students
                if Path(course.format_path(course.submitted_directory, student, name)).is_dir()
            }
        )
    return result


def _owners(tops: list[Top], people: People, result: Result) -> dict[str, list[Owned]]:
    """Student → what is theirs."""
    found: dict[str, list[Owned]] = defaultdict(list)
    for top in tops:
        try:
            reading, student = people.owner(top)
        except NotFoundError as error:
            result.left.append(Left(printable(top.name), str(error)))
        else:
            found[student].append(Owned(top, reading, student))
    for student, owned in list(found.items()):
        if len({one.reading.number for one in owned}) > 1:
            # Two people of the platform who are one student here are not one person.
            for one in found.pop(student):
                why = f"Two people there are {printable(student)} here: give each their own e-mail."
                result.left.append(Left(printable(one.top.name), why))
    return dict(sorted(found.items()))


def _take(
    source: Source, student: str, owned: list[Owned], notebooks: list[str], folder: Path
) -> Taken:
    typed = [one for one in owned if one.reading.kind != "file"]
    uploaded = [one for one in owned if one.reading.kind == "file"]
    if not uploaded:
        raise ArchiveError("it is a text that was typed there, and no notebook.")
    try:
        found = list(unpacked(source, uploaded, folder))
        files, notes = chosen(found, notebooks)
    except unpack.BROKEN as error:
        raise ArchiveError(f"it is damaged ({error}). Ask for it again.") from None
    if not any(NOTEBOOK.fullmatch(name) for name in files):
        names = [printable(str(one.name)) for one in found]
        only = f", only {listed(names[:3])}{', …' * (len(names) > 3)}" if names else ""
        raise ArchiveError(f"there is no notebook in it{only}: ask for {notebooks[0]}.ipynb.")
    if typed:
        notes.append("A text that was typed there was left out.")
    return Taken(
        student,
        sorted(
            uploaded,
            key=lambda one: (bool(which_notebook(one.reading.file, notebooks)), one.reading.upload),
        ),
        files,
        notes,
    )


def _put(taken: Taken, place: Path, new: Path, record: Record, *, replaced: bool) -> None:
    """Put a submission in its place, if nothing is lost by it."""
    if place.is_symlink() or place.parent.is_symlink():
        raise ArchiveError(f"{place} is a link: put a folder in its place.")
    if place.is_dir():
        there = digest_of(place)
        if there == taken.digest:
            taken.state = "unchanged"
            return
        if there != record.digest(taken.student) and not replaced:
            raise ArchiveError(
                f"{place} holds something else, that came in another way or was changed here: it "
                "stays, unless you give --replace."
            )
        taken.state = "newer"
    shutil.rmtree(new, ignore_errors=True)
    for name, path in taken.files.items():
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, new / name)
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir():
        shutil.rmtree(place)
    new.replace(place)


def _notebooks(app: "NbGrader", assignment: str) -> list[str]:
    """Return the names of an assignment's notebooks, without their ending.

    Raises
    ------
    CourseError
        If there is no such assignment.
    """
    course = app.coursedir
    folder = Path(course.format_path(course.source_directory, ".", assignment))
    if found := sorted(path.stem for path in folder.glob("*.ipynb")):
        return found
    raise CourseError(f"There is no assignment {assignment}: {folder} holds no notebook.")


def _assignment(app: "NbGrader", files: list[tuple[str, ...]]) -> str:
    """Return the assignment whose notebooks most of the files are."""
    course = app.coursedir
    pattern = Path(course.format_path(course.source_directory, ".", "*"))
    folders = sorted(path for path in pattern.parent.glob(pattern.name) if path.is_dir())
    counts: Counter[str] = Counter()
    for folder in folders:
        names = [path.stem for path in folder.glob("*.ipynb")]
        # The name stands at the end, behind what the platform puts before it, or is a folder's.
        counts[folder.name] = sum(
            any(name.casefold() in part.casefold() for part in file for name in names)
            for file in files
        )
    (best, most), (_, next_to_it) = [*counts.most_common(2), ("", 0), ("", 0)][:2]
    if most == next_to_it:
        known = listed(folder.name for folder in folders)
        raise CourseError(
            f"Which assignment it is doesn't follow from its files: say so with --assignment, "
            f"which can be {known}."
        )
    return best
