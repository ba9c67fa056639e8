"""Grading on a Dask cluster: a scheduler and workers of their own, one of which is killed."""

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pages
import pytest
from nbgrader.apps import AutogradeApp
from programs import environment
from small_course import NAME, POINTS, RIGHT, Course
from waiting import wait_for

from drinkdeep.grading.batch import cluster as module
from drinkdeep.grading.batch.cluster import Certificates, dask_cluster
from drinkdeep.grading.batch.converter import Converter
from drinkdeep.grading.batch.pipeline import Pipeline, grade_class
from drinkdeep.grading.errors import WorkersError
from drinkdeep.grading.sandbox.bubblewrap import bubblewrap

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


@dataclass
class Cluster:
    address: str
    workers: list[subprocess.Popen[str]]


@pytest.fixture(scope="module")
def cluster(sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler and two workers, started as an administrator would, in an empty folder."""
    folder = tmp_path_factory.mktemp("cluster")
    contact = folder / "scheduler.json"
    processes: list[subprocess.Popen[str]] = []

    def start(kind: str, *options: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options, "--no-dashboard"],
            cwd=folder,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        processes.append(process)
        return process

    start("scheduler", f"--scheduler-file={contact}", "--host=127.0.0.1", "--port=0")
    options = (f"--scheduler-file={contact}", "--nthreads=1", "--no-nanny", "--host=127.0.0.1")
    workers = [start("worker", *options) for _ in range(2)]
    from distributed import Client

    with Client(scheduler_file=str(contact), timeout=60, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        yield Cluster(client.scheduler.address, workers)
    for process in processes:
        process.terminate()
        process.wait(60)


def written_address(contact: Path) -> str:
    """Where a scheduler listens, once it has written that down, which it does bit by bit."""
    wait_for(lambda: contact.exists() and contact.read_text().endswith("\n}"))
    address: str = json.loads(contact.read_text())["address"]
    return address


def test_a_class_is_graded_although_a_worker_is_killed(cluster: Cluster, course: Course) -> None:
    students = [f"s{number}" for number in range(5)]
    for student in students:
        course.hand_in(student, f"import time\ntime.sleep(1)\n{RIGHT}")
    with contextlib.chdir(course.folder):
        app = AutogradeApp()
        app.initialize(["--log-level=CRITICAL"])
        converter = Converter(app, NAME)
    sent = []
    with dask_cluster(cluster.address) as executor:
        line = Pipeline(converter, executor, max_in_flight=4)
        submit = executor.submit

        def watched(function: object, work: object) -> object:
            sent.append(pickle.dumps(work))
            if len(sent) == 4:  # both are busy
                threading.Timer(1, os.kill, (cluster.workers[0].pid, signal.SIGKILL)).start()
            return submit(function, work)

        executor.submit = watched  # type: ignore[method-assign, assignment]
        outcomes = grade_class(line, students, lambda *_: None)
    assert [outcome.state for outcome in outcomes] == ["graded"] * len(students)
    assert {course.score(student) for student in students} == {POINTS}
    assert cluster.workers[0].wait(60) == -signal.SIGKILL
    # What travels names neither the gradebook nor any folder of the course.
    assert not any(str(course.folder).encode() in work for work in sent)


def test_the_book_s_own_commands_grade_by_hand(
    sandbox: None, template: Course, tmp_path: Path
) -> None:
    """Scheduler, worker and `make grade`, as the page prints them, with its certificates."""
    home = tmp_path / "home"
    home.mkdir()
    # This machine is all of the page's machines.
    known = environment(HOME=str(home))
    known.pop("MAKEFLAGS", None)  # of the `make` that runs this test
    subprocess.run(
        ["bash", "-euc", pages.block("cluster.md", "sh", "openssl")],
        env=known,
        check=True,
        capture_output=True,
    )
    certificates = pages.inline("cluster.md", "--tls-ca-file")
    scheduler, worker = pages.block("cluster.md", "sh", "dask worker").splitlines()
    course = template.copy(tmp_path / "course")
    course.hand_in("ada")
    contact = tmp_path / "scheduler.json"
    here = "--host=127.0.0.1 --no-dashboard"
    with contextlib.ExitStack() as stack:

        def start(command: str) -> None:
            process = subprocess.Popen(
                ["bash", "-euc", f"exec {command}"],
                cwd=home,
                env=known,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)

        scheduler = scheduler.partition("#")[0]
        start(
            f"{scheduler} --protocol tls {certificates} --host=127.0.0.1 --port=0 "
            f"--scheduler-file={contact}"
        )
        address = written_address(contact)
        worker = worker.partition("#")[0].replace("tcp://FIRST:8786", address)
        start(f"{worker.replace('--nworkers 8', '--nworkers 1')} {certificates} {here}")
        command = pages.block("cluster.md", "sh", "--scheduler")
        options = f"{address} {certificates} --course-dir={course.folder}"
        command = command.replace("tcp://scheduler:8786", options).strip()
        command += f" VENV={sys.prefix} --old-file={sys.prefix}/ready"  # as it is
        run = subprocess.run(
            ["bash", "-euc", command.replace("01_cost", NAME)],
            cwd=ROOT,
            env=known,
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.returncode == 0, run.stderr
    assert course.score("ada") == POINTS


def test_a_worker_s_right_to_make_namespaces_is_seen_by_the_page_s_command(sandbox: None) -> None:
    _, *words = pages.inline("cluster.md", "bwrap").split()
    assert subprocess.run([bubblewrap(), *words], check=False).returncode == 0


def test_an_address_where_nobody_answers_is_said() -> None:
    with pytest.raises(WorkersError, match="No Dask scheduler answers"), dask_cluster("tcp://"):
        pass


def test_certificates_are_asked_for_where_they_are_needed(tmp_path: Path) -> None:
    with (
        pytest.raises(WorkersError, match="name the files that the scheduler was started with"),
        dask_cluster("tls://127.0.0.1:1"),
    ):
        pass
    with (
        pytest.raises(WorkersError, match=r"There is no file .*ca\.pem"),
        dask_cluster("tls://127.0.0.1:1", Certificates(ca=tmp_path / "ca.pem")),
    ):
        pass


def test_a_run_that_sees_no_worker_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    contact = tmp_path / "scheduler.json"
    options = [f"--scheduler-file={contact}", "--host=127.0.0.1", "--port=0", "--no-dashboard"]
    with subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", *options],
        stderr=subprocess.DEVNULL,
    ) as scheduler:
        said: list[str] = []

        def has_said() -> bool:
            said.append(capfd.readouterr().err)
            return "No worker has come" in "".join(said)

        try:
            with dask_cluster(written_address(contact)):
                wait_for(has_said)
        finally:  # else a failure would wait for it for ever
            scheduler.terminate()
    assert "No worker has come to tcp://127.0.0.1:" in "".join(said)
    assert "squeue" in "".join(said)
