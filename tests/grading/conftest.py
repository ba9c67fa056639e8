"""What tests of the grader share: a graded class, a small course and workers, PostgreSQL."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import classroom
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


def postgresql_programs() -> Path | None:
    """Where PostgreSQL's server is; Debian keeps it off the PATH."""
    found = [Path(path).parent for path in filter(None, [shutil.which("initdb")])]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next(iter(found), None)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of an empty database on a PostgreSQL server that is ours alone."""
    programs = postgresql_programs()
    if programs is None:
        reason = "PostgreSQL is not installed, so no gradebook was kept in it"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    # The server refuses to be run by root.
    user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="dd-pg-") as folder:  # a socket's path has to be short
        if user:
            shutil.chown(folder, **user)
        data = f"{folder}/data"
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "drinkdeep", "-A", "trust", "--no-sync"],
            check=True,
            capture_output=True,
            cwd=folder,
            **user,
        )
        server = [programs / "postgres", "-D", data, "-k", folder, "-F", "-c", "listen_addresses="]
        with subprocess.Popen(server, cwd=folder, stderr=subprocess.PIPE, text=True, **user) as run:
            assert run.stderr is not None
            for line in run.stderr:
                if "ready to accept connections" in line:
                    break
            yield f"postgresql+psycopg://drinkdeep@/postgres?host={folder}"
            run.terminate()
            run.communicate()
