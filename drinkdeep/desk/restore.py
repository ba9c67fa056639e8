"""Restore a damaged exercise to the state in which it was given out, with the student's answers.

``drinkdeep restore NOTEBOOK`` takes the cells that were given out from the course, puts the
answers back into them, and keeps what the file was in a copy beside it.
"""

import argparse
import codecs
import contextlib
import copy
import json
import logging
import re
import shutil
import subprocess
import sys
import uuid
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from drinkdeep.cells import grade_id, is_task
from drinkdeep.desk.check import COURSE
from drinkdeep.notebook.file_text import decoded
from drinkdeep.notebook.matching import match_cells, split_texts
from drinkdeep.notebook.surrogates import mended
from drinkdeep.whole_file import write_whole

# Written by tools/make_student_tree.py: a student's tree has no git to ask.
RELEASED = Path(__file__).resolve().parent / "released"


NO_COMMA = re.compile(r'(["\]])(\s*\n\s*)"')
CONFLICT = re.compile(r"(<{7}|\|{7}|={7}|>{7})(?: |$)")
STUB = re.compile(r"# YOUR CODE HERE\s+raise NotImplementedError\(\)|^YOUR ANSWER HERE$")


class Trouble(Exception):
    """It can't be restored; the text says why, and the cure. Nothing was changed."""


# What was given out


def released(name: str, cells: Iterable[NotebookNode] = ()) -> tuple[str, NotebookNode] | None:
    """Return the notebook that was given out under this file name, and the name; None if unknown.

    Of a notebook that was renamed, the one that shares the most with ``cells``.
    """
    known = dict(_known())
    if name not in known:
        own = list(cells)
        shared = {}
        for other, text in known.items():
            homes = match_cells(own, _read(text).cells)
            shared[other] = len({id(home) for home in homes if home is not None})
        name = max(shared, key=lambda other: shared[other], default="")
        # One id may be in every assignment, such as that of the set-up cell.
        if shared.get(name, 0) < 3:
            return None
    return name, _read(known[name])


def known_names() -> set[str]:
    """Return the file names of the notebooks that the course gives out."""
    return {name for name, _ in _known()}


def _known() -> Iterable[tuple[str, str]]:
    """File name and text of each notebook that the course gives out."""
    if RELEASED.is_dir():
        for path in sorted(RELEASED.glob("*.ipynb")):
            yield path.name, path.read_text(encoding="utf-8")
        return
    for line in _git("ls-tree", "-r", "--name-only", "HEAD", "exercises/").splitlines():
        if line.endswith(".ipynb"):
            yield Path(line).name, _git("show", f"HEAD:{line}")


