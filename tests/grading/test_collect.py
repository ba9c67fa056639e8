"""What a class has handed in on Moodle or Canvas gets into the right hands, or is asked about.

The archives and the worksheet in platforms/moodle were made by a Moodle 4.5 (tests/real), whose
people are invented. Canvas's names are made here as its lib/content_zipper.rb makes them.
"""

import io
import json
import shlex
import shutil
import subprocess
import sys
import time
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import nbformat
import pytest
from courses import Course
from moodle_class import PEOPLE
from nbformat.v4 import new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from programs import environment

from drinkdeep.grading.course_dir import application
from drinkdeep.grading.errors import GradingError
from drinkdeep.grading.platforms import taking
from drinkdeep.grading.platforms.collect import Result, collect
from drinkdeep.grading.platforms.names import (
    CANVAS,
    MOODLE,
    PLAIN,
    Reading,
    form_of,
    readings,
    reply,
)

MADE = Path(__file__).parent / "platforms" / "moodle"
NAME = "01_cost"
SETTINGS = "c = get_config()\nc.CourseDirectory.source_directory = 'solutions'\n"
CANVAS_PEOPLE = {"ada": "11", "ben": "12", "kim1": "13", "kim2": "14", "nora": "15"}


def notebook(text: str) -> bytes:
    made = new_notebook(cells=[new_markdown_cell(text, id="a")])
    return nbformat.writes(made).encode()


def zipped(files: dict[str, bytes], path: Path | None = None) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for place, (name, content) in enumerate(files.items()):
            # Each is two seconds younger than the one before.
            moment = time.localtime(1_800_000_000 + 2 * place)[:6]
            archive.writestr(zipfile.ZipInfo(name, moment), content)
    if path is not None:
        path.write_bytes(target.getvalue())
    return target.getvalue()


