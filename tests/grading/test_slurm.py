"""The book's recipe for Slurm, word for word, on a Slurm of one node."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import slurm
from programs import environment
from small_course import POINTS, RIGHT, Course
from waiting import wait_for

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "book" / "cluster.md").read_text(encoding="utf-8")
SLOW = f"import time\ntime.sleep(2)\n{RIGHT}"

pytestmark = pytest.mark.slow


def block(language: str, holds: str) -> str:
    blocks = re.findall(rf"(?ms)^```{language}\n(.*?)^```$", PAGE)
    return next(text for text in blocks if holds in text)


@dataclass
class Running:
    address: str
    options: list[str]
    environment: dict[str, str]


@pytest.fixture(scope="module")
def cluster(sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The certificate of the page, and its script, left running."""
    if programs := slurm.lacking():
        reason = f"Slurm is not installed ({', '.join(programs)}), so its recipe was not run"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    folder = tmp_path_factory.mktemp("slurm")
    home = folder / "home"
    home.mkdir()
    with slurm.cluster(folder / "slurm") as known:
        known = {
            **known,
            "HOME": str(home),
            # Where the page's script listens on the network that joins the nodes.
            "DASK_JOBQUEUE__SLURM__INTERFACE": "lo",
            "OMP_NUM_THREADS": "1",
        }
        certify = block("sh", "openssl")
        subprocess.run(["bash", "-euc", certify], env=known, check=True, capture_output=True)
        script = home / "slurm.py"
        script.write_text(block("python", "SLURMCluster"), encoding="utf-8")
        with subprocess.Popen(
            [sys.executable, script],
            cwd=home,
            env=known,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as running:
            assert running.stdin
            assert running.stdout
            address = running.stdout.readline().strip()
            assert address.startswith("tls://127.0.0.1:"), address
            tls = home / "grading-tls"
            options = [f"--tls-ca-file={tls}/cert.pem", f"--tls-cert={tls}/cert.pem"]
            yield Running(address, [*options, f"--tls-key={tls}/key.pem"], known)
            running.stdin.write("\n")
            running.stdin.close()
            running.wait(60)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = Course(tmp_path_factory.mktemp("class") / "course")
    course.make()
    return course


def grade(course: Course, cluster: Running, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        course.command("--scheduler", cluster.address, *cluster.options, *options),
        env=environment() | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )


def test_a_handful_is_graded(cluster: Running, course: Course) -> None:
    students = [f"early{number}" for number in range(4)]
    for student in students:
        course.hand_in(student)
    began = time.monotonic()
    run = grade(course, cluster)
    print(f"4 submissions: {time.monotonic() - began:.0f} s")
    assert run.returncode == 0, run.stderr
    assert {course.score(student) for student in students} == {POINTS}


def test_a_job_that_is_killed_costs_nobody_anything(cluster: Running, course: Course) -> None:
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


def test_without_the_certificates_nothing_is_sent(cluster: Running, course: Course) -> None:
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
