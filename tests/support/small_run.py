"""A small course graded in the test's own process."""

import contextlib
from concurrent.futures import Executor

from nbgrader.apps import AutogradeApp
from small_course import NAME, Course

from drinkdeep.grading.batch.converter import Converter
from drinkdeep.grading.batch.outcomes import Outcome
from drinkdeep.grading.batch.pipeline import Pipeline, grade_class


def pipeline(course: Course, pool: Executor, assignment: str = NAME, **more: object) -> Pipeline:
    with contextlib.chdir(course.folder):
        app = AutogradeApp()
        app.initialize([f"--db={course.db_url}", "--log-level=CRITICAL"])
        converter = Converter(app, assignment)
    return Pipeline(converter, pool, max_in_flight=4, **more)  # type: ignore[arg-type]


def grade(course: Course, pool: Executor, *students: str, **more: object) -> dict[str, Outcome]:
    """Grade in this process; what has become of each."""
    line = pipeline(course, pool, **more)
    converter = line.converter
    outcomes = grade_class(line, list(students) or converter.students(), lambda *_: None)
    return {outcome.student: outcome for outcome in outcomes}


def left_to_do(course: Course, pool: Executor) -> list[str]:
    """Whom the command would grade now."""
    line = pipeline(course, pool)
    with contextlib.chdir(course.folder):
        return [s for s in line.converter.students() if not isinstance(line.prepare(s), Outcome)]
