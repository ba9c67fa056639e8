"""*When PyTorch complains*: the words in its tables are those that its cells print."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output

from drinkdeep.checks import attempt, difference
from drinkdeep.desk.validate import _words

NOTEBOOK = nbformat.read(Path(__file__).parents[2] / "book" / "complaints.ipynb", as_version=4)
CELLS = {
    int(found[1]): cell
    for cell in NOTEBOOK.cells
    if cell.cell_type == "code" and (found := re.match(r"# (\d+)\n", cell.source))
}
ROWS = {
    int(found[1]): found[2]
    for cell in NOTEBOOK.cells
    if cell.cell_type == "markdown"
    for found in re.finditer(r"^\| (\d+) \| (.+?) \|", cell.source, re.MULTILINE)
}


def test_there_are_many_and_each_has_its_row() -> None:
    assert len(CELLS) >= 40
    assert list(ROWS) == list(CELLS)


@pytest.mark.parametrize("number", CELLS)
def test_a_row_quotes_what_its_cell_prints(number: int) -> None:
    printed = "".join(output.text for output in CELLS[number].outputs)
    assert ROWS[number] in " ".join(printed.split())
    assert printed != "nothing\n"


@pytest.fixture(scope="module")
def names() -> dict[str, object]:
    """What the set-up cell defines; ``complaint`` gives the error as a check of an answer does."""
    found: dict[str, object] = {"__name__": "__main__"}
    setup = next(cell for cell in NOTEBOOK.cells if cell.cell_type == "code")
    exec(setup.source, found)
    return found


@pytest.mark.parametrize("number", CELLS)
def test_a_check_says_the_same_to_a_student(number: int, names: dict[str, object]) -> None:
    """In a notebook, in *Validate* and when it is graded: PyTorch's words, and none of ours."""
    seen = []
    exec(CELLS[number].source, names | {"complaint": lambda action: seen.append(attempt(action))})
    said = difference(seen[0], 1.0)
    assert said is not None
    assert said.startswith("Your code raised ")
    assert ROWS[number] in " ".join(said.split())
    kind, _, message = said.removeprefix("Your code raised ").partition(": ")
    error = new_output("error", ename=kind, evalue=message, traceback=["File x", "Cell In[1]"])
    assert ROWS[number] in " ".join(_words(error, []).split())
