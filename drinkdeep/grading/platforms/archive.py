"""An archive that a platform gave, or the folder that somebody's computer has made of it."""

import contextlib
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from drinkdeep.grading.errors import CourseError
from drinkdeep.grading.platforms import unpack
from drinkdeep.grading.platforms.names import PLAIN, form_of, is_junk, plain_readings
from drinkdeep.grading.platforms.unpack import ArchiveError, Room


class Source(Protocol):
    """An archive, or the folder that somebody's computer has made of it."""

    refused: list[tuple[str, str]]
    """What was not looked at, and why."""

    def files(self) -> list[tuple[str, ...]]:
        """Return the path of each file, in parts."""

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
            name = unpack.name_of(entry)
            try:
                parts = unpack.inside(name).parts
            except ArchiveError as error:
                self.refused.append((name, str(error)))
                continue
            if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
                self.refused.append((name, "it is a link or a device."))
                continue
            if parts in self._entries:
                self.refused.append((name, "it is there twice, and the last of them counts."))
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
def opened(archive: Path) -> Iterator[Source]:
    """Open an archive, or the folder of one.

    Raises
    ------
    CourseError
        If it is none.
    """
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
class Top:
    """What stands outermost: a student's folder, or a file. The platform has named it."""

    name: str
    files: list[tuple[str, ...]]
    """The path of each file in it, from the archive's root."""
    depth: int
    """Where its own name stands in those."""

    @property
    def is_folder(self) -> bool:
        """Whether there is something in it."""
        return any(len(file) > self.depth + 1 for file in self.files)


def _tops(files: list[tuple[str, ...]], depth: int = 0) -> list[Top]:
    found: dict[str, Top] = {}
    for file in files:
        if not any(is_junk(part) for part in file):
            top = found.setdefault(file[depth], Top(file[depth], [], depth))
            top.files.append(file)
    return [found[name] for name in sorted(found)]


def outermost(
    files: list[tuple[str, ...]], notebooks: list[str], students: set[str]
) -> tuple[str, list[Top]]:
    """Say who has named what stands outermost, and that; a folder around all is passed over."""
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
