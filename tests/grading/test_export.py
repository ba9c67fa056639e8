"""Grades as others read them: the formats of Canvas and Moodle, and no text that is run."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins import ExportPlugin
from programs import environment

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
    """ada has 2.5 points of 3 and was late by half a point, bob has 3, and 1 for the second.

    eve handed nothing in.
    """
    path = tmp_path_factory.mktemp("course") / "gradebook.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", environment()["PATH"])
        book = Gradebook(f"sqlite:///{path}")
    with book:
        for name in ("01_cost", "02_descent"):
            book.add_assignment(name)
            book.add_notebook(name, name)
            book.add_grade_cell("test_a", name, name, cell_type="code", max_score=3)
        for name, known in STUDENTS.items():
            book.add_student(name, email=f"{name.title()}@example.org", **known)
        for assignment, name, score in (
            *(("01_cost", "ada", 2.5), ("01_cost", "bob", 3.0)),
            ("02_descent", "bob", 1.0),
        ):
            submission = book.add_submission(assignment, name)
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
    plugin = CanvasExport(
        to=str(tmp_path / "out.csv"),
        titles={"01_cost": "Exercises 1 (987)"},
        assignment=["01_cost"],
    )
    header, most, *lines = rows(plugin, gradebook)
    assert header == [
        *("Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Exercises 1 (987)"),
    ]
    assert most == ["    Points Possible", "", "", "", "", "3"]
    assert lines == [
        # Nobody is called so, for Canvas finds by the name whom it doesn't find by an id.
        ["Lovelace, Countess, Ada (ada)", "11", "", "", "", "2"],
        ["'=cmd|' /C calc'!A0, @Bob (bob)", "12", "", "", "", "3"],
    ]


def test_nobody_s_name_makes_a_line_that_of_the_points(
    gradebook: Gradebook, tmp_path: Path
) -> None:
    gradebook.find_student("bob").last_name = "Points Possible"
    there = tmp_path / "canvas-has.csv"
    there.write_text(CANVAS.replace("Builder, Bob", "Points Possible, Bob"), encoding="utf-8")
    plugin = CanvasExport(
        to=str(tmp_path / "out.csv"),
        titles={"01_cost": "Exercises 1 (98765)"},
        assignment=["01_cost"],
        gradebook=str(there),
    )
    assert [line[0] for line in rows(plugin, gradebook) if "Points Possible" in line[0]] == [
        "    Points Possible"
    ]


@pytest.mark.parametrize(("kind", "first"), [(CanvasExport, 2), (MoodleExport, 1)])
def test_who_has_no_grade_is_in_no_file(
    gradebook: Gradebook, tmp_path: Path, kind: type[ExportPlugin], first: int
) -> None:
    """An empty field would take away what somebody was given there."""
    kind(to=str(tmp_path / "out.csv")).export(gradebook)
    found = {}
    for path in tmp_path.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
        assert all(line[-1] for line in lines)
        found[path.name] = len(lines) - first
    assert found == {"out-01_cost.csv": 2, "out-02_descent.csv": 1}


def test_nothing_is_written_of_an_assignment_without_grades(
    gradebook: Gradebook, tmp_path: Path
) -> None:
    plugin = MoodleExport(to=str(tmp_path / "out.csv"), student=["eve"])
    assert "Nobody has a grade for 01_cost or 02_descent yet" in refused(plugin, gradebook)


def test_canvas_may_know_students_by_another_id(gradebook: Gradebook, tmp_path: Path) -> None:
    gradebook.find_student("ada").lms_user_id = "s11"
    choice = {"to": str(tmp_path / "out.csv"), "assignment": ["01_cost"]}
    assert "Canvas's ID is a number, and s11 is none" in refused(CanvasExport(**choice), gradebook)
    _, _, ada, *_ = rows(CanvasExport(**choice, identify_by="SIS User ID"), gradebook)
    assert ada[1:4] == ["", "s11", ""]


def test_a_title_that_canvas_passes_over_is_refused(gradebook: Gradebook, tmp_path: Path) -> None:
    plugin = CanvasExport(
        to=str(tmp_path / "out.csv"),
        titles={"01_cost": "Our Final Score (987)"},
        assignment=["01_cost"],
    )
    assert "because its title has “Final Score” in it" in refused(plugin, gradebook)


CANVAS = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,"
    "Exercises 1 (98765),Exercises 1,Final Score\r\n"
    "    Points Possible,,,,,3.00,3.00,(read only)\r\n"
    '"Lovelace, Ada",11,s11,ada@example.org,A,,,\r\n'
    '"Builder, Bob",12,s12,bob@example.org,A,1,1,\r\n'
)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", ""),
        (",12,", ",77,", "has no line with the ID of bob"),
        ("3.00,3.00", "100,3.00", "In Canvas the most is 100, here it is 3 points"),
        ("Exercises 1 (98765)", "Exercises 2", "has no assignment “Exercises 1 (98765)”"),
        ("ID,SIS User", "Number,SIS User", "has no column “ID”"),
    ],
)
def test_canvas_s_own_file_says_whom_and_what_it_has(
    gradebook: Gradebook, tmp_path: Path, old: str, new: str, said: str
) -> None:
    there = tmp_path / "canvas-has.csv"
    there.write_text(CANVAS.replace(old, new, 1) if old else CANVAS, encoding="utf-8")
    plugin = CanvasExport(
        to=str(tmp_path / "out.csv"),
        titles={"01_cost": "Exercises 1 (98765)"},
        assignment=["01_cost"],
        gradebook=str(there),
    )
    if said:
        assert said in refused(plugin, gradebook)
        return
    header, _, ada, bob = rows(plugin, gradebook)
    assert header[-1] == "Exercises 1 (98765)"
    assert ada[1:4] == ["11", "s11", "ada@example.org"]
    assert bob[1:4] == ["12", "s12", "bob@example.org"]


def test_a_login_that_would_be_run_is_left_out(gradebook: Gradebook, tmp_path: Path) -> None:
    there = tmp_path / "canvas-has.csv"
    text = CANVAS.replace("s12,bob@example.org", "S12,=1+1")
    assert text != CANVAS
    there.write_text(text, encoding="utf-8")
    plugin = CanvasExport(
        to=str(tmp_path / "out.csv"),
        titles={"01_cost": "Exercises 1 (98765)"},
        assignment=["01_cost"],
        student=["bob"],
        gradebook=str(there),
    )
    *_, bob = rows(plugin, gradebook)
    assert bob[1:4] == ["12", "S12", ""]


def test_a_title_that_canvas_has_twice_is_asked_about(gradebook: Gradebook, tmp_path: Path) -> None:
    there = tmp_path / "canvas-has.csv"
    there.write_text(CANVAS, encoding="utf-8")
    plugin = CanvasExport(
        to=str(tmp_path / "out.csv"),
        titles={"01_cost": "Exercises 1"},
        assignment=["01_cost"],
        gradebook=str(there),
    )
    assert "has 2 assignments “Exercises 1”" in refused(plugin, gradebook)


def test_moodle_gets_students_by_their_address(
    gradebook: Gradebook, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plugin = MoodleExport(to=str(tmp_path / "out.csv"), assignment=["01_cost"], student=["bob"])
    assert rows(plugin, gradebook) == [
        ["Email address", "First name", "Last name", "01_cost"],
        ["bob@example.org", "'@Bob", "'=cmd|' /C calc'!A0", "3"],
    ]
    assert "the two exclude each other" in caplog.text


def test_moodle_may_know_students_by_their_number(gradebook: Gradebook, tmp_path: Path) -> None:
    plugin = MoodleExport(
        to=str(tmp_path / "out.csv"), identify_by="lms_user_id", assignment=["01_cost"]
    )
    header, ada, *_ = rows(plugin, gradebook)
    assert (header[0], ada[0]) == ("ID number", "11")


# As Moodle 4.5 makes it; tests/real has one that it has made.
WORKSHEET = (
    '\ufeffIdentifier,"Full name","Email address",Status,Grade,"Maximum grade",'
    '"Grade can be changed","Last modified (submission)","Online text","Last modified (grade)",'
    '"Feedback comments"\r\n'
    '"Participant 5","Lovelace, Ada",ada@example.org,Submitted,,3.00,Yes,-,,-,\r\n'
    '"Participant 6",Bob,Bob@example.org,Submitted,1.00,3.00,Yes,-,,"Friday, 1 May 2026",'
    '"Good,  yes"\r\n'
    '"Participant 7",Eve,eve@example.org,"No submission",2.00,3.00,Yes,-,,-,\r\n'
    '"Participant 8",Guest,guest@example.org,,,3.00,Yes,-,,-,\r\n'
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


def test_moodle_s_worksheet_has_the_grades_and_no_comment(
    gradebook: Gradebook, worksheet: Path
) -> None:
    """A comment has lost its formatting, and would come back without it."""
    header, *lines = rows(fill(worksheet), gradebook)
    found = [dict(zip(header, line, strict=True)) for line in lines]
    assert {line["Identifier"]: line["Grade"] for line in found} == {
        "Participant 5": "2",
        "Participant 6": "3",
    }
    assert found[1]["Last modified (grade)"] == "Friday, 1 May 2026", "Moodle compares it"
    assert not {"Feedback comments", "Online text"} & set(header)


def test_a_name_in_moodle_s_worksheet_is_no_formula(gradebook: Gradebook, worksheet: Path) -> None:
    worksheet.write_text(WORKSHEET.replace('6",Bob,', '6",=1+1,'), "utf-8")
    header, *lines = rows(fill(worksheet), gradebook)
    found = [dict(zip(header, line, strict=True)) for line in lines]
    assert [line["Full name"] for line in found] == ["Lovelace, Ada", "'=1+1"]
    assert found[0]["Last modified (submission)"] == "-", "Moodle compares it"


def test_a_grade_that_moodle_has_locked_is_said(
    gradebook: Gradebook, worksheet: Path, caplog: pytest.LogCaptureFixture
) -> None:
    worksheet.write_text(WORKSHEET.replace("1.00,3.00,Yes", "1.00,3.00,No"), encoding="utf-8")
    rows(fill(worksheet), gradebook)
    assert "Moodle will leave the grade of bob as it is" in caplog.text


def test_a_worksheet_is_of_one_assignment(gradebook: Gradebook, worksheet: Path) -> None:
    plugin = MoodleWorksheet(to=str(worksheet.with_name("out.csv")), worksheet=str(worksheet))
    assert "A worksheet is for one assignment" in refused(plugin, gradebook)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Participant 5", "Participant 5", ""),
        ("ada@", "other@", "no line with the e-mail of ada"),
        ("3.00", "100.00", "In Moodle the most is 100.00, here it is 3 points"),
        ("3.00", "100,00", "In Moodle the most is 100.00, here it is 3 points"),
        ("3.00", "3,00", ""),
        ("Maximum grade", "Maximum Grade", ""),
        ("Maximum grade", "Höchste Bewertung", "has no column “Maximum grade”"),
        ("3.00", "", "In Moodle the most is a scale, here it is 3 points"),
        ("Email address", "E-Mail", "no column “Email address”"),
    ],
)
def test_a_worksheet_that_doesn_t_fit_is_refused(
    gradebook: Gradebook, worksheet: Path, old: str, new: str, said: str
) -> None:
    text = WORKSHEET.replace(old, f'"{new}"' if "," in new else new)
    worksheet.write_text(text, encoding="utf-8")
    if said:
        assert said in refused(fill(worksheet), gradebook)
    else:
        rows(fill(worksheet), gradebook)


def test_who_the_lms_can_t_know_is_named(gradebook: Gradebook, tmp_path: Path) -> None:
    target = str(tmp_path / "out.csv")
    gradebook.find_student("ada").lms_user_id = None
    gradebook.find_student("bob").email = " "
    said = refused(CanvasExport(to=target), gradebook)
    # nbgrader empties what isn't named again, so the command names it.
    command = (
        "nbgrader db student add ada --first-name=Ada '--last-name=Lovelace, Countess' "
        "--email=Ada@example.org '--lms-user-id=…'"
    )
    assert f"has no lms_user_id of ada: add it with `{command}`" in said
    assert "has no email of bob" in refused(MoodleExport(to=target), gradebook)
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
    rows(MoodleExport(to=str(tmp_path / "out.csv"), assignment=["01_cost"]), gradebook)
    assert "01_cost: answers of bob wait for a person" in caplog.text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "  =1", "\n=1", "＝1"])
def test_no_text_begins_like_a_formula(text: str) -> None:
    assert defused(text).startswith("'")


@pytest.mark.parametrize("text", ["Ann;=1", "Ann; =1", 'Ann";-1;+2', "a;\t@x"])
def test_no_field_begins_like_a_formula_where_semicolons_separate(text: str) -> None:
    """So a spreadsheet reads these files where a comma is the decimal point."""
    fields = defused(text).split(";")
    assert len(fields) > 1
    assert not [field for field in fields if field.strip().startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("text", ["Ada", "O'Neil", "a=b", "", "1", "Ann;b", "a; 1=1"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert defused(text) == text
