"""What a submission carries along is seen, however it is written; an honest one carries little."""

import base64
from pathlib import Path

import nbformat
import pytest
import torch
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from drinkdeep.grading.judging.carried import MOST_BYTES, carried_bytes

ROOT = Path(__file__).parents[2]
LABELS = torch.randint(10, (10_000,), generator=torch.Generator().manual_seed(1)).tolist()
DIGITS = "".join(map(str, LABELS))
PACKED = bytes.fromhex(DIGITS)


def notebook(*code: str) -> NotebookNode:
    return new_notebook(cells=[new_code_cell(text) for text in code])


TABLES = {
    "a list": f"labels = {LABELS}",
    "digits": f"labels = [int(digit) for digit in '{DIGITS}']",
    "one number": f"labels = 0x{PACKED.hex()}",
    "bytes": f"labels = {PACKED!r}",
    "base 85": f"labels = {base64.b85encode(PACKED)!r}",
    "a comment": f"labels = 0  # {DIGITS}",
    "a name": f"l{DIGITS} = 0",
    "an f-string": f"labels = f'{DIGITS}'",
    "a magic": f"%store {DIGITS}",
}


@pytest.mark.parametrize("code", TABLES.values(), ids=TABLES)
def test_a_table_of_labels_is_seen(code: str) -> None:
    assert carried_bytes(notebook(code), notebook()) > MOST_BYTES


def test_a_table_in_many_pieces_is_seen() -> None:
    pieces = [f"part_{n} = '{DIGITS[n : n + 200]}'" for n in range(0, 10_000, 200)]
    assert carried_bytes(notebook(*pieces), notebook()) > MOST_BYTES


@pytest.mark.parametrize("path", sorted(ROOT.glob("solutions/*/*.ipynb")), ids=lambda p: p.stem)
def test_an_honest_submission_carries_little(path: Path) -> None:
    solved = nbformat.read(path, as_version=4)
    released = nbformat.read(ROOT / "exercises" / path.parent.name / path.name, as_version=4)
    for cell in solved.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.source = ""  # the hidden tests, which no student has
    assert carried_bytes(solved, released) < MOST_BYTES / 10


def test_what_the_course_has_written_and_what_is_no_code_does_not_count() -> None:
    source = notebook(TABLES["digits"])
    own = notebook(TABLES["digits"])
    own.cells.append(new_markdown_cell(DIGITS))
    assert carried_bytes(own, source) == 0


def test_the_book_says_the_bound() -> None:
    told = (ROOT / "book" / "course.md").read_text("utf-8")
    assert f"carries more than {MOST_BYTES // 1000} kB of numbers and texts" in told
