"""Reading what a student handed in, whatever it is.

Nothing in a submission's folder is trusted: a link, a pipe or a device is never opened, a notebook
is rebuilt cell by cell from what can be understood of it, and what can't be graded is told in one
sentence that says what is wrong and what to do.
"""

import hashlib
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from dateutil import parser, tz
from nbgrader.utils import parse_utc

from drinkdeep.grading.errors import UnreadableError
from drinkdeep.grading.printable import printable
from drinkdeep.notebook.beside import LITTER, OF_THE_EXCHANGE, provided, walk

MOST_FILES = 1000
"""Files beside the notebooks; what goes beyond is left where it is."""
LONGEST_NAME = 128
"""Characters in a student's name: the gradebook's column has no more."""
TIMESTAMP = "timestamp.txt"
NOTEBOOK = re.compile(r".*\.ipynb(?:\.txt|\.json)?", re.IGNORECASE | re.DOTALL)
"""What a notebook's name looks like, also after a browser or a mail program has added to it."""
OFFSET = re.compile(r"[+-]\d")


@dataclass(frozen=True)
class Submission:
    """What a student handed in."""

    student: str
    folder: Path
    notebooks: dict[str, bytes]
    """The notebooks as they lie in the folder, by the name that the assignment has for each."""
    files: tuple[str, ...]
    """What else is kept, relative to the folder."""
    notes: tuple[str, ...]
    """A sentence on each thing that is not as it was asked for."""
    not_kept: tuple[str, ...] = ()
    """What lies there besides."""

    @cached_property
    def digest(self) -> str:
        """The hash of all of it: of the notebooks, and of what lies beside them."""
        total = hashlib.sha256()
        for name, content in sorted(self.notebooks.items()):
            total.update(f"{name}\0{len(content)}\0".encode(errors="surrogateescape"))
            total.update(content)
        for name in self.files:
            with open_plain(self.folder / name) as file:
                content_digest = hashlib.file_digest(file, "sha256").digest()
            total.update(name.encode(errors="surrogateescape") + b"\0" + content_digest)
        return total.hexdigest()

    @cached_property
    def beside(self) -> dict[str, bytes]:
        """What the notebooks' code finds beside it, by its names in the folder."""
        sizes = {
            name: (self.folder / name).lstat().st_size
            for name in self.files
            if name not in OF_THE_EXCHANGE
        }
        found = {}
        for name in provided(sizes):
            with open_plain(self.folder / name) as file:
                found[name] = file.read(sizes[name])
        return found

    def copy_files(self, target: Path) -> None:
        """Copy what lies beside the notebooks to another folder."""
        for name in self.files:
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with open_plain(self.folder / name) as old, path.open("wb") as new:
                while block := old.read(2**20):
                    new.write(block)


def read_submission(
    student: str,
    folder: Path,
    *,
    wanted: Sequence[str],
    ignore: Sequence[str] = (),
    most_bytes: int = 100_000_000,
) -> Submission:
    """Read a submission's folder.

    Parameters
    ----------
    student
        Whose it is.
    folder
        Where it lies.
    wanted
        The names of the assignment's notebooks, without ``.ipynb``.
    ignore
        Patterns of file names that are passed over, as nbgrader's ``CourseDirectory.ignore``.
    most_bytes
        The size of a file; one that is larger isn't read.

    Raises
    ------
    UnreadableError
        If there is nothing in it that can be graded.
    """
    check_name(student)
    if folder.is_symlink() or folder.parent.is_symlink():
        raise UnreadableError("Its folder is a link to another one: copy the folder itself here.")
    notes: list[str] = []
    files: list[str] = []
    left_out: list[str] = []
    for path, what in walk(folder, (*ignore, *LITTER)):
        name = str(path.relative_to(folder))
        if what:
            notes.append(f"{printable(name)} is {what}, and was left out.")
            left_out.append(name)
        elif not NOTEBOOK.fullmatch(path.name) and path.lstat().st_size > most_bytes:
            notes.append(
                f"{printable(name)} has {_size(path)}, more than the {most_bytes / 1e6:.0f} MB "
                "of `CourseDirectory.max_file_size`, and was left out."
            )
            left_out.append(name)
        else:
            files.append(name)
    files.sort()
    others = [name for name in files if not NOTEBOOK.fullmatch(name)]
    chosen, more = _choose(folder, [n for n in files if n not in others], wanted, others)
    notes += more
    found = {name: _read(folder / file, most_bytes) for name, file in chosen.items()}
    if TIMESTAMP in others and not _is_a_time(folder / TIMESTAMP):
        others.remove(TIMESTAMP)
        notes.append(
            f"{printable(TIMESTAMP)} holds no time that can be read, or names a time zone that "
            "can't be, so it counts as handed in in time: put it right, in UTC."
        )
    if len(others) > MOST_FILES:
        notes.append(f"Of {len(others)} files beside the notebook the first {MOST_FILES} are kept.")
    left_out += [name for name in files if name not in {*others[:MOST_FILES], *chosen.values()}]
    return Submission(
        student, folder, found, tuple(others[:MOST_FILES]), tuple(notes), tuple(left_out)
    )