def nested(times: int) -> bytes:
    return zipped({f"{times}.zip": nested(times - 1)} if times else {})


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with an empty gradebook, whose making takes seconds."""
    course = Course(tmp_path_factory.mktemp("template") / "course", settings=SETTINGS)
    for name in (NAME, "02_descent"):
        course.write(name, nbformat.reads(notebook("source"), as_version=4))
    course.run("nbgrader", "db", "assignment", "add", NAME)
    return course.folder


@pytest.fixture
def course(template: Path, tmp_path: Path) -> Iterator[Path]:
    folder = shutil.copytree(template, tmp_path / "course")
    with chdir(folder):
        yield folder


def enter(people: dict[str, dict[str, str]]) -> None:
    with Gradebook("sqlite:///gradebook.db") as book:
        for student, known in people.items():
            book.update_or_create_student(student, **known)


@pytest.fixture
def moodle_class(course: Path) -> Path:
    fields = ("first_name", "last_name", "email")
    enter({s: dict(zip(fields, known, strict=True)) for s, known in PEOPLE.items()})
    return course


@pytest.fixture
def canvas_class(course: Path) -> Path:
    enter({student: {"lms_user_id": number} for student, number in CANVAS_PEOPLE.items()})
    return course


def take(archive: Path, worksheet: Path | None = None, **options: bool) -> Result:
    return collect(application(), archive, worksheet, **options)


def taken(result: Result) -> dict[str, str]:
    return {one.student: one.state for one in result.taken}


def text_of(student: str) -> str:
    path = Path("submitted") / student / NAME / f"{NAME}.ipynb"
    return str(nbformat.read(path, as_version=4).cells[0].source)


def left(result: Result) -> str:
    return "\n".join(f"{one.name}: {one.why}" for one in result.left)


@pytest.mark.parametrize("name", ["folders.zip", "flat.zip"])
def test_what_moodle_gives_gets_to_whom_it_says(moodle_class: Path, name: str) -> None:
    result = take(MADE / name, MADE / "worksheet.csv")
    assert result.assignment == NAME
    assert result.form == MOODLE
    assert taken(result) == dict.fromkeys(("ada", "eve", "jo", "kim1", "kim2", "slash"), "new")
    assert left(result) == ""
    assert result.nothing == ["hana", "nora"]
    assert text_of("ada") == "a second try", "of two the later"
    files = {str(p.relative_to("submitted")) for p in Path("submitted").rglob("*") if p.is_file()}
    assert files == {
        *(f"{student}/{NAME}/{NAME}.ipynb" for student in taken(result)),
        f"jo/{NAME}/helper.py",
    }
    record = json.loads(Path(f"grading/{NAME}.archive.json").read_text())["students"]
    numbers = {student: known["reading"]["number"] for student, known in record.items()}
    sheet = (MADE / "worksheet.csv").read_text(encoding="utf-8-sig")
    for student, number in numbers.items():
        assert f'"Participant {number}"' in sheet
        line = next(line for line in sheet.splitlines() if f'"Participant {number}"' in line)
        assert PEOPLE[student][2].lower() in line.lower()


def test_it_can_be_given_again(moodle_class: Path) -> None:
    first = take(MADE / "folders.zip", MADE / "worksheet.csv")
    again = take(MADE / "flat.zip", MADE / "worksheet.csv")
    assert taken(again) == dict.fromkeys(taken(first), "unchanged")


def test_the_folder_that_a_computer_made_of_the_archive_will_do(
    moodle_class: Path, tmp_path: Path
) -> None:
    around = tmp_path / "unpacked" / "Exercises 1"
    with zipfile.ZipFile(MADE / "folders.zip") as archive:
        archive.extractall(around)
    (tmp_path / "unpacked" / ".DS_Store").touch()
    (around / "link").symlink_to("/etc/passwd")
    result = take(tmp_path / "unpacked", MADE / "worksheet.csv")
    assert set(taken(result)) == {"ada", "eve", "jo", "kim1", "kim2", "slash"}
    assert "“Exercises 1/link”: it is a link" in left(result)


def test_what_is_newer_replaces_what_an_archive_brought_and_nothing_else(
    moodle_class: Path, tmp_path: Path
) -> None:
    def archive(text: str) -> Path:
        path = tmp_path / f"{text}.zip"
        folders = {"ada": "Ada Lovelace_2", "eve": "Ève dArc-Ünal_5", "kim1": "Kim Lee_3"}
        for student in ("jo", *folders):
            (Path("submitted") / student).mkdir(parents=True, exist_ok=True)
        zipped(
            {f"{f}_assignsubmission_file/{NAME}.ipynb": notebook(text) for f in folders.values()},
            path,
        )
        return path

    sheet = MADE / "worksheet.csv"
    by_exchange = Path("submitted/eve") / NAME
    by_exchange.mkdir(parents=True)
    (by_exchange / f"{NAME}.ipynb").write_bytes(notebook("by the exchange"))
    assert taken(take(archive("one"), sheet)) == {"ada": "new", "kim1": "new"}
    (Path("submitted/kim1") / NAME / f"{NAME}.ipynb").write_bytes(notebook("mended by hand"))
    result = take(archive("two"), sheet)
    assert taken(result) == {"ada": "newer"}
    assert left(result).count("holds something else") == 2
    assert (text_of("ada"), text_of("eve"), text_of("kim1")) == (
        *("two", "by the exchange", "mended by hand"),
    )
    assert set(taken(take(archive("three"), sheet, replaced=True))) == {"ada", "eve", "kim1"}
    assert text_of("eve") == "three"


def test_who_the_gradebook_lacks_is_asked_about_and_entered_when_told(course: Path) -> None:
    enter({"ada": {"email": "Ada@example.org"}})
    result = take(MADE / "folders.zip", MADE / "worksheet.csv")
    assert set(taken(result)) == {"ada"}
    assert (
        "“Kim Lee_7_assignsubmission_file”: Nobody in the gradebook has kim.lee2@example.org: "
        "`nbgrader db student add kim.lee2 --first-name=Kim --last-name=Lee "
        "--email=kim.lee2@example.org`" in left(result)
    )
    assert "Nora Nothing <nora@example.org>" in result.nothing
    with Gradebook("sqlite:///gradebook.db") as book:
        assert [student.id for student in book.students] == ["ada"]
    # What the sentence says settles it.
    command = left(result).split("Kim Lee_7")[1].split("`")[1]
    command = [sys.executable, "-m", *shlex.split(command)]
    subprocess.run(command, env=environment(), check=True, capture_output=True)
    assert set(taken(take(MADE / "folders.zip", MADE / "worksheet.csv"))) == {"ada", "kim.lee2"}
    result = take(MADE / "folders.zip", MADE / "worksheet.csv", add_students=True)
    assert result.added == ["jo", "kim.lee", "ob", "eve"]
    assert left(result) == ""
    with Gradebook("sqlite:///gradebook.db") as book:
        assert book.find_student("ob").last_name == 'A: "B"?'


def test_moodle_s_numbers_need_its_worksheet(moodle_class: Path, tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="download its grading worksheet too"):
        take(MADE / "folders.zip")
    # Numbers are of one assignment, so another's worksheet gives another's people.
    sheet = (MADE / "worksheet.csv").read_text(encoding="utf-8")
    other = tmp_path / "other.csv"
    other.write_text(sheet.replace("Participant 2", "Participant 5", 1), encoding="utf-8")
    result = take(MADE / "folders.zip", other)
    assert "ada" not in taken(result)
    assert "Nobody in the list has the number 2" in left(result)
    for old, new in (("Participant 8", "Participant 0"), ("Participant 1", "Participant 8")):
        sheet = sheet.replace(f'"{old}"', f'"{new}"')
    other.write_text(sheet, encoding="utf-8")
    assert "Number 8 is O/Brien" in left(take(MADE / "folders.zip", other))
    for bad, said in (
        (sheet.replace("Identifier", "Kennung"), "is neither Moodle's"),
        (sheet.replace("Email address", "Status"), "says of nobody who they are"),
    ):
        other.write_text(bad, encoding="utf-8")
        with pytest.raises(GradingError, match=said):
            take(MADE / "folders.zip", other)


def test_who_calls_themselves_like_a_file_gets_nobody_else_s(
    moodle_class: Path, tmp_path: Path
) -> None:
    """Moodle's names lose every underscore, and get one for a sign such as ``?``."""
    attack = "Ada Lovelace_2_assignsubmission_file"
    sheet = tmp_path / "sheet.csv"
    text = (MADE / "worksheet.csv").read_text(encoding="utf-8-sig")
    sheet.write_text(text.replace("Nora Nothing", attack.replace("_", "?")), encoding="utf-8")
    path = tmp_path / "class.zip"
    inside = {
        f"Kim Lee_3_assignsubmission_file/Ada Lovelace_2_assignsubmission_file/{NAME}.ipynb": b"{}"
    }
    zipped({f"{attack}_4_assignsubmission_file/{NAME}.ipynb": b"{}", **inside}, path)
    result = take(path, sheet)
    assert set(taken(result)) == {"kim1"}
    assert "can be read in two ways" in left(result)


