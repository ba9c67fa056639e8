"""The grader knows this course in one file; with another file it grades another course."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import small_course
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

import drinkdeep
from drinkdeep.cells import grade_id
from drinkdeep.grading import course, graded
from drinkdeep.grading.judging.execute import execute
from drinkdeep.grading.judging.restore import restore
from drinkdeep.grading.sandbox import forkserver

GRADING = Path(drinkdeep.__file__).parent / "grading"
OF_THE_COURSE = ("mnist", "digit", "drinkdeep.models", "drinkdeep.training")

WEIGHTS = "12.5\n14.0\n9.5\n"
"""The data of the other course: what three loaves weigh."""


def test_no_other_file_of_the_grader_knows_the_course() -> None:
    for path in GRADING.rglob("*.py"):
        if path != GRADING / "course.py":
            text = path.read_text("utf-8").lower().replace("isdigit", "")
            assert not [word for word in OF_THE_COURSE if word in text], path


def baking() -> NotebookNode:
    """The other course's assignment: its answer reads its data."""
    source = small_course.source()
    cells = {grade_id(cell): cell for cell in source.cells}
    cells["setup"].source = (
        "import os\nfrom pathlib import Path\n"
        "from drinkdeep.checks import all_met, expect, fresh, observe\nimport torch\n"
        'weights = [float(w) for w in Path(os.environ["BAKERY"], "loaves.txt").read_text().split()]'
    )
    cells[
        "double"
    ].source = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION\n"
    cells["test_double"].source = (
        'expect(observe(double(max(weights))), 28.0, hint="The heaviest, twice.")\n'
        + small_course.TEST
    )
    return source


@pytest.fixture
def bakery(
    sandbox: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[NotebookNode]:
    """The grader with another course's file, and that course's assignment."""
    (tmp_path / "loaves.txt").write_text(WEIGHTS)
    monkeypatch.setattr(course, "MODULES", ())
    monkeypatch.setattr(course, "ENVIRONMENT", {"BAKERY": course.DATA})
    monkeypatch.setattr(course, "EMPTY", ())
    monkeypatch.setattr(course, "data", lambda: iter([(tmp_path / "loaves.txt", "loaves.txt")]))
    monkeypatch.setattr(forkserver, "_servers", {})
    # Here the reference finds them as an instructor's own environment would say.
    monkeypatch.setenv("BAKERY", str(tmp_path))
    yield baking()
    for server in forkserver._servers.values():
        server.close()


def test_another_course_s_exercises_are_graded(bakery: NotebookNode) -> None:
    submission = restore(bakery, bakery)
    cells = {grade_id(cell): cell for cell in submission.cells}
    cells["double"].source = "def double(x):\n    return x + x"
    look = new_code_cell(
        "import sys\nprint(sorted(p.name for p in Path('/data').iterdir()),"
        " any('mnist' in name for name in sys.modules))"
    )
    submission.cells.append(look)
    done = execute(submission, bakery, seed=1)
    (test,) = (cell for cell in done.cells if grade_id(cell) == "test_double")
    assert graded.missed(test) == []
    assert test.metadata.drinkdeep.score == small_course.POINTS
    assert done.cells[-1].outputs[0].text == "['loaves.txt'] False\n"

    cells["double"].source = "def double(x):\n    return x"
    (test,) = (c for c in execute(submission, bakery, seed=1).cells if grade_id(c) == "test_double")
    assert test.metadata.drinkdeep.score == 0
    assert "The heaviest, twice." in [entry.words for entry in graded.missed(test) or []]
