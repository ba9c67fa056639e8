"""What a student's link leads to is never taken in, by whichever of nbgrader's commands."""

import logging
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nbgrader.converters import base
from nbgrader.coursedir import CourseDirectory
from small_course import NAME, Course

from drinkdeep.grading.plugins.plain_files import PlainCollect, refuse_links

SECRET = "what only the instructor may read"


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    """A folder with two files, and beside them what is none."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.txt").write_text(SECRET)
    folder = tmp_path / "inbound"
    (folder / "data").mkdir(parents=True)
    (folder / "notes.txt").write_text("notes")
    (folder / "data" / "numbers.csv").write_text("1,2")
    (folder / "key.txt").symlink_to(secret / "key.txt")
    (folder / "data" / "key.txt").symlink_to(secret / "key.txt")
    (folder / "all").symlink_to(secret)
    os.mkfifo(folder / "pipe")
    return folder


def collect(folder: Path, course: Path, **options: object) -> Path:
    (course / "submitted" / "eve").mkdir(parents=True)
    target = course / "submitted" / "eve" / NAME
    directory = CourseDirectory(root=str(course), **options)
    PlainCollect(coursedir=directory).do_copy(str(folder), str(target))
    return target


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_collecting_takes_files_alone(
    handed_in: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    target = collect(handed_in, tmp_path / "course")
    assert files(target) == {"notes.txt", "data/numbers.csv"}
    assert (target / "notes.txt").stat().st_mtime == (handed_in / "notes.txt").stat().st_mtime
    assert files(target.parents[1]) == {f"eve/{NAME}/{name}" for name in files(target)}
    left_out = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert len(left_out) == 4
    assert all("left out" in line for line in left_out)


@pytest.mark.slow
def test_so_does_the_command(template: Course, handed_in: Path, tmp_path: Path) -> None:
    course = template.copy(tmp_path / "course")
    exchange = tmp_path / "exchange"
    inbound = exchange / "drinkdeep" / "inbound"
    inbound.mkdir(parents=True)
    handed_in.rename(inbound / f"eve+{NAME}+2026-01-02 03:04:05 UTC+a1b2c3")
    (inbound / f"eve+{NAME}+2026-01-02 03:04:05 UTC+a1b2c3" / "timestamp.txt").write_text(
        "2026-01-02 03:04:05.000000 UTC"
    )
    said = course.run("nbgrader", "collect", NAME, f"--Exchange.root={exchange}")
    assert said.count("left out") == 4
    assert "eve" in next(
        line for line in said.splitlines() if "2026-01-02 03:04:05 UTC, and" in line
    )
    assert SECRET not in "".join(p.read_text() for p in course.submitted("eve").rglob("*.txt"))


def test_a_true_time_is_not_doubted(
    handed_in: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor is it said here of one that can't be read, which grading tells."""
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
    for number, stamp in enumerate((now, "yesterday")):
        (handed_in / "timestamp.txt").write_text(stamp)
        collect(handed_in, tmp_path / f"course{number}")
    assert not [r for r in caplog.records if r.levelno == logging.WARNING]


def test_what_is_too_large_is_said_and_stops_nobody(
    handed_in: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (handed_in / "large").write_bytes(bytes(30_000))
    target = collect(handed_in, tmp_path / "course", max_dir_size=20)
    assert not target.exists()
    assert not list((tmp_path / "course" / "submitted").glob(".collect*"))
    assert "and was not collected" in caplog.text


@pytest.mark.slow
def test_the_exchange_that_the_machine_names_stays(
    template: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a hub whose exchange is a service: its settings are the machine's."""
    course = template.copy(tmp_path / "course")
    settings = tmp_path / "settings"
    settings.mkdir()
    (settings / "nbgrader_config.py").write_text(
        "from nbgrader.exchange.default import ExchangeCollect\n"
        "class Service(ExchangeCollect):\n"
        "    def start(self):\n"
        "        print('The service was asked.')\n"
        "get_config().ExchangeFactory.collect = Service\n"
    )
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(settings))
    assert "The service was asked." in course.run("nbgrader", "collect", NAME)


def test_autograde_takes_files_alone(
    sandbox: None, template: Course, handed_in: Path, tmp_path: Path
) -> None:
    course = template.copy(tmp_path / "course")
    (handed_in / "pipe").unlink()
    own = course.submitted("eve")
    own.rmdir()
    handed_in.rename(own)
    another = course.hand_in("eve")
    (course.submitted("mallory") / f"{NAME}.ipynb").symlink_to(another)
    said = course.run("nbgrader", "autograde", NAME, "--student=eve")
    graded = course.folder / "autograded"
    assert files(graded) == {
        f"eve/{NAME}/{name}" for name in ("notes.txt", "data/numbers.csv", f"{NAME}.ipynb")
    }
    assert not any(SECRET in path.read_text() for path in graded.rglob("*.*"))
    assert said.count("left out") == 2
    said = course.run("nbgrader", "autograde", NAME, "--student=mallory", code=1)
    assert f"“{NAME}.ipynb” is a link: ask for the notebook itself." in said
    assert not (graded / "mallory" / NAME / f"{NAME}.ipynb").exists()


def test_another_nbgrader_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "find_all_files", lambda *_: [])
    with pytest.raises(RuntimeError, match="another way than in version"):
        refuse_links()