CANVAS_FILES = {
    f"lovelaceada_11_90001_{NAME}.ipynb": notebook("ada"),
    f"okaforben_LATE_12_90002_{NAME}.ipynb": notebook("a first try"),
    f"okaforben_LATE_12_90009_{NAME}-1.ipynb": notebook("ben"),
    "okaforben_LATE_12_90010_helper.py": b"x = 1\n",
    f"leekim_13_90003_{NAME}.ipynb": notebook("kim1"),
    "leekim_14_90004_all.zip": zipped({f"work/{NAME} (1).ipynb": notebook("kim2")}),
    f"anon_Xy9aB_90007_{NAME}.ipynb": notebook("?"),
    "nothingnora_15_text.html": b"<p>here you are</p>",
    f"zed_77_90008_{NAME}.ipynb": notebook("zed"),
}
EXPORT = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Exercises 1 (98765),Final Score\r\n"
    ",,,,,Manual Posting,\r\n"
    "    Points Possible,,,,,3.00,(read only)\r\n"
    '"Lovelace, Ada",11,s11,Ada@example.org,A,,\r\n'
    '"Okafor, Ben",12,s12,ben@example.org,A,,\r\n'
    '"Lee, Kim",13,s13,kim@example.org,A,,\r\n'
    '"Lee, Kim",14,s14,kim2@example.org,A,,\r\n'
    '"Nothing, Nora",15,s15,nora@example.org,A,,\r\n'
)


def test_what_canvas_gives_gets_to_whom_it_says(canvas_class: Path, tmp_path: Path) -> None:
    zipped(CANVAS_FILES, tmp_path / "submissions.zip")
    result = take(tmp_path / "submissions.zip")
    assert result.form == CANVAS
    assert taken(result) == dict.fromkeys(("ada", "ben", "kim1", "kim2"), "new")
    assert {student: text_of(student) for student in taken(result)} == {s: s for s in taken(result)}
    assert result.late == ["ben"]
    assert result.nothing == ["nora"]
    said = left(result)
    assert "Canvas hides whose it is" in said
    assert "“nothingnora_15_text.html”: it is a text that was typed there" in said
    assert "Nobody in the gradebook has the lms_user_id 77" in said


