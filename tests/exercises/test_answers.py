"""The bank of answers, graded in the sandbox: each earns, and is told, what the bank says."""

import answer_bank
import pytest
from answer_bank import Submission

BY_STUDENT = {("02_gradient_descent", "wrong-1"), ("06_training", "rebound")}
"""Of these the visible checks are compared with what a student sees; `make bank` does so of all."""


@pytest.mark.parametrize(
    ("assignment", "submission"),
    [
        pytest.param(name, submission, id=f"{name}-{submission.name}")
        for name in answer_bank.ASSIGNMENTS
        for submission in answer_bank.submissions(name)
    ],
)
def test_an_answer_earns_what_it_should(
    sandbox: None, assignment: str, submission: Submission
) -> None:
    by_student = (assignment, submission.name) in BY_STUDENT
    assert answer_bank.grade(assignment, submission, seed=1, by_student=by_student) == []
