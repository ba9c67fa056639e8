"""What a submission earned is written in one transaction, or not at all."""

from collections.abc import Iterator
from typing import Any

import pytest
from nbgrader.api import Gradebook
from small_course import NAME, POINTS, Course
from small_run import grade
from sqlalchemy import Engine, event

from drinkdeep.grading.batch import transaction
from drinkdeep.grading.batch.converter import Converter
from drinkdeep.grading.batch.local_pool import LocalPool
from drinkdeep.grading.batch.transaction import gradebook_opened_once
from drinkdeep.grading.errors import CourseError

CHANGES = ("INSERT", "UPDATE", "DELETE")


@pytest.fixture
def written() -> Iterator[list[int]]:
    """Of each transaction that changed something, by how many statements."""
    done: list[int] = []
    statements = 0

    def saw(_: Any, __: Any, statement: str, *___: Any) -> None:
        nonlocal statements
        statements += statement.startswith(CHANGES)

    def ended(_: Any) -> None:
        nonlocal statements
        if statements:
            done.append(statements)
        statements = 0

    event.listen(Engine, "before_cursor_execute", saw)
    event.listen(Engine, "commit", ended)
    yield done
    event.remove(Engine, "before_cursor_execute", saw)
    event.remove(Engine, "commit", ended)


def test_a_submission_is_one_transaction(
    course: Course, pool: LocalPool, written: list[int]
) -> None:
    for student in ("ada", "bob", "eve"):
        course.hand_in(student)
    outcomes = grade(course, pool)
    assert {outcome.state for outcome in outcomes.values()} == {"graded"}
    assert len(written) == 3
    assert course.score("bob") == POINTS


def test_without_its_notebook_a_grade_is_not_written(
    course: Course, pool: LocalPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    course.hand_in("ada")

    def fail(*_: Any) -> None:
        raise RuntimeError("no room for it")

    with monkeypatch.context() as patched:
        patched.setattr(Converter, "write_single_notebook", fail)
        assert grade(course, pool)["ada"].state == "failed"
    with Gradebook(course.db_url, "drinkdeep") as gradebook:
        assert gradebook.assignment_submissions(NAME) == []
    assert grade(course, pool)["ada"].state == "graded"


def test_nbgrader_s_gradebook_is_its_own_again_afterwards(course: Course) -> None:
    before = Gradebook.__init__
    with gradebook_opened_once(), Gradebook(course.db_url, "drinkdeep") as gradebook:
        assert isinstance(gradebook, transaction.SharedGradebook)
    assert Gradebook.__init__ is before
    with Gradebook(course.db_url, "drinkdeep") as gradebook:
        assert type(gradebook) is Gradebook


def test_another_version_of_nbgrader_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transaction, "WRITTEN_FOR", "0.9.5")
    with (
        pytest.raises(CourseError, match=r"was written for nbgrader 0\.9\.5, and this is 0\.9\."),
        gradebook_opened_once(),
    ):
        pass
