"""A class is graded by our command: what is odd, what is killed, what has changed."""

import argparse
import contextlib
import copy
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import nbformat
import nbgrader
import psutil
import pytest
import small_course
from courses import cell
from nbgrader.api import Gradebook
from nbgrader.utils import determine_grade, is_grade
from programs import environment
from small_course import NAME, POINTS, RIGHT, Course
from small_run import grade, left_to_do, pipeline
from waiting import wait_for

from drinkdeep.cells import grade_id
from drinkdeep.grading.batch import command
from drinkdeep.grading.batch.local_pool import LocalPool
from drinkdeep.grading.batch.outcomes import Outcome, count, read_outcomes
from drinkdeep.grading.batch.pipeline import grade_class
from drinkdeep.grading.errors import CourseError, WorkerLostError
from drinkdeep.grading.sandbox import cgroup

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


# What students hand in

Hand = Callable[[Course, Path], None]


def as_text(change: Callable[[str], str]) -> Hand:
    """A right notebook whose file was changed as text."""

    def hand(course: Course, folder: Path) -> None:
        text = nbformat.writes(course.answered())
        (folder / f"{NAME}.ipynb").write_bytes(change(text).encode("utf-8", "surrogateescape"))

    return hand


def as_json(change: Callable[[dict], object]) -> Hand:  # type: ignore[type-arg]
    """A right notebook whose JSON was changed."""

    def changed(text: str) -> str:
        notebook = json.loads(text)
        return json.dumps(change(notebook) or notebook)

    return as_text(changed)


def beside(make: Callable[[Path], object]) -> Hand:
    """A right notebook with something beside it."""

    def hand(course: Course, folder: Path) -> None:
        as_text(str)(course, folder)
        make(folder)

    return hand


def named(*names: str) -> Hand:
    def hand(course: Course, folder: Path) -> None:
        for name in names:
            nbformat.write(course.answered(), folder / name)

    return hand


def old_format(notebook: dict) -> dict:  # type: ignore[type-arg]
    """As nbformat itself writes it, with the sources that version 3 calls input."""
    node = nbformat.reads(json.dumps(notebook), as_version=4)
    return json.loads(nbformat.writes(node, version=3))  # type: ignore[no-any-return]


def without_metadata(notebook: dict) -> None:  # type: ignore[type-arg]
    del notebook["metadata"]
    for one in notebook["cells"]:
        del one["metadata"]


def doubled(notebook: dict) -> None:  # type: ignore[type-arg]
    notebook["cells"] += copy.deepcopy(notebook["cells"])


def windows(text: str) -> str:
    """With Windows' line ends, in the file and in the cells."""
    return text.replace("\\n", "\\r\\n").replace("\n", "\r\n")


def big(folder: Path) -> None:
    """A file of 200 MB that takes no room."""
    with (folder / f"{NAME}.ipynb").open("wb") as file:
        file.truncate(200_000_000)


GRADED: dict[str, tuple[Hand, str]] = {
    "plain": (as_text(str), ""),
    "o'neill, \"zoë\" ${HOME}": (as_text(str), ""),
    "windows": (as_text(lambda text: "\ufeff" + windows(text)), ""),
    "old": (as_json(old_format), "old format 3"),
    "nothing-known": (as_json(without_metadata), "lost its metadata"),
    "doubled": (as_json(doubled), ""),
    "other-kernel": (
        as_json(lambda nb: nb["metadata"].update(kernelspec={"name": "ir", "language": "R"})),
        "written in R",
    ),
    "renamed": (named(f"{NAME} (1).ipynb"), f"“{NAME} (1).ipynb” was taken for"),
    "neighbours": (
        beside(
            lambda folder: [
                (folder / "numpy.py").write_text("raise SystemExit"),
                (folder / "secret").symlink_to("/etc/passwd"),
                (folder / "etc").symlink_to("/etc"),
                os.mkfifo(folder / "pipe"),
                (folder / "it's \"ours\" ü.txt").write_text("x"),
                (folder / "timestamp.txt").write_text("yesterday, I think"),
            ]
        ),
        "“pipe” is a pipe",
    ),
}  # fmt: skip

