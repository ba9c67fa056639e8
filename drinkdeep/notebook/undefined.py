"""Why a name has no meaning, when the cell that should have given it one has stopped before.

A test then meets a ``NameError``, which says nothing of the mistake. The cell's own error does.
"""

import re
from collections.abc import Iterable

from nbformat import NotebookNode

from drinkdeep.cells import is_test

UNDEFINED = re.compile(r"name '(?P<name>\w+)' is not defined")
# As git and nbdime leave them.
MERGE = re.compile(r"^(?:<{7}|={7}|>{7})(?: |$)", re.MULTILINE)
# IPython adds where: "expected ':' (1234.py, line 3)".
PLACE = re.compile(r"(?P<words>.*) \((?:.*, )?line (?P<line>\d+)\)", re.DOTALL)


def why_undefined(message: str, cells: Iterable[NotebookNode]) -> tuple[str, str] | None:
    """The error that kept a name from being defined: its kind, and its words with the place.

    Parameters
    ----------
    message
        That of a ``NameError``.
    cells
        Those that were run, with their outputs.

    Returns
    -------
    None if no cell that would define the name has stopped.
    """
    found = UNDEFINED.search(message)
    if found is None:
        return None
    name = re.escape(found["name"])
    defines = re.compile(
        rf"^\s*(?:(?:async )?def|class)\s+{name}\b|^\s*(?:\w+\s*[,=]\s*)*{name}\s*[,:=]|"
        rf"^\s*(?:from|import)\b.*\b{name}\b",
        re.MULTILINE,
    )
    why = None
    for cell in cells:
        if cell.cell_type != "code" or is_test(cell) or not defines.search(cell.source):
            continue
        errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
        why = _why(cell, errors[-1], found["name"]) if errors else None
    return why


def _why(cell: NotebookNode, error: NotebookNode, name: str) -> tuple[str, str]:
    if MERGE.search(cell.source):
        line = 1 + cell.source[: MERGE.search(cell.source).start()].count("\n")  # type: ignore[union-attr]
        words = "the marks of a merge that nobody finished: keep one side, and delete the marks"
    elif place := PLACE.fullmatch(error.evalue):
        line, words = int(place["line"]), place["words"]
    else:
        return error.ename, f"{error.evalue} (the cell stopped before it gave {name} a meaning)"
    return error.ename, f"{words} (line {line} of the cell that should give {name} a meaning)"
