"""Which cell of an assignment a cell in somebody's notebook is: one rule for student and grader.

Editors, cleaners and converters drop nbgrader's metadata, the cells' ids, or both. What a student
wrote is found all the same.
"""

import itertools
import re
from collections.abc import Iterator, Sequence

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from drinkdeep.cells import grade_id, is_task

SOLUTION = re.compile(r"### BEGIN SOLUTION.*?### END SOLUTION", re.DOTALL)
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS\n?", re.DOTALL)
DEFINED = re.compile(
    r"^(?:(?:async )?def|class)\s+(?P<function>\w+)|^(?P<name>\w+)\s*(?::[^=\n]+)?=(?!=)",
    re.MULTILINE,
)


COMMENTS = re.compile(r"(?:^#.*\n?)+", re.MULTILINE)


def split_texts(
    cells: Sequence[NotebookNode], assignment: Sequence[NotebookNode]
) -> list[NotebookNode]:
    """Return the cells; a text of the assignment that got into another cell is its own again.

    ``nbconvert --to python`` writes texts as comments; on the way back they end up in the cell of
    code above them, and a written answer with them. ``nbconvert --to markdown`` leaves nothing
    between texts, so that an answer follows its task's text in one cell. Of other comments and
    texts nothing is made, and a cell that is known by an id stays whole.
    """
    known = {grade_id(cell) or "" for cell in assignment} | {cell.get("id") for cell in assignment}
    given = [cell for cell in assignment if cell.cell_type == "markdown"]
    texts = {_text(cell) for cell in given}
    longest = sorted((_text(cell) for cell in given if not is_task(cell)), key=len, reverse=True)
    result: list[NotebookNode] = []
    for cell in cells:
        if (grade_id(cell) or cell.get("id")) in known or _text(cell) in texts:
            result.append(cell)
        elif cell.cell_type == "code":
            result += _out_of_comments(cell, texts)
        else:
            result += _apart(cell, longest)
    return result


def _out_of_comments(cell: NotebookNode, texts: set[str]) -> Iterator[NotebookNode]:
    runs = list(COMMENTS.finditer(cell.source))
    said = [re.sub(r"^#[ \t]?|[ \t]+$", "", run[0], flags=re.MULTILINE).strip() for run in runs]
    first = next((number for number, text in enumerate(said) if text in texts), None)
    if first is None:
        yield cell
        return
    yield NotebookNode(cell, source=cell.source[: runs[first].start()])
    for number in range(first, len(runs)):
        yield new_markdown_cell(said[number])
        end = runs[number + 1].start() if number + 1 < len(runs) else len(cell.source)
        if code := cell.source[runs[number].end() : end].strip():
            yield new_code_cell(code)


def _apart(cell: NotebookNode, texts: Sequence[str]) -> Iterator[NotebookNode]:
    """Yield what stands before, in and after each of the texts that the cell has as paragraphs."""
    pieces = [_text(cell)]
    for text in filter(None, texts):
        paragraphs = re.compile(rf"(?:^|(?<=\n))({re.escape(text)})(?=\n\s*\n|\s*$)")
        pieces = [
            part
            for piece in pieces
            for part in ([piece] if piece in texts else paragraphs.split(piece, maxsplit=1))
        ]
    pieces = [stripped for piece in pieces if (stripped := piece.strip())]
    if len(pieces) < 2:
        yield cell
    else:
        yield from map(new_markdown_cell, pieces)


def match_cells(
    cells: Sequence[NotebookNode], assignment: Sequence[NotebookNode]
) -> list[NotebookNode | None]:
    """Say which of the assignment's cells each of ``cells`` is; None for one of the student's own.

    A cell is known by its nbgrader id, else by its id in the file, else by its text. An answer
    is known besides by a name that its cell defines, and one in words by the text above it, if
    nothing else is that answer.
    """
    named = {name: cell for cell in assignment if (name := grade_id(cell))}
    numbered = {cell.id: cell for cell in assignment if "id" in cell}
    worded = {_text(cell): cell for cell in assignment if not is_task(cell)}
    found = [
        named.get(grade_id(cell) or "")
        or numbered.get(cell.get("id", ""))
        or worded.get(_text(cell))
        for cell in cells
    ]
    taken = {id(cell) for cell in found}
    missing = [cell for cell in assignment if is_task(cell) and id(cell) not in taken]
    defining: dict[str, list[NotebookNode]] = {}
    for cell in missing:
        for name in _defined(cell):
            defining.setdefault(name, []).append(cell)
    above = {
        id(text): cell
        for text, cell in itertools.pairwise(assignment)
        if cell.cell_type == "markdown" and any(cell is other for other in missing)
    }
    for place, cell in enumerate(cells):
        if found[place] is not None:
            continue
        if cell.cell_type == "code":
            homes = {id(home): home for name in _defined(cell) for home in defining.get(name, [])}
            if len(homes) == 1:
                (found[place],) = homes.values()
        elif place and (before := found[place - 1]) is not None:
            found[place] = above.get(id(before))
    return found


def _text(cell: NotebookNode) -> str:
    """Return what stands in a cell as students got it."""
    return HIDDEN.sub("", cell.source.replace("\r\n", "\n")).strip()


def _defined(cell: NotebookNode) -> Iterator[str]:
    """Yield the names that a cell of code defines, whether or not it is good Python.

    Of an answer's reference those that students see.
    """
    if cell.cell_type == "code":
        for found in DEFINED.finditer(SOLUTION.sub("", cell.source)):
            yield found["function"] or found["name"]
