"""What comes from an LMS as archives, for ``nbgrader zip_collect``.

Students make these archives, so nothing of them is trusted: no entry gets out of its folder, links
and devices are left out, and what unpacks to more than the bounds is not taken in at all. One bad
archive is said and passed over; the others are taken in.
"""

import os
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin
from nbgrader.utils import parse_utc
from traitlets import Integer

from drinkdeep.grading.printable import printable


class ArchiveError(Exception):
    """An archive is not taken in; the message says why."""


@dataclass
class _Room:
    """What an archive, with those within it, may still take."""

    bytes: int
    files: int
    depth: int


class SafeExtractor(ExtractorPlugin):  # type: ignore[misc]
    """Unpacks archives as nbgrader's own extractor lays them out, within bounds."""

    most_bytes = Integer(
        1_000_000_000, help="What one archive may unpack to, with the archives within it."
    ).tag(config=True)

    most_files = Integer(20_000, help="The files of one archive.").tag(config=True)

    most_nested = Integer(3, help="How deep archives may lie within archives.").tag(config=True)

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Unpack each archive of a folder into a folder of its name; copy all other files."""
        source, target = Path(archive_path), Path(extracted_path)
        found = False
        for root, _, names in os.walk(source):
            for name in sorted(names):
                path = Path(root) / name
                place = target / path.parent.relative_to(source)
                found = True
                if not stat.S_ISREG(path.lstat().st_mode):
                    self.log.error("%s is no file, and was left out.", printable(name))
                elif path.suffix in self.zip_ext:
                    self._take_in(path, place)
                else:
                    place.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, place / name)
        if not found:
            self.log.warning("No files found in directory: %s", archive_path)

    def _take_in(self, path: Path, place: Path) -> None:
        room = _Room(self.most_bytes, self.most_files, self.most_nested)
        folder = place / _stem(path)
        try:
            self._unpack(path, folder, room)
        except (ArchiveError, OSError, EOFError, zipfile.BadZipFile, tarfile.TarError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            self.log.error(
                "%s was not taken in: %s Ask for it again.",
                printable(path.name),
                error if isinstance(error, ArchiveError) else f"it is damaged ({error}).",
            )
        except (NotImplementedError, RuntimeError) as error:  # an odd compression, a password
            shutil.rmtree(folder, ignore_errors=True)
            self.log.error("%s can't be unpacked: %s.", printable(path.name), error)

    def _unpack(self, path: Path, folder: Path, room: _Room) -> None:
        inner = []
        folder.mkdir(parents=True, exist_ok=True)
        with _entries(path) as entries:
            for name, file in entries:
                room.files -= 1
                if room.files < 0:
                    raise ArchiveError(f"it holds more than {self.most_files} files.")
                if file is None:
                    self.log.error(
                        "%s in %s is a link or a device, and was left out.",
                        printable(name),
                        printable(path.name),
                    )
                    continue
                target = folder / _inside(name)
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as new:
                    while block := file.read(2**20):
                        room.bytes -= len(block)
                        if room.bytes < 0:
                            raise ArchiveError(
                                f"it unpacks to more than {self.most_bytes / 1e6:.0f} MB."
                            )
                        new.write(block)
                if target.suffix in self.zip_ext:
                    inner.append(target)
        for archive in inner:
            room.depth -= 1
            if room.depth < 0:
                raise ArchiveError("archives lie too deep in one another.")
            self._unpack(archive, archive.parent / _stem(archive), room)
            room.depth += 1


class SafeCollector(FileNameCollectorPlugin):  # type: ignore[misc]
    """Takes the student's name from a file's, and only one that is a name and no path."""

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        """What the course's ``named_regexp`` finds in a file's name; None to pass it over."""
        found: dict[str, str] | None = super().collect(submitted_file)
        if not found:
            return None
        student, file = found.get("student_id") or "", found.get("file_id") or ""
        parts = PurePosixPath(file).parts
        if not _is_name(student) or not parts or not all(map(_is_name, parts)):
            self.log.error(
                "%s was left out: it gives the student the name %s.",
                printable(submitted_file),
                printable(student),
            )
            return None
        if timestamp := found.get("timestamp"):
            try:
                parse_utc(timestamp)
            except (ValueError, OverflowError):
                self.log.error("%s has no time in its name.", printable(submitted_file))
                del found["timestamp"]
        return found


@contextmanager
def _entries(path: Path) -> Iterator[Iterator[tuple[str, IO[bytes] | None]]]:
    """The files in an archive, by name; None for what is no plain file."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield _of_zip(archive)
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as tar:
            yield _of_tar(tar)
    else:
        raise ArchiveError("it is no archive.")


def _of_zip(archive: zipfile.ZipFile) -> Iterator[tuple[str, IO[bytes] | None]]:
    for entry in archive.infolist():
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if entry.is_dir():
            continue
        if kind not in (0, stat.S_IFREG):
            yield entry.filename, None
            continue
        with archive.open(entry) as file:
            yield entry.filename, file


def _of_tar(archive: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes] | None]]:
    for entry in archive:
        if entry.isdir():
            continue
        yield entry.name, archive.extractfile(entry) if entry.isreg() else None


def _inside(name: str) -> Path:
    """An entry's name as a path that stays in its folder.

    Raises
    ------
    ArchiveError
        If it doesn't.
    """
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or not all(part == "." or _is_name(part) for part in parts):
        raise ArchiveError(f"its entry {printable(name)} would get out of its folder.")
    return Path(*parts)


def _is_name(text: str) -> bool:
    """Whether it names something in a folder, and not another folder."""
    return text not in ("", ".", "..") and not any(c in text for c in "/\\\0")


def _stem(path: Path) -> str:
    """The archive's name without its ending, ``.tar.gz`` too."""
    return Path(path.stem).stem if Path(path.stem).suffix == ".tar" else path.stem
