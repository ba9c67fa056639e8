"""Reading what a student handed in, whatever it is.

Nothing in a submission's folder is trusted: a link, a pipe or a device is never opened, a notebook
is rebuilt cell by cell from what can be understood of it, and what can't be graded is told in one
sentence that says what is wrong and what to do.
"""

import fnmatch
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.corpus.words import generate_corpus_id
from nbformat.v4 import new_notebook
from nbgrader.utils import parse_utc

from drinkdeep.cells import grade_id

MOST_FILES = 1000
"""Files beside the notebooks; what goes beyond is left where it is."""
LONGEST_NAME = 128
"""Characters in a student's name: the gradebook's column has no more."""
TIMESTAMP = "timestamp.txt"


class UnreadableError(Exception):
    """It can't be graded. The message is one sentence: what is wrong, and what to do."""


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

    @cached_property
    def digest(self) -> str:
        """The hash of all of it: of the notebooks, and of what lies beside them."""
        total = hashlib.sha256()
        for name, content in sorted(self.notebooks.items()):
            total.update(f"{name}\0{len(content)}\0".encode(errors="surrogateescape"))
            total.update(content)
        for name in self.files:
            with _open(self.folder / name) as file:
                content_digest = hashlib.file_digest(file, "sha256").digest()
            total.update(name.encode(errors="surrogateescape") + b"\0" + content_digest)
        return total.hexdigest()

    def copy_files(self, target: Path) -> None:
        """Copy what lies beside the notebooks to another folder."""
        for name in self.files:
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with _open(self.folder / name) as old, path.open("wb") as new:
                while block := old.read(2**20):
                    new.write(block)


def take_in(
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
    _check_name(student)
    if folder.is_symlink() or folder.parent.is_symlink():
        raise UnreadableError("Its folder is a link to another one: copy the folder itself here.")
    notes: list[str] = []
    files: list[str] = []
    for path, what in _walk(folder, ignore):
        name = str(path.relative_to(folder))
        if what:
            notes.append(f"{shown(name)} is {what}, and was left out.")
        elif path.suffix != ".ipynb" and path.lstat().st_size > most_bytes:
            notes.append(
                f"{shown(name)} has {_size(path)}, more than the {most_bytes / 1e6:.0f} MB "
                "of `CourseDirectory.max_file_size`, and was left out."
            )
        else:
            files.append(name)
    files.sort()
    chosen, more = _choose(folder, [n for n in files if n.endswith(".ipynb")], wanted)
    notes += more
    found = {name: _read(folder / file, most_bytes) for name, file in chosen.items()}
    others = [n for n in files if not n.endswith(".ipynb")]
    if TIMESTAMP in others and not _is_a_time(folder / TIMESTAMP):
        others.remove(TIMESTAMP)
        notes.append(
            f"{shown(TIMESTAMP)} holds no time, so it counts as handed in in time: put it right."
        )
    if len(others) > MOST_FILES:
        notes.append(f"Of {len(others)} files beside the notebook the first {MOST_FILES} are kept.")
    return Submission(student, folder, found, tuple(others[:MOST_FILES]), tuple(notes))


def understand(content: bytes, ids: set[str]) -> tuple[NotebookNode, list[str]]:
    """A notebook of today's format made of a file, and what is to be said of it.

    Text, code and nbgrader's ids are all that is taken over: outputs are made anew. ``ids`` are
    those of the assignment, by which one sees whether it is its notebook at all.

    Raises
    ------
    UnreadableError
        If it can't be understood.
    """
    if not content.strip():
        raise UnreadableError(f"The notebook is empty: {_AGAIN}.")
    try:
        text = content.decode("utf-8-sig")
        raw = json.loads(text)
    except UnicodeDecodeError:
        raise UnreadableError(f"The notebook is not text in UTF-8: {_AGAIN}.") from None
    except RecursionError:
        raise UnreadableError(f"The notebook is nested too deeply: {_AGAIN}.") from None
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError) and error.pos >= len(text.rstrip()) - 1:
            raise UnreadableError(
                f"The notebook breaks off in the middle, as if it was not saved whole: {_AGAIN}."
            ) from None
        raise UnreadableError(f"The notebook is no JSON, as notebooks are: {_AGAIN}.") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("nbformat"), int):
        raise UnreadableError(f"The file is JSON but no notebook: {_AGAIN}.")
    if raw["nbformat"] > nbformat.current_nbformat:
        raise UnreadableError(
            f"The notebook has format {raw['nbformat']}, which is newer than what can be read: "
            f"save it in format {nbformat.current_nbformat} and hand it in again."
        )
    notes = []
    if raw["nbformat"] < nbformat.current_nbformat:
        notes.append(f"The notebook had the old format {raw['nbformat']}, and was converted.")
        try:
            raw = nbformat.reads(text, as_version=nbformat.current_nbformat)
        except Exception:
            raise UnreadableError(
                f"The notebook says that it has the old format {raw['nbformat']}, and has not: "
                f"{_AGAIN}."
            ) from None
    notebook = _rebuilt(raw)
    language = _language(raw)
    if language and language.lower() not in ("python", "ipython"):
        notes.append(f"The notebook says that it is written in {language}; it was run as Python.")
    if ids and not ids & {grade_id(cell) for cell in notebook.cells}:
        notes.append(
            "No cell of the assignment is in the notebook: it is another one, or it has lost its "
            "metadata; it was graded by the names that it defines, and written answers by nobody."
        )
    return notebook, notes


