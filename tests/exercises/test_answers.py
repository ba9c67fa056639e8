"""The bank of answers, graded in the sandbox: each earns, and is told, what the bank says."""

from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

import answer_bank
import pytest

SUBMISSIONS = [
    (name, submission) for name in answer_bank.ASSIGNMENTS for submission in answer_bank.submissions(name)
]
BY_STUDENT = {("02_gradient_descent", "wrong-1"), ("06_training", "rebound")}
"""Of these the visible checks are compared with what a student sees; `make bank` does so of all."""


@pytest.fixture(scope="module")
def faults(sandbox: None) -> Iterator[dict[tuple[str, str], Future[list[str]]]]:
    """All of the bank on its way through as many processes as there are cores here."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield {
            (name, submission.name): pool.submit(
                answer_bank.grade,
                name,
                submission,
                seed=1,
                by_student=(name, submission.name) in BY_STUDENT,
            )
            for name, submission in SUBMISSIONS
        }


@pytest.mark.parametrize(
    ("assignment", "submission"), [(name, submission.name) for name, submission in SUBMISSIONS]
)
def test_an_answer_earns_what_it_should(
    faults: dict[tuple[str, str], Future[list[str]]], assignment: str, submission: str
) -> None:
    assert faults[assignment, submission].result() == []
