"""Nothing but plain files is taken in by nbgrader's own commands: no link is followed.

A link in what a student hands in may lead to any file that whoever grades can read, and nbgrader
copies what it leads to. ``drinkdeep grade`` reads submissions by itself
(:mod:`drinkdeep.grading.batch.submission`); here is the same for ``nbgrader collect``, by a class
that the exchange may be given, and for ``nbgrader autograde``, which has no place for one.
"""

import os
import stat
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.converters import base
from nbgrader.exchange import ExchangeFactory
from nbgrader.exchange.default import ExchangeCollect
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import find_all_files, parse_utc
from traitlets.log import get_logger

from drinkdeep.grading.batch.submission import TIMESTAMP, open_plain
from drinkdeep.grading.errors import UnreadableError
from drinkdeep.grading.printable import printable
from drinkdeep.nbgrader_version import WRITTEN_FOR

LEFT_OUT = "%s is a link, a pipe or a device and no file, and was left out."
BACKDATED = (
    "%s says that it was handed in at %s UTC, and came into the exchange at %.19s UTC, or was "
    "moved then: its student has written the first."
)
LATER = timedelta(hours=1)
"""How much later than its stamp a submission may come into the exchange, clocks being what they
are."""
TOO_LARGE = "%s has more than %.0f MB, `CourseDirectory.max_dir_size`, and was not collected."


class PlainCollect(ExchangeCollect):  # type: ignore[misc]
    """Collects from the exchange what is a file there.

    A folder in the exchange is still its student's, who can change it while it is copied: so each
    file is looked at when it is open already.
    """

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy the files of a folder as nbgrader does it; one that is too large stops no other."""
        submitted = Path(dest).parent.parent
        room = 1000 * self.coursedir.max_dir_size
        with tempfile.TemporaryDirectory(prefix=".collect-", dir=submitted) as folder:
            plain = Path(folder) / "plain"
            for root, folders, names, number in os.fwalk(src):
                place = plain / os.path.relpath(root, src)
                place.mkdir()
                # A link to a folder stands among the folders, and isn't walked into.
                links = [name for name in folders if Path(root, name).is_symlink()]
                for name in names + links:
                    copied = _copy(name, number, place / name, room)
                    if copied is None:
                        self.log.error(LEFT_OUT, printable(str(Path(root) / name)))
                    room -= copied or 0
                    if room < 0:
                        self.log.error(
                            TOO_LARGE, printable(src), self.coursedir.max_dir_size / 1000
                        )
                        return
            super().do_copy(str(plain), dest, log)
        self._doubt(Path(src), Path(dest))

    def _doubt(self, src: Path, dest: Path) -> None:
        """Tell of a time of handing in that its student has written, in the past.

        The stamp is a file of the student's. When their folder was last changed is the system's.
        """
        try:
            stamp = parse_utc((dest / TIMESTAMP).read_text().strip())
        except (OSError, ValueError):  # none, or none that can be read: grading says so
            return
        arrived = datetime.fromtimestamp(src.stat().st_ctime, UTC).replace(tzinfo=None)
        if arrived - stamp > LATER:
            self.log.warning(BACKDATED, printable(src.name), stamp, arrived)


def _copy(name: str, folder: int, target: Path, most: int) -> int | None:
    """Copy the file of that name in an open folder; its size, or None if there is no such file.

    Of one that is larger than ``most`` nothing is copied.
    """
    try:
        opened = open_plain(Path(name), folder)
    except UnreadableError:
        return None
    with opened as file:
        found = os.fstat(file.fileno())
        if found.st_size <= most:
            # No more than it had: it may be growing.
            target.write_bytes(file.read(found.st_size))
            os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))
        return int(found.st_size)


def _plain_files(path: str, exclude: Sequence[str] | None = None) -> list[str]:
    """Return nbgrader's ``find_all_files``, of which links, pipes and devices are left out."""
    found = []
    for name in find_all_files(path, exclude):
        if stat.S_ISREG(os.lstat(name).st_mode):
            found.append(name)
        else:
            get_logger().error(LEFT_OUT, printable(name))
    return found


class PlainNotebook(NbGraderPreprocessor):  # type: ignore[misc]
    """Refuses a notebook that is a link, and may be somebody else's."""

    def preprocess(
        self, notebook: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Return the notebook as it is.

        Raises
        ------
        UnreadableError
            If it, or a folder that it is in, is a link.
        """
        course = self.parent.parent.coursedir  # of the exporter, of the converter
        name = resources["nbgrader"]
        place = course.format_path(course.submitted_directory, name["student"], name["assignment"])
        path = Path(place) / f"{name['notebook']}.ipynb"
        if any(part.is_symlink() for part in (path, path.parent, path.parents[1])):
            raise UnreadableError(f"{printable(path.name)} is a link: ask for the notebook itself.")
        return notebook, resources


def refuse_links() -> None:
    """Have nbgrader's converters copy, and its exchange collect, plain files alone.

    For converters nbgrader has no extension point, so the function by which
    ``nbgrader.converters.base`` looks for files is replaced. The exchange has one; but what a
    course's settings name there would take the place of another exchange, which the settings of
    the machine name (ngshare's, on a hub). So it is what is taken where nobody names any.

    Raises
    ------
    RuntimeError
        If it isn't there under this name: another version of nbgrader.
    """
    if base.find_all_files not in (find_all_files, _plain_files):
        raise RuntimeError(
            f"nbgrader looks for files in another way than in version {WRITTEN_FOR}: install the "
            "requirements of the course."
        )
    base.find_all_files = _plain_files
    ExchangeFactory.class_traits()["collect"].default_value = PlainCollect
