"""Assignments keep the rules, students' notebooks are made of them, and no solution gets out."""

import copy
import dataclasses
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import answer_bank
import nbformat
import pytest
import make_release
from bs4 import BeautifulSoup
from courses import cell
from leaks import flat, secrets
from nbformat import NotebookNode

from drinkdeep.cells import grade_id, is_test
from drinkdeep.desk import run_notebook
from drinkdeep.grading.judging.assignment import Assignment

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_students_notebooks_are_up_to_date_and_every_assignment_keeps_the_rules() -> None:
    run = subprocess.run(
        [sys.executable, ROOT / "tools" / "make_release.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_there_are_seven_assignments_and_sixty_exercises() -> None:
    assert [name[:2] for name in answer_bank.ASSIGNMENTS] == [f"{n:02}" for n in range(1, 8)]
    exercises = [Assignment(answer_bank.source(name)).exercises for name in answer_bank.ASSIGNMENTS]
    assert sum(map(len, exercises)) >= 60


# The rules refuse.

NAME = "01_cost"
GOOD = answer_bank.source(NAME)


def edit(name: str, old: str, new: str) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        edited = cell(notebook, name)
        assert old in edited.source
        edited.source = edited.source.replace(old, new)

    return change


def edit_text(old: str, new: str) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        cell = next(c for c in notebook.cells if old in c.source and c.cell_type == "markdown")
        cell.source = cell.source.replace(old, new)

    return change


def rename(old: str, new: str) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        cell(notebook, old).metadata.nbgrader.grade_id = new

    return change


def without_tags(notebook: NotebookNode) -> None:
    cell(notebook, "huber").metadata.tags = []


def without_written(notebook: NotebookNode) -> None:
    notebook.cells = [c for c in notebook.cells if grade_id(c) != "in_your_words"]


def helper(code: str) -> Callable[[NotebookNode], None]:
    """What the course defines in a cell of its own, and a test uses."""

    def change(notebook: NotebookNode) -> None:
        edit("setup", "torch.manual_seed(0)", code)(notebook)
        if "other" in code:
            edit("test_huber", "e = 3 *", "e = other(3) *")(notebook)
        else:
            edit("test_huber", "observe(huber(e,", "observe(huber(half(e),")(notebook)

    return change


LOOP = """for story in observe([story_a]):
    expect_one_of(story, LOSSES"""
BROKEN: dict[str, tuple[Callable[[NotebookNode], None], str]] = {
    "misspelt begin": (
        edit("huber", "### BEGIN SOLUTION", "### BEGIN SOLUTON"),
        "a marker is misspelt",
    ),
    "misspelt end": (edit("huber", "### END SOLUTION", "### End solution"), "a marker is misspelt"),
    "misspelt hidden": (
        edit("test_huber", "### BEGIN HIDDEN TESTS", "### BEGIN HIDDEN TEST"),
        "a marker is misspelt",
    ),
    "a marker in another style": (
        edit("test_huber", "### BEGIN HIDDEN TESTS", "# BEGIN HIDDEN TESTS"),
        "a marker is misspelt",
    ),
    "a marker is missing": (edit("huber", "    ### END SOLUTION", ""), "don't pair in huber"),
    "no markers": (edit("test_huber", "### BEGIN HIDDEN TESTS\n", ""), "don't pair"),
    "a solution in a given cell": (
        edit("setup", "torch.manual_seed(0)", "### BEGIN SOLUTION\n1\n### END SOLUTION"),
        "no solution cell",
    ),
    "a doubled id": (rename("huber", "trap"), "the id trap is there 2 times"),
    "a test without a task": (rename("huber", "hubert"), "test_huber has no solution cell"),
    "a task without a test": (rename("test_huber", "test_hubert"), "huber has no test cell"),
    "points of a heading": (
        edit_text("The Huber loss · 3 points", "The Huber loss · 4 points"),
        "it has 3 points, and its heading 4",
    ),
    "points in all": (
        edit_text("There are 39 points", "There are 40 points"),
        "There are 39 points in all",
    ),
    "no hints": (
        edit_text(":::{dropdown} Hint 1\nCompute both", ":::{dropdown} Idea\nCompute both"),
        "huber: it has no hints",
    ),
    "no example": (edit("huber", "Example:", "For instance:"), "has no example"),
    "no all_met": (edit("test_huber", "all_met()", ""), "doesn't end in all_met()"),
    "a form that is called met": (
        edit("test_trap", "noted()", "all_met()"),
        "trap: its test doesn't end in noted()",
    ),
    "a loop over what was observed": (
        edit("test_stories", "expect_one_of(observe(story_a), LOSSES", LOOP),
        "loops over what it observed",
    ),
    "a loop over an observed name": (
        edit("test_huber", "e = 3 *", "seen = observe(huber(1, 2))\n[x for x in seen]\ne = 3 *"),
        "loops over what it observed",
    ),
    "most points for what is shown": (
        edit("test_huber", "torch.tensor([0.5, 6.0]),", "torch.tensor([0.5, 6.0]),\n    share=9,"),
        "its hidden checks earn 22% of its points",
    ),
    "a check without a hint": (edit("test_share_of_mistakes", "hint=", "# "), "has no hint"),
    "an answer compared with itself": (
        edit(
            "test_huber",
            "torch.tensor([0.5, 6.0]),\n    hint",
            "huber(torch.tensor([1.0, -4.0]), 2.0),\n    hint",
        ),
        "uses huber outside of observe",
    ),
    "compared by the student": (
        edit("test_huber", "observe(huber(e, delta))", "observe(huber(e, delta) == 1)"),
        "compares on the student's side",
    ),
    "close by the student": (
        edit(
            "test_huber", "observe(huber(e, delta))", "observe(torch.allclose(huber(e, delta), e))"
        ),
        "compares on the student's side",
    ),
    "a solution is shipped": (
        edit("test_huber", "e = 3 *", "probe = lambda f: huber(f, 1)\ne = 3 *"),
        "would ship a solution",
    ),
    "a name is taken": (
        edit("test_huber", "e = 3 *", "huber = 1\ne = 3 *"),
        "its test gives huber a meaning of its own",
    ),
    "a name of nobody": (
        edit("test_huber", "e = 3 *", "e = factor *"),
        "its test uses factor, which is neither its own nor the course's",
    ),
    "a name of Python's for its own": (
        edit("test_huber", "e = 3 *", "sum = 1\ne = 3 *"),
        "its test gives sum another meaning",
    ),
    "a module's name for its own": (
        edit("test_huber", "e = 3 *", "torch = 1\ne = 3 *"),
        "its test gives torch another meaning",
    ),
    "a task with a name of Python's": (
        edit("huber", "def huber", "sum = 0\n\ndef huber"),
        "its task has a name that is taken: sum",
    ),
    "another task's name": (
        edit("test_huber", "observe(huber(e, delta))", "observe(huber(careful_mse(e, e), delta))"),
        "its test looks at careful_mse, which another task asks for",
    ),
    "a helper's name": (
        helper("def half(e):\n    return e / 2"),
        "its test looks at half, which is no task's",
    ),
    "a helper that knows a solution": (
        helper("def other(e):\n    return trap_of(e)\n\ndef trap_of(e):\n    return huber(e, 1)\n\nhalf = 0"),
        "other, which its test takes along, would ship huber",
    ),
    "no tag": (without_tags, "lacks the tag"),
    "no written answer": (without_written, "it has not exactly one written answer"),
}


def test_the_rules_accept_a_good_assignment() -> None:
    assert list(make_release.problems(GOOD, answer_bank.answers(NAME))) == []


@pytest.mark.parametrize("fault", BROKEN)
def test_the_rules_refuse(fault: str) -> None:
    change, said = BROKEN[fault]
    notebook = copy.deepcopy(GOOD)
    change(notebook)
    found = list(make_release.problems(notebook, answer_bank.answers(NAME)))
    assert any(said in problem for problem in found), found


@pytest.mark.parametrize("kind", ["right", "wrong"])
def test_the_rules_refuse_an_exercise_with_too_few_answers(kind: str) -> None:
    few = [
        a for a in answer_bank.answers(NAME) if a.exercise != "huber" or bool(a.words) != (kind == "wrong")
    ]
    assert f"huber: the bank has 0 {kind} answers" in "\n".join(make_release.problems(GOOD, few))


def test_the_rules_refuse_much_for_what_misses_the_point() -> None:
    wrong = answer_bank.Answer("huber", "huber = abs", 1.5, "Beyond δ")
    answers = answer_bank.answers(NAME)
    said = "huber: a wrong answer, “Beyond δ”, earns 1.5 of 3: is it a slip?"
    assert said in "\n".join(make_release.problems(GOOD, [*answers, wrong]))
    slip = dataclasses.replace(wrong, slip=True)
    assert said not in "\n".join(make_release.problems(GOOD, [*answers, slip]))


def test_students_get_the_checks_folded_and_nothing_else() -> None:
    for name in answer_bank.ASSIGNMENTS:
        for cell in answer_bank.released(name).cells:
            folded = cell.metadata.get("jupyter", {}) == {"source_hidden": True}
            assert folded == is_test(cell), grade_id(cell)


def test_the_rules_refuse_an_answer_to_no_exercise() -> None:
    stray = [*answer_bank.answers(NAME), answer_bank.Answer("hubert", "1")]
    assert "the bank answers hubert" in "\n".join(make_release.problems(GOOD, stray))


# What students get.


@pytest.mark.slow
@pytest.mark.parametrize("name", answer_bank.ASSIGNMENTS)
def test_an_unanswered_notebook_says_that_it_is_unanswered_and_nothing_else_breaks(
    name: str,
) -> None:
    notebook = answer_bank.released(name)
    run_notebook.run(notebook, ROOT / "exercises" / name)
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source]
    assert all(cell.execution_count for cell in code), "every cell was run"
    exercises = Assignment(answer_bank.source(name)).exercises
    errors = {
        grade_id(cell): output.ename
        for cell in code
        for output in cell.outputs
        if output.output_type == "error"
    }
    assert set(errors.values()) <= {"NotImplementedError", "Unanswered"}
    assert {f"test_{exercise}" for exercise in exercises} <= set(errors), "a test that says nothing"
    assert set(errors) <= {*exercises, *(f"test_{exercise}" for exercise in exercises)}


@cache
def texts(folder: str) -> dict[Path, str]:
    """All that stands in the cells of each of a folder's notebooks, without white space."""
    return {
        path: flat("\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells))
        for path in (ROOT / folder).rglob("*.ipynb")
    }


@pytest.mark.parametrize("name", answer_bank.ASSIGNMENTS)
def test_no_line_of_a_solution_or_a_hidden_test_is_in_what_students_get(name: str) -> None:
    lines = secrets(name)
    assert len(lines) > 20
    for path, text in texts("exercises").items():
        assert [line for line in lines if flat(line) in text] == [], path


@pytest.mark.parametrize("name", answer_bank.ASSIGNMENTS)
def test_a_students_notebook_says_nothing_between_the_markers(name: str) -> None:
    """Also the lines too short to be looked for: what is taken out is taken out whole."""
    source = {grade_id(c): c.source for c in answer_bank.source(name).cells if grade_id(c)}
    for cell in answer_bank.released(name).cells:
        if grade_id(cell) and cell.cell_type == "code":
            stub = re.sub(
                r"(?s)( *)### BEGIN SOLUTION.*?### END SOLUTION",
                r"\1# YOUR CODE HERE\n\1raise NotImplementedError()",
                source[grade_id(cell)],
            )
            assert cell.source == re.sub(
                r"(?s)### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS\n", "", stub
            )
        elif grade_id(cell):
            assert cell.source == "YOUR ANSWER HERE"


@pytest.mark.parametrize("name", answer_bank.ASSIGNMENTS)
def test_no_line_of_a_solution_or_a_hidden_test_is_in_the_book(name: str) -> None:
    lines = secrets(name)
    assert texts("book")
    for path, text in texts("book").items():
        assert [line for line in lines if flat(line) in text] == [], path


def test_no_line_of_a_solution_or_a_hidden_test_is_in_the_site(site: Path) -> None:
    lines = {flat(line) for name in answer_bank.ASSIGNMENTS for line in secrets(name)}
    files = [
        p for end in ("html", "ipynb", "js", "txt", "md", "json") for p in site.rglob(f"*.{end}")
    ]
    assert files
    for path in files:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            text = BeautifulSoup(text, "html.parser").get_text()
        text = flat(text).replace('\\"', '"')
        assert [line for line in lines if line in text] == [], path


@pytest.mark.parametrize("name", answer_bank.ASSIGNMENTS)
def test_every_cell_of_a_source_was_run_and_is_compared(name: str) -> None:
    cells = [cell for cell in answer_bank.source(name).cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells), "nbval compares only cells with a count"
