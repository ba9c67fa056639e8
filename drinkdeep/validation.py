"""What *Validate* says, in JupyterLab and as ``nbgrader validate``: words instead of tracebacks.

``nbgrader_config.py`` has nbgrader call :func:`validate` before it runs a notebook's cells.
"""

import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

from drinkdeep import running
from drinkdeep.cells import grade_id, is_task, is_test
from drinkdeep.points import HEADING
from drinkdeep.restoring import released

# nbgrader cuts the lines that it shows.
WIDTH = 80


def validate(notebook: NotebookNode) -> None:
    """Run the cells in nbgrader's place, and say in a sentence what is wrong with each.

    nbgrader has no words of its own for a kernel that ended, nor for a cell that is gone. Such
    words stand at the top, in a cell that looks to it like a test that failed.
    """
    signs = list(_damage(notebook))
    dead = running.run(notebook, Path.cwd())  # nbgrader goes into the notebook's folder
    if dead is not None:
        signs.append(_sign(dead.source, running.ended("this cell")))
    for cell in notebook.cells:
        # Or nbgrader, who runs what isn't tagged so, would run it once more.
        cell.metadata.setdefault("tags", []).append("skip-execution")
        for output in cell.get("outputs", []):
            if is_test(cell) and output.output_type == "error":
                output.traceback = _words(output).splitlines()
    notebook.cells[:0] = signs


def _words(error: NotebookNode) -> str:
    """Why a test cell failed. The traceback is there when the cell is run in the notebook."""
    if error.ename == "Miss":  # a check of drinkdeep.checks, which has words of its own
        return "\n".join(error.traceback)
    if error.ename == "NotImplementedError":
        return "✗ Not answered yet: write in place of `raise NotImplementedError()`."
    if error.ename == "NameError":
        return f"✗ {error.evalue}: no cell above gives this name a meaning."
    if error.ename == "KeyboardInterrupt":
        return f"✗ Stopped after {running.CELL_SECONDS} s: look for a loop that has no end."
    where = "Run the task's cells in the notebook: the traceback there says where."
    return f"✗ Your code raised {error.ename}: {error.evalue}\n  {where}"


def _damage(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """A sign for each cell that was given out and is gone, and for another name of the file."""
    # nbgrader hands on no name, so the notebook is known by its cells.
    found = released("", notebook.cells)
    if found is None:
        return
    name, given_out = found
    path = Path.cwd() / name
    if not path.is_file():
        yield _sign(
            notebook.cells[0].source,
            f"This notebook can't be graded under the name that its file has: rename it to {name}, "
            "with a right click on it in JupyterLab's file browser.",
        )
    there = {grade_id(cell) for cell in notebook.cells}
    title = ""
    for cell in given_out.cells:
        if cell.cell_type == "markdown" and (heading := HEADING.search(cell.source)):
            title = f" of exercise “{heading['title']}”"
        if grade_id(cell) not in there | {None}:
            what = "checks" if is_test(cell) else "answer" if is_task(cell) else "set-up"
            yield _sign(
                cell.source,
                f"The cell with the {what}{title} is gone: this command, in a terminal, brings it "
                "back and keeps your answers:",
                f"drinkdeep restore {shlex.quote(str(path))}",
            )


def _sign(source: str, sentence: str, command: str = "") -> NotebookNode:
    """A cell that nbgrader shows as one that failed, with these words."""
    lines = textwrap.wrap(f"✗ {sentence}", WIDTH, subsequent_indent="  ")
    if command:
        lines.append(f"  {command}")
    # No points: none are lost that the tests don't count.
    test = {"grade": True, "solution": False, "locked": True, "task": False, "points": 0}
    sign: NotebookNode = new_code_cell(
        source,
        metadata={"nbgrader": test, "tags": ["skip-execution"]},
        outputs=[new_output("error", ename="", evalue="", traceback=lines)],
    )
    return sign
