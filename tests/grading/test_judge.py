"""The judge: what is looked at where, what a cell earns, and what the student is told."""

import base64
import contextlib
import io
import itertools
import pickle
import time
from typing import Any

import pytest
import torch
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from drinkdeep.checks import Finding, Raised
from drinkdeep.grading.errors import CheckError
from drinkdeep.grading.judging import judge
from drinkdeep.grading.judging.assignment import Assignment
from drinkdeep.grading.judging.bounds import TICK, JudgingStopped, bounded
from drinkdeep.grading.judging.judge import (
    LONGEST,
    MOST_FINDINGS,
    NOT_DONE,
    TOO_MUCH,
    Clock,
    Judge,
    Verdict,
    is_guessable,
)
from drinkdeep.transport import decode, encode

DOUBLE = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
TEST = """\
expect(observe(double(2)), 4, hint="Twice as much, please.", mistakes=[(2, "Unchanged.")])
### BEGIN HIDDEN TESTS
x = torch.rand(3, generator=fresh())
expect(observe(double(x)), double(x), hint="Twice every element.")
### END HIDDEN TESTS
all_met()"""


def notebook(solution: str, test: str, points: float = 4) -> NotebookNode:
    def cell(source: str, **data: Any) -> NotebookNode:
        return new_code_cell(source, metadata={"nbgrader": data})

    return new_notebook(
        cells=[
            new_code_cell("import torch\nfrom drinkdeep.checks import *"),
            cell(solution, grade_id="double", solution=True),
            cell(test, grade_id="test_double", grade=True, locked=True, points=points),
        ]
    )


def judged(answer: str, test: str = TEST, seed: int = 0, asked: list[str] | None = None) -> Verdict:
    """The verdict on an answer, which runs in a namespace of its own."""
    return judge_and_verdict(answer, test, seed, asked)[1]


def judge_and_verdict(
    answer: str,
    test: str,
    seed: int = 0,
    asked: list[str] | None = None,
    cpu: Clock | None = None,
) -> tuple[Judge, Verdict]:
    names: dict[str, Any] = {"__name__": "__main__", "torch": torch}
    exec(answer, names)

    def ask(expression: str, shipped: str) -> Any:
        if asked is not None:
            asked.append(expression)
        given = pickle.loads(base64.b64decode(shipped))
        try:
            value = eval(f"lambda {', '.join(given)}: ({expression})", names)(**given)
        except Exception as error:
            value = Raised.by(error)
        return decode(encode(value))

    assignment = Assignment(notebook(DOUBLE, test))
    grader = Judge(assignment, seed, cpu)
    return grader, grader.grade(assignment.exercises["double"], ask)


@pytest.mark.parametrize(
    ("answer", "limit", "is_slow"),
    [
        ("def double(x): return 2 * x", "1e-9", True),
        ("def double(x): return 2 * x", "1e9", False),
        ("def double(x): return 3 * x", "1e-9", False),
        ("def double(x): raise ValueError", "1e-9", False),
        ("def double(x): raise NotImplementedError", "1e-9", False),
    ],
)
def test_only_what_is_right_is_too_slow(answer: str, limit: str, is_slow: bool) -> None:
    grader, verdict = judge_and_verdict(answer, with_stopwatch(limit))
    assert grader.too_slow == is_slow
    assert ("Quicker, please." in str(verdict)) == (is_slow or "raise V" in answer)


def with_stopwatch(limit: str) -> str:
    """The test, with a check of time."""
    timed = (
        f'expect_faster(stopwatch(lambda: double(3)), {limit}, hint="Quicker, please.", '
        "result=observe(double(3)), wanted=6)"
    )
    return TEST.replace("### END", f"{timed}\n### END")


