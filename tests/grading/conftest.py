"""What tests of the grader share: a graded class, a small course and workers, PostgreSQL."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import classroom
import postgresql as postgresql_server
import pytest
from filelock import FileLock
from small_course import Course

from drinkdeep.grading.batch.local_pool import LocalPool


@pytest.fixture(scope="session")
def graded_class(sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small graded class; the first process that needs it makes it for all."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "graded-class"
    done = folder / "done"
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            classroom.grade(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course of which the others are copies."""
    course = Course(tmp_path_factory.mktemp("template"))
    course.make()
    return course


@pytest.fixture
def course(template: Course, tmp_path: Path) -> Course:
    return template.copy(tmp_path)


@pytest.fixture(scope="session")
def pool(sandbox: None) -> Iterator[LocalPool]:
    pool = LocalPool(2)
    yield pool
    pool.shutdown()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of an empty database on a PostgreSQL server that is ours alone."""
    if postgresql_server.programs() is None:
        reason = "PostgreSQL is not installed, so no gradebook was kept in it"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with (
        tempfile.TemporaryDirectory(prefix="dd-pg-") as folder,
        postgresql_server.server(Path(folder), "drinkdeep"),
    ):
        yield f"postgresql+psycopg://drinkdeep@/postgres?host={folder}"
