"""The tests are put to the test: every mutant of a solution is seen, or said to be right."""

import ast

import answer_bank
import mutants
import pytest
import workbench

from drinkdeep.grading.judging.assignment import Exercise

FEWEST = 15


@pytest.mark.parametrize("assignment", answer_bank.ASSIGNMENTS)
def test_the_table_of_mutants_is_up_to_date_and_leaves_none_unexplained(assignment: str) -> None:
    assert list(mutants.stale(assignment)) == []


def test_there_are_many_mutants_of_each_exercise() -> None:
    entries = [e for name in answer_bank.ASSIGNMENTS for e in mutants.table(name).values()]
    counts = [entry.mutants for entry in entries if entry.mutants]
    assert sum(counts) / len(counts) >= FEWEST


def exercise(name: str) -> Exercise:
    return workbench.exercises(answer_bank.source("01_cost"))[name]


def test_mutants_are_python_and_differ_from_the_solution_and_from_each_other() -> None:
    found = mutants.mutants(exercise("huber"))
    codes = {ast.dump(ast.parse(mutant.code)) for mutant in found}
    assert len(codes) == len(found) == len({mutant.name for mutant in found})
    assert ast.dump(ast.parse(exercise("huber").solution.source)) not in codes


@pytest.mark.parametrize(
    "name",
    [
        "size <= delta  →  size < delta",
        "e.abs()  →  e",
        "e ** 2  →  e * 2",
        "0.5  →  0.55",
        "e and delta change places",
    ],
)
def test_a_solution_is_changed_in_all_manner_of_places(name: str) -> None:
    assert any(mutant.name.startswith(name) for mutant in mutants.mutants(exercise("huber")))


def test_a_parameter_is_what_it_is_in_the_example() -> None:
    slopes = workbench.exercises(answer_bank.source("02_gradient_descent"))["two_slopes"]
    assert "ignored: g2 = 12.0" in {mutant.name for mutant in mutants.mutants(slopes)}


def test_what_is_handed_in_is_written_into_where_the_task_forbids_it() -> None:
    step = workbench.exercises(answer_bank.source("02_gradient_descent"))["step"]
    assert "p - lr * g  →  p.sub_(lr * g)" in {mutant.name for mutant in mutants.mutants(step)}


def test_a_single_exercise_is_judged_in_a_kernel_that_forgets(sandbox: None) -> None:
    notebook = answer_bank.source("01_cost")
    ((huber, bench),) = [
        (found, bench) for found, bench in workbench.benches(notebook, ["huber"]) if bench
    ]
    assert huber.points == 3
    with bench:
        right = "def huber(e, delta):\n    return half(e, delta)"
        helper = "def half(e, d):\n    a = e.abs()\n    return torch.where(a <= d, a * a / 2, d * (a - d / 2))"
        scores = [v.score for v in bench.verdicts(right, [1, 2], above=[helper])]
        assert scores == [3, 3]
        # The helper is gone.
        assert [v.score for v in bench.verdicts(right, [1])] == [0]
        assert [v.score for v in bench.verdicts(huber.solution.source, [1])] == [3]