def test_canvas_s_gradebook_says_who_is_who(course: Path, tmp_path: Path) -> None:
    zipped(CANVAS_FILES, tmp_path / "submissions.zip")
    (tmp_path / "grades.csv").write_text(EXPORT, encoding="utf-8", newline="")
    enter({"ada": {"email": "ada@example.org"}, "ben": {"lms_user_id": "12"}})
    result = take(tmp_path / "submissions.zip", tmp_path / "grades.csv")
    assert set(taken(result)) == {"ada", "ben"}
    assert "`nbgrader db student add kim2 --first-name=Kim --last-name=Lee" in left(result)


def test_a_canvas_name_that_looks_like_a_number_gives_nobody_anything(
    canvas_class: Path, tmp_path: Path
) -> None:
    """Nora, who is number 15, calls herself “kim_14”."""
    zipped({f"kim_14_15_90001_{NAME}.ipynb": notebook("nora")}, tmp_path / "s.zip")
    assert "It can be read in two ways" in left(take(tmp_path / "s.zip"))
    sheet = tmp_path / "grades.csv"
    sheet.write_text(EXPORT.replace("Nothing, Nora", "Kim_14"), encoding="utf-8")
    result = take(tmp_path / "s.zip", sheet)
    assert set(taken(result)) == {"nora"}
    sheet.write_text(
        EXPORT.replace("Nothing, Nora", "Kim_14").replace("Lee, Kim", "Kim"), encoding="utf-8"
    )
    assert "two people of the list fit" in left(take(tmp_path / "s.zip", sheet, replaced=True))


def test_other_platforms_name_files_plainly(canvas_class: Path, tmp_path: Path) -> None:
    files = {
        f"ada_{NAME}.ipynb": notebook("ada"),
        f"ben/{NAME} (1).ipynb": notebook("ben"),
        f"kim1_{NAME} (2).ipynb": notebook("kim1"),
        f"zed_{NAME}.ipynb": notebook("zed"),
        "letter.pdf": b"%PDF",
    }
    zipped({f"Exercises/{name}": content for name, content in files.items()}, tmp_path / "all.zip")
    result = take(tmp_path / "all.zip")
    assert {student: text_of(student) for student in taken(result)} == {
        s: s for s in ("ada", "ben", "kim1")
    }
    assert "There is no student zed in the gradebook: `nbgrader db student add zed`" in left(result)
    assert "“letter.pdf”: Its name doesn't say whose it is" in left(result)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"a.pdf": b"%PDF"}, "there is no notebook in it, only “a.pdf”: ask for 01_cost.ipynb"),
        ({"1.zip": zipped({"b": bytes(2_000_000)})}, "unpacks to more than 1 MB"),
        ({str(n): b"" for n in range(30)}, "holds more than 20 files"),
        ({"1.zip": nested(5)}, "lie too deep"),
        ({"1.zip": zipped({"../../up.ipynb": b"{}"})}, "would get out of its folder"),
    ],
)
def test_one_student_s_archive_stops_nobody_else(
    canvas_class: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: dict[str, bytes],
    said: str,
) -> None:
    monkeypatch.setattr(taking, "MOST_BYTES", 1_000_000)
    monkeypatch.setattr(taking, "MOST_FILES", 20)
    bad = {f"ben/{name}": data for name, data in content.items()}
    zipped({f"ada/{NAME}.ipynb": notebook("ada"), **bad}, tmp_path / "all.zip")
    result = take(tmp_path / "all.zip")
    assert set(taken(result)) == {"ada"}
    assert said in left(result)
    assert not any(Path("grading").glob("tmp*"))


def test_no_student_writes_when_it_was_handed_in(canvas_class: Path, tmp_path: Path) -> None:
    files = {f"ada/mine/{NAME}.ipynb": notebook("ada"), "ada/mine/timestamp.txt": b"2020-01-01"}
    zipped({**files, "ada/timestamp.txt": b"2020-01-01"}, tmp_path / "all.zip")
    take(tmp_path / "all.zip")
    assert [path.name for path in Path("submitted/ada", NAME).iterdir()] == [f"{NAME}.ipynb"]


