"""Unpacking archives that students make, so nothing of them is trusted.

No entry gets out of its folder, links and devices are left out, and what unpacks to more than the
bounds is not taken in at all.
"""

import contextlib
import errno
import hashlib
import os
import stat
import tarfile
import time
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from drinkdeep.grading.printable import printable

LONGEST_NAME, LONGEST_SUFFIX = 255, 16
"""Bytes that a file system takes as a name, and characters of an ending that is kept."""
UTF8 = 0x800
"""The flag in a zip archive by which a name is in UTF-8."""
ARCHIVES = (".zip", ".gz")
"""The endings of what is unpacked."""
BROKEN = (
    *(OSError, EOFError, zipfile.BadZipFile, tarfile.TarError),
    *(NotImplementedError, RuntimeError),  # an odd compression, a password
)
"""What reading an archive may raise, besides ArchiveError."""


class ArchiveError(Exception):
    """An archive is not taken in; the message says why."""


@dataclass
class Room:
    """What an archive, with those within it, may still take."""

    bytes_left: int
    files_left: int
    depth_left: int

    def __post_init__(self) -> None:
        """Keep what it was, to say it."""
        self.most = (self.bytes_left, self.files_left)

    def store(self, file: IO[bytes], target: Path, when: float | None = None) -> None:
        """Write a file of the archive, with its date.

        Raises
        ------
        ArchiveError
            If there is no room for it, or no path to it is short enough.
        """
        self.files_left -= 1
        if self.files_left < 0:
            raise ArchiveError(f"it holds more than {self.most[1]} files.")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            new = target.open("wb")
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            raise ArchiveError(
                "folders lie too deep in one another in it: ask for the notebook itself."
            ) from None
        with new:
            while block := file.read(2**20):
                self.bytes_left -= len(block)
                if self.bytes_left < 0:
                    raise ArchiveError(f"it unpacks to more than {self.most[0] / 1e6:.0f} MB.")
                new.write(block)
        if when is not None:
            os.utime(target, (when, when))


Entry = tuple[str, float | None, IO[bytes] | None]
"""A file in an archive: its name, its date, and what it holds; None for what is no plain file."""


def unpack(
    path: Path,
    folder: Path,
    room: Room,
    *,
    archives: Collection[str] = ARCHIVES,
    left_out: Callable[[str, str], None],
) -> None:
    """Unpack an archive into a folder, and each archive in it into a folder of its name there.

    Parameters
    ----------
    path
        The archive.
    folder
        Where to. Made if it isn't there.
    room
        What may be unpacked; lessened by what is.
    archives
        The endings of what is unpacked, too.
    left_out
        Told the entry and the archive of what is a link or a device.

    Raises
    ------
    ArchiveError
        If it is none, or must not be unpacked. One of BROKEN may be raised too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    inner = []
    with entries(path) as found:
        for name, when, file in found:
            if file is None:
                room.files_left -= 1
                left_out(name, path.name)
                continue
            target = folder.joinpath(*map(fitting, inside(name).parts))
            room.store(file, target, when)
            if target.suffix in archives:
                inner.append(target)
    for archive in inner:
        room.depth_left -= 1
        if room.depth_left < 0:
            raise ArchiveError("archives lie too deep in one another.")
        unpack(archive, archive.parent / stem(archive), room, archives=archives, left_out=left_out)
        room.depth_left += 1


@contextmanager
def entries(path: Path) -> Iterator[Iterator[Entry]]:
    """Give the files in an archive.

    Raises
    ------
    ArchiveError
        If it is none. One of BROKEN may be raised too.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield _of_zip(archive)
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as tar:
            yield _of_tar(tar)
    else:
        raise ArchiveError("it is no archive.")


def _of_zip(archive: zipfile.ZipFile) -> Iterator[Entry]:
    for entry in archive.infolist():
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if entry.is_dir():
            continue
        when = date_of(entry)
        name = name_of(entry)
        if kind not in (0, stat.S_IFREG):
            yield name, when, None
            continue
        with archive.open(entry) as file:
            yield name, when, file


def name_of(entry: zipfile.ZipInfo) -> str:
    """Read what it is called: in UTF-8, too, where that is not said, as macOS packs."""
    if not entry.flag_bits & UTF8:
        with contextlib.suppress(UnicodeError):
            return entry.filename.encode("cp437").decode()
    return entry.filename


def date_of(entry: zipfile.ZipInfo) -> float | None:
    """When it was last changed, by the clock of whoever packed it."""
    with contextlib.suppress(ValueError, OverflowError):
        return time.mktime((*entry.date_time, 0, 0, -1))
    return None


def _of_tar(archive: tarfile.TarFile) -> Iterator[Entry]:
    for entry in archive:
        if entry.isdir():
            continue
        yield entry.name, entry.mtime, archive.extractfile(entry) if entry.isreg() else None


def is_archive(path: Path) -> bool:
    """Return whether it is to be unpacked: it has the ending, and is what that says."""
    return path.suffix.lower() in ARCHIVES and (
        zipfile.is_zipfile(path) or tarfile.is_tarfile(path)
    )


def inside(name: str) -> Path:
    """Return an entry's name as a path that stays in its folder.

    Raises
    ------
    ArchiveError
        If it doesn't.
    """
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or not all(part == "." or is_name(part) for part in parts):
        raise ArchiveError(f"its entry {printable(name)} would get out of its folder.")
    return Path(*parts)


def fitting(name: str) -> str:
    """Return a name that this system takes: another one, if it is too long."""
    data = name.encode(errors="surrogateescape")
    if len(data) <= LONGEST_NAME:
        return name
    suffix = PurePosixPath(name).suffix
    end = f"-{hashlib.sha256(data).hexdigest()[:8]}{suffix if len(suffix) < LONGEST_SUFFIX else ''}"
    return data[: LONGEST_NAME - 4 * LONGEST_SUFFIX].decode(errors="ignore") + end


def is_name(text: str) -> bool:
    """Return whether it names something in a folder, and not another folder."""
    return text not in ("", ".", "..") and not any(c in text for c in "/\\\0")


def stem(path: Path) -> str:
    """Return the archive's name without its ending, ``.tar.gz`` too."""
    return Path(path.stem).stem if Path(path.stem).suffix == ".tar" else path.stem
