"""What a submission earned is written in one transaction, or not at all."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Any

import pytest
from nbgrader.api import Gradebook
from small_course import NAME, POINTS, Course
from small_run import grade
from sqlalchemy import Engine, event

from drinkdeep import nbgrader_version
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


class AtOnce(Executor):
    """Has a result ready as soon as it is asked for."""

    def __init__(self, pool: LocalPool) -> None:
        self._pool = pool

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(self._pool.submit(fn, *args, **kwargs).result())
        return done


def test_a_submission_is_one_transaction(
    course: Course, pool: LocalPool, written: list[int]
) -> None:
    course.hand_in("ada")
    assert grade(course, pool)["ada"].state == "graded"
    assert len(written) == 1
    assert course.score("ada") == POINTS


def test_what_is_ready_at_a_time_is_one_transaction_together(
    course: Course, pool: LocalPool, written: list[int]
) -> None:
    for student in ("ada", "bob", "eve"):
        course.hand_in(student)
    outcomes = grade(course, AtOnce(pool))
    assert {outcome.state for outcome in outcomes.values()} == {"graded"}
    assert len(written) == 1
    assert [course.score(student) for student in ("ada", "bob", "eve")] == [POINTS] * 3


@pytest.mark.parametrize("unlucky", ["ada", "bob", "eve"])
def test_one_that_cannot_be_recorded_takes_no_other_along(
    course: Course, pool: LocalPool, monkeypatch: pytest.MonkeyPatch, unlucky: str
) -> None:
    for student in ("ada", "bob", "eve"):
        course.hand_in(student)
    write = Converter.write_single_notebook

    def fail(self: Converter, output: str, resources: Any) -> None:
        if resources["nbgrader"]["student"] == unlucky:
            raise RuntimeError("no room for it")
        write(self, output, resources)

    monkeypatch.setattr(Converter, "write_single_notebook", fail)
    outcomes = grade(course, AtOnce(pool))
    lucky = {"ada", "bob", "eve"} - {unlucky}
    assert {s for s, outcome in outcomes.items() if outcome.state == "graded"} == lucky, outcomes
    with Gradebook(course.db_url, "drinkdeep") as gradebook:
        entered = {s.student_id for s in gradebook.assignment_submissions(NAME)}
    assert entered == lucky
    assert {course.score(student) for student in lucky} == {POINTS}
    assert not list((course.folder / "grading").glob("autograded/*"))


def test_what_is_taken_off_for_lateness_follows_the_new_points(
    course: Course, pool: LocalPool
) -> None:
    with (course.folder / "nbgrader_config.py").open("a") as config:
        config.write('\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    with Gradebook(course.db_url, "drinkdeep") as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate="2026-11-20 00:00:00 UTC")
    taken_off = []
    for answer in ("def double(x):\n    return 3", "def double(x):\n    return 2 * x"):
        course.hand_in("late", answer)
        (course.submitted("late") / "timestamp.txt").write_text("2026-11-21 12:00:00 UTC")
        assert grade(course, pool)["late"].state == "graded"
        with Gradebook(course.db_url, "drinkdeep") as gradebook:
            taken_off.append(gradebook.find_submission(NAME, "late").late_submission_penalty)
    assert taken_off == [0, POINTS]


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
    monkeypatch.setattr(nbgrader_version, "WRITTEN_FOR", "0.9.5")
    with (
        pytest.raises(CourseError, match=r"was written for nbgrader 0\.9\.5, and this is 0\.9\."),
        gradebook_opened_once(),
    ):
        pass


def test_what_is_recorded_later_has_its_place_behind(course: Course, pool: LocalPool) -> None:
    for student in ("ada", "bob", "eve"):
        course.hand_in(student)
    grade(course, AtOnce(pool))
    with Gradebook(course.db_url, "drinkdeep") as gradebook:
        submissions = gradebook.assignment_submissions(NAME)
        by_student = {s.student_id: s for s in submissions}
        ids = [
            number
            for s in ("ada", "bob", "eve")
            for number in sorted(g.id for nb in by_student[s].notebooks for g in nb.grades)
        ]
    assert sorted(ids) == ids
    assert {len(number) for number in ids} == {32}
