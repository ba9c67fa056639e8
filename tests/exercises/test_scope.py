"""In a notebook a test looks at the student's names that its task asks for, and at no others."""

from collections.abc import Iterator

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from drinkdeep.cells import grade_id
from drinkdeep.notebook.undefined import why_other_meaning

SETUP = """import math

import torch
from torch import nn
from drinkdeep.checks import all_met, attempt, expect, fresh, observe, stopwatch


def sigmoid(z):
    return 1 / (1 + math.exp(-z))
"""
HELPER = """class Half(nn.Module):
    def forward(self, x):
        return x / 2 * math.ceil(sigmoid(9))
"""
TEST = """x = torch.rand(5, generator=fresh())
halve = Half()
expect(observe(double(torch.ones(2))), torch.tensor([2.0, 2.0]), hint="Twice.")
expect(observe([double(i) for i in range(3)]), [0, 2, 4], hint="Twice, of each.")
expect(attempt(lambda: halve.forward(double(2.0))), sum([2.0]), hint="Half of it.")
expect(sigmoid(0), 0.5, hint="The sigmoid's.")
assert stopwatch(lambda: double(x)) < 10
all_met()"""
RIGHT = "def double(x):\n    return x + x"
SHADOWS = """sum = 0; range = (0, 1); torch = nn = math = observe = expect = Half = sigmoid = None
x = 7; list = [1]; loss = 1"""


class Run:
    """A notebook's cells, run one after another in one kernel."""

    def __init__(self, client: NotebookClient) -> None:
        self._client = client

    def __call__(self, code: str) -> str:
        """What a cell puts out, errors too."""
        cell: NotebookNode = new_code_cell(code)
        self._client.nb.cells.append(cell)
        self._client.execute_cell(cell, len(self._client.nb.cells) - 1)
        return "".join(o.get("text") or f"{o.ename}: {o.evalue}" for o in cell.outputs)


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    client = NotebookClient(new_notebook(), kernel_name="python3", allow_errors=True)
    with client.setup_kernel():
        run = Run(client)
        assert run(SETUP) + run(HELPER) + run(RIGHT) == ""
        yield run


def test_a_test_does_not_stumble_over_names_that_have_other_meanings(run: Run) -> None:
    assert run(SHADOWS) == ""
    assert run(TEST).startswith("✓ The checks of this cell are met.")
    assert run("class Half: pass\ndef sigmoid(z): pass") == ""
    assert run(TEST).startswith("✓ The checks of this cell are met.")


def test_what_a_test_binds_stays_in_it(run: Run) -> None:
    assert run("x = 7") + run(TEST) != ""
    assert run("print(x, 'halve' in globals())") == "7 False\n"


def test_an_answer_that_is_written_anew_is_looked_at(run: Run) -> None:
    assert run("def double(x):\n    return 3 * x") == ""
    assert run(TEST).startswith("Miss: ✗ Twice.")
    assert run("from operator import neg as double") == ""
    assert run(TEST).startswith("Miss: ✗ Twice.")
    assert run(RIGHT) == ""
    assert run(TEST).startswith("✓ ")


def test_a_cell_with_a_syntax_error_or_a_magic_disturbs_nothing(run: Run) -> None:
    assert "SyntaxError" in run("def double(x) return")
    run("%who")
    assert run(TEST).startswith("✓ ")


# The student's own code, which does use its names


def cells(*sources: str) -> list[NotebookNode]:
    notebook = new_notebook(cells=[new_code_cell(source) for source in (SETUP, *sources)])
    roles = [{"locked": True}, *({} for _ in sources[:-1]), {"solution": True}]
    for cell, role in zip(notebook.cells, roles, strict=True):
        cell.metadata.nbgrader = nbformat.from_dict(
            {"grade": False, "solution": False, "locked": False, **role}
            | ({"grade_id": "double"} if role else {})
        )
    assert grade_id(notebook.cells[-1]) == "double"
    return list(notebook.cells)


@pytest.mark.parametrize(
    ("above", "answer", "message", "said"),
    [
        (
            "sum = 0",
            "def double(x):\n    return sum([x, x])",
            "'int' object is not callable",
            " (sum has another meaning since a cell of yours says: sum = 0)",
        ),
        (
            "torch = None",
            "def double(x):\n    return torch.add(x, x)",
            "'NoneType' object has no attribute 'add'",
            " (torch has another meaning since a cell of yours says: torch = None)",
        ),
        (
            "for range in (0, 1): pass",
            "double = [i for i in range(3)]",
            "'int' object is not callable",
            " (range has another meaning since a cell of yours says: for range in (0, 1):)",
        ),
        # Of another kind, not used by the answer, nobody's, or another error.
        ("sum = 0", "sum([1])", "'str' object is not callable", ""),
        ("sum = 0", "max([1])", "'int' object is not callable", ""),
        ("mine = 0", "mine()", "'int' object is not callable", ""),
        ("sum = 0", "sum([1])", "division by zero", ""),
    ],
)
def test_the_name_that_has_another_meaning_is_told(
    above: str, answer: str, message: str, said: str
) -> None:
    assert why_other_meaning(message, cells(above, answer)) == said
