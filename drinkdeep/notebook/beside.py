"""Files beside a notebook that its code uses: they are not there when it is graded.

A submission runs in a sandbox that has the notebook alone. Whoever wrote it should hear of that
before, and whoever grades it too.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from nbformat import NotebookNode


def used_beside(cells: Iterable[NotebookNode], files: Iterable[str]) -> list[str]:
    """Those of ``files`` that the code imports as a module or names in a text."""
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    return [file for file in files if _uses(code, PurePath(file))]


def _uses(code: str, file: PurePath) -> bool:
    if re.search(rf"[\"'/]{re.escape(file.name)}[\"']", code):
        return True
    module = re.escape(file.stem)
    imported = rf"^\s*(?:from\s+{module}\b|import\s+(?:[\w.]+\s*,\s*)*{module}\b)"
    return file.suffix == ".py" and re.search(imported, code, re.MULTILINE) is not None


def not_there(files: Sequence[str]) -> str:
    """What to say of them."""
    what, them = ("is", "it") if len(files) == 1 else ("are", "them")
    return (
        f"{', '.join(files)} {what} not there when the notebook is graded: whatever it needs of "
        f"{them} has to stand in a cell"
    )
