"""A kernel that answers every observation with one constant earns nothing."""

import ast
import re
from collections.abc import Iterator

import answer_bank
import pytest

from drinkdeep.grading.judging.assignment import Assignment, Exercise
from drinkdeep.grading.judging.judge import Judge
from drinkdeep.grading.sandbox.limits import Limits
from drinkdeep.grading.sandbox.student import StudentKernel
from drinkdeep.notebook.scope import bound_names

# What each liar's kernel runs: from then on `lie` stands for every value.
CONSTANTS = {
    "True": "lie = lambda value: True",
    "0": "lie = lambda value: 0",
    "1.0": "lie = lambda value: 1.0",
    "NaN": "lie = lambda value: float('nan')",
    "None": "lie = lambda value: None",
    "empty tensor": "lie = lambda value: torch.empty(0)",
    "zeros of the right shape": """
def lie(value):
    if isinstance(value, torch.Tensor):
        return torch.zeros_like(value)
    if isinstance(value, (list, tuple)):
        return type(value)(map(lie, value)) if type(value) in (list, tuple) else value
    if isinstance(value, dict):
        return {key: lie(item) for key, item in value.items()}
    return type(value)(0) if isinstance(value, (bool, int, float)) else value
""",
    "ones of the right shape": """
def lie(value):
    return torch.ones_like(value) if isinstance(value, torch.Tensor) else 1.0
""",
    "equal to everything": """
class Equal:
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: True
lie = lambda value: Equal()
""",
    "an exception": """
class Many(ValueError, TypeError, IndexError, KeyError): pass
lie = lambda value: checks.Raised.by(Many('no'))
""",
}
LIE = """
import torch
from drinkdeep import checks, transport
real_encode = getattr(transport, 'real_encode', transport.encode)
transport.encode = transport.real_encode = real_encode
"""

# A liar's network answers in the right shapes, whatever it has learned: it need not learn for long.
SHORT = """
def train_my_network(images, labels, at_length=train_my_network):
    return at_length(images[:640], labels[:640])
"""


@pytest.fixture(scope="module", params=answer_bank.ASSIGNMENTS)
def liar(
    sandbox: None, request: pytest.FixtureRequest
) -> Iterator[tuple[Assignment, StudentKernel]]:
    """An assignment, and a kernel in which its solution is known, so that shapes are right."""
    assignment = Assignment(answer_bank.source(request.param))
    with StudentKernel(Limits()) as student:
        for _, cell in assignment.code():
            student.run(cell.source)
        if "train_my_network" in assignment.exercises:
            assert student.run(SHORT) == []
        yield assignment, student


def computes(exercise: Exercise) -> bool:
    """Whether its tests look at values, and not only at short answers."""
    return bool(re.search(r"\bexpect(_at_least)?\(", exercise.test.source))


def told_as_answers(student: StudentKernel, exercise: Exercise) -> None:
    """Write the constant down as every one of the exercise's answers."""
    for name in bound_names(ast.parse(exercise.solution.source)):
        student.run(f"{name} = lie({name})")


@pytest.mark.parametrize("constant", CONSTANTS)
def test_a_constant_earns_nothing(liar: tuple[Assignment, StudentKernel], constant: str) -> None:
    assignment, student = liar
    assert student.run(LIE + CONSTANTS[constant]) == []

    # Short answers: no more than for whoever writes the constant down. Names are lied about in the
    # kernel, and put right again by running the solution.
    questions = [e for e in assignment.exercises.values() if not computes(e)]
    assert questions
    judge, honest = Judge(assignment, seed=3), {}
    for exercise in questions:
        told_as_answers(student, exercise)
        honest[exercise.name] = judge.grade(exercise, student.answer).score
        student.run(exercise.solution.source)

    student.run("transport.encode = lambda value: real_encode(lie(value))")
    judge = Judge(assignment, seed=3)
    for exercise in assignment.exercises.values():
        score = judge.grade(exercise, student.answer).score
        assert score <= honest.get(exercise.name, 0), exercise.name
