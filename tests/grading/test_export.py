"""Grades as others read them: the formats of Canvas and Moodle, and no text that is run."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from classroom import path_with_our_programs
from nbgrader.api import Gradebook
from nbgrader.plugins import ExportPlugin

from drinkdeep.grading.results.export import (
    CanvasExport,
    CsvExport,
    MoodleExport,
    MoodleWorksheet,
    defused,
)

STUDENTS = {
    "ada": {"last_name": "Lovelace, Countess", "first_name": "Ada", "lms_user_id": "11"},
    "bob": {"last_name": "=cmd|' /C calc'!A0", "first_name": "@Bob\n", "lms_user_id": "12"},
    "eve": {"last_name": "", "first_name": "Ève", "lms_user_id": "13"},
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ada has 2.5 points of 3 and was late by half a point, bob has 3; eve handed nothing in."""
    path = tmp_path_factory.mktemp("course") / "gradebook.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path_with_our_programs())
        book = Gradebook(f"sqlite:///{path}")
    with book:
        for name in ("01_cost", "02_descent"):
            book.add_assignment(name)
            book.add_notebook(name, name)
            book.add_grade_cell("test_a", name, name, cell_type="code", max_score=3)
        for name, known in STUDENTS.items():
            book.add_student(name, email=f"{name.title()}@example.org", **known)
        for name, score in (("ada", 2.5), ("bob", 3.0)):
            submission = book.add_submission("01_cost", name)
            (grade,) = submission.notebooks[0].grades
            grade.auto_score, grade.needs_manual_grade = score, False
            submission.notebooks[0].late_submission_penalty = 0.5 if name == "ada" else 0
        book.db.commit()
    return path


@pytest.fixture
def gradebook(database: Path, tmp_path: Path) -> Iterator[Gradebook]:
    """A test's own copy, since to make one takes seconds."""
    with Gradebook(f"sqlite:///{shutil.copy(database, tmp_path)}") as book:
        yield book


def rows(plugin: ExportPlugin, book: Gradebook) -> list[list[str]]:
    plugin.export(book)
    with Path(plugin.to).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def refused(plugin: ExportPlugin, book: Gradebook) -> str:
    with pytest.raises(SystemExit) as stop:
        plugin.export(book)
    assert not Path(plugin.to).exists()
    assert str(stop.value).endswith(" Nothing was written.")
    return str(stop.value)


def test_a_spreadsheet_gets_every_student_and_assignment(
    gradebook: Gradebook, tmp_path: Path
) -> None:
    header, *lines = rows(CsvExport(to=str(tmp_path / "out.csv")), gradebook)
    found = [dict(zip(header, line, strict=True)) for line in lines]
    assert len(found) == 6
    assert found[0]["last_name"] == "Lovelace, Countess", "a comma in a name splits no line"
    assert [found[0][name] for name in header[-4:]] == ["2.5", "0.5", "2", "3"]
    assert [found[2][name] for name in header[-4:]] == ["0", "0", "0", "3"]


def test_canvas_gets_its_columns_in_its_order(gradebook: Gradebook, tmp_path: Path) -> None:
    plugin = CanvasExport(to=str(tmp_path / "out.csv"), titles={"01_cost": "Exercises 1 (987)"})
    header, most, *lines = rows(plugin, gradebook)
    assert header == [
        *("Student", "ID", "SIS User ID", "SIS Login ID", "Section"),
        *("Exercises 1 (987)", "02_descent"),
    ]
    assert most == ["    Points Possible", "", "", "", "", "3", "3"]
    assert lines == [
        ["Lovelace, Countess, Ada", "11", "", "", "", "2", ""],
        ["'=cmd|' /C calc'!A0, @Bob", "12", "", "", "", "3", ""],
        ["Ève", "13", "", "", "", "", ""],
    ]


def test_canvas_may_know_students_by_another_id(gradebook: Gradebook, tmp_path: Path) -> None:
    gradebook.find_student("ada").lms_user_id = "s11"
    target = str(tmp_path / "out.csv")
    assert "Canvas's ID is a number, and s11 is none" in refused(CanvasExport(to=target), gradebook)
    _, _, ada, *_ = rows(CanvasExport(to=target, identify_by="SIS User ID"), gradebook)
    assert ada[1:4] == ["", "s11", ""]


def test_moodle_gets_students_by_their_address(gradebook: Gradebook, tmp_path: Path) -> None:
    plugin = MoodleExport(to=str(tmp_path / "out.csv"), assignment=["01_cost"], student=["bob"])
    assert rows(plugin, gradebook) == [
        ["Email address", "First name", "Last name", "01_cost"],
        ["bob@example.org", "'@Bob", "'=cmd|' /C calc'!A0", "3"],
    ]


