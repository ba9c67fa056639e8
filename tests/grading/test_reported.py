"""What people who teach with notebooks have reported: odd inputs, odd machines, odd names."""

import errno
import fcntl
import json
import os
import sqlite3
import tempfile
from pathlib import Path

import pytest
from courses import ROOT
from nbgrader.api import Gradebook
from small_course import NAME, POINTS, RIGHT, Course, source
from small_run import grade, left_to_do, pipeline

from drinkdeep.cells import grade_id
from drinkdeep.grading.batch.local_pool import LocalPool
from drinkdeep.grading.batch.notebook import parse_notebook
from drinkdeep.grading.batch.pipeline import exclusive_lock
from drinkdeep.grading.batch.roster import strangers
from drinkdeep.grading.batch.submission import read_submission
from drinkdeep.grading.errors import CourseError, SandboxError, UnreadableError
from drinkdeep.grading.judging.restore import restore as judged_restore
from drinkdeep.grading.sandbox import forkserver
from drinkdeep.notebook.beside import MOST_BYTES, MOST_FILES, provided
from drinkdeep.notebook.surrogates import mended

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

HALF = "\ud83d"
"""Of an emoji, as it is left by an editor that deletes one of two halves."""

# What a student's code puts out

RIGHT_ALL_THE_SAME = {
    "widget": f"import ipywidgets\nwith ipywidgets.Output():\n    print('x')\n{RIGHT}",
    "interact": "import ipywidgets\n@ipywidgets.interact(a=(0, 5))\n"
    f"def show(a):\n    print(a)\n{RIGHT}",
    "half": f"{RIGHT}  # {HALF}",
    # The test uses them, and the answer doesn't.
    "names": f"torch = sum = expect = observe = fresh = all_met = None\n{RIGHT}",
    "prints-half": f"print('\\ud83d')\n{RIGHT}",
    "shows-half": f"{RIGHT}\ndisplay({{'text/plain': '\\ud83d'}}, raw=True)",
}
WORDS = {
    "long": ("return torch.softmax(torch.ones(2).long(), 0)", "not implemented for 'Long'"),
    "no-forward": ("return torch.nn.Module()(x)", 'missing the required "forward"'),
    "library": ("return torch.optim.Optimizer([x], {}).step()", "NotImplementedError"),
    "stub": ("raise NotImplementedError()", "This task is not done yet."),
    "raises-half": ("raise ValueError('\\ud83d')", "ValueError: \ufffd"),
    "colon": (None, "SyntaxError: expected ':' (line 1 of the cell that should give double"),
    "merge": (None, "SyntaxError: the marks of a merge that nobody finished"),
    "shadowed": (None, "(sum has another meaning since a cell of yours says: sum = 0)"),
    "colab": (None, "ModuleNotFoundError: No module named 'google"),
}
CELLS = {
    "colon": "def double(x)\n    return 2 * x",
    "merge": "<<<<<<< local\ndef double(x):\n=======\ndef double(y):\n>>>>>>> remote\n    return 2",
    "shadowed": "sum = 0\ndef double(x):\n    return sum([x, x])",
    "colab": f"import google.colab\n{RIGHT}",
}


@pytest.fixture(scope="module")
def run(
    template: Course, pool: LocalPool, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Course, dict[str, str]]:
    course = template.copy(tmp_path_factory.mktemp("reported") / "course")
    answers = RIGHT_ALL_THE_SAME | {
        name: CELLS.get(name, f"def double(x):\n    {line}") for name, (line, _) in WORDS.items()
    }
    for student, answer in answers.items():
        folder = course.submitted(student)
        text = json.dumps(course.answered(answer))
        (folder / f"{NAME}.ipynb").write_text(text)
    return course, {name: outcome.state for name, outcome in grade(course, pool).items()}


@pytest.mark.parametrize("student", RIGHT_ALL_THE_SAME)
def test_what_only_a_reader_of_messages_stumbles_over_costs_nothing(
    run: tuple[Course, dict[str, str]], student: str
) -> None:
    course, states = run
    assert states[student] == "graded"
    assert course.score(student) == POINTS
    assert not course.autograded(student).metadata.drinkdeep.kernel_died


@pytest.mark.parametrize("student", WORDS)
def test_the_words_name_the_mistake(run: tuple[Course, dict[str, str]], student: str) -> None:
    course, states = run
    assert states[student] == "graded"
    assert course.score(student) == 0
    said = "".join(
        output.text
        for cell in course.autograded(student).cells
        for output in cell.get("outputs", [])
        if cell.metadata.nbgrader.get("grade_id") == "test_double"
        if output.output_type == "stream"
    )
    assert WORDS[student][1] in said
    assert ("not done yet" in said) == (student == "stub")


