"""Take in what a class has handed in on a learning platform: an archive becomes ``submitted/``.

Whose a file is follows from what the platform has written, and from its list of people; nobody is
entered into the gradebook without being asked for. What is done is remembered in
``grading/ASSIGNMENT.archive.json``, so that the command can be given again, with the same archive
or a later one, and so that feedback finds its way back.
"""

import argparse
import contextlib
import hashlib
import json
import shutil
import stat
import sys
import tempfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from drinkdeep.grading.errors import CourseError, GradingError
from drinkdeep.grading.platforms import unpack
from drinkdeep.grading.platforms.names import (
    MOODLE,
    PLAIN,
    Reading,
    form_of,
    is_anonymous,
    is_junk,
    plain_readings,
    readings,
    which_notebook,
)
from drinkdeep.grading.platforms.unpack import ArchiveError, Room
from drinkdeep.grading.printable import printable

if TYPE_CHECKING:
    from nbgrader.api import Gradebook
    from nbgrader.apps import NbGrader

    from drinkdeep.grading.platforms.roster import Person, Roster

MOST_BYTES, MOST_FILES, MOST_NESTED = 500_000_000, 2000, 3
"""What one student's files may unpack to, how many they may be, and how deep archives may lie."""
TIMESTAMP = "timestamp.txt"
"""Where nbgrader reads when something was handed in: no student may write it."""


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
    parser.add_argument(
        "--course-dir", type=Path, default=Path(), metavar="FOLDER", help="the course; default: here"
    )
    parser.add_argument(
        "--db", metavar="URL", help="the gradebook, if not the one of nbgrader_config.py"
    )


def run(arguments: argparse.Namespace) -> int:
    """Take the archive in; the exit code: 1 if somebody's work was not, 2 if nobody's could be."""
    archive = arguments.archive.absolute()
    worksheet = arguments.worksheet.absolute() if arguments.worksheet else None
    try:
        with contextlib.chdir(_course(arguments.course_dir)):
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


def _course(folder: Path) -> Path:
    if not (folder / "nbgrader_config.py").is_file():
        raise CourseError(
            f"{folder.resolve()} is not the folder of a course, which has a nbgrader_config.py: go "
            "there, or name it with --course-dir."
        )
    return folder


def application(db: str | None = None) -> "NbGrader":
    """An application of nbgrader's, with the configuration of the course in which we are."""
    from nbgrader.apps import ExportApp

    app = ExportApp()
    app.initialize(["--log-level=ERROR", *([f"--db={db}"] if db else [])])
    return app


# What is there


class Source(Protocol):
    """An archive, or the folder that somebody's computer has made of it."""

    def files(self) -> list[tuple[str, ...]]:
        """The path of each file, in parts."""

    def extract(self, path: tuple[str, ...], target: Path, room: Room) -> None:
        """Write one of them."""


class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._entries: dict[tuple[str, ...], zipfile.ZipInfo] = {}
        self.refused: list[tuple[str, str]] = []
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            try:
                parts = unpack.inside(entry.filename).parts
            except ArchiveError as error:
                self.refused.append((entry.filename, str(error)))
                continue
            if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
                self.refused.append((entry.filename, "it is a link or a device."))
            else:
                self._entries[parts] = entry

    def files(self) -> list[tuple[str, ...]]:
        return list(self._entries)

    def extract(self, path: tuple[str, ...], target: Path, room: Room) -> None:
        entry = self._entries[path]
        with self._archive.open(entry) as file:
            room.store(file, target, unpack.date_of(entry))


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.refused: list[tuple[str, str]] = []
        self._files = []
        for path in sorted(folder.rglob("*")):  # follows no links
            parts = path.relative_to(folder).parts
            if stat.S_ISREG(path.lstat().st_mode):
                self._files.append(parts)
            elif not stat.S_ISDIR(path.lstat().st_mode):
                self.refused.append((str(Path(*parts)), "it is a link or a device."))

    def files(self) -> list[tuple[str, ...]]:
        return self._files

    def extract(self, path: tuple[str, ...], target: Path, room: Room) -> None:
        place = self._folder.joinpath(*path)
        with place.open("rb") as file:
            room.store(file, target, place.stat().st_mtime)


@contextlib.contextmanager
def _opened(archive: Path) -> Iterator[_Zip | _Folder]:
    if archive.is_dir():
        yield _Folder(archive)
        return
    try:
        with zipfile.ZipFile(archive) as opened:
            yield _Zip(opened)
    except (OSError, zipfile.BadZipFile) as error:
        raise CourseError(
            f"{archive} can't be read as a zip archive ({error}): download it again."
        ) from None


