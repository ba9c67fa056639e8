"""A damaged exercise back to the state in which it was given out, with the student's answers.

``drinkdeep restore NOTEBOOK`` takes the cells that were given out from the course, puts the
answers back into them, and keeps what the file was in a copy beside it.
"""

import argparse
import copy
import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from drinkdeep.cells import grade_id, is_task
from drinkdeep.desk.check import COURSE

# Written by tools/make_student_tree.py: a student's tree has no git to ask.
RELEASED = Path(__file__).resolve().parent / "released"


class Trouble(Exception):
    """It can't be restored; the text says why, and the cure. Nothing was changed."""


# What was given out


def released(name: str, cells: Iterable[NotebookNode] = ()) -> tuple[str, NotebookNode] | None:
    """The notebook that was given out under this file name, with the name; None if none is known.

    Of a notebook that was renamed, the one that shares the most nbgrader ids with ``cells``.
    """
    known = dict(_known())
    if name not in known:
        own = {grade_id(cell) for cell in cells} - {None}
        shared = {
            other: len(own & {grade_id(cell) for cell in _read(text).cells})
            for other, text in known.items()
        }
        name = max(shared, key=lambda other: shared[other], default="")
        # One id may be in every assignment, such as that of the set-up cell.
        if shared.get(name, 0) < 3:
            return None
    return name, _read(known[name])


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
    """What git says of the course's folder; nothing where there is no git, or no repository."""
    try:
        run = subprocess.run(
            ["git", "-C", COURSE, *arguments], capture_output=True, encoding="utf-8", check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return run.stdout


def _read(text: str) -> NotebookNode:
    notebook: NotebookNode = nbformat.reads(text, as_version=4)
    return notebook


# Restoring


def restored(damaged: Iterable[NotebookNode], given_out: NotebookNode) -> NotebookNode:
    """``given_out``, with the answers and the student's own cells that are among ``damaged``.

    A cell is known by its nbgrader id, by its id in the file, or by its text. What was given out
    comes back in its order. Where an answer is there twice the last counts, as in grading; the
    other stays as a cell of the student's own, behind the cell that it followed.
    """
    result = copy.deepcopy(given_out)
    named = {name: cell for cell in result.cells if (name := grade_id(cell))}
    numbered = {cell.id: cell for cell in result.cells}
    worded = {cell.source.strip(): cell for cell in result.cells if not grade_id(cell)}
    stubs = {id(cell): cell.source for cell in result.cells if is_task(cell)}
    own: dict[int | None, list[NotebookNode]] = {}
    above: int | None = None
    for cell in damaged:
        home = (
            named.get(grade_id(cell) or "")
            or numbered.get(cell.get("id", ""))
            or worded.get(cell.source.strip())
        )
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
    """A copy without nbgrader's metadata, and with an id that nobody has."""
    copied = copy.deepcopy(cell)
    copied.metadata = NotebookNode()
    copied.id = uuid.uuid4().hex[:8]
    return copied


def answers(notebook: NotebookNode, given_out: NotebookNode) -> int:
    """How many of the tasks that were given out have something written in them."""
    stubs = {grade_id(cell): cell.source.strip() for cell in given_out.cells if is_task(cell)}
    return sum(
        is_task(cell) and cell.source.strip() != stubs[grade_id(cell)] for cell in notebook.cells
    )


def readable_cells(text: str) -> list[NotebookNode]:
    """The cells of a notebook's text; of one that was cut off, those that are whole."""
    try:
        return list(_read(text).cells)
    except Exception:
        pass
    start = text.find("[", text.find('"cells"') + 1) + 1
    cells = []
    decoder = json.JSONDecoder()
    while start:
        start += len(text[start:]) - len(text[start:].lstrip(" \t\r\n,"))
        try:
            cell, start = decoder.raw_decode(text, start)
        except ValueError:
            break
        cells.append(cell)
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    try:
        return list(_read(json.dumps(whole)).cells)
    except Exception:
        return []


def restore(path: Path, source: Path | None = None) -> str:
    """Restore the file, keep what it was in a copy, and say in words what was done.

    ``source`` is the notebook as it was given out, for one that the course doesn't know. Raises
    :class:`Trouble`.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        text = ""
    except OSError as error:
        raise Trouble(f"{path} can't be read ({error.strerror}): name a notebook.") from None
    cells = readable_cells(text)
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
    if target == path and text:
        if _same(cells, notebook.cells):
            return f"{path} is as it was given out, with {kept}: nothing was changed."
        backup = _backup(path)
        _write(target, notebook)
        return (
            f"{path} is as it was given out again, with {kept}. What it was is in {backup.name}. "
            "In JupyterLab: File → Reload Notebook from Disk."
        )
    _write(target, notebook)
    if target == path:
        return f"{path} was missing or empty, and is there again as it was given out."
    return f"{target} is as it was given out, with {kept}. {path.name} is left as it was."


def _same(cells: list[NotebookNode], others: list[NotebookNode]) -> bool:
    def form(cell: NotebookNode) -> tuple[object, ...]:
        nbgrader = cell.metadata.get("nbgrader")
        return cell.cell_type, cell.source, nbgrader, cell.metadata.get("tags")

    return [form(cell) for cell in cells] == [form(cell) for cell in others]


def _backup(path: Path) -> Path:
    """A copy of the file under a name that is free. Not a notebook's, which would be handed in."""
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
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        temporary.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise Trouble(f"{path} can't be written ({error.strerror}): make room for it.") from None
    finally:
        temporary.unlink(missing_ok=True)


# The command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``drinkdeep restore`` takes."""
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
