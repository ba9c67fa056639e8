"""What *Validate* says, in JupyterLab and as ``nbgrader validate``: words instead of tracebacks.

``nbgrader_config.py`` has :func:`configure` set nbgrader up, so that it calls :func:`validate`
before it runs a notebook's cells. For the buttons there is more in :mod:`drinkdeep.desk.server`.
"""

import logging
import re
import shlex
import sys
import textwrap
import traceback
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from nbformat.warnings import DuplicateCellId, MissingIDFieldWarning
from traitlets.config import Config

from drinkdeep.cells import grade_id, is_task, is_test
from drinkdeep.desk import run_notebook
from drinkdeep.desk.restore import released
from drinkdeep.nbgrader_version import unread
from drinkdeep.notebook.beside import missing_beside, not_there
from drinkdeep.notebook.given_out import faults
from drinkdeep.notebook.undefined import why_other_meaning, why_undefined

# nbgrader cuts the lines that it shows.
WIDTH = 80
LOCATION = re.compile(r"(?:Cell In|File )")
BRINGS_BACK = "this command, in a terminal, brings it back and keeps your answers:"
# The file or the disk, or no kernel, rather than what is in the notebook.
OF_THE_MACHINE = re.compile(r"\[Errno \d+\]|NoSuchKernel|RuntimeError")


def configure(c: Config) -> None:
    """Have nbgrader say in words what is wrong with what a student validates or hands in."""
    # Ids that are double or missing are mended as the file is read, and nobody's concern.
    for kind in (DuplicateCellId, MissingIDFieldWarning):
        warnings.simplefilter("ignore", kind)
    c.Execute.on_notebook_start = validate
    c.ValidateApp.logging_config = {
        "filters": {"words": {"()": Words}},
        "handlers": {"console": {"filters": ["words"]}},
    }
    # nbgrader looks at the types before it calls us.
    c.Validator.type_changed_warning = (
        "Code was made text, or text code, in {num_changed} cell(s): `drinkdeep restore`, with the "
        "notebook's path, brings back what was given out and keeps your answers."
    )
    # Without a notebook of its name an assignment would be handed in, and not be graded.
    c.ExchangeSubmit.strict = True


def validate(notebook: NotebookNode) -> None:
    """Run the cells in nbgrader's place, and say in a sentence what is wrong with each.

    nbgrader has no words of its own for a kernel that ended, nor for a cell that is gone, and no
    extension point for them: what calls us is nbclient's, and all that we can do is change the
    notebook. So such words stand at the top, in a cell that looks to nbgrader like a test that
    failed. With a version of it that nobody has read, that is all that we say.
    """
    if refusal := unread("What *Validate* says"):
        notebook.cells.insert(0, _sign("", refusal))
        return
    signs = list(_damage(notebook))
    dead = run_notebook.run(notebook, Path.cwd())  # nbgrader goes into the notebook's folder
    if dead is not None:
        signs.append(_sign(dead.source, run_notebook.ended("this cell")))
    for place, cell in enumerate(notebook.cells):
        # Or nbgrader, who runs what isn't tagged so, would run it once more.
        cell.metadata.setdefault("tags", []).append("skip-execution")
        for output in cell.get("outputs", []):
            if is_test(cell) and output.output_type == "error":
                output.traceback = _words(output, notebook.cells[:place]).splitlines()
    notebook.cells[:0] = signs


