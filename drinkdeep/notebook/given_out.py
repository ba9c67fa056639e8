"""Whether a student's notebook is still as it was given out, apart from the answers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from nbformat import NotebookNode

from drinkdeep.cells import grade_id, heading, is_changed, is_task, say_the_same


@dataclass(frozen=True)
class Fault:
    """A cell that was given out and isn't as it was; ``own`` is what became of it, if anything."""

    cell: NotebookNode
    own: NotebookNode | None
    title: str
    """Of the exercise that it belongs to; empty for what stands above all exercises."""
    what: Literal["is gone", "was changed", "is there twice"]


def faults(cells: Iterable[NotebookNode], given_out: NotebookNode) -> Iterator[Fault]:
    """Find what was given out and is gone, doubled or changed, in the order in which it was.

    A student may change the text of a task, and nothing else. A formatter changes nothing, nor does
    a new edition of the exercise: what counts is what this student got, by its cell's checksum.
    """
    there: dict[str | None, list[NotebookNode]] = {}
    for cell in cells:
        there.setdefault(grade_id(cell), []).append(cell)
    title = ""
    for cell in given_out.cells:
        if found := heading(cell):
            title = found["title"]
        if grade_id(cell) is None:
            continue
        own = there.get(grade_id(cell), [])
        if not own:
            yield Fault(cell, None, title, "is gone")
        elif len(own) > 1:
            yield Fault(cell, own[-1], title, "is there twice")
        elif own[0].cell_type != cell.cell_type or (
            not is_task(cell) and not say_the_same(own[0], cell) and is_changed(own[0])
        ):
            yield Fault(cell, own[0], title, "was changed")
