"""The book's recipe for Slurm, word for word, on a Slurm of one node."""

import os
import subprocess
import threading
from collections.abc import Iterator

import pytest
import slurm
from programs import environment
from small_course import POINTS, RIGHT, Course
from waiting import wait_for

SLOW = f"import time\ntime.sleep(2)\n{RIGHT}"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster(sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[slurm.Recipe]:
    """The certificate of the page, and its script, left running."""
    if programs := slurm.lacking():
        reason = f"Slurm is not installed ({', '.join(programs)}), so its recipe was not run"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with slurm.recipe(tmp_path_factory.mktemp("slurm")) as recipe:
        yield recipe


@pytest.fixture(scope="module")
def course(template: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    return template.copy(tmp_path_factory.mktemp("class") / "course")


def grade(course: Course, cluster: slurm.Recipe, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        course.command(*cluster.options, *options),
        env=environment() | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )


def test_a_handful_is_graded(cluster: slurm.Recipe, course: Course) -> None:
    students = [f"early{number}" for number in range(4)]
    for student in students:
        course.hand_in(student)
    run = grade(course, cluster)
    assert run.returncode == 0, run.stderr
    assert {course.score(student) for student in students} == {POINTS}


def test_a_job_that_is_killed_costs_nobody_anything(cluster: slurm.Recipe, course: Course) -> None:
    students = [f"late{number}" for number in range(4)]
    for student in students:
        course.hand_in(student, SLOW)
    killed: list[str] = []

    def kill() -> None:
        wait_for(lambda: killed.extend(slurm.jobs(cluster.environment)) or killed, 200)
        subprocess.run(["scancel", killed[0]], env=cluster.environment, check=True)

    thread = threading.Thread(target=kill)
    thread.start()
    run = grade(course, cluster)
    thread.join()
    assert killed
    assert run.returncode == 0, run.stderr
    assert {course.score(student) for student in students} == {POINTS}


def test_without_the_certificates_nothing_is_sent(cluster: slurm.Recipe, course: Course) -> None:
    for address in (cluster.address, cluster.address.replace("tls:", "tcp:")):
        run = subprocess.run(
            course.command("--scheduler", address, "--force"),
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 2
        assert "Traceback" not in run.stderr
    assert (
        "--tls-ca-file"
        in subprocess.run(
            course.command("--scheduler", cluster.address),
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        ).stderr
    )