class Words(logging.Filter):
    """For the log of ``nbgrader validate``: a sentence in place of a traceback.

    A cell that is there twice, or a file that can't be read, stops nbgrader before it calls us.
    """

    LAST = re.compile(r"nbgrader encountered a fatal error while trying to validate '(.+)'")
    BEFORE = ("Traceback", "Notebook failed to validate", "Notebook JSON is invalid")

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is shown; the last one is given other words."""
        message = record.getMessage()
        if (last := self.LAST.fullmatch(message)) and (error := sys.exception()):
            said = traceback.format_exception_only(error)[-1].strip()
            record.msg, record.args = not_looked_at(said, Path(last[1]).resolve()), ()
        return not message.startswith(self.BEFORE)


def not_looked_at(error: str, path: Path) -> str:
    """Say what to do about an error that kept nbgrader from beginning, and by which command.

    ``error`` is the last line of its traceback. The command stands on a line of its own, to be
    copied.
    """
    if OF_THE_MACHINE.search(error):
        sentence = (
            f"The notebook was not run ({error}): this command, in a terminal, says what is "
            "missing, and what to do:"
        )
        command = "drinkdeep check"
    else:
        sentence = (
            "This notebook can't be looked at, because a cell is in it twice or its file is "
            f"damaged: {BRINGS_BACK}"
        )
        command = _restore(path)
    return f"{textwrap.fill(sentence, WIDTH)}\n{command}"


def another_type(now: str, before: str, path: Path) -> str:
    """Say what to do about a cell that was code and is text, or the other way round."""
    return _shown(f"This was a {before} cell and is a {now} cell: {BRINGS_BACK}", _restore(path))


def _restore(path: Path) -> str:
    return f"drinkdeep restore {shlex.quote(str(path))}"


def _words(error: NotebookNode, above: Sequence[NotebookNode]) -> str:
    """Why a test cell failed. The traceback is there when the cell is run in the notebook."""
    if error.ename == "Miss":  # a check of drinkdeep.checks, which has words of its own
        return "\n".join(error.traceback)
    if error.ename == "Unanswered" or _is_stub(error):
        return "✗ Not answered yet: write in place of `raise NotImplementedError()`."
    if error.ename == "NameError" and (why := why_undefined(error.evalue, above)):
        return f"✗ Your code raised {why[0]}: {why[1]}"
    if error.ename == "NameError":
        return f"✗ {error.evalue}: no cell above gives this name a meaning."
    if error.ename == "KeyboardInterrupt":
        return f"✗ Stopped after {run_notebook.CELL_SECONDS} s: look for a loop that has no end."
    where = "Run the task's cells in the notebook: the traceback there says where."
    more = why_other_meaning(error.evalue, above)
    return f"✗ Your code raised {error.ename}: {error.evalue}{more}\n  {where}"


def _is_stub(error: NotebookNode) -> bool:
    """As :func:`drinkdeep.checks.is_stub`, of what is written down of an error.

    The last part of its traceback is of the line that raised it.
    """
    parts = [part for part in map(strip_ansi, error.traceback) if LOCATION.match(part)]
    at_home = not parts or parts[-1].startswith("Cell In")
    return error.ename == "NotImplementedError" and not error.evalue and at_home


def _damage(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """Yield a sign for each cell that is gone or changed, and for another name of the file."""
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
    if used := missing_beside(notebook.cells, path.parent):
        yield _sign(notebook.cells[0].source, f"{not_there(used)}.")
    if not any(is_test(cell) for cell in notebook.cells):
        yield _sign(
            notebook.cells[0].source,
            "This notebook has lost its tests: another program has dropped what nbgrader keeps in "
            f"the cells' metadata, so nothing was looked at: {BRINGS_BACK}",
            _restore(path),
        )
        return
    for fault in faults(notebook.cells, given_out):
        cell = fault.cell
        what = "checks" if is_test(cell) else "answer" if is_task(cell) else "set-up"
        title = f" of exercise “{fault.title}”" if fault.title else ""
        yield _sign(
            (fault.own or cell).source,
            f"The cell with the {what}{title} {fault.what}: {BRINGS_BACK}",
            _restore(path),
        )
    for cell in notebook.cells:
        if grade_id(cell) and not is_task(cell):
            # nbgrader would say once more that it was changed, without the cure and nothing else.
            cell.metadata.nbgrader.pop("checksum", None)


def _sign(source: str, sentence: str, command: str = "") -> NotebookNode:
    """Return a cell that nbgrader shows as one that failed, with these words."""
    # No points: none are lost that the tests don't count.
    test = {"grade": True, "solution": False, "locked": True, "task": False, "points": 0}
    words = _shown(sentence, command).splitlines()
    sign: NotebookNode = new_code_cell(
        source,
        metadata={"nbgrader": test, "tags": ["skip-execution"]},
        outputs=[new_output("error", ename="", evalue="", traceback=words)],
    )
    return sign


def _shown(sentence: str, command: str) -> str:
    """As it stands under a cell that failed."""
    lines = textwrap.wrap(f"✗ {sentence}", WIDTH, subsequent_indent="  ")
    if command:
        lines.append(f"  {command}")
    return "\n".join(lines)