def test_a_notebook_of_another_name_is_left_to_the_grader(
    canvas_class: Path, tmp_path: Path
) -> None:
    files = {"ada/cost (final).ipynb": notebook("ada"), f"ben/{NAME}.ipynb": notebook("ben")}
    zipped(files, tmp_path / "all.zip")
    result = take(tmp_path / "all.zip")
    assert (Path("submitted/ada") / NAME / "cost (final).ipynb").is_file()
    assert "there is no 01_cost.ipynb" in " ".join(result.taken[0].notes)


WORK = notebook("theirs")
KIM, BEN = "Kim Lee_3_assignsubmission_file", "ben"
TORN = zipped({f"{NAME}.ipynb": WORK})[:-30]
GOOD = {
    MOODLE: f"Ada Lovelace_2_assignsubmission_file/{NAME}.ipynb",
    CANVAS: f"lovelaceada_11_90001_{NAME}.ipynb",
    PLAIN: f"ada/{NAME}.ipynb",
}
"""What Ada has handed in, beside what is odd."""
ODD = {
    "a blind Moodle": (
        MOODLE,
        {f"Participant_3_assignsubmission_file/{NAME}.ipynb": WORK},
        ["kim1"],
    ),
    "litter of macOS": (
        MOODLE,
        {
            f"__MACOSX/{KIM}/._{NAME}.ipynb": b"",
            f"{KIM}/.DS_Store": b"",
            f"{KIM}/__MACOSX/._{NAME}.ipynb": b"",
            f"{KIM}/{NAME}.ipynb": WORK,
        },
        ["kim1"],
    ),
    "Windows": (MOODLE, {f"{KIM}\\work\\{NAME}.ipynb": WORK}, ["kim1"]),
    "letters and accents apart": (
        MOODLE,
        {unicodedata.normalize("NFD", f"Ève dArc-Ünal_5_assignsubmission_file/{NAME}.ipynb"): WORK},
        ["eve"],
    ),
    "too long a name beside": (
        MOODLE,
        {f"{KIM}/{NAME}.ipynb": WORK, f"{KIM}/{'ü' * 200}.csv": b"1"},
        ["kim1"],
    ),
    "too long a name": (CANVAS, {f"leekim_13_90003_{'ü' * 200}.ipynb": WORK}, ["kim1"]),
    "named like a late one": (CANVAS, {f"x_late1234__13_90003_{NAME}.ipynb": WORK}, ["kim1"]),
    "two endings": (PLAIN, {f"{BEN}/{NAME}.ipynb.txt": WORK}, ["ben"]),
    "an ending in capitals": (PLAIN, {f"{BEN}/{NAME}.IPYNB": WORK}, ["ben"]),
    "a name in capitals": (PLAIN, {f"Ben/{NAME}.ipynb": WORK}, ["ben"]),
    "an archive of Windows": (
        PLAIN,
        {f"{BEN}/work.zip": zipped({f"a\\{NAME}.ipynb": WORK, f"__MACOSX/._{NAME}.ipynb": b""})},
        ["ben"],
    ),
    "a group": (
        *(MOODLE, {f"Group A_31_assignsubmission_file/{NAME}.ipynb": WORK}),
        "the number 31: download the list of this assignment, after the archive; if a group",
    ),
    "a group of a person's number": (
        *(MOODLE, {f"Group A_3_assignsubmission_file/{NAME}.ipynb": WORK}),
        "Number 3 is Kim Lee <kim.lee@example.org> in the list",
    ),
    "a group without a number": (
        *(MOODLE, {f"Default group_assignsubmission_file/{NAME}.ipynb": WORK}),
        "It has no number of a person: if a group has handed it in",
    ),
    "a text": (
        *(MOODLE, {"Kim Lee_3_assignsubmission_onlinetext/onlinetext.html": b"<p>"}),
        "it is a text that was typed there",
    ),
    "hidden and late": (CANVAS, {f"LATE_anon_x7Yab_90003_{NAME}.ipynb": WORK}, "Canvas hides"),
    "hidden by an older Canvas": (CANVAS, {f"13_90003_{NAME}.ipynb": WORK}, "Canvas hides"),
    "named like two numbers": (
        CANVAS,
        {f"kim1415_16_13_90003_{NAME}.ipynb": WORK},
        "can be read in two ways",
    ),
    "there twice": (
        *(PLAIN, {f"{BEN}/{NAME}.ipynb": b"", f"{BEN}\\{NAME}.ipynb": WORK}),
        "it is there twice, and the last of them counts",
    ),
    "a file and a folder": (PLAIN, {f"{BEN}/a": b"", f"{BEN}/a/{NAME}.ipynb": WORK}, "damaged"),
    "a name for a terminal": (PLAIN, {f"b\x1b[31m\nen/{NAME}.ipynb": WORK}, "no student b�[31m�en"),
    "torn": (PLAIN, {f"{BEN}/work.zip": TORN}, "no notebook in it, only “work.zip”: ask"),
    "another's folder": (PLAIN, {f"ben/../ada/{NAME}.ipynb": WORK}, "would get out of its folder"),
}
"""Who has named it, what it is, and who is taken in besides Ada, or what is said."""