_AGAIN = "ask for the notebook again, saved and handed in anew"


def _check_name(student: str) -> None:
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


def _walk(folder: Path, ignore: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Each file below a folder, and what it is if it is no plain file."""
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


def _choose(
    folder: Path, files: list[str], wanted: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    """Which file is which of the assignment's notebooks, and what is to be said of it."""
    for name in wanted:
        path = folder / f"{name}.ipynb"
        if (path.is_symlink() or path.exists()) and f"{name}.ipynb" not in files:
            raise UnreadableError(
                f"{shown(path.name)} is no file but a link, a pipe, a folder or a device: "
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
                f"There is no {shown(f'{name}.ipynb')}, and any of "
                f"{', '.join(map(shown, alike[:5]))} may be it: leave one, under that name."
            )
        for file in alike:
            chosen[name] = file
            left.remove(file)
            notes.append(f"{shown(file)} was taken for {shown(f'{name}.ipynb')}.")
    if not chosen:
        expected = " and ".join(shown(f"{name}.ipynb") for name in wanted)
        raise UnreadableError(f"There is no notebook in it: ask for {expected}.")
    notes += [
        f"{shown(f'{name}.ipynb')} is missing, and earns nothing."
        for name in wanted
        if name not in chosen
    ]
    notes += [f"{shown(file)} is not part of the assignment." for file in left]
    return chosen, notes


def _read(path: Path, most_bytes: int) -> bytes:
    with _open(path) as file:
        if os.fstat(file.fileno()).st_size > most_bytes:
            raise UnreadableError(
                f"{shown(path.name)} has {_size(path)}, more than the {most_bytes / 1e6:.0f} MB "
                "of `CourseDirectory.max_file_size`: ask for it again with its outputs cleared."
            )
        return bytes(file.read())


def _is_a_time(path: Path) -> bool:
    with _open(path) as file:
        text = file.read(1000).decode(errors="replace").strip()
    try:
        return not text or parse_utc(text) is not None
    except (ValueError, OverflowError, TypeError):
        return False


def _open(path: Path) -> Any:
    """Open a plain file, and nothing that has been put in its place since it was looked at."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise UnreadableError(
            f"{shown(path.name)} can't be read ({error.strerror}): see to its permissions."
        ) from None
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise UnreadableError(f"{shown(path.name)} is no file: ask for the notebook itself.")
    return os.fdopen(number, "rb")


def shown(name: str) -> str:
    """A file's name as it can be shown: on one line, and not for ever."""
    shown = name.encode(errors="replace").decode()
    shown = "".join(c if c.isprintable() else "�" for c in shown)
    return f"“{shown if len(shown) <= 80 else shown[:77] + '…'}”"


def _size(path: Path) -> str:
    return f"{path.lstat().st_size / 1e6:.0f} MB"


def _language(raw: dict[str, Any]) -> str:
    metadata = raw.get("metadata")
    for key, name in (
        ("kernelspec", "language"),
        ("language_info", "name"),
        ("kernelspec", "name"),
    ):
        part = metadata.get(key) if isinstance(metadata, dict) else None
        if isinstance(part, dict) and isinstance(part.get(name), str) and part[name]:
            return "Python" if part[name].startswith("python") else str(part[name])[:40]
    return ""


def _rebuilt(raw: dict[str, Any]) -> NotebookNode:
    """The notebook with what can be understood of each cell."""
    cells = []
    for old in raw["cells"] if isinstance(raw.get("cells"), list) else []:
        if not isinstance(old, dict) or old.get("cell_type") not in ("code", "markdown", "raw"):
            continue
        cell = _cell(old["cell_type"], _joined(old.get("source")))
        metadata = old.get("metadata")
        nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        if isinstance(nbgrader, dict):
            cell.metadata = nbformat.from_dict({"nbgrader": nbgrader})
        if isinstance(old.get("attachments"), dict) and cell.cell_type != "code":
            cell.attachments = nbformat.from_dict(old["attachments"])
            try:
                nbformat.validate(new_notebook(cells=[cell]))
            except nbformat.ValidationError:
                del cell["attachments"]
        cells.append(cell)
    notebook: NotebookNode = new_notebook(cells=cells)
    return notebook


def _cell(kind: str, source: str) -> NotebookNode:
    """As nbformat's functions make one; they look each time whether it is what they have made."""
    cell = {"cell_type": kind, "id": generate_corpus_id(), "metadata": {}, "source": source}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    made: NotebookNode = nbformat.from_dict(cell)
    return made


def _joined(source: Any) -> str:
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    # Windows' line ends would make a text differ from itself.
    return source.replace("\r\n", "\n").replace("\r", "\n") if isinstance(source, str) else ""
