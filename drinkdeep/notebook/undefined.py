"""Why a name has no meaning, or not the one that somebody counted on: another cell is the reason.

Where the cell that should have given it one has stopped before, a test meets a ``NameError``, which
says nothing of the mistake. The cell's own error does. And where a cell above has made ``sum`` a
number, the error that follows doesn't say ``sum``.
"""

import ast
import builtins
import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence

from nbformat import NotebookNode

from drinkdeep.cells import has_role, is_test
from drinkdeep.notebook.scope import bound_names, free_names

UNDEFINED = re.compile(r"name '(?P<name>\w+)' is not defined")
# As git and nbdime leave them.
MERGE = re.compile(r"^(?:<{7}|={7}|>{7})(?: |$)", re.MULTILINE)
# IPython adds where: "expected ':' (1234.py, line 3)".
PLACE = re.compile(r"(?P<words>.*) \((?:.*, )?line (?P<line>\d+)\)", re.DOTALL)


def why_undefined(message: str, cells: Iterable[NotebookNode]) -> tuple[str, str] | None:
    """Return the error that kept a name from being defined: its kind, and its words with the place.

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


OTHER_KIND = re.compile(
    r"'(?P<kind>\w+)' object (?:is not (?:callable|iterable|subscriptable)|has no attribute)"
)


def why_other_meaning(message: str, cells: Sequence[NotebookNode]) -> str:
    """Say what to add to an error's message if a cell has redefined a name of Python's.

    Or to one that the course imports. Nothing is to be added if no such name can be the reason: one
    that other code uses, and whose new value is of the kind that the message names.
    """
    found = OTHER_KIND.search(message)
    if found is None:
        return ""
    trees = [(cell, tree) for cell in cells if (tree := _parsed(cell)) is not None]
    known = set(dir(builtins))
    used = set()
    for cell, tree in trees:
        if has_role(cell, "locked"):
            known |= {n for s in tree.body if _imports(s) for n in bound_names(s)}
        if not is_test(cell):
            used |= {name for s in tree.body for name in free_names(s)}
    for cell, tree in trees:
        if is_test(cell) or has_role(cell, "locked"):
            continue
        for name, statement in _rebound(tree, found["kind"]):
            if name in known & used:
                line = ast.unparse(statement).splitlines()[0]
                short = line if len(line) <= 60 else f"{line[:57]}…"
                return f" ({name} has another meaning since a cell of yours says: {short})"
    return ""


def _parsed(cell: NotebookNode) -> ast.Module | None:
    try:
        return ast.parse(cell.source) if cell.cell_type == "code" else None
    except (SyntaxError, ValueError, RecursionError):
        return None


def _imports(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom)


def _rebound(tree: ast.Module, kind: str) -> Iterator[tuple[str, ast.stmt]]:
    """Yield the names that a cell's statements bind, unless seen to bind another kind of value."""
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef) or _imports(statement):
            continue
        value = getattr(statement, "value", None)
        with contextlib.suppress(ValueError, TypeError, SyntaxError, RecursionError):
            if value is not None and type(ast.literal_eval(value)).__name__ != kind:
                continue
        for name in sorted(bound_names(statement)):
            yield name, statement
