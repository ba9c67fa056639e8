"""All of a student's cells are run before the first question, where that changes no answer."""

from collections.abc import Sequence

import pytest
import small_course
from courses import cell
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from drinkdeep.grading.judging.assignment import Assignment
from drinkdeep.grading.judging.execute import execute
from drinkdeep.grading.judging.order import NOT_SHOWN, questions_may_wait, steps
from drinkdeep.grading.judging.restore import restore

SOURCE = small_course.source()
# It hears what it is asked, and a cell below prints it.
LISTENER = "heard = []\ndef double(x):\n    heard.append(x)\n    return 2 * x"
TELLS = "print('heard', heard)"
# What a cell below the test does, and why it can't be run before the test asks.
CHANGES = {
    "another answer": "double = None",
    "a helper": "factor = 3",
    "a helper, by an import": "from math import pi as factor",
    "what a helper holds": "factor[0] = 3",
    "a helper goes": "del factor",
    "a builtin": "sum = None",
    "the library": "torch.set_default_dtype(torch.float64)",
    "nobody can say": "%run other.py",
}
KEEPS = {
    "another name": "x = 3.0\nprint(double(x))",
    "the same import": "import torch",
    "a name inside of a function": "def mine(factor):\n    sum = factor\n    return sum",
    "a picture": "ax.set_title('mine')",
    "no Python": "this is no Python",
}
HELPED = "import torch\nfactor = [2]\ndef double(x):\n    return sum([factor[0] * x])"


def handed_in(answer: str, *below: str) -> NotebookNode:
    notebook = small_course.source()
    cell(notebook, "double").source = answer
    notebook.cells += [new_code_cell(code) for code in below]
    return restore(notebook, SOURCE)


def may_wait(notebook: NotebookNode) -> bool:
    assignment = Assignment(SOURCE)
    return questions_may_wait(notebook.cells, steps(notebook.cells, assignment), assignment)


def graded(notebook: NotebookNode) -> tuple[float, Sequence[str]]:
    """The points of the test, and what stands below the student's own cells at the end."""
    done = execute(notebook, SOURCE, seed=1)
    score = cell(done, "test_double").outputs[-1]["data"]["text/plain"]
    own = done.cells[len(SOURCE.cells) :]
    return float(score), [
        "".join(o.get("text", o.get("evalue", "")) for o in c.outputs) for c in own
    ]


@pytest.mark.parametrize("code", CHANGES.values(), ids=CHANGES)
def test_where_a_cell_below_changes_what_an_answer_uses_the_test_asks_first(code: str) -> None:
    assert not may_wait(handed_in(HELPED, code))


@pytest.mark.parametrize("code", KEEPS.values(), ids=KEEPS)
def test_else_all_cells_come_first(code: str) -> None:
    assert may_wait(handed_in(HELPED, code))


def test_what_was_asked_can_not_be_printed(sandbox: None) -> None:
    assert graded(handed_in(LISTENER, TELLS)) == (4.0, ["heard []\n"])


def test_nor_where_the_test_has_to_ask_first(sandbox: None) -> None:
    score, said = graded(handed_in(LISTENER, "double = None", TELLS))
    assert score == 4.0
    assert said == ["", NOT_SHOWN]


def test_a_helper_that_has_another_meaning_below_costs_nothing(sandbox: None) -> None:
    assert graded(handed_in(HELPED, "factor = [3]\nprint(1)")) == (4.0, [NOT_SHOWN])


def test_a_kernel_that_ends_below_the_answer_costs_nothing(sandbox: None) -> None:
    score, said = graded(handed_in(HELPED, "import os\nos._exit(0)", "print(2)"))
    assert score == 4.0
    assert len(said) == 2
