"""Progress: the points of the visible tests, what is next, and a sentence for what went wrong."""

import copy
from collections.abc import Callable
from pathlib import Path

import answer_bank
import nbformat
import pytest
from courses import cell
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from drinkdeep import command
from drinkdeep.desk import progress
from drinkdeep.grading.judging.assignment import Assignment
from drinkdeep.notebook.beside import MOST_BYTES

pytestmark = pytest.mark.slow

NAME = "01_cost"
FULL = sum(exercise.points for exercise in Assignment(answer_bank.source(NAME)).exercises.values())
SOLVED = {
    name: answer_bank.Answer(name, exercise.solution.source)
    for name, exercise in Assignment(answer_bank.source(NAME)).exercises.items()
}


def save(notebook: NotebookNode, folder: Path, name: str = f"{NAME}.ipynb") -> Path:
    path = folder / NAME / name
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def notebook() -> NotebookNode:
    return copy.deepcopy(answer_bank.released(NAME))


def test_untouched_exercises_are_not_even_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["progress"]) == 0
    said = capsys.readouterr()
    assert said.out.count(" · 0 of ") == len(answer_bank.ASSIGNMENTS)
    assert f"Exercises 1: Cost · 0 of {FULL:g} points" in said.out
    assert "next: 1. The squared loss of a batch (not answered yet)" in said.out
    assert said.err == ""


def test_a_wrong_answer_and_a_loop_and_a_fault_cost_only_their_own(
    notebook: NotebookNode, tmp_path: Path, stop_soon: Callable[[str], None]
) -> None:
    stop_soon("huber")
    answers = {
        **SOLVED,
        "mean_squared_error": answer_bank.Answer(
            "", "def mean_squared_error(y_hat, y):\n    return 0"
        ),
        "huber": answer_bank.Answer("", "while True:\n    pass"),
        "landscape": answer_bank.Answer("", "def landscape(w, b, x, y) return"),
    }
    path = save(answer_bank.filled(notebook, answers), tmp_path)
    before = path.read_bytes()
    standing = progress.standing(path)
    lost = {task.title.split(". ")[0] for task in standing.tasks if task.met is False}
    assert lost == {"1", "2", "7"}
    assert standing.earned == FULL - 2 - 3 - 4
    assert standing.visible == FULL
    assert standing.trouble is None
    assert standing.next == "1. The squared loss of a batch"
    assert path.read_bytes() == before


def test_a_dead_kernel_a_changed_test_and_another_name_are_said_in_a_sentence(
    notebook: NotebookNode, tmp_path: Path
) -> None:
    cell(notebook, "test_trap").source = "pass"
    changed = progress.standing(save(notebook, tmp_path))
    assert "changed or are missing: `drinkdeep restore" in str(changed.trouble)
    renamed = progress.standing(save(answer_bank.released(NAME), tmp_path, "Mine.ipynb"))
    assert "can't be graded under this name: rename it to 01_cost.ipynb" in str(renamed.trouble)
    notebook = answer_bank.filled(
        answer_bank.released(NAME), {"huber": answer_bank.Answer("", "import os; os._exit(1)")}
    )
    dead = progress.standing(save(notebook, tmp_path))
    assert "The kernel ended while it ran huber" in str(dead.trouble)
    assert dead.earned == 0


def test_a_damaged_file_stops_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = save(answer_bank.released(NAME), tmp_path)
    damaged = whole.with_name("02_gradient_descent.ipynb")
    damaged.write_bytes(whole.read_bytes()[:9000])
    assert command.main(["progress", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "The file is damaged: `drinkdeep restore" in said
    assert "Exercises 1: Cost · 0 of" in said


def test_what_is_no_exercise_is_not_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nbformat.write(nbformat.v4.new_notebook(cells=[new_code_cell("1")]), tmp_path / "notes.ipynb")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    nbformat.write(answer_bank.released(NAME), tmp_path / ".ipynb_checkpoints" / "01_cost.ipynb")
    assert command.main(["progress", str(tmp_path)]) == 1
    assert "no exercises here" in capsys.readouterr().err
    assert command.main(["progress", str(tmp_path / "nowhere")]) == 1
    assert "There is no folder" in capsys.readouterr().err


def test_the_table_leads_to_the_exercises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(answer_bank.ROOT / "book")
    table = progress._table([progress.standing(path) for path in progress.notebooks()])
    for name in answer_bank.ASSIGNMENTS:
        assert f'<a href="../exercises/{name}/{name}.ipynb">' in table


def test_an_unknown_verb_or_option_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["dance"], ["progress", "--fast"], []):
        with pytest.raises(SystemExit):
            command.main(words)
    assert "usage: drinkdeep" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "used"),
    [
        ("from my_helpers import double", ["my_helpers.py"]),
        ("import torch, my_helpers", ["my_helpers.py"]),
        ("torch.load('data/model.pt')", ["data/model.pt"]),
        ('open("factor.txt")', ["factor.txt"]),
        ("%run other.ipynb", ["other.ipynb"]),
        ("open('small.txt')", []),
        ("my_helpers = 1  # as in factor.txt", []),
    ],
)
def test_a_file_that_is_not_there_when_it_is_graded_is_told_of(
    notebook: NotebookNode, tmp_path: Path, code: str, used: list[str]
) -> None:
    """It is there on the student's desk."""
    notebook.cells.append(new_code_cell(code))
    path = save(notebook, tmp_path)
    (path.parent / "data").mkdir()
    names = ("my_helpers.py", "data/model.pt", "other.ipynb", "factor.txt")
    for name in names[:2]:
        (path.parent / name).write_bytes(bytes(MOST_BYTES + 1))
    (path.parent / "other.ipynb").write_text("{}")
    (path.parent / "small.txt").write_text("")
    (path.parent / "factor.txt").symlink_to("small.txt")
    standing = progress.standing(path)
    assert used == [name for name in names if f"{name} is not there when" in str(standing.trouble)]
    assert (standing.trouble is None) == (used == [])