@pytest.mark.parametrize(
    ("limit", "is_slow", "is_worth_a_retry"),
    [("1.5e-9", False, False), ("0.8e-9", True, True), ("0.4e-9", True, False)],
)
def test_cpu_time_says_what_is_slow(limit: str, is_slow: bool, is_worth_a_retry: bool) -> None:
    looks = itertools.count()
    grader, verdict = judge_and_verdict(
        "double = lambda x: x + x", with_stopwatch(limit), cpu=lambda: 1e-9 * next(looks)
    )
    assert ("Quicker, please." in str(verdict)) == is_slow
    assert grader.too_slow == is_worth_a_retry


def test_what_is_fast_enough_runs_once_to_be_timed_and_looked_at() -> None:
    asked: list[str] = []
    assert judged("double = lambda x: x + x", with_stopwatch("1e9"), asked=asked).score == 4
    assert asked == ["double(2)", "double(x)", "double(3)"]
    asked.clear()
    judged("double = lambda x: x + x", with_stopwatch("1e-9"), asked=asked)
    assert asked[2:] == ["double(3)"] + 9 * ["[(double(3)), None][1]"]


def test_a_right_answer_earns_all() -> None:
    assert judged("double = lambda x: x + x") == Verdict(4, 4, ())


def test_the_student_s_names_are_met_in_observe_alone() -> None:
    asked: list[str] = []
    judged("double = lambda x: x + x", asked=asked)
    assert asked == ["double(2)", "double(x)"]


def test_a_known_example_alone_earns_nothing() -> None:
    verdict = judged("double = lambda x: 4")
    assert verdict.score == 0
    assert any("not yet other values" in finding.words for finding in verdict.findings)


def test_part_of_the_checks_earn_part_of_the_points() -> None:
    verdict = judged("double = lambda x: x if isinstance(x, int) else 2 * x")
    assert verdict.score == 2
    assert verdict.findings == (Finding("Unchanged.", "It is 2; it should be 4."),)


def test_a_share_weighs_a_check() -> None:
    test = TEST.replace('hint="Twice every', 'share=3, hint="Twice every')
    answer = "double = lambda x: 5 if isinstance(x, int) else 2 * x"
    assert judged(answer, test).score == 3


def test_of_a_hidden_check_only_the_words_are_told() -> None:
    verdict = judged("def double(x):\n    return 4 if isinstance(x, int) else x.missing")
    (first, second) = verdict.findings
    assert first == Finding("Twice every element.", "Your code raised AttributeError.")
    assert "not yet other values" in second.words


def test_a_task_that_is_not_done_is_said_to_be_so_once() -> None:
    verdict = judged("def double(x):\n    raise NotImplementedError")
    assert verdict == Verdict(0, 4, (Finding(NOT_DONE, ""),))


@pytest.mark.parametrize("seed", [1, 2])
def test_hidden_inputs_follow_from_the_seed(seed: int) -> None:
    inputs = []
    for draw in (seed, seed, seed + 1):
        seen: list[Any] = []
        names = {"seen": seen}
        asked = "def double(x):\n    seen.append(x)\n    return 2 * x"
        exec(asked, names)

        def ask(expression: str, shipped: str, names: dict[str, Any] = names) -> Any:
            given = pickle.loads(base64.b64decode(shipped))
            return eval(f"lambda {', '.join(given)}: ({expression})", names)(**given)

        assignment = Assignment(notebook(DOUBLE, TEST))
        Judge(assignment, draw).grade(assignment.exercises["double"], ask)
        inputs.append(seen[-1])
    assert torch.equal(inputs[0], inputs[1])
    assert not torch.equal(inputs[0], inputs[2])


def test_a_value_of_a_strange_form_costs_its_own_statement_only() -> None:
    test = """\
expect(observe(double(2)), 4, hint="Twice as much, please.")
### BEGIN HIDDEN TESTS
expect(observe(double(3)).item(), 6, hint="Twice as much, please.")
expect(observe(double(4)), 8, hint="Twice as much, please.")
### END HIDDEN TESTS
all_met()"""
    verdict = judged("double = lambda x: 2 * x", test)
    assert verdict.score == pytest.approx(2.67)
    assert "has a form that this test can't read" in str(verdict.findings[0])