def _git(*arguments: str) -> str:
    """Ask git about the course's folder; nothing where there is no git, or no repository."""
    try:
        run = subprocess.run(
            ["git", "-C", COURSE, *arguments], capture_output=True, encoding="utf-8", check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return run.stdout


def _read(text: str) -> NotebookNode:
    with quiet_nbformat():
        notebook: NotebookNode = mended(nbformat.reads(text, as_version=4))
    return notebook


@contextlib.contextmanager
def quiet_nbformat() -> Iterator[None]:
    """Keep nbformat from telling of ids and fields at length: what matters is said in our words."""
    log = logging.getLogger("traitlets")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


# Restoring


def restored(damaged: Iterable[NotebookNode], given_out: NotebookNode) -> NotebookNode:
    """``given_out``, with the answers and the student's own cells that are among ``damaged``.

    :mod:`drinkdeep.notebook.matching` says which cell is which. What was given out comes back in
    its order. Where an answer is there twice the last counts, as in grading; the other stays as a
    cell of the student's own, behind the cell that it followed.
    """
    result = copy.deepcopy(given_out)
    stubs = {id(cell): cell.source for cell in result.cells if is_task(cell)}
    own: dict[int | None, list[NotebookNode]] = {}
    above: int | None = None
    cells = split_texts(list(damaged), result.cells)
    for cell, home in zip(cells, match_cells(cells, result.cells), strict=True):
        if home is None:
            own.setdefault(above, []).append(_plain(cell))
            continue
        above = id(home)
        if above in stubs and cell.source.strip() not in ("", stubs[above].strip()):
            if home.source not in (stubs[above], cell.source):
                own.setdefault(above, []).append(_plain(home))
            home.source = cell.source
            if cell.cell_type == home.cell_type == "code":
                home.outputs, home.execution_count = cell.outputs, cell.execution_count
    cells = own.get(None, [])
    for cell in result.cells:
        cells += [cell, *own.get(id(cell), [])]
    result.cells = cells
    return result


def _plain(cell: NotebookNode) -> NotebookNode:
    """Return a copy without nbgrader's metadata, and with an id that nobody has."""
    copied = copy.deepcopy(cell)
    copied.metadata = NotebookNode()
    copied.id = uuid.uuid4().hex[:8]
    return copied


def answers(notebook: NotebookNode, given_out: NotebookNode) -> int:
    """Count how many of the tasks that were given out have something written in them."""
    stubs = {grade_id(cell): cell.source.strip() for cell in given_out.cells if is_task(cell)}
    return sum(
        is_task(cell) and cell.source.strip() != stubs[grade_id(cell)] for cell in notebook.cells
    )


def readable_cells(text: str) -> list[NotebookNode]:
    """Return the cells of a notebook's text; of one that was cut off, those that are whole."""
    with contextlib.suppress(Exception):
        whole = list(_read(text).cells)
        if all("source" in cell and "metadata" in cell for cell in whole):
            return whole
    # Git's union of two versions leaves the last line of one without a comma, and may leave a cell
    # with two texts.
    text = NO_COMMA.sub(r'\1,\2"', text)
    decoder = json.JSONDecoder(object_pairs_hook=_both_sources)
    cells = []
    start = text.find("[", text.find('"cells"') + 1)
    while (start := text.find("{", start + 1)) >= 0:
        try:
            found, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        # What stands in a cell that is broken is no cell.
        if isinstance(found, dict) and found.get("cell_type") in ("code", "markdown", "raw"):
            cells.append(_sound(mended(found)))
            start = end - 1
    return cells


def _both_sources(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of JSON; of a cell with more than one text those that aren't as given out."""
    texts = [
        "".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in pairs
        if name == "source"
    ]
    if len(texts) < 2:
        return dict(pairs)
    answered = [text for text in texts if not STUB.search(text)]
    return {**dict(pairs), "source": "\n".join(answered or texts)}


def _sound(raw: dict[str, Any]) -> NotebookNode:
    """Return a cell of today's format, with what can be understood of a broken one."""
    source = raw.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    cell = {
        "cell_type": raw["cell_type"],
        "id": raw["id"] if isinstance(raw.get("id"), str) else uuid.uuid4().hex[:8],
        "metadata": raw["metadata"] if isinstance(raw.get("metadata"), dict) else {},
        "source": source if isinstance(source, str) else "",
    }
    if raw["cell_type"] == "code":
        cell |= {"outputs": [], "execution_count": None}
    sound: NotebookNode = nbformat.from_dict(cell)
    return sound


def without_conflict(text: str) -> tuple[str, str]:
    """Both sides of a text with the marks of a merge: ours, which is the student's, and theirs."""
    sides: tuple[list[str], list[str]] = ([], [])
    kept: tuple[bool, bool] = (True, True)
    for line in text.splitlines(keepends=True):
        if not (mark := CONFLICT.match(line)):
            for side, keep in zip(sides, kept, strict=True):
                if keep:
                    side.append(line)
        else:
            kept = {"<": (True, False), "|": (False, False), "=": (False, True)}.get(
                mark[1][0], (True, True)
            )
    return "".join(sides[0]), "".join(sides[1])


def unmerged(text: str) -> tuple[list[NotebookNode], int]:
    """Return the cells of a notebook's text; and how many are there in two versions, after a merge.

    Git puts its marks into the file, nbdime into the text of a cell. Of two versions the student's
    comes last, so that it counts.
    """
    ours, theirs = without_conflict(text)
    cells = readable_cells(ours)
    others = [] if ours == theirs else readable_cells(theirs)
    known = {(cell.cell_type, cell.source) for cell in cells}
    others = [cell for cell in others if (cell.cell_type, cell.source) not in known]
    versions = 0
    result = []
    for cell in cells:
        name = grade_id(cell)
        for other in [one for one in others if name and grade_id(one) == name]:
            others.remove(other)
            if not is_task(other) or STUB.search(other.source):
                continue  # the teacher's new text, and no answer
            result.append(other)
            versions += 1
        mine, remote = without_conflict(cell.source)
        if mine != remote:
            result.append(NotebookNode({**cell, "source": remote.rstrip("\n")}))
            cell.source = mine.rstrip("\n")
            versions += 1
        result.append(cell)
    return result, versions


def restore(path: Path, source: Path | None = None) -> str:
    """Restore the file, keep what it was in a copy, and say in words what was done.

    ``source`` is the notebook as it was given out, for one that the course doesn't know. Raises
    :class:`Trouble`.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = b""
    except OSError as error:
        raise Trouble(f"{path} can't be read ({error.strerror}): name a notebook.") from None
    text, _ = decoded(content)
    cells, versions = unmerged(text)
    if source is None:
        found = released(path.name, cells)
        if found is None:
            raise Trouble(
                f"The course has given out no notebook that {path.name} could be: fetch it again "
                f"into another folder, and say so: drinkdeep restore {path} --from THAT_NOTEBOOK."
            )
        name, given_out = found
    else:
        try:
            name, given_out = source.name, _read(source.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise Trouble(
                f"{source} can't be read as a notebook ({error}): name another."
            ) from None
    notebook = restored(cells, given_out)
    target = path.with_name(name)
    count = answers(notebook, given_out)
    kept = f"{count} answer{'' if count == 1 else 's'} of yours"
    if target != path and target.exists():
        raise Trouble(
            f"{path.name} is {name} under another name, and {target} is there as well: "
            "rename the one that you don't want, and run this again."
        )
    if target == path and content:
        if not versions and _is_sound(content) and _same(cells, notebook.cells):
            return f"{path} is as it was given out, with {kept}: nothing was changed."
        backup = _backup(path)
        _write(target, notebook)
        if not cells and text.strip():
            return (
                f"Nothing in {path} could be read as a cell of a notebook: it is as it was given "
                f"out again, without answers. What it was is in {backup.name}: look for them there."
            )
        return (
            f"{path} is as it was given out again, with {kept}. What it was is in {backup.name}. "
            f"{_two_versions(versions)}In JupyterLab: File → Reload Notebook from Disk."
        )
    _write(target, notebook)
    if target == path:
        return f"{path} was missing or empty, and is there again as it was given out."
    return f"{target} is as it was given out, with {kept}. {path.name} is left as it was."


def _is_sound(content: bytes) -> bool:
    """Return whether others can read the file as it is."""
    try:
        _read(content.decode("utf-8"))
    except Exception:
        return False
    return not content.startswith(codecs.BOM_UTF8)


def _two_versions(number: int) -> str:
    if not number:
        return ""
    return (
        f"Of {number} of them a merge had left two versions: yours counts, and the other stands "
        "below it as a cell of your own: look which you want, and delete the other. "
    )


def _same(cells: list[NotebookNode], others: list[NotebookNode]) -> bool:
    def form(cell: NotebookNode) -> tuple[object, ...]:
        nbgrader = cell.metadata.get("nbgrader")
        return cell.cell_type, cell.source, nbgrader, cell.metadata.get("tags")

    return [form(cell) for cell in cells] == [form(cell) for cell in others]


def _backup(path: Path) -> Path:
    """Copy the file to a name that is free. Not a notebook's, which would be handed in."""
    number = 1
    while (backup := path.with_name(f"{path.name}.backup-{number}")).exists():
        number += 1
    try:
        shutil.copy2(path, backup)
    except OSError as error:
        backup.unlink(missing_ok=True)
        raise Trouble(
            f"No copy of {path} can be made ({error.strerror}), so it is left as it is: make room."
        ) from None
    return backup


def _write(path: Path, notebook: NotebookNode) -> None:
    """Put the whole file in place, or leave it as it was."""
    try:
        write_whole(path, f"{nbformat.writes(notebook)}\n".encode())
    except OSError as error:
        raise Trouble(f"{path} can't be written ({error.strerror}): make room for it.") from None


# The command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``drinkdeep restore`` takes."""
    parser.add_argument("notebook", type=Path, nargs="+", metavar="NOTEBOOK")
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="NOTEBOOK",
        help="the notebook as it was given out, where the course doesn't know it",
    )


def run(arguments: argparse.Namespace) -> int:
    """Restore each; the exit code."""
    failed = False
    for path in arguments.notebook:
        try:
            print(restore(path, arguments.source))
        except Trouble as trouble:
            print(trouble, file=sys.stderr)
            failed = True
    return int(failed)
