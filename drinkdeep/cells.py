"""What nbgrader says of a notebook's cells, for whoever reads one: the student's side and ours."""

import ast
import re
from collections.abc import Iterator

from nbformat import NotebookNode

_HEADING = re.compile(
    r"^(?P<level>#+) +(?P<title>.+?)(?: · (?P<points>[\d.]+) points?)?$", re.MULTILINE
)


def headings(cell: NotebookNode) -> Iterator[re.Match[str]]:
    """Find the headings in a cell: ``level``, ``title``, and ``points`` where it says them."""
    return _HEADING.finditer(cell.source if cell.cell_type == "markdown" else "")


def heading(cell: NotebookNode) -> re.Match[str] | None:
    """Find an exercise's heading in a cell, which is of the second level.

    >>> from nbformat.v4 import new_markdown_cell
    >>> heading(new_markdown_cell("## 3. The Huber loss · 3 points"))["title"]
    '3. The Huber loss'
    """
    return next((found for found in headings(cell) if found["level"] == "##"), None)


def grade_id(cell: NotebookNode) -> str | None:
    """Return the cell's nbgrader id, if it has one."""
    name = cell.metadata.get("nbgrader", {}).get("grade_id")
    return name if isinstance(name, str) else None


def has_role(cell: NotebookNode, role: str) -> bool:
    """Return whether the cell is nbgrader's ``grade``, ``solution`` or ``locked``."""
    return bool(cell.metadata.get("nbgrader", {}).get(role))


def is_task(cell: NotebookNode) -> bool:
    """Return whether a student writes in the cell: code, or an answer in words."""
    return grade_id(cell) is not None and has_role(cell, "solution")


def is_test(cell: NotebookNode) -> bool:
    """Return whether the cell looks at an answer and earns its points."""
    return has_role(cell, "grade") and not has_role(cell, "solution")


def is_changed(cell: NotebookNode) -> bool:
    """Return whether the cell is no longer as it was given out, by nbgrader's checksum."""
    from nbgrader.utils import compute_checksum  # takes seconds

    plain = NotebookNode({**cell, "source": cell.source.replace("\r\n", "\n")})
    changed: bool = compute_checksum(plain) != cell.metadata.nbgrader.get("checksum")
    return changed


def say_the_same(cell: NotebookNode, other: NotebookNode) -> bool:
    """Return whether two cells do the same: a formatter or other line ends change no code."""
    sources = [one.source.replace("\r\n", "\n") for one in (cell, other)]
    if sources[0] == sources[1]:
        return True
    if not cell.cell_type == other.cell_type == "code":
        return False
    try:
        first, second = (ast.dump(ast.parse(source)) for source in sources)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return first == second