def test_shapes_exceptions_and_times_earn_nothing_by_themselves() -> None:
    test = """\
expect_raises(attempt(lambda: double(None)), TypeError, hint="Refuse what is no number.")
### BEGIN HIDDEN TESTS
expect_shape(observe(double(torch.ones(3))), (3,), hint="The same shape.")
expect_faster(
    stopwatch(lambda: double(1)), 30, hint="Without a loop.", result=observe(double(1)), wanted=2
)
expect(observe(double(torch.zeros(3))), torch.zeros(3), hint="Twice nothing is nothing.")
expect(observe(double(3.25)), 6.5, hint="Twice as much, please.")
### END HIDDEN TESTS
all_met()"""
    assert judged("double = lambda x: 2 * x", test).score == 4
    zeros = "def double(x):\n    if x is None: raise TypeError\n    return torch.zeros(3)"
    assert judged(zeros, test).score == 0


def test_short_answers_earn_by_themselves() -> None:
    test = """\
expect_kind(observe(double), int, hint="A whole number.")
### BEGIN HIDDEN TESTS
expect_answer(observe(double), 4, hint="Twice two.")
expect_answer(observe(double + 1), 6, hint="Twice two, and two.")
### END HIDDEN TESTS
all_met()"""
    verdict = judged("double = 4", test)
    assert verdict == Verdict(2, 4, (Finding("Twice two, and two.", ""),))
    assert judged("double = None", test).findings[0].words == NOT_DONE


def test_an_answer_that_was_kept_is_not_timed() -> None:
    test = TEST.replace(
        "### END",
        "z = torch.rand(4, generator=fresh())\nexpect_faster(stopwatch(lambda: double(z)), 1e-9, "
        'hint="Quicker, please.", result=observe(double(z)), wanted=2 * z)\n### END',
    )
    answer = """
seen = set()
def double(x):
    if isinstance(x, torch.Tensor):
        numbers = tuple(x.tolist())
        if numbers in seen:
            raise ValueError("Asked before.")
        seen.add(numbers)
    return 2 * x"""
    grader, _ = judge_and_verdict(answer, test)
    assert grader.too_slow, "it was timed ten times, and never with the same numbers"


def test_a_check_in_a_loop_is_met_if_it_is_met_each_time() -> None:
    test = """\
### BEGIN HIDDEN TESTS
for x in (1.5, 2.5):
    expect(observe(double(x)), double(x), hint="Twice as much, please.")
expect(observe(double(7)), 14, hint="Twice as much, please.")
### END HIDDEN TESTS
all_met()"""
    assert judged("double = lambda x: 2 * x if x != 1.5 else 0", test).score == 2


def test_a_function_of_the_test_s_travels_with_its_arguments() -> None:
    test = """\
def twice(function, x):
    return function(function(x))


### BEGIN HIDDEN TESTS
start = 1.25
expect(observe(twice(double, start)), 5.0, hint="Twice as much, please.")
expect(observe([double(k) for k in range(3)]), [0, 2, 4], hint="Twice as much, please.")
### END HIDDEN TESTS
all_met()"""
    assert judged("double = lambda x: 2 * x", test).score == 4


def test_a_look_that_took_too_long_is_not_taken_again() -> None:
    asked = []

    def ask(expression: str, shipped: str) -> Any:
        asked.append(expression)
        return Raised(("TimeoutError",), "It was stopped after 60 s.")

    assignment = Assignment(notebook(DOUBLE, TEST))
    verdict = Judge(assignment, 0).grade(assignment.exercises["double"], ask)
    assert len(asked) == 1
    assert verdict.score == 0
    assert "It was stopped after 60 s." in str(verdict.findings[0])


@pytest.mark.parametrize(
    "line",
    ["observe()", "observe(double(1), 2)", "attempt(double)", "stopwatch(lambda x: double(x))"],
)
def test_a_look_that_can_t_be_sent_over_is_a_mistake_of_the_test(line: str) -> None:
    with pytest.raises(CheckError):
        judged("double = None", line)