@pytest.mark.parametrize("case", ODD)
def test_what_is_odd_is_taken_or_told(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    fields = ("first_name", "last_name", "email")
    enter({s: dict(zip(fields, known, strict=True)) for s, known in PEOPLE.items()})
    enter({student: {"lms_user_id": number} for student, number in CANVAS_PEOPLE.items()})
    form, odd, outcome = ODD[case]
    zipped({GOOD[form]: notebook("ada"), **odd}, tmp_path / "odd.zip")
    result = take(tmp_path / "odd.zip", MADE / "worksheet.csv" if form == MOODLE else None)
    assert result.form == form
    assert text_of("ada") == "ada"
    students = set(taken(result)) - {"ada"}
    result.tell()
    said = capsys.readouterr().out
    if isinstance(outcome, str):
        assert outcome in said
        assert "\x1b" not in said
        assert all(text_of(student) == "theirs" for student in students)
    else:
        assert students == set(outcome)
        assert left(result) == ""
        handed_in = [p for s in students for p in Path("submitted", s).rglob("*.[iI]*")]
        assert [path.read_bytes() for path in handed_in] == [WORK]


def test_names_in_utf_8_are_read_where_the_archive_doesn_t_say_so(
    canvas_class: Path, tmp_path: Path
) -> None:
    """So macOS packs them."""
    path = tmp_path / "all.zip"
    zipped({f"zoë/{NAME}.ipynb": WORK, "zoë/größe.csv": b"1"}, path)
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + place + 1] &= ~0x08
            at = data.find(mark, at + 1)
    path.write_bytes(data)
    with zipfile.ZipFile(path) as archive:
        assert "zoë" not in archive.namelist()[0]
    enter({"zoë": {}})
    assert set(taken(take(path))) == {"zoë"}
    assert {p.name for p in Path("submitted/zoë", NAME).iterdir()} == {f"{NAME}.ipynb", "größe.csv"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped({}), "There is no file in "),
        (zipped({"ada/": b""}), "There is no file in "),
        (zipped({f"ada/{NAME}.ipynb": WORK})[:-40], "can't be read as a zip archive"),
        (b"", "can't be read as a zip archive"),
    ],
)
def test_an_archive_with_nothing_in_it_is_told(
    canvas_class: Path, tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "all.zip").write_bytes(content)
    with pytest.raises(GradingError, match=said):
        take(tmp_path / "all.zip")


def test_bytes_that_have_changed_on_the_way_are_told(canvas_class: Path, tmp_path: Path) -> None:
    data = zipped({f"ada/{NAME}.ipynb": notebook("ada"), f"ben/{NAME}.ipynb": notebook("bytes")})
    (tmp_path / "all.zip").write_bytes(data.replace(b"bytes", b"bites"))
    result = take(tmp_path / "all.zip")
    assert set(taken(result)) == {"ada"}
    assert "“ben”: it is damaged (Bad CRC-32" in left(result)


def test_a_page_goes_back_to_the_notebook_and_not_to_what_lay_beside(
    canvas_class: Path, tmp_path: Path
) -> None:
    """Canvas shows a page under the name of the file whose number it has."""
    files = {f"leekim_13_90003_{NAME}.ipynb": WORK, "leekim_13_90004_zz.py": b"x = 1"}
    zipped(files, tmp_path / "all.zip")
    take(tmp_path / "all.zip")
    record = json.loads(Path(f"grading/{NAME}.archive.json").read_text())["students"]
    assert record["kim1"]["reading"]["upload"] == 90003