UNREADABLE: dict[str, tuple[Hand, str]] = {
    "empty": (as_text(lambda _: ""), "is empty"),
    "text": (as_text(lambda _: "my homework"), "no JSON"),
    "list": (as_text(lambda _: "[1]"), "no notebook"),
    "torn": (as_text(lambda text: text[: len(text) // 2]), "breaks off"),
    "deep": (as_text(lambda _: "[" * 100_000), "nested too deeply"),
    "bytes": (as_text(lambda text: text + "\udcff"), "no JSON"),
    "future": (as_json(lambda nb: nb.update(nbformat=9)), "format 9"),
    "huge": (lambda _, folder: big(folder), "200 MB"),
    "nothing": (lambda _, folder: None, "no notebook in it"),
    "copies": (named(f"{NAME}-Copy1.ipynb", f"{NAME}-Copy2.ipynb"), "leave one"),
    "link": (
        lambda _, folder: (folder / f"{NAME}.ipynb").symlink_to("/etc/passwd"),
        "ask for the notebook itself",
    ),
    "pipe": (lambda _, folder: os.mkfifo(folder / f"{NAME}.ipynb"), "ask for the notebook itself"),
    "device": (
        lambda _, folder: (folder / f"{NAME}.ipynb").symlink_to("/dev/zero"),
        "ask for the notebook itself",
    ),
    "s" * 200: (as_text(str), "rename the folder"),
}


@pytest.fixture(scope="module")
def odd(
    template: Course, pool: LocalPool, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Course, dict[str, Outcome]]:
    """A class of which everyone hands in something odd, graded in one run."""
    course = template.copy(tmp_path_factory.mktemp("odd") / "a [course], ours")
    for student, (hand, _) in (GRADED | UNREADABLE).items():
        hand(course, course.submitted(student))
    (course.folder / "submitted" / "elsewhere").symlink_to(course.folder / "submitted" / "plain")
    return course, grade(course, pool)


@pytest.mark.parametrize("student", GRADED)
def test_an_odd_submission_is_graded(odd: tuple[Course, dict[str, Outcome]], student: str) -> None:
    course, outcomes = odd
    assert outcomes[student].state == "graded", outcomes[student]
    assert course.score(student) == POINTS
    assert GRADED[student][1] in " ".join(outcomes[student].notes)


@pytest.mark.parametrize("student", UNREADABLE)
def test_what_cannot_be_graded_is_said_in_one_sentence(
    odd: tuple[Course, dict[str, Outcome]], student: str
) -> None:
    course, outcomes = odd
    outcome = outcomes[student]
    assert outcome.state == "unreadable"
    (sentence,) = outcome.notes
    assert UNREADABLE[student][1] in sentence
    assert sentence.endswith(".")
    assert not (course.folder / "autograded" / student).exists()
    with Gradebook(course.db_url, "drinkdeep") as gradebook:
        assert student not in [s.student_id for s in gradebook.assignment_submissions(NAME)]


def test_a_folder_that_is_a_link_is_not_entered(
    odd: tuple[Course, dict[str, Outcome]],
) -> None:
    assert "is a link" in odd[1]["elsewhere"].notes[0]


def test_links_and_pipes_are_left_out_and_files_kept(
    odd: tuple[Course, dict[str, Outcome]],
) -> None:
    course, outcomes = odd
    kept = {p.name for p in (course.folder / "autograded" / "neighbours" / NAME).iterdir()}
    assert kept == {f"{NAME}.ipynb", "numpy.py", 'it\'s "ours" ü.txt'}
    notes = " ".join(outcomes["neighbours"].notes)
    assert all(f"“{name}” is a link" in notes for name in ("secret", "etc"))
    assert "“timestamp.txt” holds no time" in notes


def test_all_that_was_found_is_written_down(odd: tuple[Course, dict[str, Outcome]]) -> None:
    course, outcomes = odd
    told = {
        entry["student"]: entry
        for entry in read_outcomes(course.folder / "grading" / f"{NAME}.json")
    }
    assert set(told) == set(outcomes)
    assert told["torn"] == {
        "student": "torn",
        "graded": False,
        "notes": list(outcomes["torn"].notes),
    }


def test_a_second_run_has_nothing_to_do(
    odd: tuple[Course, dict[str, Outcome]], pool: LocalPool
) -> None:
    course, first = odd
    assert set(left_to_do(course, pool)) <= set(UNREADABLE), "they may have become readable"
    again = grade(course, pool)
    assert count(again.values()) == {"unchanged": len(GRADED), "unreadable": len(UNREADABLE) + 1}
    assert again["renamed"].notes == first["renamed"].notes
    assert [p.name for p in (course.folder / "grading").iterdir() if p.is_dir()] == []


# What has changed is graded again, and nothing else


def test_a_changed_submission_is_graded_again_and_others_are_not(
    course: Course, pool: LocalPool
) -> None:
    for student in ("a", "b"):
        course.hand_in(student)
    grade(course, pool)
    seeds = {s: course.autograded(s).metadata.drinkdeep.seed for s in ("a", "b")}
    assert seeds["a"] != seeds["b"]
    with Gradebook(course.db_url, "drinkdeep") as gradebook:
        answer = gradebook.find_grade("why", NAME, NAME, "a")
        answer.manual_score = 1.5
        gradebook.db.commit()
    course.hand_in("a", "def double(x):\n    return 3 * x")
    assert left_to_do(course, pool) == ["a"]
    assert grade(course, pool)["b"].state == "unchanged"
    assert course.score("a") == 0
    assert course.score("b") == POINTS

    # The manual grade has survived, and is marked as nbgrader marks it.
    with Gradebook(course.db_url, "drinkdeep") as gradebook:
        answer = gradebook.find_grade("why", NAME, NAME, "a")
        assert (answer.manual_score, answer.needs_manual_grade) == (1.5, True)

    # The same submission is graded by the same seed again.
    assert grade(course, pool, "b", force=True)["b"].state == "graded"
    assert course.autograded("b").metadata.drinkdeep.seed == seeds["b"]

    # Other tests, another gradebook: all of them.
    changed = small_course.source()
    changed.cells[2].source = changed.cells[2].source.replace("5,", "6,")
    nbformat.write(changed, course.folder / "solutions" / NAME / f"{NAME}.ipynb")
    with pytest.raises(CourseError, match="another version"):
        left_to_do(course, pool)
    course.release(changed)
    assert left_to_do(course, pool) == ["a", "b"]


# What dies


def test_a_worker_is_a_fork_of_a_process_that_has_torch_loaded(pool: LocalPool) -> None:
    for module in ("torch", "drinkdeep.grading.judging.execute"):
        assert pool.submit(eval, f"{module!r} in __import__('sys').modules").result()


def test_a_process_that_dies_costs_only_what_it_was_at(pool: LocalPool) -> None:
    other = pool.submit(time.sleep, 0.3)
    with pytest.raises(WorkerLostError):
        pool.submit(os._exit, 0).result()
    assert other.result() is None
    assert pool.submit(os.getpid).result() != os.getpid()


class Counting(Executor):
    """Counts what a pool is asked for."""

    def __init__(self, pool: LocalPool) -> None:
        self._pool = pool
        self.asked = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        self.asked += 1
        return self._pool.submit(fn, *args, **more)


def test_a_worker_that_is_killed_costs_its_submission_one_more_try(
    course: Course, sandbox: None
) -> None:
    course.hand_in("unlucky")
    with LocalPool(1) as pool:
        worker = pool.submit(os.getpid).result()
        os.kill(worker, signal.SIGSTOP)  # so it can't have done its work before it is killed
        counting = Counting(pool)
        killer = threading.Thread(
            target=lambda: (wait_for(lambda: counting.asked), os.kill(worker, signal.SIGKILL))
        )
        killer.start()
        assert grade(course, counting)["unlucky"].state == "graded"
        killer.join()
        assert counting.asked == 2
    assert course.score("unlucky") == POINTS


def test_a_time_out_is_tried_once_more_alone(course: Course, pool: LocalPool) -> None:
    with (course.folder / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write('c.JudgedExecute.limits = {"cell_seconds": 1}\n')
    course.hand_in("loop", "while True:\n    pass")
    course.hand_in("quick")
    counting = Counting(pool)
    order = []
    line = pipeline(course, counting)
    grade_class(line, line.converter.students(), lambda outcome, _: order.append(outcome))
    assert [outcome.student for outcome in order if outcome] == ["quick", "loop"]
    assert counting.asked == 3
    assert course.autograded("loop").metadata.drinkdeep.timed_out
    assert (course.score("loop"), course.score("quick")) == (0, POINTS)


@pytest.mark.parametrize("taken", [0.3, 0.9])
def test_what_was_hardly_too_slow_beside_others_is_timed_once_more_alone(
    course: Course, pool: LocalPool, taken: float
) -> None:
    """Without an account of the CPU time all that was too slow is."""
    source = small_course.source()
    test = cell(source, "test_double")
    timed = (
        'expect_faster(stopwatch(lambda: double(1)), 0.2, hint="Faster, please.", '
        "result=observe(double(1)), wanted=2)"
    )
    test.source = test.source.replace("### END", f"{timed}\n### END")
    source.cells[0].source += "\nfrom drinkdeep.checks import expect_faster, stopwatch"
    course.release(source)
    course.hand_in(
        "slow",
        f"""import time
def double(x):
    end = time.process_time() + {taken}
    while time.process_time() < end:
        pass
    return 2 * x""",
    )
    counting = Counting(pool)
    assert grade(course, counting)["slow"].state == "graded"
    is_counted = cgroup.WITHOUT[cgroup.CPU] not in cgroup.not_seen()
    assert counting.asked == (1 if is_counted and taken > 0.4 else 2)


def finished(course: Course) -> dict[str, float]:
    """Who is graded, and when their notebook was written."""
    notebooks = (course.folder / "autograded").glob(f"*/{NAME}/{NAME}.ipynb")
    return {path.parent.parent.name: path.stat().st_mtime for path in notebooks}


def test_a_run_that_was_killed_goes_on(course: Course, pool: LocalPool) -> None:
    """The command is killed, then stopped with Ctrl-C, then let run to its end.

    Each time a submission is there that takes longer than anybody waits here.
    """
    students = ["s0", "s1", "s2", "s3"]
    for student in students:
        course.hand_in(student)
    slow = f"import time\ntime.sleep(500)\n{RIGHT}"
    course.hand_in("s1", slow)
    course.hand_in("s3", slow)
    run = subprocess.Popen(course.command(), env=environment(), stderr=subprocess.PIPE)
    wait_for(lambda: finished(course))
    family = psutil.Process(run.pid).children(recursive=True)
    run.kill()
    run.communicate()
    _, alive = psutil.wait_procs(family, timeout=120)
    assert alive == []
    first = finished(course)
    assert {"s0"} <= set(first) <= {"s0", "s2"}
    assert left_to_do(course, pool) == [s for s in students if s not in first]

    course.hand_in("s1")
    run = subprocess.Popen(
        course.command("--workers=1"),
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(lambda: set(finished(course)) == {"s0", "s1", "s2"})
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, said = run.communicate(timeout=120)
    assert run.returncode == 130, said
    assert "goes on" in said
    assert "Traceback" not in said

    course.hand_in("s3")
    outcomes = grade(course, pool)
    assert [s for s in students if outcomes[s].state == "unchanged"] == ["s0", "s1", "s2"]
    assert {s: course.score(s) for s in students} == dict.fromkeys(students, POINTS)
    assert {s: t for s, t in finished(course).items() if s in first} == first


@pytest.fixture
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of 3 MB."""
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_said_and_nothing_is_lost(
    template: Course, pool: LocalPool, small_disk: Path
) -> None:
    course = template.copy(small_disk)
    for student in ("a", "b"):
        course.hand_in(student)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 1000)
    with pytest.raises(CourseError, match="can't be written"):
        grade(course, pool)
    assert finished(course) == {}
    filler.unlink()
    assert {o.state for o in grade(course, pool).values()} == {"graded"}
    assert course.score("b") == POINTS


# Other gradebooks, other assignments


def test_the_gradebook_may_be_postgresql(
    template: Course, pool: LocalPool, postgresql: str, tmp_path: Path
) -> None:
    course = template.copy(tmp_path)
    (tmp_path / "gradebook.db").unlink()
    course.db_url = postgresql
    course.release(small_course.source())
    course.hand_in("a")
    course.hand_in("bé 'x'", "def double(x):\n    return 3 * x")
    assert {o.state for o in grade(course, pool).values()} == {"graded"}
    assert (course.score("a"), course.score("bé 'x'")) == (POINTS, 0)
    assert left_to_do(course, pool) == []
    assert not (tmp_path / "gradebook.db").exists()


EXAMPLES = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"


def test_nbgrader_s_own_examples_earn_what_stock_nbgrader_gives(
    pool: LocalPool, tmp_path: Path
) -> None:
    """The user guide's ps1 is shipped with nbgrader, and so is what stock nbgrader made of it."""
    course = Course(tmp_path)
    course.take("ps1", EXAMPLES / "source")
    shutil.copytree(EXAMPLES / "submitted", tmp_path / "submitted")
    course.generate("ps1")
    line = pipeline(course, pool, assignment="ps1")
    grade_class(line, line.converter.students(), lambda *_: None)
    with Gradebook(course.db_url, "drinkdeep") as gradebook:
        for path in EXAMPLES.glob("autograded/*/ps1/*.ipynb"):
            student = path.parent.parent.name
            cells = [c for c in nbformat.read(path, 4).cells if is_grade(c)]
            stock = {grade_id(cell): determine_grade(cell)[0] for cell in cells}
            grades = gradebook.find_submission_notebook(path.stem, "ps1", student).grades
            assert stock == {g.name: g.auto_score for g in grades if g.name in stock}, student


@pytest.mark.parametrize(
    ("assignment", "options", "words"),
    [
        ("tripple", [], "There is no notebook in"),
        (NAME, [], "Nobody has handed in"),
        (NAME, ["--workers=0"], "There has to be a worker"),
        (NAME, ["--course-dir=/"], "is not the folder of a course"),
    ],
)
def test_what_cannot_be_done_is_said(
    course: Course,
    capsys: pytest.CaptureFixture[str],
    assignment: str,
    options: list[str],
    words: str,
) -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    arguments = [assignment, f"--course-dir={course.folder}", *options]
    assert command.run(parser.parse_args(arguments)) == 2
    assert words in capsys.readouterr().err