def test_a_test_that_would_ship_the_reference_is_a_mistake() -> None:
    probe = "def probe(double):\n    return double(2)\nexpect(observe(probe(double)), 4, hint='')"
    with pytest.raises(CheckError, match="double"):
        judged("double = lambda x: 5", probe)


def test_a_solution_s_output_is_not_ours() -> None:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        judged("double = lambda x: 2 * x")
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    "wanted",
    [0, 1, 0.0, 1.0, True, False, None, "", [], torch.zeros(3), torch.ones(2, 2), torch.empty(0),
     float("nan"), [float("nan")] * 2, {"a": torch.zeros(1), "b": 0}],
)  # fmt: skip
def test_what_a_constant_could_have_given_proves_nothing(wanted: object) -> None:
    assert is_guessable(wanted)


@pytest.mark.parametrize("wanted", [2, 0.5, "a", [0, 1], torch.tensor([0.0, 1.0]), {"a": 3}])
def test_what_no_constant_gives_proves_something(wanted: object) -> None:
    assert not is_guessable(wanted)


LOOP = """\
for item in observe(double([2, 2])):
    expect(item, 2, hint="Twos.")
    while item == 3:
        pass
### BEGIN HIDDEN TESTS
x = torch.rand(3, generator=fresh())
expect(observe(double(x)), double(x), hint="Twice every element.")
### END HIDDEN TESTS"""


def test_the_judge_stops_at_an_answer_that_takes_it_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judge, "bounded", lambda: bounded(cpu_seconds=0.3))
    verdict = judged("double = lambda x: [2, 3] if isinstance(x, list) else 2 * x", LOOP)
    assert verdict.score == 0, "what it was at is missed, and what it hasn't come to"
    assert TOO_MUCH in " ".join(map(str, verdict.findings))


def test_a_check_that_misses_time_and_again_says_so_a_few_times() -> None:
    wrong = "double = lambda x: list(range(100, 10_100)) if isinstance(x, list) else 2 * x"
    verdict = judged(wrong, LOOP.replace("while item == 3:\n        pass", ""))
    assert len(verdict.findings) == MOST_FINDINGS


def test_a_long_error_of_a_student_s_is_cut() -> None:
    verdict = judged("def double(x): raise ValueError('x' * 100_000)")
    assert sum(len(str(finding)) for finding in verdict.findings) < 2 * LONGEST + 200


def fill(most_bytes: int) -> list[bytearray]:
    return [bytearray(2**20) for _ in range(most_bytes // 2**20) if not time.sleep(0.001)]


def test_what_takes_too_much_memory_is_stopped() -> None:
    with pytest.raises(JudgingStopped), bounded(memory_bytes=2**27):
        fill(2**31)
    with bounded(memory_bytes=2**28):
        fill(2**26)


def test_the_bounds_stop_nothing_once_they_are_left() -> None:
    for _ in range(20):
        with contextlib.suppress(JudgingStopped), bounded(cpu_seconds=0):
            time.sleep(0.001)
    time.sleep(2 * TICK)


SECRET = """\
expect(int("seen" + str(observe(double(2)))), 4, hint="Twice as much, please.")
### BEGIN HIDDEN TESTS
expect(int("secret" + str(observe(double(3)))), 6, hint="Twice as much, please.")
### END HIDDEN TESTS
all_met()"""


def test_of_a_hidden_test_that_fails_by_itself_nothing_is_told() -> None:
    visible, hidden = judged("double = lambda x: 2 * x", SECRET).findings
    assert "seen4" in visible.detail
    assert hidden.words == visible.words
    assert hidden.detail == ""


def test_a_check_that_never_ran_is_not_met() -> None:
    test = TEST.replace(
        "### END HIDDEN TESTS",
        'if observe(double(1)) == 99:\n    expect(1, 1, hint="Never.")\n### END HIDDEN TESTS',
    )
    assert judged("double = lambda x: 2 * x").score == 4
    assert judged("double = lambda x: 2 * x", test).score == pytest.approx(4 * 2 / 3, abs=0.01)
