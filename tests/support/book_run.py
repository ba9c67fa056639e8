"""A chapter's outputs from the run with which the book was built, for nbval to look at.

`make book` has run every chapter, minutes before the tests begin, by the same code, package and
kernel. nbval compares what that run gave with what is committed; a second run would take minutes
and give the same. Where there is no such run, or it is out of date, nbval runs the chapter itself.
"""

import functools
import itertools
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import build_book
import nbformat
from nbformat import NotebookNode


@functools.cache
def is_current(root: Path) -> bool:
    """Whether the book's runs are by the package as it is now."""
    record = root / "_build" / ".jupyter_cache" / "drinkdeep.sha256"
    now = build_book.digest(root, build_book.BEHIND_NOTEBOOKS, build_book.NOT_BEHIND_NOTEBOOKS)
    return record.is_file() and record.read_text() == now


def of(path: Path, root: Path) -> NotebookNode | None:
    """The chapter as it was run; None if it wasn't, as it is now."""
    if not is_current(root):
        return None
    from jupyter_cache import get_cache

    cache = get_cache(root / "_build" / ".jupyter_cache")
    try:
        record = cache.match_cache_notebook(nbformat.read(path, nbformat.NO_CONVERT))
        return cache.get_cache_bundle(record.pk).nb
    except (KeyError, OSError):
        return None


class BookRun:
    """Stands in for nbval's kernel: asked to run a cell, it says what the cell gave."""

    def __init__(self, notebook: NotebookNode) -> None:
        self._cells = iter([cell for cell in notebook.cells if cell.cell_type == "code"])
        self._ids = itertools.count()
        self._messages: Iterator[dict[str, Any]] = iter(())

    def is_alive(self) -> bool:
        return True

    def execute_cell_input(self, source: str, allow_stdin: bool | None = None) -> str:
        # Cells that nbval skips are passed over.
        cell = next(cell for cell in self._cells if cell.source == source)
        name = f"cell-{next(self._ids)}"
        parent = {"msg_id": name}
        said = [(output.output_type, dict(output)) for output in cell.outputs]
        said.append(("status", {"execution_state": "idle"}))
        self._messages = iter(
            [{"msg_type": kind, "parent_header": parent, "content": what} for kind, what in said]
        )
        return name

    def await_reply(self, msg_id: str, timeout: float | None = None) -> None:
        pass

    def await_idle(self, parent_id: str, timeout: float) -> None:
        self._messages = iter(())

    def get_message(self, stream: str, timeout: float | None = None) -> dict[str, Any]:
        try:
            return next(self._messages)
        except StopIteration:
            raise Empty from None

    def interrupt(self) -> None:
        pass

    def stop(self) -> None:
        pass
