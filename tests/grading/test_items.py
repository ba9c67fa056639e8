"""What a class's answers say of the checks."""

import random
import statistics

import pytest
from nbformat.v4 import new_code_cell, new_notebook
from small_course import NAME, source

from drinkdeep.grading.graded import Checked, checked, write_verdict
from drinkdeep.grading.judging.assignment import Assignment
from drinkdeep.grading.judging.judge import Judge, sites_of
from drinkdeep.grading.results.items import LEAST, items, unknown_values

ASSIGNMENT = Assignment(source())
EXERCISE = ASSIGNMENT.exercises[NAME]
TEST = EXERCISE.test_id
CHECKS = len(sites_of(EXERCISE))


def went(*met: bool, unknown: str = "") -> dict[str, list[Checked]]:
    return {TEST: [Checked(m, "" if m else unknown) for m in met]}


def test_difficulty_and_discrimination() -> None:
    dice = random.Random(1)
    rest = {f"s{n}": float(dice.randrange(20)) for n in range(LEAST)}
    met = {name: dice.random() < points / 20 for name, points in rest.items()}
    answers = {name: went(m, *[True] * (CHECKS - 1)) for name, m in met.items()}
    # The exercise's own points don't count: whoever meets its checks has them.
    scores = {name: {TEST: 4.0 * met[name], "another": points} for name, points in rest.items()}
    first, *others = items(ASSIGNMENT, answers, scores)
    assert first.difficulty == statistics.fmean(met.values())
    wanted = statistics.correlation([float(m) for m in met.values()], list(rest.values()))
    assert first.discrimination == pytest.approx(wanted)
    assert all(item.discrimination is None for item in others), "all have met them"
    assert [item.hidden for item in (first, *others)] == [s.hidden for s in sites_of(EXERCISE)]
    del answers["s0"]
    assert items(ASSIGNMENT, answers, scores)[0].discrimination is None, "too few"


def test_an_answer_graded_by_an_earlier_test_is_left_out() -> None:
    now, before = went(*[True] * CHECKS), went(*[True] * (CHECKS + 1))
    found = items(ASSIGNMENT, {"ada": now, "bob": before}, {"ada": {}, "bob": {}})
    assert {item.students for item in found} == {1}
    assert items(ASSIGNMENT, {"bob": before}, {"bob": {}}) == []


def test_values_without_words_are_counted_once_a_student() -> None:
    twice = went(*[False] * CHECKS, unknown="It is 5; it should be 4.")
    once = went(*[False] * CHECKS, unknown="It is 6; it should be 4.")
    found = unknown_values({"ada": twice, "bob": twice, "eve": once})
    assert [(v.number, v.seen, v.students) for v in found] == [
        (number + 1, "It is 5; it should be 4.", 2) for number in range(CHECKS)
    ]


def test_the_judge_tells_a_value_that_is_known_from_one_that_is_not() -> None:
    """And nothing of what a hidden test has seen."""
    course = source()
    test = course.cells[2]
    test.source = test.source.replace(
        'hint="Twice as much.")', 'hint="Twice as much.", mistakes=[(9.0, "That is the square.")])'
    )
    assignment = Assignment(course)
    seen = []
    for value in (9.0, 77.0):
        judge = Judge(assignment, seed=0)
        verdict = judge.grade(assignment.exercises[NAME], lambda *_, value=value: value)
        cell = new_code_cell(metadata={"nbgrader": {"grade_id": TEST}})
        noted = [Checked(check.met, check.unknown) for check in verdict.checks]
        write_verdict(cell, verdict.score, verdict.points, [], noted)
        assert [*checked(new_notebook(cells=[cell]))] == [(TEST, noted)]
        assert not any(check.met for check in noted)
        seen.append([check.unknown for check in noted])
    assert seen == [["", ""], ["It is 77; it should be 6.", ""]]
