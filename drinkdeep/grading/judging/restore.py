"""Put the instructor's cells back into a submission."""

import copy

from nbformat import NotebookNode

from drinkdeep.cells import grade_id, has_role
from drinkdeep.notebook.matching import match_cells, split_texts

PICTURES = ("image/png", "image/jpeg", "image/gif")


def restore(submission: NotebookNode, source: NotebookNode) -> NotebookNode:
    """Return what the student wrote, with all else as the instructor made it.

    :mod:`drinkdeep.notebook.matching` says which cell is which. Of those that are one cell the last
    counts; the others become cells of the student's own.
    Cells that the student may not edit get their text back; those that are missing, their place
    behind the one that they follow in the source. A solution cell that is missing stays so: the
    answer may stand elsewhere. Points, ids and tags are the source's.
    """
    # What is put into a cell is new, so that the submission's stay as they are.
    cells = split_texts(submission.cells, source.cells)
    restored = NotebookNode(submission, cells=[NotebookNode(cell) for cell in cells])
    wanted = {name: cell for cell in source.cells if (name := grade_id(cell))}
    found: set[str] = set()
    homes = match_cells(restored.cells, source.cells)
    for cell, home in reversed(list(zip(restored.cells, homes, strict=True))):
        name = grade_id(home) if home is not None else None
        cell.metadata = NotebookNode()
        _keep_pictures(cell)
        if name in wanted and name not in found:
            found.add(name)
            _take_over(cell, wanted[name])
    place = 0
    for name, cell in wanted.items():
        if name in found:
            place = 1 + next(i for i, c in enumerate(restored.cells) if grade_id(c) == name)
        elif has_role(cell, "grade") or not has_role(cell, "solution"):
            missing = copy.deepcopy(cell)
            if has_role(cell, "solution"):  # a written answer, which is not the reference's
                missing.source = ""
            restored.cells.insert(place, missing)
            place += 1
    return restored


def _keep_pictures(cell: NotebookNode) -> None:
    """Of what is attached to a text, keep pictures: a type can be made up to carry a script."""
    if "attachments" in cell:
        pictures = {
            name: {kind: data for kind, data in content.items() if kind in PICTURES}
            for name, content in cell.attachments.items()
        }
        cell.attachments = {name: content for name, content in pictures.items() if content}


def _take_over(cell: NotebookNode, wanted: NotebookNode) -> None:
    cell.metadata.nbgrader = copy.deepcopy(wanted.metadata.nbgrader)
    if not has_role(wanted, "solution"):
        cell.source = wanted.source
    if cell.cell_type != wanted.cell_type:
        cell.cell_type = wanted.cell_type
        for name in ("outputs", "execution_count"):
            cell.pop(name, None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