def test_which_assignment_it_is_may_have_to_be_said(canvas_class: Path, tmp_path: Path) -> None:
    zipped({"ada/mine.ipynb": notebook("ada")}, tmp_path / "all.zip")
    with pytest.raises(GradingError, match="say so with --assignment, which can be 01_cost, 02_"):
        take(tmp_path / "all.zip")
    assert taken(collect(application(), tmp_path / "all.zip", assignment=NAME)) == {"ada": "new"}
    with pytest.raises(GradingError, match="There is no assignment 03_none"):
        collect(application(), tmp_path / "all.zip", assignment="03_none")
    with pytest.raises(GradingError, match="can't be read as a zip archive"):
        take(MADE / "worksheet.csv")


def test_an_older_canvas_dropped_letters_and_wrote_late_in_small_ones(
    course: Path, tmp_path: Path
) -> None:
    enter({"eve": {"lms_user_id": "12"}})
    sheet = tmp_path / "grades.csv"
    sheet.write_text(EXPORT.replace("Okafor, Ben", "d'Arc-Ünal, Ève"), encoding="utf-8")
    zipped({f"darcnalve_late_12_90006_{NAME}.ipynb": WORK}, tmp_path / "s.zip")
    assert set(taken(take(tmp_path / "s.zip", sheet))) == {"eve"}


@pytest.mark.parametrize(
    ("form", "name", "numbers"),
    [
        (MOODLE, "Ada Lovelace_2_assignsubmission_file", ["2"]),
        (MOODLE, "Ada Lovelace_2_assignsubmission_file_", ["2"]),  # up to Moodle 4.0
        (MOODLE, "Ada Lovelace_2_assignsubmission_onlinetext", ["2"]),
        (MOODLE, "OBrien A B__1_assignsubmission_file_01_cost.ipynb", ["1"]),
        (CANVAS, "leekim_13_90003_01_cost.ipynb", ["13", "90003"]),
        (CANVAS, "leekim_LATE_13_text.html", ["13"]),
    ],
)
def test_the_forms_are_read(form: str, name: str, numbers: list[str]) -> None:
    assert form_of([name]) == form
    assert [reading.number for reading in readings(form, name)] == numbers


def test_feedback_goes_back_to_whom_the_archive_named(moodle_class: Path) -> None:
    take(MADE / "folders.zip", MADE / "worksheet.csv")
    with Gradebook("sqlite:///gradebook.db") as book:
        for student in ("ada", "kim1", "kim2", "slash", "eve"):
            book.add_submission(NAME, student)
    for student in ("ada", "kim1", "kim2", "slash"):
        page = Path("feedback") / student / NAME / f"{NAME}.html"
        page.parent.mkdir(parents=True)
        page.write_text(student)
    record = json.loads(Path(f"grading/{NAME}.archive.json").read_text())["students"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["drinkdeep"])
        from drinkdeep.command import main

        assert main(["feedback", NAME]) == 1, "eve's page lacks"
    with zipfile.ZipFile(f"feedback/{NAME}.zip") as archive:
        pages = {name: archive.read(name).decode() for name in archive.namelist()}
    assert pages == {
        f"{reply_folder(record[student]['reading'])}/{NAME}.html": student
        for student in ("ada", "kim1", "kim2", "slash")
    }
    # Moodle splits at underscores, and the second part has to be the number.
    assert all(name.split("_")[1].isdecimal() for name in pages)


def reply_folder(reading: dict[str, str]) -> str:
    return reply(MOODLE, Reading(**reading), "page").removesuffix("/page")


def test_canvas_finds_whose_page_it_is() -> None:
    """It takes the first two numbers between underscores."""
    reading = Reading("15", "kim_14", f"{NAME}.ipynb", upload=90001)
    assert reply(CANVAS, reading, f"{NAME}.html") == f"kim14_15_90001_{NAME}.html"


def test_feedback_without_an_archive_is_refused_in_a_sentence(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from drinkdeep.command import main

    assert main(["feedback", NAME]) == 2
    assert "No archive of Moodle's or Canvas's" in capsys.readouterr().err
    assert main(["collect", "nothing.zip", "--course-dir=/"]) == 2
    assert "is not the folder of a course" in capsys.readouterr().err