def test_halves_of_characters_are_mended_wherever_they_stand() -> None:
    assert mended({"a": [HALF, 1, "\ud83d\ude00"]}) == {"a": ["\ufffd", 1, "\U0001f600"]}


# The machine


def refuse(number: int) -> object:
    def refused(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refused


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL])
def test_a_file_system_that_cannot_lock_keeps_nobody_from_grading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(fcntl, "flock", refuse(number))
    with exclusive_lock(tmp_path / "grading") as caution:
        assert caution == "", "the other kind of lock will do"
    monkeypatch.setattr(fcntl, "lockf", refuse(number))
    with exclusive_lock(tmp_path / "grading") as caution:
        assert f"can't lock files ({os.strerror(number)})" in caution


def test_a_folder_that_is_locked_or_cannot_be_written_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with exclusive_lock(tmp_path / "grading") as caution:
        assert caution == ""
        with (
            pytest.raises(CourseError, match="Another run is grading"),
            exclusive_lock(tmp_path / "grading"),
        ):
            pass
    monkeypatch.setattr(Path, "open", refuse(errno.EROFS))
    with (
        pytest.raises(CourseError, match="Read-only file system"),
        exclusive_lock(tmp_path / "grading"),
    ):
        pass


def test_the_kernels_have_a_short_folder_where_the_one_for_temporary_files_is_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("t" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    folder = forkserver._kernels_folder()
    assert len(str(folder)) <= forkserver.LONGEST_FOLDER + len("/dd-12345678")
    folder.rmdir()


def test_a_machine_on_which_nothing_can_be_run_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "mkdtemp", refuse(errno.EROFS))
        with pytest.raises(SandboxError, match="name one by TMPDIR"):
            forkserver.check(sandboxed=False)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DRINKDEEP_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(SandboxError, match="DRINKDEEP_CACHE"):
        forkserver.check(sandboxed=True)


@pytest.mark.parametrize(
    "words",
    [
        "bwrap: setting up uid map: Permission denied",
        "bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted",
        "bwrap: No permissions to create new namespace, likely because the kernel does not allow",
    ],
)
def test_a_system_that_forbids_the_sandbox_is_told_with_the_cure(words: str) -> None:
    said = forkserver._not_started(words)
    assert words in said
    assert "“On a cluster”" in said
    assert "“On a cluster”" not in forkserver._not_started("bwrap: Can't find source path /usr")


def test_a_gradebook_of_another_version_is_told_with_the_cure(
    course: Course, pool: LocalPool
) -> None:
    with sqlite3.connect(course.folder / "gradebook.db") as database:
        database.execute("ALTER TABLE assignment RENAME COLUMN duedate TO due")
    with pytest.raises(CourseError, match=r"another version of nbgrader .*nbgrader db upgrade"):
        pipeline(course, pool)


def test_a_gradebook_that_another_program_holds_is_told(course: Course, pool: LocalPool) -> None:
    with sqlite3.connect(course.folder / "gradebook.db", isolation_level=None) as database:
        database.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CourseError, match="Another program holds the gradebook"):
            pipeline(course, pool)
        database.execute("ROLLBACK")


# Names


def test_feedback_is_made_whatever_the_names(course: Course, sandbox: None) -> None:
    names = [" ben", "a[b]*", "#42", "100%", "Zoë, M.", "zed"]
    for name in names:
        course.hand_in(name)
    done = course.grade("--feedback")
    assert done.returncode == 0, done.stderr
    assert "The feedback of 6 is in" in done.stdout
    assert "6 were not in the gradebook, and are now: " in done.stdout
    for name in names:
        page = course.folder / "feedback" / name / NAME / f"{NAME}.html"
        assert "4 of 4" in page.read_text(encoding="utf-8")


def test_whom_the_gradebook_did_not_know_is_told() -> None:
    assert list(strangers({"ada"}, {"ada"})) == []
    (count,) = strangers({"ada", "curiemarie_4713"}, {"ada"})
    assert count == "1 were not in the gradebook, and are now: “curiemarie_4713”."
    _, asked = strangers({"Zoe-M"}, {"zoë m"})
    assert asked.startswith("“Zoe-M” differs only in form from “zoë m”, who was in the gradebook")


# What lies in the folder


