"""Every message of *When PyTorch complains* out of an answer: the student reads just that."""

import contextlib
import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from drinkdeep.cells import grade_id
from drinkdeep.desk import validate
from drinkdeep.grading.graded import missed
from drinkdeep.grading.judging.assignment import without
from drinkdeep.grading.judging.execute import execute
from drinkdeep.grading.judging.restore import restore

PAGE = nbformat.read(Path(__file__).parents[2] / "book" / "complaints.ipynb", as_version=4)
SETUP, *SHOWN = (cell.source for cell in PAGE.cells if cell.cell_type == "code")
ACTIONS = {
    int(found[1]): found[2]
    for source in SHOWN
    for found in re.finditer(r"^# (\d+)\ncomplaint\(\s*lambda: (.+)\)$", source, re.DOTALL | re.M)
}
ROWS = {
    int(found[1]): found[2]
    for cell in PAGE.cells
    if cell.cell_type == "markdown"
    for found in re.finditer(r"^\| (\d+) \| (.+?) \|", cell.source, re.MULTILINE)
}
OURS = (
    "drinkdeep",
    "observe",
    "encode",
    "transport",
    "judge",
    "<test>",
    "not done yet",
    "NameError",
)
"""What of our machinery no student should read."""


def test_all_of_the_page_is_tried() -> None:
    assert list(ACTIONS) == list(ROWS)


def cell(source: str, name: str, *, points: int | None = None, task: bool = False) -> NotebookNode:
    graded = points is not None
    nbgrader = {"grade_id": name, "grade": graded, "solution": task, "locked": not task}
    nbgrader |= {"task": False, "schema_version": 3, "cell_type": "code"}
    nbgrader |= {"points": points} if graded else {}
    return new_code_cell(source, metadata={"nbgrader": nbgrader, "tags": ["raises-exception"]})


def assignment() -> NotebookNode:
    """An exercise for each message: a function of nothing that gives 2.5."""
    checks = "from drinkdeep.checks import all_met, expect, observe"
    cells = [cell(f"{checks}\n{SETUP}", "setup")]
    for number in ACTIONS:
        test = f'expect(observe(answer_{number}()), 2.5, hint="It is 2.5.")'
        cells += [
            cell(f"def answer_{number}():\n    return 2.5", f"answer_{number}", task=True),
            cell(
                f"{test}\n### BEGIN HIDDEN TESTS\n{test}\n### END HIDDEN TESTS\nall_met()",
                f"test_answer_{number}",
                points=2,
            ),
        ]
    return new_notebook(cells=cells)


def answered() -> NotebookNode:
    """What a student hands in, in whose every answer something is wrong."""
    notebook = assignment()
    for own in notebook.cells:
        name = grade_id(own) or ""
        if name.startswith("answer_"):
            action = ACTIONS[int(name.removeprefix("answer_"))]
            own.source = f"def {name}():\n    return (\n        {action}\n    )"
        elif name.startswith("test_"):
            hidden = [(2, 4)]
            own.source = without(own.source, hidden)
    return notebook


@pytest.fixture(scope="module")
def graded(sandbox: None) -> dict[int, str]:
    """What the grader tells of each."""
    done = execute(restore(answered(), assignment()), assignment(), seed=1)
    return {
        number: "\n".join(
            f"{found.words}\n{found.detail}"
            for own in done.cells
            if grade_id(own) == f"test_answer_{number}"
            for found in missed(own) or []
        )
        for number in ACTIONS
    }


@pytest.fixture(scope="module")
def validated(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """What *Validate* tells of each."""
    notebook = answered()
    with contextlib.chdir(tmp_path_factory.mktemp("validated")):
        validate.validate(notebook)
    return {
        number: "\n".join(
            line
            for own in notebook.cells
            if grade_id(own) == f"test_answer_{number}"
            for output in own.outputs
            for line in output.get("traceback", [])
        )
        for number in ACTIONS
    }


@pytest.mark.parametrize("number", ACTIONS)
def test_the_grader_says_it_in_pytorchs_words(graded: dict[int, str], number: int) -> None:
    says_the_mistake(graded[number], ROWS[number])


@pytest.mark.slow
@pytest.mark.parametrize("number", ACTIONS)
def test_validate_says_it_in_pytorchs_words(validated: dict[int, str], number: int) -> None:
    says_the_mistake(validated[number], ROWS[number])


def says_the_mistake(said: str, row: str) -> None:
    assert "Your code raised " in said
    assert row in " ".join(said.split())
    assert [word for word in OURS if word in said] == []
