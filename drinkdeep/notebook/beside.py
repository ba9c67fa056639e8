"""Files beside a notebook: which of them its code finds when it is graded.

A student's code runs in a sandbox, in a folder that holds copies of what was handed in with the
notebook, within a bound. What is beyond it, and what is no plain file, isn't there. Whoever wrote
such a notebook should hear of that before, and whoever grades it too.
"""

import fnmatch
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath

from nbformat import NotebookNode

MOST_FILES, MOST_BYTES = 100, 8_000_000
"""How many files code finds beside it at most, and what all of them have together."""
LITTER = (".*", "~$*", "__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini")
"""What systems, editors and Python leave beside one's files: nobody has handed it in."""
OF_THE_EXCHANGE = ("timestamp.txt", "submission_secret.txt")
"""What nbgrader lays beside a submission: a student's own folder hasn't got it."""
MOST_LOOKED_AT = 10_000


def walk(folder: Path, ignore: Sequence[str] = LITTER) -> Iterator[tuple[Path, str]]:
    """Yield each file below a folder, and what it is if it is no plain file. Follow no link."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(n for n in folders if not _matches(n, ignore))
        for name in sorted([*names, *(n for n in folders if (Path(root) / n).is_symlink())]):
            if _matches(name, ignore):
                continue
            path = Path(root) / name
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                yield path, ""
            elif stat.S_ISLNK(mode):
                yield path, "a link to something else"
            elif stat.S_ISFIFO(mode):
                yield path, "a pipe and no file"
            else:
                yield path, "a device or a socket and no file"


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def provided(sizes: Mapping[str, int]) -> list[str]:
    """Return those of the files that a notebook's code finds beside it, the smallest first.

    ``sizes`` are their bytes, by their names in the notebook's folder.
    """
    found = []
    room = MOST_BYTES
    for name in sorted(sizes, key=lambda name: (sizes[name], name))[:MOST_FILES]:
        room -= sizes[name]
        if room < 0:
            break
        found.append(name)
    return found


def missing_beside(cells: Iterable[NotebookNode], folder: Path) -> list[str]:
    """Return what the code uses of a student's folder, and will not find when it is graded."""
    sizes: dict[str, int] = {}
    others = []
    for looked_at, (path, what) in enumerate(walk(folder)):
        if looked_at == MOST_LOOKED_AT:
            break
        name = path.relative_to(folder).as_posix()
        if what or path.suffix == ".ipynb":
            others.append(name)
        else:
            sizes[name] = path.stat().st_size
    given = set(provided(sizes))
    return used_beside(cells, sorted([*others, *(sizes.keys() - given)]))


def used_beside(cells: Iterable[NotebookNode], files: Iterable[str]) -> list[str]:
    """Return those of ``files`` that the code imports as a module or names in a text."""
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    return [file for file in files if _uses(code, PurePath(file))]


def _uses(code: str, file: PurePath) -> bool:
    name = re.escape(file.name)
    if re.search(rf"[\"'/]{name}[\"']|^\s*[%!].*\b{name}\b", code, re.MULTILINE):
        return True
    module = re.escape(file.stem)
    imported = rf"^\s*(?:from\s+{module}\b|import\s+(?:[\w.]+\s*,\s*)*{module}\b)"
    return file.suffix == ".py" and re.search(imported, code, re.MULTILINE) is not None


def not_there(files: Sequence[str]) -> str:
    """Say which are used and will not be found."""
    what, them = ("is", "it") if len(files) == 1 else ("are", "them")
    return (
        f"{', '.join(files)} {what} not there when the notebook is graded: beside it lie no links, "
        f"no other notebooks, and of the files, from the smallest on, {MOST_FILES} with "
        f"{MOST_BYTES // 10**6} MB together; whatever the code needs of {them} has to stand in a "
        "cell"
    )