@dataclass
class _Top:
    """What stands outermost in the archive: a student's folder, or a file. The platform names it."""

    name: str
    files: list[tuple[str, ...]]
    """The path of each file in it, from the archive's root."""
    depth: int
    """Where its own name stands in those."""

    @property
    def is_folder(self) -> bool:
        return any(len(file) > self.depth + 1 for file in self.files)


def _tops(files: list[tuple[str, ...]], depth: int = 0) -> list[_Top]:
    found: dict[str, _Top] = {}
    for file in files:
        if not any(is_junk(part) for part in file):
            top = found.setdefault(file[depth], _Top(file[depth], [], depth))
            top.files.append(file)
    return [found[name] for name in sorted(found)]


def _outermost(
    files: list[tuple[str, ...]], notebooks: list[str], students: set[str]
) -> tuple[str, list[_Top]]:
    """Who has named what stands outermost, and that; a folder around all of it is passed over."""
    tops = _tops(files)
    form = form_of(top.name for top in tops)
    if form == PLAIN and len(tops) == 1 and tops[0].name not in students:
        (around,) = tops
        if all(len(file) > 1 for file in around.files):
            within = _tops(around.files, depth=1)
            form_within = form_of(top.name for top in within)
            if form_within != PLAIN or any(
                reading.number in students
                for top in within
                for reading in plain_readings(top.name, notebooks, folder=top.is_folder)
            ):
                return form_within, within
    return form, tops


# Whose it is


@dataclass(frozen=True)
class Left:
    """What was not taken in."""

    name: str
    """The outermost name, as it can be shown."""
    why: str
    """A sentence, or several: what is wrong, and what to do."""


@dataclass(frozen=True)
class _Owned:
    """What stands outermost, and whose it is."""

    top: _Top
    reading: Reading
    student: str


