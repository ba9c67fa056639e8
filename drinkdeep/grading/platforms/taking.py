"""What is taken of all that one student has handed in."""

import hashlib
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from drinkdeep.grading.batch.submission import NOTEBOOK
from drinkdeep.grading.platforms import unpack
from drinkdeep.grading.platforms.archive import Source, Top
from drinkdeep.grading.platforms.names import Reading, is_junk, which_notebook
from drinkdeep.grading.platforms.unpack import Room
from drinkdeep.grading.printable import listed, printable

MOST_BYTES, MOST_FILES, MOST_NESTED = 500_000_000, 2000, 3
"""What one student's files may unpack to, how many they may be, and how deep archives may lie."""
TIMESTAMP = "timestamp.txt"
"""Where nbgrader reads when something was handed in: no student may write it."""


@dataclass(frozen=True)
class Owned:
    """What stands outermost, and whose it is."""

    top: Top
    reading: Reading
    student: str


@dataclass(frozen=True)
class Found:
    """A file that a student has handed in, unpacked."""

    path: Path
    name: PurePosixPath
    """What the student calls it, from the outermost."""
    upload: int
    when: float

    def rank(self, renamed: int) -> tuple[int, float, int]:
        """Rank the later higher: by the platform's number, its date, the number in the name."""
        return self.upload, self.when, renamed


@dataclass
class Taken:
    """What was taken of a student's."""

    student: str
    owned: list[Owned]
    """From where; at the end the last notebook, or what else came last."""
    files: dict[str, Path]
    """What lies in the submission's folder, by its name there."""
    notes: list[str]
    state: str = "new"

    @property
    def digest(self) -> str:
        """The hash of the files and their names."""
        return _digest({name: path.read_bytes() for name, path in self.files.items()})


def unpacked(source: Source, owned: list[Owned], folder: Path) -> Iterator[Found]:
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
            source.extract(file, place.joinpath(*map(unpack.fitting, inner)), room)
        for path in sorted(place.rglob("*")):
            if path.is_file() and unpack.is_archive(path):
                target = path.with_name(unpack.stem(path))
                unpack.unpack(path, target, room, left_out=lambda *_: None)
        for path in sorted(place.rglob("*")):
            name = path.relative_to(place)
            if (
                path.is_file()
                and not any(is_junk(part) for part in name.parts)
                and not unpack.is_archive(path)  # what was in it lies beside it
            ):
                stamp = path.stat().st_mtime
                yield Found(path, PurePosixPath(*name.parts), one.reading.upload, stamp)


def _own_name(one: Owned) -> str:
    name = one.reading.file
    return name if unpack.is_name(name) else one.top.name


def chosen(found: list[Found], notebooks: list[str]) -> tuple[dict[str, Path], list[str]]:
    """Return what lies in the submission's folder, by its name there, and remarks on it."""
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
                    f"{printable(name)}, which is the last of these and "
                    f"{listed(printable(other) for _, other, _ in others)}."
                )
            elif name != f"{notebook}.ipynb":
                notes.append(f"{printable(name)}.")
    named = set(files)
    for one in sorted(found, key=lambda one: one.rank(0)):
        if NOTEBOOK.fullmatch(one.name.name) and (
            roots or which_notebook(one.name.name, notebooks)
        ):
            continue  # another try, or another notebook
        inner = (one.name.relative_to(r) for r in roots if one.name.is_relative_to(r))
        place = next(inner, one.name).as_posix()
        if place != TIMESTAMP and place not in named:
            files[place] = one.path
    if not roots and files:
        notes.append(f"there is no {notebooks[0]}.ipynb, so all was taken as it is.")
    return files, notes


def _digest(files: dict[str, bytes]) -> str:
    total = hashlib.sha256()
    for name, content in sorted(files.items()):
        total.update(f"{name}\0{len(content)}\0".encode(errors="surrogateescape"))
        total.update(content)
    return total.hexdigest()


def digest_of(folder: Path) -> str:
    """Return the digest of a submission's folder as it lies there."""
    return _digest(
        {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if stat.S_ISREG(path.lstat().st_mode)
        }
    )
