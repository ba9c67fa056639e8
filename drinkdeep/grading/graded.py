"""What a graded notebook says as data, in the metadata of its cells: written and read here alone.

The text in a test cell's output is made for people, who read it in JupyterLab or Formgrader. What
a student's code has said stands in it too, so nothing is ever read back out of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from nbformat import NotebookNode

from drinkdeep.cells import grade_id

KEY = "drinkdeep"
EARLIER = "Graded by an earlier version, whose words can't be told from those of the code it ran:"
"""What is said of a notebook in which nothing stands but a text."""


class Missed(NamedTuple):
    """One thing that a test found wrong."""

    words: str
    """The course's own."""
    detail: str
    """What was seen; a student's code may have said any of it."""


class Checked(NamedTuple):
    """How one check of a test went."""

    met: bool
    unknown: str
    """What was seen, if the course has no words for it yet; a student's code may have said it."""


class Stop(NamedTuple):
    """Why code of a student's had to be stopped."""

    error: str
    words: str


def write_verdict(
    cell: NotebookNode,
    score: float,
    points: float,
    missed: Iterable[Missed],
    checks: Iterable[Checked] = (),
) -> None:
    """Note in a test cell what the exercise earns, why not more, and how each check went."""
    # Plain texts, and no classes of the checks': a notebook goes from process to process.
    found = [NotebookNode(words=str(m.words), detail=str(m.detail)) for m in missed]
    went = [NotebookNode(met=bool(c.met), unknown=str(c.unknown)) for c in checks]
    cell.metadata.setdefault(KEY, NotebookNode()).update(
        score=score, points=points, missed=found, checks=went
    )


def write_stops(cell: NotebookNode, stops: Sequence[Stop]) -> None:
    """Note in a cell what was stopped while it ran."""
    if stops:
        said = cell.metadata.setdefault(KEY, NotebookNode())
        said["stops"] = [NotebookNode(stop._asdict()) for stop in stops]


def missed(cell: NotebookNode) -> list[Missed] | None:
    """Return what a test cell's verdict names; None if there is no verdict in it."""
    found = cell.metadata.get(KEY, {}).get("missed")
    return None if found is None else [Missed(m["words"], m["detail"]) for m in found]


def checked(notebook: NotebookNode) -> Iterator[tuple[str, list[Checked]]]:
    """Yield how the checks of each test went, with the test cell's id; only what was noted."""
    for cell in notebook.cells:
        if went := cell.metadata.get(KEY, {}).get("checks"):
            yield grade_id(cell) or "", [Checked(c["met"], c["unknown"]) for c in went]


def missed_or_text(cell: NotebookNode) -> list[Missed]:
    """As :func:`missed`; of a cell that was graded before there was one, its text as a detail."""
    found = missed(cell)
    if found is not None:
        return found
    said = "".join(o.text for o in cell.get("outputs", []) if o.output_type == "stream").strip()
    return [Missed(EARLIER, said)] if "\n" in said else []


def all_missed(notebook: NotebookNode) -> Iterator[tuple[str, Missed]]:
    """Yield what was found wrong in a graded notebook, each with the id of the test cell."""
    for cell in notebook.cells:
        for entry in missed(cell) or []:
            yield grade_id(cell) or "", entry


def all_stops(notebook: NotebookNode) -> Iterator[Stop]:
    """Yield what was stopped in a graded notebook, from top to bottom."""
    for cell in notebook.cells:
        for stop in cell.metadata.get(KEY, {}).get("stops", []):
            yield Stop(stop["error"], stop["words"])