class _People:
    """Who is meant by what the platform wrote."""

    def __init__(
        self,
        form: str,
        roster: "Roster | None",
        gradebook: "Gradebook",
        *,
        lms_column: str,
        notebooks: list[str],
        add_students: bool,
    ) -> None:
        self._form, self._roster, self._gradebook = form, roster, gradebook
        self._column, self._notebooks, self._add = lms_column, notebooks, add_students
        self.students = {student.id: student for student in gradebook.students}
        self.added: list[str] = []
        self._numbered: dict[str, list[Person]] = defaultdict(list)
        if roster is not None:
            for person in roster.people:
                self._numbered[person.number].append(person)

    def owner(self, top: _Top) -> tuple[Reading, str]:
        """How the name is read, and the student's id.

        Raises
        ------
        _NotFoundError
            With what is to be said if nobody is found.
        """
        if is_anonymous(self._form, top.name):
            raise _NotFoundError(
                "Canvas hides whose it is: turn anonymous grading off there, and download again."
            )
        if self._form == PLAIN:
            return self._plain(top)
        found = list(readings(self._form, top.name))
        if not found:
            raise _NotFoundError(f"{self._form} doesn't name a file so.")
        if self._roster is None:
            return self._by_lms_user_id(found)
        return self._by_roster(found, self._roster)

    def _plain(self, top: _Top) -> tuple[Reading, str]:
        found = list(plain_readings(top.name, self._notebooks, folder=top.is_folder))
        for reading in found:
            if reading.number in self.students:
                return reading, reading.number
        if not found:
            expected = f"STUDENT_{self._notebooks[0]}.ipynb"
            raise _NotFoundError(f"Its name doesn't say whose it is, as {expected} would.")
        raise _NotFoundError(*self._unknown(found[0].number))

    def _by_lms_user_id(self, found: list[Reading]) -> tuple[Reading, str]:
        first = found[0]
        # Behind the platform's two numbers stands the name of the file, which may begin with a
        # number too, as “01_cost” does. Who is called “Kim_14” makes it look as if that were one.
        if len(found) > 1 and which_notebook(first.file, self._notebooks) is None:
            raise _NotFoundError(
                "It can be read in two ways: export the gradebook from Canvas, and name it with "
                "--worksheet."
            )
        fits = [
            student
            for student in self.students.values()
            if str(student.lms_user_id or "").strip() == first.number
        ]
        if len(fits) > 1:
            raise _NotFoundError(
                f"{_listed(s.id for s in fits)} have the same lms_user_id, {first.number}."
            )
        if not fits:
            raise _NotFoundError(
                f"Nobody in the gradebook has the lms_user_id {first.number}: export the gradebook "
                "from Canvas and name it with --worksheet, or enter the number with "
                f"`nbgrader db student add STUDENT --lms-user-id={first.number}` and the names of "
                "the student, which are emptied if they don't stand there."
            )
        return first, str(fits[0].id)

    def _by_roster(self, found: list[Reading], roster: "Roster") -> tuple[Reading, str]:
        from drinkdeep.grading.platforms.roster import agree

        numbered = [(r, person) for r in found for person in self._numbered.get(r.number, [])]
        fits = [
            (r, person) for r, person in numbered if any(agree(r.person, n) for n in person.names)
        ]
        if len(fits) > 1:
            raise _NotFoundError(
                "Its name can be read in two ways, and two people of the list fit: look at it "
                f"in {roster.platform}, and hand it to the one of {_listed(_who(p) for _, p in fits)} "
                "whose it is."
            )
        if not fits and numbered:
            reading, person = numbered[0]
            raise _NotFoundError(
                f"Number {reading.number} is {_who(person)} in the list: is that the list of this "
                "assignment, and was it handed in by one person, not by a group?"
            )
        if not fits:
            raise _NotFoundError(
                f"Nobody in the list has the number {found[0].number}: download the list of this "
                "assignment, after the archive."
            )
        ((reading, person),) = fits
        return reading, self._student(person)

    def _student(self, person: "Person") -> str:
        from drinkdeep.grading.platforms.roster import students_of

        fits = students_of(person, self.students.values(), self._column)
        if len(fits) > 1:
            raise _NotFoundError(
                f"{_who(person)} may be {_listed(s.id for s in fits)} of the gradebook: give one of "
                "them another e-mail or lms_user_id."
            )
        if fits:
            return str(fits[0].id)
        if self._add:
            return self._enter(person)
        raise _NotFoundError(*self._lacking(person))

    def _fields(self, person: "Person") -> tuple[str, dict[str, str]]:
        """An id that nobody has, and what else the platform knows."""
        last, _, first = person.names[0].partition(", ")
        if not first:
            first, _, last = person.names[0].partition(" ")
        fields = {"first_name": first or None, "last_name": last or None, "email": person.email}
        fields["lms_user_id"] = person.ids.get(self._column, "")
        short = person.email.partition("@")[0].casefold() or person.ids.get("SIS Login ID", "")
        choices = [short, person.email.casefold(), f"{short or 'student'}-{person.number}"]
        free = next(c for c in choices if c and c not in self.students and unpack.is_name(c))
        return free, {name: value for name, value in fields.items() if value}

    def _enter(self, person: "Person") -> str:
        student_id, fields = self._fields(person)
        self.students[student_id] = self._gradebook.add_student(student_id, **fields)
        self.added.append(student_id)
        return student_id

    def _lacking(self, person: "Person") -> tuple[str, str]:
        from drinkdeep.grading.platforms.roster import add_command

        student_id, fields = self._fields(person)
        known = fields.get("email") or fields.get("lms_user_id") or "number"
        return f"Nobody in the gradebook has {known}:", add_command(student_id, **fields)

    def _unknown(self, student_id: str) -> tuple[str, str]:
        from drinkdeep.grading.platforms.roster import add_command

        return f"There is no student {student_id} in the gradebook:", add_command(student_id)

    def nothing_from(self, taken: set[str], handed_in: set[str]) -> list[str]:
        """Those of the class who have handed in nothing."""
        return sorted(set(self.students) - taken - handed_in)


class _NotFoundError(Exception):
    """Whose it is can't be told; a sentence, and the command that settles it if there is one."""

    def __str__(self) -> str:
        sentence, *command = self.args
        return f"{sentence} `{command[0]}`" if command else str(sentence)


def _who(person: "Person") -> str:
    return " ".join(filter(None, (person.names[0], person.email and f"<{person.email}>")))


def _listed(names: Any) -> str:
    return ", ".join(map(str, names))


# What of it is taken


@dataclass(frozen=True)
class _Found:
    """A file that a student has handed in, unpacked."""

    path: Path
    name: PurePosixPath
    """What the student calls it, from the outermost."""
    upload: int
    when: float

    def rank(self, renamed: int) -> tuple[int, float, int]:
        """The higher the later: by the platform's number, its date, the number in the name."""
        return self.upload, self.when, renamed


@dataclass
class Taken:
    """What was taken of a student's."""

    student: str
    tops: list[str]
    """The outermost names."""
    files: dict[str, Path]
    """What lies in the submission's folder, by its name there."""
    notes: list[str]
    state: str = "new"

    @property
    def digest(self) -> str:
        """The hash of the files and their names."""
        return _digest({name: path.read_bytes() for name, path in self.files.items()})