def test_moodle_may_know_students_by_their_number(gradebook: Gradebook, tmp_path: Path) -> None:
    plugin = MoodleExport(to=str(tmp_path / "out.csv"), identify_by="lms_user_id")
    header, ada, *_ = rows(plugin, gradebook)
    assert (header[0], ada[0]) == ("ID number", "11")


WORKSHEET = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum Grade,"
    "Grade can be changed,Last modified (grade),Feedback comments\r\n"
    'Participant 5,"Lovelace, Ada",ada@example.org,Submitted,,3.00,Yes,-,\r\n'
    "Participant 6,Bob,Bob@example.org,Submitted,1.00,3.00,Yes,-,kept\r\n"
    "Participant 7,Eve,eve@example.org,No submission,,3.00,Yes,-,\r\n"
    "Participant 8,Guest,guest@example.org,,,3.00,Yes,-,\r\n"
)


@pytest.fixture
def worksheet(tmp_path: Path) -> Path:
    path = tmp_path / "worksheet.csv"
    path.write_text(WORKSHEET, encoding="utf-8", newline="")
    return path


def fill(worksheet: Path) -> MoodleWorksheet:
    return MoodleWorksheet(
        to=str(worksheet.with_name("out.csv")),
        worksheet=str(worksheet),
        assignment=["01_cost"],
    )


def test_moodle_s_worksheet_is_filled_and_else_unchanged(
    gradebook: Gradebook, worksheet: Path
) -> None:
    header, *lines = rows(fill(worksheet), gradebook)
    before = list(csv.reader(WORKSHEET.lstrip("\ufeff").splitlines()))
    grade = header.index("Grade")
    assert [line[grade] for line in lines] == ["2", "3", "", ""]
    for line, old in zip([header, *lines], before, strict=True):
        assert [*line[:grade], *line[grade + 1 :]] == [*old[:grade], *old[grade + 1 :]]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Participant 5", "Participant 5", ""),
        ("ada@", "other@", "no line with the e-mail of ada"),
        ("3.00", "100.00", "In Moodle the most is 100.00, here it is 3 points"),
        ("Email address", "E-Mail", "no column “Email address”"),
    ],
)
def test_a_worksheet_that_doesn_t_fit_is_refused(
    gradebook: Gradebook, worksheet: Path, old: str, new: str, said: str
) -> None:
    worksheet.write_text(WORKSHEET.replace(old, new), encoding="utf-8")
    if said:
        assert said in refused(fill(worksheet), gradebook)
    else:
        rows(fill(worksheet), gradebook)


def test_who_the_lms_can_t_know_is_named(gradebook: Gradebook, tmp_path: Path) -> None:
    target = str(tmp_path / "out.csv")
    gradebook.find_student("ada").lms_user_id = None
    gradebook.find_student("eve").email = " "
    said = refused(CanvasExport(to=target), gradebook)
    assert "has no lms_user_id of ada: add it with `nbgrader db student add ada --lms-user" in said
    assert "has no email of eve" in refused(MoodleExport(to=target), gradebook)
    assert rows(MoodleExport(to=target, student=["ada"]), gradebook)


def test_two_who_look_the_same_to_the_lms_are_named(gradebook: Gradebook, tmp_path: Path) -> None:
    gradebook.find_student("eve").email = "ADA@example.org"
    plugin = MoodleExport(to=str(tmp_path / "out.csv"))
    assert "ada, eve have the same email, ada@example.org" in refused(plugin, gradebook)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"assignment": ["01_cots"]}, "no assignment 01_cots; it has 01_cost, 02_descent"),
        ({"student": ["adda"]}, "knows no student adda"),
    ],
)
def test_a_name_that_isn_t_there_is_said(
    gradebook: Gradebook, tmp_path: Path, choice: dict[str, list[str]], said: str
) -> None:
    assert said in refused(CsvExport(to=str(tmp_path / "out.csv"), **choice), gradebook)


def test_answers_that_wait_for_a_person_are_said(
    gradebook: Gradebook, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (grade,) = gradebook.find_submission("01_cost", "bob").notebooks[0].grades
    grade.needs_manual_grade = True
    gradebook.db.commit()
    rows(MoodleExport(to=str(tmp_path / "out.csv")), gradebook)
    assert "01_cost: answers of bob wait for a person" in caplog.text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "  =1", "\n=1", "＝1"])
def test_no_text_begins_like_a_formula(text: str) -> None:
    assert defused(text).startswith("'")


@pytest.mark.parametrize("text", ["Ada", "O'Neil", "a=b", "", "1"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert defused(text) == text