def check_name(student: str) -> None:
    """See that a student's name can be one; raises UnreadableError."""
    try:
        student.encode()
    except UnicodeEncodeError:
        raise UnreadableError(
            "The name of the student's folder is not UTF-8: rename the folder."
        ) from None
    if len(student) > LONGEST_NAME or not student.isprintable():
        raise UnreadableError(
            f"The name of the student's folder has more than {LONGEST_NAME} characters, or some "
            "that can't be printed: rename the folder."
        )


def _choose(
    folder: Path, files: list[str], wanted: Sequence[str], others: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    """Return which file is which of the assignment's notebooks, and remarks on it."""
    for name in wanted:
        path = folder / f"{name}.ipynb"
        if (path.is_symlink() or path.exists()) and f"{name}.ipynb" not in files:
            raise UnreadableError(
                f"{printable(path.name)} is no file but a link, a pipe, a folder or a device: "
                "ask for the notebook itself."
            )
    chosen = {name: f"{name}.ipynb" for name in wanted if f"{name}.ipynb" in files}
    left = [file for file in files if file not in chosen.values()]
    notes = []
    missing = [name for name in wanted if name not in chosen]
    for name in missing:
        alike = [f for f in left if name.lower() in Path(f).stem.lower()]
        if not alike and len(missing) == 1:
            alike = left
        if len(alike) > 1:
            raise UnreadableError(
                f"There is no {printable(f'{name}.ipynb')}, and any of "
                f"{', '.join(map(printable, alike[:5]))} may be it: leave one, under that name."
            )
        for file in alike:
            chosen[name] = file
            left.remove(file)
            notes.append(f"{printable(file)} was taken for {printable(f'{name}.ipynb')}.")
    if not chosen:
        expected = " and ".join(printable(f"{name}.ipynb") for name in wanted)
        there = ", ".join(map(printable, [name for name in others if name != TIMESTAMP][:5]))
        only = f", only {there}" if there else ""
        raise UnreadableError(f"There is no notebook in it{only}: ask for {expected}.")
    notes += [
        f"{printable(f'{name}.ipynb')} is missing, and earns nothing."
        for name in wanted
        if name not in chosen
    ]
    notes += [f"{printable(file)} is not part of the assignment." for file in left]
    return chosen, notes


def _read(path: Path, most_bytes: int) -> bytes:
    with open_plain(path) as file:
        if os.fstat(file.fileno()).st_size > most_bytes:
            raise UnreadableError(
                f"{printable(path.name)} has {_size(path)}, more than the {most_bytes / 1e6:.0f} "
                "MB of `CourseDirectory.max_file_size`: ask for it again with its outputs cleared."
            )
        return bytes(file.read())


def _is_a_time(path: Path) -> bool:
    with open_plain(path) as file:
        text = file.read(1000).decode(errors="replace").strip()
    unknown: list[str] = []

    def zone(name: str | None, offset: int | None) -> Any:
        found = offset if offset is not None else tz.gettz(name or "UTC")
        if found is None:
            unknown.append(str(name))
        return found

    try:
        if not text:
            return True
        read = parse_utc(text)
        parts = text.split(" ")
        if len(parts) == 3 and not OFFSET.match(parts[2]):
            # nbgrader takes a zone that it doesn't know for UTC, and misreads an offset there.
            return tz.gettz(parts[2]) is not None
        said = parser.parse(text, tzinfos=zone)
        offset = said.utcoffset()
        return not unknown and bool(read == (said - (offset or timedelta())).replace(tzinfo=None))
    except (ValueError, OverflowError, TypeError):
        return False


def open_plain(path: Path, folder: int | None = None) -> Any:
    """Open a plain file, and nothing that has been put in its place since it was looked at.

    ``path`` is counted from the open ``folder``, if there is one.

    Raises
    ------
    UnreadableError
        If it is no file, or can't be read.
    """
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError as error:
        raise UnreadableError(
            f"{printable(path.name)} can't be read ({error.strerror}): see to its permissions."
        ) from None
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise UnreadableError(f"{printable(path.name)} is no file: ask for the notebook itself.")
    return os.fdopen(number, "rb")


def _size(path: Path) -> str:
    return f"{path.lstat().st_size / 1e6:.0f} MB"