def _unpacked(source: Source, owned: list[_Owned], folder: Path) -> Iterator[_Found]:
    """Unpack what one student has handed in.

    Raises
    ------
    ArchiveError
        If it unpacks to more than it may, or an archive in it is broken.
    """
    room = Room(MOST_BYTES, MOST_FILES, MOST_NESTED)
    for number, one in enumerate(owned):
        place = folder / str(number)
        for file in one.top.files:
            inner = file[one.top.depth + 1 :] or (_own_name(one),)
            source.extract(file, place.joinpath(*inner), room)
        for path in sorted(place.rglob("*")):
            if path.is_file() and unpack.is_archive(path):
                target = path.with_name(unpack.stem(path))
                unpack.unpack(path, target, room, left_out=lambda *_: None)
                path.unlink()
        for path in sorted(place.rglob("*")):
            name = path.relative_to(place)
            if path.is_file() and not any(is_junk(part) for part in name.parts):
                stamp = path.stat().st_mtime
                yield _Found(path, PurePosixPath(*name.parts), one.reading.upload, stamp)


def _own_name(one: _Owned) -> str:
    name = one.reading.file
    return name if unpack.is_name(name) else one.top.name


def _chosen(found: list[_Found], notebooks: list[str]) -> tuple[dict[str, Path], list[str]]:
    """What lies in the submission's folder, by its name there, and what is to be said of it."""
    files: dict[str, Path] = {}
    notes = []
    roots = set()
    for notebook in notebooks:
        means = [
            (one.rank(which[1]), str(one.name), one)
            for one in found
            if (which := which_notebook(one.name.name, notebooks)) and which[0] == notebook
        ]
        if means:
            *others, (_, name, best) = sorted(means, key=lambda item: item[:2])
            files[f"{notebook}.ipynb"] = best.path
            roots.add(best.name.parent)
            if others:
                notes.append(
                    f"{printable(name)}, the last of {len(others) + 1}: the others are "
                    f"{_listed(printable(other) for _, other, _ in others)}."
                )
            elif name != f"{notebook}.ipynb":
                notes.append(f"{printable(name)}.")
    for one in sorted(found, key=lambda one: one.rank(0)):
        if one.name.suffix == ".ipynb" and (roots or which_notebook(one.name.name, notebooks)):
            continue  # another try, or another notebook
        name = next((one.name.relative_to(r) for r in roots if one.name.is_relative_to(r)), one.name)
        if name.as_posix() != TIMESTAMP:
            files[name.as_posix()] = one.path
    if not roots and files:
        notes.append(f"There is no {notebooks[0]}.ipynb, so all of it was taken as it is.")
    return files, notes


def _digest(files: dict[str, bytes]) -> str:
    total = hashlib.sha256()
    for name, content in sorted(files.items()):
        total.update(f"{name}\0{len(content)}\0".encode(errors="surrogateescape"))
        total.update(content)
    return total.hexdigest()


def _digest_of(folder: Path) -> str:
    """The digest of a submission's folder as it lies there."""
    return _digest(
        {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if stat.S_ISREG(path.lstat().st_mode)
        }
    )