@pytest.mark.parametrize(
    ("files", "taken"),
    [
        (["double (1).ipynb", "._double (1).ipynb"], "double (1).ipynb"),
        (["hw/my double.ipynb", "__MACOSX/hw/._my double.ipynb"], "hw/my double.ipynb"),
        (["hw final.ipynb", ".~hw final.ipynb"], "hw final.ipynb"),
        (["double.ipynb.txt"], "double.ipynb.txt"),
        (["double.IPYNB"], "double.IPYNB"),
        (["double.ipynb.json", "Thumbs.db"], "double.ipynb.json"),
    ],
)
def test_litter_is_no_candidate_and_a_changed_ending_is_one(
    tmp_path: Path, files: list[str], taken: str
) -> None:
    for name in files:
        path = tmp_path / "ada" / NAME / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    submission = read_submission("ada", tmp_path / "ada" / NAME, wanted=[NAME])
    assert submission.notebooks == {NAME: taken.encode()}
    assert submission.files == ()


def test_of_a_folder_without_a_notebook_it_is_told_what_is_there(tmp_path: Path) -> None:
    for name in ("hw.zip", "double.py", "timestamp.txt"):
        (tmp_path / name).write_text("")
    with pytest.raises(UnreadableError, match=r"in it, only “double\.py”, “hw\.zip”: ask"):
        read_submission("ada", tmp_path, wanted=[NAME])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{\n "cells": [],\n}', r"no JSON, as notebooks are \(line [23], character [0-9]+: "),
        ('{"cells": [{"source": "def', "breaks off in the middle"),
        ('{"cells": [', "breaks off in the middle"),
        ('{\n<<<<<<< HEAD\n "a": 1\n=======\n', "marks of a merge .* in line 2"),
    ],
)
def test_it_is_told_where_a_notebook_is_no_json(text: str, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        parse_notebook(text.encode(), set())


@pytest.mark.parametrize(
    ("encoding", "mark", "said"),
    [
        ("utf-8", b"", ""),
        ("utf-8", b"\xef\xbb\xbf" * 2, ""),
        ("utf-16", b"", "utf-16"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-32", b"", "utf-32"),
        ("cp1252", b"", "cp1252"),
    ],
)
def test_a_notebook_is_read_in_whatever_encoding_it_was_saved(
    course: Course, encoding: str, mark: bytes, said: str
) -> None:
    text = json.dumps(course.answered(f"{RIGHT}  # é"), ensure_ascii=False)
    content = mark + text.encode(encoding) + b"\0\0\0\0"
    notebook, notes = parse_notebook(content, {"double"})
    assert next(c for c in notebook.cells if grade_id(c) == "double").source == f"{RIGHT}  # é"
    assert [note.split(",")[0] for note in notes] == (
        [f"The notebook is text in {said}"] if said else []
    )


@pytest.mark.parametrize("change", [{"nbformat": "4"}, {"nbformat": None}, {"kind": "sql"}])
def test_what_is_wrong_about_the_form_costs_no_answer(
    course: Course, change: dict[str, object]
) -> None:
    raw = json.loads(json.dumps(course.answered()))
    for cell in raw["cells"]:
        cell["cell_type"] = change.get("kind", cell["cell_type"])
    notebook, _ = parse_notebook(json.dumps(raw | change).encode(), {"double"})
    restored = judged_restore(notebook, source())
    (answer,) = (c for c in restored.cells if grade_id(c) == "double")
    assert (answer.cell_type, answer.source) == ("code", RIGHT)


@pytest.mark.parametrize(
    ("language", "told"), [("Python3", False), ("ipython", False), ("R", True), ("julia", True)]
)
def test_another_language_is_told(language: str, told: bool) -> None:
    notebook = {"nbformat": 4, "cells": [], "metadata": {"language_info": {"name": language}}}
    notes = parse_notebook(json.dumps(notebook).encode(), set())[1]
    assert any(f"is written in {language}; it was run as Python" in n for n in notes) == told


@pytest.mark.parametrize("kernel", ["conda-env-pt-py", "ai-homework", "python3"])
def test_the_name_of_a_kernel_is_no_language(kernel: str) -> None:
    notebook = {"nbformat": 4, "cells": [], "metadata": {"kernelspec": {"name": kernel}}}
    assert parse_notebook(json.dumps(notebook).encode(), set())[1] == []


# Files beside the notebook

USES = {
    "module": ("from my_helpers import double", {"my_helpers.py": RIGHT}),
    "package": (
        "from tools.doubling import double",
        {"tools/__init__.py": "", "tools/doubling.py": RIGHT},
    ),
    "text": (
        "def double(x):\n    return int(open('data/factor.txt').read()) * x",
        {"data/factor.txt": "2"},
    ),
    "own-name": (f"from checks import factor\n{RIGHT}", {"checks.py": "factor = 2"}),
    "writes": (
        "open('log.txt', 'a').write('x')\nassert open('log.txt').read() == 'yx'\n" + RIGHT,
        {"log.txt": "y"},
    ),
    # Called like what a kernel needs as it starts.
    "taken-names": (RIGHT, dict.fromkeys(("json.py", "comm.py", "IPython/__init__.py"), "1 / 0")),
}


def test_code_finds_the_files_beside_it(course: Course, pool: LocalPool) -> None:
    for student, (answer, files) in USES.items():
        course.hand_in(student, answer)
        for name, text in files.items():
            path = course.submitted(student) / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    outcomes = grade(course, pool)
    assert {student: course.score(student) for student in USES} == dict.fromkeys(USES, POINTS)
    assert [outcome.notes for outcome in outcomes.values()] == [()] * len(USES)
    assert (course.submitted("writes") / "log.txt").read_text() == "y"


def test_code_finds_them_when_nbgraders_own_command_grades(course: Course, sandbox: None) -> None:
    course.hand_in("ada", USES["module"][0])
    (course.submitted("ada") / "my_helpers.py").write_text(RIGHT)
    course.run("nbgrader", "autograde", NAME)
    assert course.score("ada") == POINTS


def test_what_code_uses_and_does_not_find_is_told(course: Course, pool: LocalPool) -> None:
    course.hand_in("ada", "import huge, linked\nopen('small.txt')")
    folder = course.submitted("ada")
    (folder / "huge.py").write_text("#" * (MOST_BYTES + 1))
    (folder / "small.txt").write_text("")
    (folder / "linked.py").symlink_to(folder / "small.txt")
    left_out, told = grade(course, pool)["ada"].notes
    assert left_out == "“linked.py” is a link to something else, and was left out."
    assert told.startswith("“huge.py”, “linked.py” are not there when the notebook is graded")


def test_of_files_beside_it_code_finds_the_smallest_first() -> None:
    assert provided({"b": 2, "a": 1, "c": MOST_BYTES}) == ["a", "b"]
    assert provided({str(n): n for n in range(MOST_FILES + 1)}) == [*map(str, range(MOST_FILES))]
    assert provided({"a": MOST_BYTES}) == ["a"]


def test_the_book_says_how_many_and_how_much() -> None:
    text = (ROOT / "book" / "course.md").read_text(encoding="utf-8")
    assert f"up to {MOST_FILES} of them with {MOST_BYTES // 10**6} MB together" in text


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.txt").write_text("s")
    folder = tmp_path / "ada" / NAME
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_text("{}")
    (folder / "elsewhere").symlink_to(tmp_path / "elsewhere")
    (folder / "timestamp.txt").write_text("2026-11-20 20:00:00 UTC")
    os.mkfifo(folder / "pipe.txt")
    submission = read_submission("ada", folder, wanted=[NAME])
    assert submission.beside == {}
    assert set(submission.not_kept) == {"elsewhere", "pipe.txt"}


# Times


@pytest.mark.parametrize(
    ("time", "read"),
    [
        ("2026-11-20 20:00:00 UTC", True),
        ("2026-11-20 20:00:00 Europe/Berlin", True),
        ("2026-11-21T00:30:00+01:00", True),
        ("2026-11-20 20:00:00 PST", False),
        ("2026-11-20 20:00:00PST", False),
        ("2026-11-21 00:30:00 +01:00", False),
        ("2026-11-21 00:30:00 +0100", False),
    ],
)
def test_a_zone_that_cannot_be_read_is_said_and_not_guessed(
    tmp_path: Path, time: str, read: bool
) -> None:
    (tmp_path / f"{NAME}.ipynb").write_text("{}")
    (tmp_path / "timestamp.txt").write_text(time)
    submission = read_submission("ada", tmp_path, wanted=[NAME])
    assert ("timestamp.txt" in submission.files) == read
    assert any("names a time zone that can't be" in note for note in submission.notes) != read


def test_a_due_date_that_is_moved_is_part_of_what_decides(course: Course, pool: LocalPool) -> None:
    with (course.folder / "nbgrader_config.py").open("a") as config:
        config.write('\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    course.hand_in("late")
    (course.submitted("late") / "timestamp.txt").write_text("2026-11-21 12:00:00 UTC")

    def due(day: int) -> float:
        with Gradebook(course.db_url, "drinkdeep") as gradebook:
            gradebook.update_or_create_assignment(NAME, duedate=f"2026-11-{day} 00:00:00 UTC")
        assert left_to_do(course, pool) == ["late"]
        grade(course, pool)
        assert left_to_do(course, pool) == []
        with Gradebook(course.db_url, "drinkdeep") as gradebook:
            return float(gradebook.find_submission(NAME, "late").late_submission_penalty or 0)

    assert due(20) == POINTS
    assert due(22) == 0
