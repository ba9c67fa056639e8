"""How far a student has come: the points earned of those that can be seen, and what is next.

``drinkdeep progress`` prints it in a terminal, and the welcome notebook shows it as a table. Each
notebook that has an answer in it is run, as it was saved, in a kernel of its own, and its visible
tests say what is met. Those that run when it is graded use other numbers too.
"""

import argparse
import html
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from drinkdeep.cells import grade_id, has_role, heading, is_changed, is_task, is_test
from drinkdeep.desk import run_notebook
from drinkdeep.desk.restore import known_names, quiet_nbformat, released
from drinkdeep.notebook.beside import missing_beside, not_there
from drinkdeep.notebook.file_text import decoded
from drinkdeep.notebook.given_out import faults
from drinkdeep.progress import progress

TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Task:
    """One exercise. ``met`` is None for an answer in words, which a person reads."""

    title: str
    points: float
    answered: bool
    met: bool | None


@dataclass(frozen=True)
class Standing:
    """How far one assignment is; ``trouble`` says what keeps it from being looked at or graded."""

    path: Path
    title: str
    tasks: list[Task] = field(default_factory=list)
    trouble: str | None = None

    @property
    def visible(self) -> float:
        """The points that the visible tests stand for."""
        return sum(task.points for task in self.tasks if task.met is not None)

    @property
    def earned(self) -> float:
        """Those of them that are met."""
        return sum(task.points for task in self.tasks if task.met)

    @property
    def next(self) -> str:
        """What to do next, in a few words; empty if all is done."""
        for task in self.tasks:
            if task.met is False:
                return f"{task.title}{'' if task.answered else ' (not answered yet)'}"
        for task in self.tasks:
            if task.met is None and not task.answered:
                return f"{task.title} (in words, read by a person)"
        return ""

    def __str__(self) -> str:
        """Return one or two lines for a terminal."""
        lines = [f"{self.title} · {self.earned:g} of {self.visible:g} points"]
        if self.next:
            lines.append(f"    next: {self.next}")
        if self.trouble:
            lines.append(f"    {self.trouble}")
        return "\n".join(lines)


def notebooks(folder: Path | None = None) -> list[Path]:
    """Find the assignments below ``folder``; by default those of our course, or here."""
    if folder is None:
        here = Path.cwd()
        folder = next(
            (up / "exercises" for up in (here, *here.parents) if (up / "exercises").is_dir()), here
        )
    known = known_names()
    return sorted(
        path
        for path in folder.rglob("*.ipynb")
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and (path.name in known or '"grade_id"' in decoded(path.read_bytes())[0])
    )


def standing(path: Path) -> Standing:
    """Return how far the student is in one notebook, as it was saved. It is left as it is."""
    restore = f"`drinkdeep restore {_from_here(path)}` brings it back and keeps your answers"
    try:
        with quiet_nbformat():
            notebook = nbformat.read(path, as_version=4)
    except Exception:
        return Standing(path, path.stem, trouble=f"The file is damaged: {restore}.")
    found = TITLE.search("\n".join(c.source for c in notebook.cells if c.cell_type == "markdown"))
    title = found[1] if found else path.stem
    trouble = None
    given_out = released(path.name, notebook.cells)
    if given_out:
        name, original = given_out
        if name != path.name:
            trouble = (
                f"{path.name} can't be graded under this name: rename it to {name}, with a right "
                "click on it in JupyterLab's file browser."
            )
        elif any(faults(notebook.cells, original)):
            trouble = f"Cells of this notebook were changed or are missing: {restore}."
    if used := missing_beside(notebook.cells, path.parent):
        trouble = trouble or f"{not_there(used)}."
    if any(_answered(cell) for cell in notebook.cells if is_task(cell)):
        trouble = _execute(notebook, path) or trouble
    return Standing(path, title, list(_tasks(notebook)), trouble)


def _answered(cell: NotebookNode) -> bool:
    """Return whether something is written in a task, other than what was given out."""
    return bool(cell.source.strip()) and is_changed(cell)


def _execute(notebook: NotebookNode, path: Path) -> str | None:
    """Run every cell, whatever the others do; what kept that from being done, in one sentence."""
    from jupyter_client.kernelspec import NoSuchKernel

    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in code:
        cell.outputs = []
    with progress(total=len(code), description=path.stem) as bar:
        try:
            last = run_notebook.run(
                notebook, path.parent, on_cell_complete=lambda **_: bar.update()
            )
        except NoSuchKernel:
            return "There is no Python kernel here: `drinkdeep check` says how to get it."
    return run_notebook.ended(grade_id(last) or "a cell of your own") if last is not None else None


def _tasks(notebook: NotebookNode) -> Iterator[Task]:
    """Yield each exercise, and each answer in words, in the notebook's order."""
    title = ""
    answered = False
    for cell in notebook.cells:
        if found := heading(cell):
            title, answered = found["title"], False
        if is_task(cell):
            answered = _answered(cell)
            if has_role(cell, "grade"):
                yield Task(title, cell.metadata.nbgrader.points, answered, None)
        elif is_test(cell):
            # Run, and without a fault; an untouched notebook was not run at all.
            failed = any(output.output_type == "error" for output in cell.get("outputs", []))
            met = answered and not failed and cell.get("execution_count") is not None
            yield Task(title, cell.metadata.nbgrader.points, answered, met)


# Showing


def show(folder: Path | None = None) -> None:
    """Show how far each assignment is, in a notebook: a table, with a text for who sees none."""
    from IPython.display import display

    found = [standing(path) for path in notebooks(folder)]
    display({"text/plain": _text(found), "text/html": _table(found)}, raw=True)


def _text(found: list[Standing]) -> str:
    if not found:
        return (
            "There are no exercises here: open the welcome notebook in the course's folder `book`, "
            "or name the folder that yours are in."
        )
    return "\n".join(map(str, found))


def _table(found: list[Standing]) -> str:
    if not found:
        return f"<p>{html.escape(_text(found))}</p>"
    left = 'style="text-align:left"'  # JupyterLab would align words like numbers
    rows = "".join(
        f'<tr><th scope="row" {left}><a href="{html.escape(_from_here(one.path))}">'
        f"{html.escape(one.title)}</a></th><td>{one.earned:g} of {one.visible:g}</td>"
        f"<td {left}>{html.escape(one.trouble or one.next or 'all done')}</td></tr>"
        for one in found
    )
    return (
        "<table><caption>Points earned of those that can be seen</caption>"
        f'<tr><th scope="col" {left}>Exercises</th><th scope="col">Points</th>'
        f'<th scope="col" {left}>What is next</th></tr>{rows}</table>'
    )


def _from_here(path: Path) -> str:
    """Return the path as one would write it in the current folder."""
    try:
        return min(Path(os.path.relpath(path)).as_posix(), str(path), key=len)
    except ValueError:  # another drive
        return str(path)


# The command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``drinkdeep progress`` takes."""
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        help="where the exercises are; by default those of the course's folder that you are in",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print how far each assignment is; the exit code."""
    if arguments.folder is not None and not arguments.folder.is_dir():
        print(
            f"There is no folder {arguments.folder}: name the one with exercises.", file=sys.stderr
        )
        return 1
    found = notebooks(arguments.folder)
    if not found:
        print(_text([]), file=sys.stderr)
        return 1
    for path in found:
        print(standing(path), flush=True)
    return 0
