"""Archives from an LMS, for ``nbgrader zip_collect``.

Students make these archives, so nothing of them is trusted: no entry gets out of its folder, links
and devices are left out, and what unpacks to more than the bounds is not taken in at all. One bad
archive is said and passed over; the others are taken in. Whose a file is follows from the outermost
name, never from that of something inside, which a student has chosen.

:mod:`drinkdeep.grading.platforms` knows the archives of Moodle and Canvas, and who is who there.
"""

import os
import re
import shutil
import stat
from collections import defaultdict
from functools import cached_property
from pathlib import Path, PurePosixPath

from nbgrader.api import Gradebook
from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin
from nbgrader.utils import parse_utc
from sqlalchemy.engine import make_url
from traitlets import Integer

from drinkdeep.grading.platforms.unpack import BROKEN, ArchiveError, Room, is_name, stem, unpack
from drinkdeep.grading.printable import listed, printable


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
                    self._take_in(path, place / stem(path))
                else:
                    place.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, place / name)
        if not found:
            self.log.warning("No files found in directory: %s", archive_path)

    def _take_in(self, path: Path, folder: Path) -> None:
        room = Room(self.most_bytes, self.most_files, self.most_nested)
        try:
            unpack(path, folder, room, archives=self.zip_ext, left_out=self._say_left_out)
        except (ArchiveError, *BROKEN) as error:
            shutil.rmtree(folder, ignore_errors=True)
            self.log.error(
                "%s was not taken in: %s Ask for it again.",
                printable(path.name),
                error if isinstance(error, ArchiveError) else f"it is damaged ({error}).",
            )

    def _say_left_out(self, name: str, archive: str) -> None:
        self.log.error(
            "%s in %s is a link or a device, and was left out.", printable(name), printable(archive)
        )


class SafeCollector(FileNameCollectorPlugin):  # type: ignore[misc]
    """Takes the student's name from the outermost part of a file's, and only one that is a name.

    The course's ``named_regexp`` is given the path without what lies between the outermost part and
    the file's own name: so it finds what lies in a student's folders too, and nothing there can
    pass for another student's. Where a student has several files of one name, the last is taken.
    """

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        """Return what ``named_regexp`` finds in a file's name; None to pass it over."""
        return self._found.get(submitted_file)

    @cached_property
    def _found(self) -> dict[str, dict[str, str]]:
        """All files' names are looked at before the first is answered for."""
        by_student: dict[tuple[str, str], dict[PurePosixPath, list[tuple[float, str]]]]
        by_student = defaultdict(lambda: defaultdict(list))
        infos = {}
        for path in sorted(self._extracted.rglob("*")):
            if path.is_file() and (info := self._read(path)):
                infos[str(path)] = info
                own = by_student[info["student_id"], info["file_id"]][self._outermost(path)]
                own.append((path.stat().st_mtime, str(path)))
        taken: dict[str, dict[str, str]] = {}
        for (student, _), origins in by_student.items():
            last = [max(own)[1] for own in origins.values()]
            if len(origins) > 1 and not all(infos[path].get("timestamp") for path in last):
                self.log.error(
                    "%s were left out: their names give them all to %s.",
                    listed(printable(str(origin)) for origin in origins),
                    printable(student),
                )
                continue
            for origin, own in origins.items():
                for _, other in sorted(own)[:-1]:
                    self.log.warning(
                        "%s was left out, since %s has a later one.",
                        printable(other),
                        printable(str(origin)),
                    )
            # Of several with a time in their name nbgrader itself takes the last.
            taken |= {path: infos[path] for path in last}
        if unknown := self._unknown({student for student, _ in by_student}):
            self.log.warning(
                "The gradebook has no %s: grading will enter them as new students. Is that so? "
                "`drinkdeep collect` finds out who is who.",
                listed(map(printable, unknown)),
            )
        return taken

    @property
    def _extracted(self) -> Path:
        app = self.parent
        return Path(app._format_collect_path(app.extracted_directory))

    def _outermost(self, path: Path) -> PurePosixPath:
        """Up to where a platform has named it: behind that, students have."""
        app = self.parent
        archives = Path(app._format_collect_path(app.archive_directory))
        parts = path.relative_to(self._extracted).parts
        for depth in range(1, len(parts)):
            around = archives.joinpath(*parts[:depth])
            if not around.is_dir():  # an archive was unpacked there
                return PurePosixPath(*parts[: depth + 1])
        return PurePosixPath(*parts)

    def _read(self, path: Path) -> dict[str, str] | None:
        outermost = self._extracted / self._outermost(path)
        shortened = str(outermost if outermost == path else outermost / path.name)
        found: dict[str, str] | None = super().collect(shortened)
        if not found:
            return None
        student, file = found.get("student_id") or "", found.get("file_id") or ""
        parts = PurePosixPath(file).parts
        if not is_name(student) or not parts or not all(map(is_name, parts)):
            self.log.error(
                "%s was left out: it gives the student the name %s.",
                printable(str(path)),
                printable(student),
            )
            return None
        match = re.match(self.named_regexp, shortened)
        if match and match.end("student_id") > len(str(outermost)):
            self.log.error(
                "%s was left out: whose it is would follow from a name that a student has chosen.",
                printable(str(path)),
            )
            return None
        if timestamp := found.get("timestamp"):
            try:
                parse_utc(timestamp)
            except (ValueError, OverflowError):
                self.log.error("%s has no time in its name.", printable(str(path)))
                del found["timestamp"]
        return found

    def _unknown(self, students: set[str]) -> list[str]:
        """Return those whom the gradebook doesn't have, if there is one."""
        course = self.parent.coursedir
        url = make_url(course.db_url)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            return []
        with Gradebook(course.db_url, course.course_id) as gradebook:
            return sorted(students - {student.id for student in gradebook.students})