# What has become of it


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
            told = " ".join(one.notes)
            print(f"  {printable(one.student)}: {_listed(map(printable, one.tops))}. {told}".rstrip())
        if self.added:
            print(f"Entered into the gradebook: {_listed(map(printable, self.added))}.")
        if self.late:
            print(
                f"Late, says {self.form}: {_listed(map(printable, self.late))}. An archive has no "
                "times of handing in, so nbgrader takes no points off for it."
            )
        if self.left:
            print("Not taken in:")
            for left in self.left:
                print(f"  {left.name}: {left.why}")
        if self.nothing:
            print(f"Nothing was handed in by {_listed(map(printable, self.nothing))}.")


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
    from nbgrader.api import Gradebook

    from drinkdeep.grading.batch.pipeline import alone
    from drinkdeep.grading.platforms.roster import Roster, RosterError
    from drinkdeep.grading.results.export import ID_NUMBER, CanvasExport

    course = app.coursedir
    roster = Roster.read(worksheet) if worksheet else None
    with (
        _opened(archive) as source,
        alone(Path("grading")),
        Gradebook(course.db_url, course.course_id) as gradebook,
        tempfile.TemporaryDirectory(dir="grading") as unpacked,
    ):
        name = assignment or _assignment(app, source.files())
        notebooks = _notebooks(app, name)
        everyone = {student.id for student in gradebook.students}
        form, tops = _outermost(source.files(), notebooks, everyone)
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
        people = _People(
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
            folder = Path(unpacked) / "files"
            try:
                taken = _take(source, student, owned, notebooks, folder)
                _put(taken, place, record, replaced=replaced)
                result.taken.append(taken)
                record.enter(form, taken)
            except ArchiveError as error:
                shown = _listed(printable(one.top.name) for one in owned)
                result.left.append(Left(shown, str(error)))
            shutil.rmtree(folder, ignore_errors=True)
            if any(one.reading.late for one in owned):
                result.late.append(student)
        record.write()
        gradebook.db.commit()
        result.added = people.added
        handed_in = {
            student
            for student in people.students
            if Path(course.format_path(course.submitted_directory, student, name)).is_dir()
        }
        result.nothing = people.nothing_from({one.student for one in result.taken}, handed_in)
    return result


def _owners(tops: list[_Top], people: _People, result: Result) -> dict[str, list[_Owned]]:
    """Student → what is theirs."""
    found: dict[str, list[_Owned]] = defaultdict(list)
    for top in tops:
        try:
            reading, student = people.owner(top)
        except _NotFoundError as error:
            result.left.append(Left(printable(top.name), str(error)))
        else:
            found[student].append(_Owned(top, reading, student))
    for student, owned in list(found.items()):
        if len({one.reading.number for one in owned}) > 1:
            # Two people of the platform who are one student here are not one person.
            for one in found.pop(student):
                why = f"Two people there are {printable(student)} here: give each their own e-mail."
                result.left.append(Left(printable(one.top.name), why))
    return dict(sorted(found.items()))


def _take(
    source: Source, student: str, owned: list[_Owned], notebooks: list[str], folder: Path
) -> Taken:
    typed = [one for one in owned if one.reading.kind != "file"]
    files = [one for one in owned if one.reading.kind == "file"]
    if not files:
        raise ArchiveError("it is a text that was typed there, and no notebook.")
    try:
        chosen, notes = _chosen(list(_unpacked(source, files, folder)), notebooks)
    except unpack.BROKEN as error:
        raise ArchiveError(f"it is damaged ({error}). Ask for it again.") from None
    if not any(name.endswith(".ipynb") for name in chosen):
        raise ArchiveError(f"there is no notebook in it: ask for {notebooks[0]}.ipynb.")
    if typed:
        notes.append("A text that was typed there was left out.")
    return Taken(student, [one.top.name for one in files], chosen, notes)


def _put(taken: Taken, place: Path, record: "Record", *, replaced: bool) -> None:
    """Put a submission in its place, if nothing is lost by it."""
    if place.is_symlink() or place.parent.is_symlink():
        raise ArchiveError(f"{place} is a link: put a folder in its place.")
    if place.is_dir():
        there = _digest_of(place)
        if there == taken.digest:
            taken.state = "unchanged"
            return
        if there != record.digest(taken.student) and not replaced:
            raise ArchiveError(
                f"{place} holds something else, that came in another way or was changed here: it "
                "stays, unless you give --replace."
            )
        taken.state = "newer"
    new = Path("grading") / "collected.new"
    shutil.rmtree(new, ignore_errors=True)
    for name, path in taken.files.items():
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, new / name)
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir():
        shutil.rmtree(place)
    new.replace(place)


@dataclass
class Record:
    """What has been taken in before: ``grading/ASSIGNMENT.archive.json``."""

    path: Path
    platform: str
    students: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, assignment: str) -> "Record":
        """Read it; an empty one if there is none."""
        path = Path("grading") / f"{assignment}.archive.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return cls(path, found["platform"], found["students"])
        except (OSError, ValueError, KeyError, TypeError):
            return cls(path, "", {})

    def digest(self, student: str) -> str:
        """That of what was taken in; "" if nothing was."""
        return str(self.students.get(student, {}).get("digest", ""))

    def enter(self, platform: str, taken: Taken) -> None:
        """Remember what was taken in."""
        self.platform = platform
        self.students[taken.student] = {"names": taken.tops, "digest": taken.digest}

    def write(self) -> None:
        """Write it down."""
        new = self.path.with_suffix(".new")
        found = {"platform": self.platform, "students": dict(sorted(self.students.items()))}
        new.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        new.replace(self.path)


def _notebooks(app: "NbGrader", assignment: str) -> list[str]:
    """The names of an assignment's notebooks, without their ending.

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
    """The assignment whose notebooks most of the files are."""
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
    (best, most), *others = [*counts.most_common(2), ("", 0), ("", 0)]
    if not most or others[0][1] == most:
        known = _listed(folder.name for folder in folders)
        raise CourseError(
            f"Which assignment it is doesn't follow from its files: say so with --assignment, "
            f"which can be {known}."
        )
    return best
